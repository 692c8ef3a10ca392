"""Employers that a partner has checked itself, each until a day it named.

The list is the partner's own word about adverts on its own pages. It says what the partner does with an
answer; score, band and reasons stay as they are, and it never outweighs a link to confirmed adverts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.store.tables import AllowedEmployerRow


class Named(Protocol):
    """An employer as an advert names it."""

    @property
    def name(self) -> str | None:
        """Its name."""

    @property
    def url(self) -> str | None:
        """Its own page."""


@dataclass(frozen=True)
class Allowed:
    """A partner's list as it holds at one moment."""

    employers: frozenset[str]

    def names(self, employer: Named | None) -> bool:
        """Tell whether an advert's employer is on the list, by its name or by its site."""
        if employer is None or not self.employers:
            return False
        given = (plain(value) for value in (employer.name, employer.url) if value)
        return any(value in self.employers for value in given)


def plain(employer: str) -> str:
    """Give an employer's name, or the host of its address, in the one spelling it is compared in."""
    words = " ".join(employer.casefold().split())
    if "://" in words or ("." in words and " " not in words):
        host = (words.partition("://")[2] or words).split("/", 1)[0].split("?", 1)[0]
        return host.removeprefix("www.")
    return words


def load_allowed(session: Session, partner_id: str, *, at: datetime) -> Allowed:
    """Give the entries of a partner's list that have not run out."""
    rows = session.scalars(
        select(AllowedEmployerRow.employer).where(
            AllowedEmployerRow.partner_id == partner_id, AllowedEmployerRow.expires_at > at
        )
    )
    return Allowed(frozenset(rows))


def list_allowed(session: Session, partner_id: str) -> Sequence[AllowedEmployerRow]:
    """Give a partner's whole list, entries that have run out included."""
    return session.scalars(
        select(AllowedEmployerRow)
        .where(AllowedEmployerRow.partner_id == partner_id)
        .order_by(AllowedEmployerRow.employer)
    ).all()


def allow(
    session: Session, partner_id: str, employer: str, *, note: str | None, at: datetime, expires_at: datetime
) -> AllowedEmployerRow:
    """Put an employer on a partner's list, or give an entry that is there a new day to end."""
    row = session.get(AllowedEmployerRow, (partner_id, plain(employer)))
    if row is None:
        row = AllowedEmployerRow(partner_id=partner_id, employer=plain(employer))
        session.add(row)
    row.note, row.added_at, row.expires_at = note, at, expires_at
    session.flush()
    return row


def disallow(session: Session, partner_id: str, employer: str) -> None:
    """Take an employer off a partner's list; raises `NotFoundError` when it is not on it."""
    row = session.get(AllowedEmployerRow, (partner_id, plain(employer)))
    if row is None:
        raise NotFoundError("there is no such employer on your list")
    session.delete(row)
    session.flush()
