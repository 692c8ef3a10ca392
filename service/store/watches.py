"""What people wait for, and the adverts that came: watches and their alerts, each one person's own."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import case, delete, func, or_, select, update
from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.store.adverts import insert_new
from service.store.ids import new_id
from service.store.tables import (
    AdvertRow,
    AlertRow,
    AssessmentRow,
    CampaignRow,
    LinkKeyRow,
    ReviewRow,
    UserRow,
    WatchRow,
)

MOST_COUNTED = 100
_KINDS = select(WatchRow.kind).distinct()


class WatchKind(StrEnum):
    """What can be watched."""

    CONTACT = "contact"
    """A way to answer or a link, by its link key."""
    CAMPAIGN = "campaign"
    SEARCH = "search"
    """A filtered queue."""


@dataclass(frozen=True)
class Watched:
    """A watch as its owner's list shows it."""

    watch: WatchRow
    n_alerts: int
    n_unseen: int
    n_carriers: int
    """In how many adverts a watched contact stands by now."""


@dataclass(frozen=True)
class Alert:
    """An alert with the advert it is about."""

    row: AlertRow
    watch: WatchRow
    advert: AdvertRow
    review: ReviewRow | None
    """None when the advert never came into the queue."""
    score: float | None


def find_watch(session: Session, *, user_id: str, kind: WatchKind, target: str) -> WatchRow | None:
    """Give a person's watch on something; None when there is none."""
    return session.scalars(
        select(WatchRow).where(
            WatchRow.user_id == user_id, WatchRow.kind == kind.value, WatchRow.target == target
        )
    ).one_or_none()


def add_watch(
    session: Session, *, user_id: str, kind: WatchKind, target: str, name: str, at: datetime
) -> WatchRow:
    """Begin to watch something."""
    row = WatchRow(
        id=new_id("wat", at=at), user_id=user_id, kind=kind.value, target=target, name=name, created_at=at
    )
    session.add(row)
    session.flush()
    return row


def get_watch(session: Session, watch_id: str, *, user_id: str) -> WatchRow:
    """Give a person's watch; raises `NotFoundError`, also for another person's."""
    row = session.get(WatchRow, watch_id)
    if row is None or row.user_id != user_id:
        raise NotFoundError("you have no such watch")
    return row


def remove_watch(session: Session, row: WatchRow) -> None:
    """End a watch; its alerts go with it."""
    session.execute(delete(AlertRow).where(AlertRow.watch_id == row.id))
    session.delete(row)
    session.flush()


def count_watches(session: Session, user_id: str) -> int:
    """Count a person's watches."""
    return session.scalar(select(func.count()).where(WatchRow.user_id == user_id)) or 0


def targets_of(session: Session, *, user_id: str, kind: WatchKind) -> set[str]:
    """Give what a person watches of one kind."""
    query = select(WatchRow.target).where(WatchRow.user_id == user_id, WatchRow.kind == kind.value)
    return set(session.scalars(query))


def list_watches(session: Session, user_id: str) -> list[Watched]:
    """Give a person's watches, newest first."""
    rows = session.scalars(
        select(WatchRow).where(WatchRow.user_id == user_id).order_by(WatchRow.id.desc())
    ).all()
    counts = session.execute(
        select(AlertRow.watch_id, func.count(), func.count(AlertRow.seen_at))
        .where(AlertRow.watch_id.in_([row.id for row in rows]))
        .group_by(AlertRow.watch_id)
    )
    counted = {watch_id: (n, n - n_seen) for watch_id, n, n_seen in counts}
    carriers = _count_carriers(session, [int(row.target) for row in rows if row.kind == WatchKind.CONTACT])
    return [Watched(row, *counted.get(row.id, (0, 0)), carriers.get(row.target, 0)) for row in rows]


def watched_kinds(session: Session) -> set[str]:
    """Tell what kinds of things anybody watches, so that the other kinds need no look-up."""
    return set(session.scalars(_KINDS))


def watching_contacts(session: Session, link_ids: Collection[int]) -> list[tuple[WatchRow, UserRow]]:
    """Give the watches on some link keys, with their owners."""
    return _with_owners(
        session, WatchRow.kind == WatchKind.CONTACT.value, WatchRow.target.in_(list(map(str, link_ids)))
    )


def watching_campaigns(session: Session, roots: Collection[str]) -> list[tuple[WatchRow, UserRow, str]]:
    """Give the watches on some campaigns, or on what became part of one: watch, owner, campaign."""
    rows = session.execute(
        select(WatchRow, UserRow, func.coalesce(CampaignRow.merged_into, CampaignRow.id))
        .join(UserRow, UserRow.id == WatchRow.user_id)
        .join(CampaignRow, CampaignRow.id == WatchRow.target)
        .where(
            WatchRow.kind == WatchKind.CAMPAIGN.value,
            UserRow.disabled_at.is_(None),
            or_(CampaignRow.id.in_(roots), CampaignRow.merged_into.in_(roots)),
        )
    )
    return [(watch, user, root) for watch, user, root in rows]


def watching_searches(session: Session) -> list[tuple[WatchRow, UserRow]]:
    """Give every watched search with its owner."""
    return _with_owners(session, WatchRow.kind == WatchKind.SEARCH.value)


def record_alerts(session: Session, found: Sequence[tuple[WatchRow, str]], *, at: datetime) -> int:
    """Write down which advert each watch met, each version once; gives how many alerts are new.

    An advert that was there before it was watched for is no news.
    """
    keys = {key for _, key in found}
    received = {
        row.key: row.received_at
        for row in session.execute(
            select(AdvertRow.key, AdvertRow.received_at).where(AdvertRow.key.in_(keys))
        )
    }
    known = {
        (row.watch_id, row.advert_key)
        for row in session.execute(
            select(AlertRow.watch_id, AlertRow.advert_key).where(AlertRow.advert_key.in_(keys))
        )
    }
    rows = [
        {
            "id": new_id("alr", at=at),
            "watch_id": watch.id,
            "user_id": watch.user_id,
            "advert_key": key,
            "raised_at": at,
            "seen_at": None,
        }
        for watch, key in dict.fromkeys(found)
        if received[key] > watch.created_at and (watch.id, key) not in known
    ]
    if rows:
        insert_new(session, AlertRow, rows)
    return len(rows)


def count_unseen(session: Session, user_id: str) -> int:
    """Count a person's alerts that wait to be seen, up to `MOST_COUNTED`."""
    some = (
        select(AlertRow.id)
        .where(AlertRow.user_id == user_id, AlertRow.seen_at.is_(None))
        .limit(MOST_COUNTED)
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(some)) or 0


def count_waiting(session: Session, *, since: datetime | None) -> list[tuple[UserRow, int, int]]:
    """Give everybody for whom alerts wait to be seen: how many, and how many of them came after a moment."""
    new = func.count() if since is None else func.sum(case((AlertRow.raised_at > since, 1), else_=0))
    rows = session.execute(
        select(AlertRow.user_id, func.count(), new)
        .where(AlertRow.seen_at.is_(None))
        .group_by(AlertRow.user_id)
    )
    counted = {user_id: (n, int(n_new)) for user_id, n, n_new in rows}
    people = session.scalars(select(UserRow).where(UserRow.id.in_(counted), UserRow.disabled_at.is_(None)))
    return [(user, *counted[user.id]) for user in people]


def list_alerts(session: Session, user_id: str, *, seen: bool, limit: int) -> list[Alert]:
    """Give a person's alerts, newest first: those that wait to be seen, or those that were."""
    state = AlertRow.seen_at.is_not(None) if seen else AlertRow.seen_at.is_(None)
    rows = session.execute(
        select(AlertRow, WatchRow, AdvertRow, ReviewRow, AssessmentRow.score)
        .join(WatchRow, WatchRow.id == AlertRow.watch_id)
        .join(AdvertRow, AdvertRow.key == AlertRow.advert_key)
        .outerjoin(ReviewRow, ReviewRow.advert_key == AdvertRow.key)
        .outerjoin(AssessmentRow, AssessmentRow.id == ReviewRow.assessment_id)
        .where(AlertRow.user_id == user_id, state)
        .order_by(AlertRow.id.desc())
        .limit(limit)
    )
    return [Alert(*row) for row in rows]


def mark_seen(session: Session, user_id: str, alert_ids: Sequence[str], *, at: datetime) -> int:
    """Mark a person's own alerts as seen; gives how many were not before."""
    done = session.execute(
        update(AlertRow)
        .where(AlertRow.user_id == user_id, AlertRow.id.in_(alert_ids), AlertRow.seen_at.is_(None))
        .values(seen_at=at)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def _with_owners(session: Session, *conditions: object) -> list[tuple[WatchRow, UserRow]]:
    rows = session.execute(
        select(WatchRow, UserRow)
        .join(UserRow, UserRow.id == WatchRow.user_id)
        .where(UserRow.disabled_at.is_(None), *conditions)  # type: ignore[arg-type]
    )
    return [(watch, user) for watch, user in rows]


def _count_carriers(session: Session, link_ids: Sequence[int]) -> Mapping[str, int]:
    rows = session.execute(
        select(LinkKeyRow.id, func.sum(LinkKeyRow.n_adverts))
        .where(LinkKeyRow.id.in_(link_ids))
        .group_by(LinkKeyRow.id)
    )
    return {str(link_id): int(n) for link_id, n in rows}
