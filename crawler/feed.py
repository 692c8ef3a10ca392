"""The run's feed: `adverts.jsonl`, one advert a line, and `readings.jsonl` with the page's own words.

Lines are only ever appended and each is handed to the system at once, so that a killed process
leaves at most one broken last line, which the next start takes away.
"""

import json
from datetime import datetime
from pathlib import Path

from crawler.evidence.archive import cut_broken_line
from crawler.pages.advert import Reading


class Feed:
    """Appends adverts to the files of one output folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "adverts.jsonl"
        readings = folder / "readings.jsonl"
        for path in (self._path, readings):
            cut_broken_line(path)
        self._adverts, self._readings = self._path.open("ab"), readings.open("ab")

    def ids_with_digests(self) -> set[tuple[str, str | None]]:
        """Every (advert id, page digest) in the feed, to know after a kill what was already written."""
        lines = (json.loads(line) for line in self._path.read_bytes().splitlines() if line.strip())
        return {(line["id"], line.get("page_digest")) for line in lines}

    def append(self, reading: Reading, *, status: str, proof: str | None, at: datetime) -> None:
        """Write one advert and, beside it, its raw words, signals and proof."""
        beside = {
            "advert_id": reading.advert.id,
            "status": status,
            "at": at.isoformat(),
            "proof": proof,
            "raw": reading.raw,
            "signals": list(reading.signals),
        }
        self._readings.write(json.dumps(beside, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        self._readings.flush()
        self._adverts.write(reading.advert.to_line().encode("utf-8", "replace") + b"\n")
        self._adverts.flush()

    def close(self) -> None:
        """Close the files."""
        self._adverts.close()
        self._readings.close()
