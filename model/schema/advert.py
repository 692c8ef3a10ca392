"""One public job advert, as every part of Lurewatch carries it.

The fields follow schema.org's JobPosting under snake_case names; schema.org's own names are
read and written only at the border (`crawler.pages.json_ld`). The text is kept exactly as its
sender wrote it: every span shown to a person points into it.
"""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import StringConstraints, ValidationInfo, field_validator, model_validator

from model.schema.record import Record

TEXT_FIELDS = ("title", "description")
"""The fields that hold the advert's own words, in reading order; spans name one of them."""


class ContactKind(StrEnum):
    """By what means an advert asks to be answered. Open: clients must tolerate new members."""

    PHONE = "phone"
    EMAIL = "email"
    TELEGRAM = "telegram"
    WHATSAPP = "whatsapp"
    LINE = "line"
    WECHAT = "wechat"
    ZALO = "zalo"
    FACEBOOK = "facebook"
    KAKAO = "kakao"
    SIGNAL = "signal"
    VIBER = "viber"
    INSTAGRAM = "instagram"
    URL = "url"
    OTHER = "other"


class PayPeriod(StrEnum):
    """What one payment covers."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    TASK = "task"


class Employer(Record):
    """Who says they are hiring; nothing here has been verified."""

    name: str | None = None
    """The employer's name as published."""
    url: str | None = None
    """The employer's own page, when the advert names one."""


class Pay(Record):
    """Pay as understood; what the page said word for word stays in `JobAdvert.pay_raw`."""

    min: float | None = None
    """Lowest amount named, in `currency` per `period`."""
    max: float | None = None
    """Highest amount named; equal to `min` for a single amount."""
    currency: str | None = None
    """ISO 4217 code, or `USDT` where that is what is promised."""
    period: PayPeriod | None = None
    """What the amount is paid for; None when the advert does not say."""


class Contact(Record):
    """A way to answer the advert, as published: never the identity of a person."""

    kind: str
    """One of `ContactKind`; unknown kinds are kept as sent."""
    value: str
    """The number, handle, address or link."""


AdvertId = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class JobAdvert(Record):
    """A public job advert. Only a text is required: a title or a description."""

    id: AdvertId
    """The sender's own id; when none is given, a digest of source, address and text."""
    source: str | None = None
    """Which register entry, partner or file it came from."""
    url: str | None = None
    """Where it was published."""
    title: str | None = None
    """The heading, word for word."""
    description: str | None = None
    """The body, word for word; input may call it `text`."""
    employer: Employer | None = None
    """Who says they are hiring."""
    places: tuple[str, ...] = ()
    """Places of work as published, most specific first within each entry."""
    pay_raw: str | None = None
    """Pay exactly as written on the page."""
    pay: Pay | None = None
    """Pay as understood."""
    employment_type: str | None = None
    """As published, for example `FULL_TIME`."""
    posted_on: date | None = None
    """The day it was published, as the page states it."""
    valid_through: date | None = None
    """The last day to answer, as the page states it."""
    contacts: tuple[Contact, ...] = ()
    """Ways to answer that stand outside the text (a page's contact box)."""
    language: str | None = None
    """The sender's claim about the language; the detector looks for itself."""
    fetched_at: datetime | None = None
    """When our crawler received the page (UTC)."""
    page_digest: str | None = None
    """`sha256:…` of the page's bytes as received; leads to the evidence record."""

    @field_validator("places", mode="before")
    @classmethod
    def _one_place_may_be_a_string(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("employer", mode="before")
    @classmethod
    def _employer_may_be_a_name(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, value: object, _info: ValidationInfo) -> object:
        """Read `text` as the description, and give an advert without id one that its words decide."""
        if not isinstance(value, Mapping):
            return value
        fields = dict(value)
        if "text" in fields:
            text = fields.pop("text")
            if fields.get("description") in (None, ""):
                fields["description"] = text
        if fields.get("id") is None:
            fields["id"] = _content_id(fields)
        elif isinstance(fields["id"], int):
            fields["id"] = str(fields["id"])
        return fields

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        if not any((getattr(self, name) or "").strip() for name in TEXT_FIELDS):
            message = "an advert needs a title or a description that is not empty"
            raise ValueError(message)
        return self

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """The advert's own words as (field, text) pairs in reading order, empty ones left out."""
        pairs = ((name, getattr(self, name)) for name in TEXT_FIELDS)
        return tuple((name, text) for name, text in pairs if text)


def read_advert(raw: Mapping[str, Any]) -> tuple[JobAdvert, tuple[str, ...]]:
    """Read an advert that somebody sent: the advert, and the names of fields we do not know.

    Unknown fields are set aside, never guessed at, and named back to the sender as `ignored`.
    Raises `pydantic.ValidationError` naming each field that is known but unusable.
    """
    known = {"text", *JobAdvert.model_fields}
    ignored = tuple(sorted(str(name) for name in raw if name not in known))
    return JobAdvert.model_validate({k: v for k, v in raw.items() if k in known}), ignored


def _content_id(fields: Mapping[str, Any]) -> str:
    parts = [str(fields.get(name) or "") for name in ("source", "url", *TEXT_FIELDS)]
    return "adv_" + hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:24]
