"""What narrows the queue: words, contacts, places, indicators, campaigns; fast whether rare or common.

First the beginning of the queue is checked, things in order: what many reviews meet soon fills a page. What few
meet is then taken from its own index and put in order. What many meet, but none near the beginning, is looked
for along the rest of the queue. Every query names the rows it begins with, so that no planner has to guess.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import (
    ColumnElement,
    Select,
    column,
    delete,
    func,
    insert,
    intersect,
    literal_column,
    or_,
    select,
    table,
    true,
    tuple_,
)
from sqlalchemy.orm import Session, aliased

from service.store import reviews
from service.store.reviews import Place
from service.store.tables import CampaignMemberRow, ReviewRow, ReviewTagRow, SearchDocumentRow

NEAR = 5000
"""Reviews at the beginning of the queue that are checked one by one before any other index is asked."""
FEW, MANY = 2000, 50_000
"""As many reviews as are taken from an index and put in order: of what has few rather than of what has many."""
INDEX_PREFIX = "search_index"
"""Names of the full-text index and of what it is made of; they differ between databases."""
SHORTEST = 3
"""Letters the index needs to find a needle; shorter ones are looked for along the queue."""
_KEYS = (ReviewRow.priority, ReviewRow.id)
_Order = Sequence[ColumnElement[Any]]
_ORDER: _Order = (ReviewRow.priority.desc(), ReviewRow.id.desc())
_AGAINST: _Order = (ReviewRow.priority.asc(), ReviewRow.id.asc())


class Narrowing(ABC):
    """One thing a review must meet."""

    dear: ClassVar[bool] = False
    """Whether it takes long to tell how many meet it, once they are more than a few."""

    @abstractmethod
    def ids(self, dialect: str, *, limit: int) -> Select[str] | None:
        """Select the reviews that meet it, at most `limit` of them; None when no index can tell."""

    @abstractmethod
    def holds(self, review_id: Any) -> Select[int]:
        """Select something for the review of that id when it meets it, and nothing when not."""

    def met(self, review_id: Any) -> ColumnElement[bool]:
        """Tell whether the review of that id meets it; in this form no planner takes it for a join."""
        return self.holds(review_id).limit(1).scalar_subquery().is_not(None)

    def check(self, session: Session, review_ids: Sequence[str]) -> set[str]:
        """Give those of a few reviews that meet it."""
        return set(
            session.scalars(select(ReviewRow.id).where(ReviewRow.id.in_(review_ids), self.met(ReviewRow.id)))
        )


@dataclass(frozen=True)
class Words(Narrowing):
    """Every one of some needles stands in the advert's words, or in its contacts."""

    dear = True
    needles: tuple[str, ...]
    """Folded as the documents are."""
    with_words: bool = True
    with_contacts: bool = True

    def ids(self, dialect: str, *, limit: int) -> Select[str] | None:
        """Look into the index of three letters in a row."""
        indexed = [needle for needle in self.needles if len(needle) >= SHORTEST]
        if not indexed:
            return None
        query = select(SearchDocumentRow.review_id)
        if dialect != "sqlite":
            return query.where(*self._stand(self.needles)).limit(limit)
        rows: Select[int] = select(literal_column("rowid").label("id")).select_from(table("search_index"))
        rows = rows.where(column("search_index").op("MATCH")(self._match(indexed)))
        if len(indexed) == len(self.needles):
            rows = rows.limit(limit)
        found = rows.subquery("found")
        short = [needle for needle in self.needles if needle not in indexed]
        query = query.join(found, found.c.id == SearchDocumentRow.id).where(*self._stand(short))
        return query.limit(limit)

    def holds(self, review_id: Any) -> Select[int]:
        """Read the review's document itself."""
        own = SearchDocumentRow.review_id == review_id
        return select(literal_column("1")).where(own, *self._stand(self.needles))

    def _match(self, needles: Sequence[str]) -> str:
        columns = " ".join(column.key for column in self._columns)
        quoted = ('"' + needle.replace('"', '""') + '"' for needle in needles)
        return " AND ".join(f"{{{columns}}} : {needle}" for needle in quoted)

    def _stand(self, needles: Sequence[str]) -> list[ColumnElement[bool]]:
        return [
            or_(*(column.contains(needle, autoescape=True) for column in self._columns)) for needle in needles
        ]

    @property
    def _columns(self) -> list[Any]:
        words = [SearchDocumentRow.words] if self.with_words else []
        return words + ([SearchDocumentRow.contacts] if self.with_contacts else [])


@dataclass(frozen=True)
class Tag(Narrowing):
    """The advert carries a place or an indicator."""

    kind: str
    value: str

    def ids(self, dialect: str, *, limit: int) -> Select[str]:
        """Look into the tags."""
        del dialect
        return select(ReviewTagRow.review_id).where(*self._wanted).limit(limit)

    def holds(self, review_id: Any) -> Select[int]:
        """Look for the tag on the review."""
        return select(literal_column("1")).where(ReviewTagRow.review_id == review_id, *self._wanted)

    @property
    def _wanted(self) -> tuple[ColumnElement[bool], ...]:
        return ReviewTagRow.kind == self.kind, ReviewTagRow.value == self.value


@dataclass(frozen=True)
class InCampaign(Narrowing):
    """The advert belongs to a campaign, or to one that became part of it."""

    family: tuple[str, ...]

    def ids(self, dialect: str, *, limit: int) -> Select[str]:
        """Look at the members; an advert of two of the campaigns is one."""
        del dialect
        member = CampaignMemberRow.advert_key == ReviewRow.advert_key
        ids = select(ReviewRow.id.label("review_id")).join(CampaignMemberRow, member)
        return ids.where(CampaignMemberRow.campaign_id.in_(self.family)).distinct().limit(limit)

    def holds(self, review_id: Any) -> Select[int]:
        """Look for the advert among the members."""
        its = aliased(ReviewRow)
        member = CampaignMemberRow.advert_key == its.advert_key
        among: Select[int] = select(literal_column("1")).join_from(its, CampaignMemberRow, member)
        return among.where(its.id == review_id, CampaignMemberRow.campaign_id.in_(self.family))


def find_ids(
    session: Session,
    *,
    conditions: Sequence[ColumnElement[bool]],
    narrowings: Sequence[Narrowing],
    after: Place | None,
    limit: int,
    backwards: bool = False,
) -> list[str]:
    """Give the first reviews in the queue's order, or against it, that meet everything."""
    order = _AGAINST if backwards else _ORDER
    if after is not None:
        place = tuple_(after.priority, after.review_id)
        conditions = [*conditions, tuple_(*_KEYS) > place if backwards else tuple_(*_KEYS) < place]
    if not narrowings:
        return _along(session, conditions, order, limit=limit)
    met = [narrowing.met(ReviewRow.id) for narrowing in narrowings]
    far = session.execute(select(*_KEYS).where(*conditions).order_by(*order).offset(NEAR).limit(1)).first()
    near = []
    if far is not None:
        near = [tuple_(*_KEYS) < tuple_(*far) if backwards else tuple_(*_KEYS) > tuple_(*far)]
    found = _along(session, [*conditions, *met, *near], order, limit=limit)
    if far is None or len(found) == limit:
        return found
    among = _among(session, _first_asked(session, narrowings), conditions, narrowings, order, limit=limit)
    return _along(session, [*conditions, *met], order, limit=limit) if among is None else among


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


def unindexed(session: Session, *, after: str, limit: int) -> list[str]:
    """Give the next reviews, by id, that search does not know yet."""
    known = select(SearchDocumentRow.review_id).where(SearchDocumentRow.review_id == ReviewRow.id)
    missing = select(ReviewRow.id).where(ReviewRow.id > after, ~known.exists())
    return list(session.scalars(missing.order_by(ReviewRow.id).limit(limit)))


def tag_values(session: Session, kind: str, *, most: int) -> list[str]:
    """Give the values of a kind of tag in order."""
    return reviews.distinct(session, ReviewTagRow.value, ReviewTagRow.kind == kind, most=most)


def tagged(
    session: Session, review_ids: Sequence[str], *, kind: str, values: Collection[str]
) -> list[tuple[str, str]]:
    """Give review and value for those of some reviews that carry one of some tags, in order of the values."""
    query = select(ReviewTagRow.review_id, ReviewTagRow.value).where(
        ReviewTagRow.kind == kind, ReviewTagRow.value.in_(values), ReviewTagRow.review_id.in_(review_ids)
    )
    return [(review_id, value) for review_id, value in session.execute(query.order_by(ReviewTagRow.value))]


def is_search_index(name: str | None) -> bool:
    """Tell whether a table or an index of the database is part of the full-text index."""
    return (name or "").startswith(INDEX_PREFIX)


def _along(
    session: Session, conditions: Sequence[ColumnElement[bool]], order: _Order, *, limit: int
) -> list[str]:
    return list(session.scalars(select(ReviewRow.id).where(*conditions).order_by(*order).limit(limit)))


def _among(
    session: Session,
    asked: Sequence[Narrowing],
    conditions: Sequence[ColumnElement[bool]],
    narrowings: Sequence[Narrowing],
    order: _Order,
    *,
    limit: int,
) -> list[str] | None:
    """Put in order what meets some narrowings, then check the others one by one; None when that is too many."""
    parts = [ids for one in asked if (ids := _ids(session, one, limit=MANY + 1)) is not None]
    if not parts:
        return None
    taken = intersect(*(select(ids.subquery().c.review_id) for ids in parts)).cte("taken")
    others = [narrowing for narrowing in narrowings if narrowing not in asked]
    ordered = select(*_KEYS).join(taken, taken.c.review_id == ReviewRow.id).where(*conditions)
    first = ordered.order_by(*order).limit(MANY if others else limit).subquery("ordered")
    # What has a limit keeps its order on both databases, so that checking stops with the page.
    kept = select(first.c.id).where(*(narrowing.met(first.c.id) for narrowing in others)).limit(limit)
    n_taken, page = select(func.count().label("n")).select_from(taken).subquery(), kept.subquery("page")
    rows = session.execute(
        select(n_taken.c.n, page.c.id).join_from(n_taken, page, true(), isouter=True)
    ).all()
    return None if rows[0].n > MANY else [row.id for row in rows if row.id is not None]


def _first_asked(session: Session, narrowings: Sequence[Narrowing]) -> list[Narrowing]:
    """Choose whose indexes to ask: one that few reviews meet, or all that not too many meet, or the words'."""
    if len(narrowings) > 1:
        for narrowing in narrowings:
            if _is_met_by(session, narrowing, FEW):
                return [narrowing]
    told = [one for one in narrowings if not one.dear and _is_met_by(session, one, MANY)]
    return told or [one for one in narrowings if one.dear]


def _is_met_by(session: Session, narrowing: Narrowing, most: int) -> bool:
    """Tell whether at most so many reviews meet it; no, when no index can tell."""
    ids = _ids(session, narrowing, limit=most + 1)
    if ids is None:
        return False
    return (session.scalar(select(func.count()).select_from(ids.subquery("counted"))) or 0) <= most


def _ids(session: Session, narrowing: Narrowing, *, limit: int) -> Select[str] | None:
    return narrowing.ids(session.get_bind().dialect.name, limit=limit)
