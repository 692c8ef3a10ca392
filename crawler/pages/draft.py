"""What a page says of one job, before anything is understood.

Every reader (`json_ld`, `microdata`, `feed`, `api`, `telegram`, …) gives `Draft`s; `advert.py`
turns a draft into a `JobAdvert`, so that all kinds of page are understood by the same rules.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from model.schema.advert import Contact, Pay

MAX_DRAFTS = 10_000
"""Most adverts read off one page; a page with more is a mistake or a trap."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One job as published; texts are free of markup, nothing else is changed."""

    reader: str
    """Which reader found it: `json_ld`, `microdata`, `rdfa`, `state`, `feed`, `api`, `telegram`, `page`."""
    title: str | None = None
    description: str | None = None
    employer: str | None = None
    employer_url: str | None = None
    places: tuple[str, ...] = ()
    pay_raw: str | None = None
    """Pay as words; built from the parts when the page gives it in parts."""
    pay: Pay | None = None
    """Pay when the page gives it in parts; else it is read from `pay_raw`."""
    employment_type: str | None = None
    posted: str | None = None
    """Date as published, not understood yet; seconds since 1970 are written as digits."""
    valid_through: str | None = None
    url: str | None = None
    identifier: str | None = None
    """The publisher's own id of the advert."""
    language: str | None = None
    remote: bool | None = None
    contacts: tuple[Contact, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    """Values that have no field in `JobAdvert` (views of a post, where it was forwarded from)."""


FILLABLE = (
    "title", "description", "employer", "employer_url", "places", "pay_raw", "employment_type", "posted",
    "valid_through", "url", "identifier", "language", "remote", "contacts",
)  # fmt: skip


def fill_gaps(draft: Draft, other: Draft) -> Draft:
    """Give `draft` with its empty fields taken from `other`, which describes the same job."""
    gaps = {
        name: getattr(other, name) for name in FILLABLE if not getattr(draft, name) and getattr(other, name)
    }
    if "pay_raw" in gaps and draft.pay is None:
        gaps["pay"] = other.pay
    elif "pay_raw" in gaps:
        del gaps["pay_raw"]
    return replace(draft, **gaps)
