"""What narrows the queue: words, contacts, places, indicators, campaigns; fast whether rare or common.

A condition that few reviews meet is looked up in its index, and what it gives is put in order here.
One that many meet is checked along the queue, first things first, until the page is full: it is then met
often enough. Which of the two it is, a bounded look into the index tells; no planner has to guess.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from sqlalchemy import ColumnElement, delete, insert, or_, select, text, tuple_
from sqlalchemy.orm import Session

from service.store import reviews
from service.store.reviews import Place
from service.store.tables import CampaignMemberRow, ReviewRow, ReviewTagRow, SearchDocumentRow

RARE = 2000
"""As many reviews as are put in order here rather than read off the queue."""
STRIDE = 1000
"""Reviews that are checked at once along the queue."""
IN_ONE_QUERY = 500
INDEX_PREFIX = "search_index"
"""Names of the full-text index and of what it is made of; they differ between databases."""
SHORTEST = 3
"""Letters the index needs to find a needle; shorter ones are looked for along the queue."""
_KEYS = (ReviewRow.priority, ReviewRow.id)


class Narrowing(Protocol):
    """One thing a review must meet."""

    def probe(self, session: Session, *, limit: int) -> list[str] | None:
        """Give the reviews that meet it, at most `limit` of them; None when no index can tell."""

    def check(self, session: Session, review_ids: Sequence[str]) -> set[str]:
        """Give those of the reviews that meet it."""


@dataclass(frozen=True)
class Words:
    """Every one of some needles stands in the advert's words, or in its contacts."""

    needles: tuple[str, ...]
    """Folded as the documents are."""
    with_words: bool = True
    with_contacts: bool = True

    def probe(self, session: Session, *, limit: int) -> list[str] | None:
        """Look into the index of three letters in a row."""
        indexed = [needle for needle in self.needles if len(needle) >= SHORTEST]
        if not indexed:
            return None
        if session.get_bind().dialect.name == "sqlite":
            query = select(SearchDocumentRow.review_id).where(
                SearchDocumentRow.id.in_(
                    text("SELECT rowid FROM search_index WHERE search_index MATCH :needles LIMIT :most")
                )
            )
            given = {"needles": self._match(indexed), "most": limit}
            found = list(session.scalars(query, given))
            more = len(found) == limit
            return found if more or len(indexed) == len(self.needles) else self._kept(session, found)
        return list(session.scalars(select(SearchDocumentRow.review_id).where(*self._like()).limit(limit)))

    def check(self, session: Session, review_ids: Sequence[str]) -> set[str]:
        """Read the documents themselves."""
        return set(
            session.scalars(
                select(SearchDocumentRow.review_id).where(
                    SearchDocumentRow.review_id.in_(review_ids), *self._like()
                )
            )
        )

    def _kept(self, session: Session, found: Sequence[str]) -> list[str]:
        met = set().union(*(self.check(session, part) for part in _parts(found)))
        return [review_id for review_id in found if review_id in met]

    def _match(self, needles: Sequence[str]) -> str:
        columns = [
            n for n, wanted in (("words", self.with_words), ("contacts", self.with_contacts)) if wanted
        ]
        quoted = ('"' + needle.replace('"', '""') + '"' for needle in needles)
        return " AND ".join(f"{{{' '.join(columns)}}} : {needle}" for needle in quoted)

    def _like(self) -> list[ColumnElement[bool]]:
        columns = [
            column
            for column, wanted in (
                (SearchDocumentRow.words, self.with_words),
                (SearchDocumentRow.contacts, self.with_contacts),
            )
            if wanted
        ]
        return [
            or_(*(column.contains(needle, autoescape=True) for column in columns)) for needle in self.needles
        ]


@dataclass(frozen=True)
class Tag:
    """The advert carries a place or an indicator."""

    kind: str
    value: str

    def probe(self, session: Session, *, limit: int) -> list[str] | None:
        """Look into the tags."""
        query = select(ReviewTagRow.review_id).where(
            ReviewTagRow.kind == self.kind, ReviewTagRow.value == self.value
        )
        return list(session.scalars(query.limit(limit)))

    def check(self, session: Session, review_ids: Sequence[str]) -> set[str]:
        """Look for the tag on each."""
        query = select(ReviewTagRow.review_id).where(
            ReviewTagRow.kind == self.kind,
            ReviewTagRow.value == self.value,
            ReviewTagRow.review_id.in_(review_ids),
        )
        return set(session.scalars(query))


@dataclass(frozen=True)
class InCampaign:
    """The advert belongs to a campaign, or to one that became part of it."""

    family: tuple[str, ...]

    def probe(self, session: Session, *, limit: int) -> list[str] | None:
        """Look at the members."""
        return list(session.scalars(self._members.limit(limit)))

    def check(self, session: Session, review_ids: Sequence[str]) -> set[str]:
        """Look for each among the members."""
        return set(session.scalars(self._members.where(ReviewRow.id.in_(review_ids))))

    @cached_property
    def _members(self) -> Any:
        return (
            select(ReviewRow.id)
            .join(CampaignMemberRow, CampaignMemberRow.advert_key == ReviewRow.advert_key)
            .where(CampaignMemberRow.campaign_id.in_(self.family))
        )


def find_ids(
    session: Session,
    *,
    conditions: Sequence[ColumnElement[bool]],
    narrowings: Sequence[Narrowing],
    after: Place | None,
    limit: int,
) -> list[str]:
    """Give the first reviews in the queue's order that meet everything."""
    candidates: set[str] | None = None
    common: list[Narrowing] = []
    for narrowing in narrowings:
        found = narrowing.probe(session, limit=RARE + 1)
        if found is None or len(found) > RARE:
            common.append(narrowing)
        else:
            candidates = set(found) if candidates is None else candidates & set(found)
    if candidates is None:
        return _along_the_queue(session, conditions, common, after=after, limit=limit)
    return _in_order(session, conditions, common, sorted(candidates), after=after)[:limit]


def replace_document(
    session: Session, review_id: str, *, words: str, contacts: str, tags: Sequence[tuple[str, str]]
) -> None:
    """Put what the latest version of an advert says in place of what was indexed before."""
    session.execute(delete(SearchDocumentRow).where(SearchDocumentRow.review_id == review_id))
    session.execute(delete(ReviewTagRow).where(ReviewTagRow.review_id == review_id))
    session.execute(
        insert(SearchDocumentRow).values(review_id=review_id, words=words, contacts=contacts).inline()
    )
    rows = [{"kind": kind, "value": value, "review_id": review_id} for kind, value in dict.fromkeys(tags)]
    if rows:
        session.execute(insert(ReviewTagRow), rows)


def unindexed(session: Session, *, limit: int) -> list[ReviewRow]:
    """Give reviews that search does not know yet."""
    known = select(SearchDocumentRow.review_id).where(SearchDocumentRow.review_id == ReviewRow.id).exists()
    return list(session.scalars(select(ReviewRow).where(~known).order_by(ReviewRow.id).limit(limit)))


def tag_values(session: Session, kind: str, *, most: int) -> list[str]:
    """Give the values of a kind of tag in order."""
    return reviews.distinct(session, ReviewTagRow.value, ReviewTagRow.kind == kind, most=most)


def is_search_index(name: str | None) -> bool:
    """Tell whether a table or an index of the database is part of the full-text index."""
    return (name or "").startswith(INDEX_PREFIX)


def _along_the_queue(
    session: Session,
    conditions: Sequence[ColumnElement[bool]],
    narrowings: Sequence[Narrowing],
    *,
    after: Place | None,
    limit: int,
) -> list[str]:
    found: list[str] = []
    stride = STRIDE if narrowings else limit
    while len(found) < limit:
        query = select(*_KEYS).where(*conditions)
        if after is not None:
            query = query.where(tuple_(*_KEYS) < tuple_(after.priority, after.review_id))
        rows = session.execute(
            query.order_by(ReviewRow.priority.desc(), ReviewRow.id.desc()).limit(stride)
        ).all()
        found += _meeting(session, narrowings, [review_id for _, review_id in rows])
        if len(rows) < stride:
            break
        after = Place(*rows[-1])
    return found[:limit]


def _in_order(
    session: Session,
    conditions: Sequence[ColumnElement[bool]],
    narrowings: Sequence[Narrowing],
    candidates: Sequence[str],
    *,
    after: Place | None,
) -> list[str]:
    keys: list[tuple[float, str]] = []
    for part in _parts(candidates):
        rows = session.execute(select(*_KEYS).where(ReviewRow.id.in_(part), *conditions))
        keys += [(priority, review_id) for priority, review_id in rows]
    ordered = sorted(keys, reverse=True)
    if after is not None:
        ordered = [key for key in ordered if key < (after.priority, after.review_id)]
    kept: list[str] = []
    for part in _parts([review_id for _, review_id in ordered]):
        kept += _meeting(session, narrowings, part)
    return kept


def _meeting(session: Session, narrowings: Sequence[Narrowing], review_ids: Sequence[str]) -> list[str]:
    for narrowing in narrowings:
        if not review_ids:
            break
        met = set().union(*(narrowing.check(session, part) for part in _parts(review_ids)))
        review_ids = [review_id for review_id in review_ids if review_id in met]
    return list(review_ids)


def _parts(review_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(review_ids), IN_ONE_QUERY):
        yield review_ids[start : start + IN_ONE_QUERY]
