"""Pages go where they find something: a run's budget shared by yield.

A source's yield is how many of its adverts people confirmed, per 1,000 pages fetched from it so far.
Confirmations come from a file, because a process that reads hostile pages holds no database password.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crawler.errors import UnreadableFileError

PER = 1_000
"""Pages a yield is counted over."""
PRIOR_CONFIRMED, PRIOR_PAGES = 1.0, 1_000.0
"""What a source is taken to have shown before anything is known of it: one confirmed in 1,000 pages."""
FLOOR = 0.25
"""Part of an even share that every source keeps: one that found nothing yet may find something tomorrow."""
_CONFIRMED = "confirmed"


@dataclass(frozen=True)
class Yield:
    """What a source has cost and brought so far."""

    pages: int
    confirmed: int

    @property
    def per_1000(self) -> float:
        """Confirmed adverts per 1,000 pages, drawn towards one in 1,000 while few pages are known."""
        return PER * (self.confirmed + PRIOR_CONFIRMED) / (self.pages + PRIOR_PAGES)


def share_pages(total: int, yields: Mapping[str, Yield], *, caps: Mapping[str, int]) -> dict[str, int]:
    """Share `total` pages among sources by yield; none gets more than its cap.

    Every source keeps `FLOOR` of an even share (at least one page); the rest is shared in proportion
    to `per_1000`. What a cap leaves over goes to the others by the same rule.
    """
    floor = max(1, int(FLOOR * total / len(yields))) if yields else 0
    shares = {name: min(floor, caps[name]) for name in yields}
    left = total - sum(shares.values())
    while left > 0 and (open_names := [name for name in yields if shares[name] < caps[name]]):
        weight = sum(yields[name].per_1000 for name in open_names)
        given = 0
        for name in sorted(open_names, key=lambda name: (-yields[name].per_1000, name)):
            part = max(1, int(left * yields[name].per_1000 / weight))
            part = min(part, caps[name] - shares[name], left - given)
            shares[name] += part
            given += part
        left -= given
    return shares


def read_confirmed(path: Path) -> frozenset[str]:
    """Read the ids of confirmed adverts: JSON lines with `advert_id` or `id`, or one bare id a line.

    A line that states a `verdict` counts only when it is `confirmed`. Raises `UnreadableFileError`
    naming the line that is neither.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(f"{path}: cannot be read ({error}); name a file of advert ids") from error
    found: set[str] = set()
    for n, line in enumerate(lines, start=1):
        text = line.strip()
        if not text.startswith("{"):
            found |= {text} - {""}
            continue
        try:
            row = json.loads(text)
        except ValueError:
            row = {}
        identifier = row.get("advert_id") or row.get("id")
        if not isinstance(identifier, str):
            raise UnreadableFileError(f"{path}:{n}: states no `advert_id`; give one advert a line")
        if row.get("verdict", _CONFIRMED) == _CONFIRMED:
            found.add(identifier)
    return frozenset(found)
