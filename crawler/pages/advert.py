"""A draft understood: `Draft` → `JobAdvert`, the raw words kept beside.

What cannot be understood stays empty in the record, stays as published in `raw`, and raises a
signal: a name for somebody to look at, never a default value.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from crawler.pages.draft import Draft
from crawler.parse.dates import Patience, parse_date
from crawler.parse.pay import parse_pay
from model.schema.advert import Employer, JobAdvert, Pay

KNOWN_TYPES = frozenset(
    {"FULL_TIME", "PART_TIME", "CONTRACTOR", "TEMPORARY", "INTERN", "VOLUNTEER", "PER_DIEM", "OTHER"}
    | {"FULLTIME", "PARTTIME", "CONTRACT", "INTERNSHIP", "PERMANENT", "FREELANCE"}
)
"""The values schema.org lists, and how they are commonly written."""
_MAX_TEXT = 200_000
_OFF_PAGE = frozenset({"api", "state"})
"""Readers of data whose own address is not that of the adverts' pages."""
_SLUG = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class Reading:
    """One advert read off a page."""

    advert: JobAdvert
    raw: dict[str, Any]
    """The page's own words, field by field, before they were understood."""
    signals: tuple[str, ...] = ()
    """Values that were not understood, by field; for the run's report."""


def read_advert(
    draft: Draft,
    *,
    source: str | None = None,
    page_url: str | None = None,
    fetched_at: datetime | None = None,
    page_digest: str | None = None,
    employer: str | None = None,
    patience: Patience | None = None,
) -> Reading | None:
    """Understand one draft; None when it has no words at all.

    `page_url` makes relative addresses absolute and stands in when the page states none.
    Relative dates ("posted yesterday") need `fetched_at`. `employer` is who hires where a
    company's own job API does not say it. `patience` is shared by the drafts of one page.
    """
    if not ((draft.title or "").strip() or (draft.description or "").strip()):
        return None
    today = fetched_at.date() if fetched_at else None
    named = without_slug(draft) if page_url else draft
    url = absolute(named.url, page_url)
    employer = draft.employer or employer
    pay = draft.pay or parse_pay(draft.pay_raw)
    posted, valid = (
        parse_date(draft.posted, today=today, patience=patience),
        parse_date(draft.valid_through, today=today, patience=patience),
    )
    advert = JobAdvert(
        id=advert_id(named, source=source, url=url),
        source=source,
        url=url,
        title=draft.title,
        description=draft.description[:_MAX_TEXT] if draft.description else None,
        employer=Employer(name=employer, url=draft.employer_url) if employer or draft.employer_url else None,
        places=draft.places,
        pay_raw=draft.pay_raw,
        pay=pay,
        employment_type=draft.employment_type,
        posted_on=posted,
        valid_through=valid,
        contacts=draft.contacts,
        language=draft.language,
        fetched_at=fetched_at,
        page_digest=page_digest,
    )
    return Reading(advert, _raw(draft), _signals(draft, pay=pay, posted=posted, valid=valid))


def without_slug(draft: Draft) -> Draft:
    """A bare slug in an API's answer names the advert, but joined to the API's address it leads nowhere."""
    if draft.reader not in _OFF_PAGE or not _SLUG.fullmatch(draft.url or ""):
        return draft
    return replace(draft, url=None, identifier=draft.identifier or draft.url)


def absolute(url: str | None, page_url: str | None) -> str | None:
    """Resolve an address against its page; as published when there is no page address."""
    if not page_url:
        return url
    if not url:
        return page_url
    try:
        joined = urljoin(page_url, url)
        return joined if urlsplit(joined).scheme in {"http", "https"} else page_url
    except ValueError:
        return page_url


def advert_id(draft: Draft, *, source: str | None, url: str | None) -> str:
    """Name an advert so that the same advert, changed, keeps its name.

    Decided by its source and its own address, else the publisher's id, else its words.
    """
    own = draft.url or draft.identifier
    key = (
        ("url", url)
        if draft.url
        else ("id", draft.identifier)
        if own
        else ("words", draft.title, draft.description, url)
    )
    parts = "\x1f".join(str(part or "") for part in (source, *key))
    return "adv_" + hashlib.sha256(parts.encode("utf-8", "replace")).hexdigest()[:24]


def _raw(draft: Draft) -> dict[str, Any]:
    stated = {
        "reader": draft.reader,
        "company": draft.employer,
        "location": list(draft.places) or None,
        "salary": draft.pay_raw,
        "date_posted": draft.posted,
        "valid_through": draft.valid_through,
        "employment_type": draft.employment_type,
        "url": draft.url,
        "identifier": draft.identifier,
        "remote": draft.remote,
        **draft.extra,
    }
    return {name: value for name, value in stated.items() if value not in (None, "", [], False)}


def _signals(draft: Draft, *, pay: Pay | None, posted: date | None, valid: date | None) -> tuple[str, ...]:
    found = []
    if draft.posted and posted is None:
        found.append("posted_on: date not understood")
    if draft.valid_through and valid is None:
        found.append("valid_through: date not understood")
    if draft.pay_raw and pay is None and any(char.isdigit() for char in draft.pay_raw):
        found.append("pay: amount not understood")
    if draft.employment_type and not _known_type(draft.employment_type):
        found.append("employment_type: not a schema.org value")
    return tuple(found)


def _known_type(words: str) -> bool:
    return all(
        word.strip().upper().replace("-", "_").replace(" ", "_") in KNOWN_TYPES for word in words.split(",")
    )
