"""Campaigns: who is in one, which became one with which, and how that is taken back.

A merge moves nobody: the younger campaign points to the older one, and its members stay its own, also
those who join later. So undoing a merge, whenever that is, parts exactly what the merge had joined.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from model.schema.decision import Verdict
from service.errors import ConflictError, NotFoundError
from service.store.adverts import insert_new
from service.store.audit import SYSTEM
from service.store.ids import new_id
from service.store.reviews import stands
from service.store.tables import AdvertRow, CampaignMemberRow, CampaignMergeRow, CampaignRow, DecisionRow


class Members:
    """Adds adverts to campaigns, each advert once however many versions it has."""

    def __init__(self, session: Session, advert_ids: Sequence[str], *, partner_id: str) -> None:
        self._session = session
        self._partner_id = partner_id
        self.arriving = frozenset(advert_ids)
        """The adverts of this call."""

    @cached_property
    def _known(self) -> Sequence[tuple[str, str, str]]:
        """Memberships of these adverts' earlier versions; asked for when the first one joins something."""
        rows = self._session.execute(
            select(CampaignMemberRow.campaign_id, CampaignMemberRow.advert_key, AdvertRow.advert_id)
            .join(AdvertRow, AdvertRow.key == CampaignMemberRow.advert_key)
            .where(AdvertRow.partner_id == self._partner_id, AdvertRow.advert_id.in_(self.arriving))
        )
        return [(campaign_id, key, advert_id) for campaign_id, key, advert_id in rows]

    @cached_property
    def _keys(self) -> set[str]:
        return {key for _, key, _ in self._known}

    @cached_property
    def _counted(self) -> set[tuple[str, str]]:
        return {(campaign_id, advert_id) for campaign_id, _, advert_id in self._known}

    def add(self, campaign: CampaignRow, advert_key: str, advert_id: str, *, via: str, at: datetime) -> None:
        """Put one version of an advert into a campaign, unless it is in one."""
        if advert_key in self._keys:
            return
        self._keys.add(advert_key)
        row = {"campaign_id": campaign.id, "advert_key": advert_key, "via": via, "joined_at": at}
        insert_new(self._session, CampaignMemberRow, [row])
        campaign.last_seen_at = max(campaign.last_seen_at, at)
        if (campaign.id, advert_id) not in self._counted:
            self._counted.add((campaign.id, advert_id))
            campaign.n_adverts += 1


def new_campaign(session: Session, partner_id: str, *, at: datetime) -> CampaignRow:
    """Begin a campaign."""
    row = CampaignRow(
        id=new_id("cmp", at=at),
        partner_id=partner_id,
        first_seen_at=at,
        last_seen_at=at,
        n_adverts=0,
        n_confirmed=0,
    )
    session.add(row)
    session.flush()
    return row


def load_families(session: Session, ids: Iterable[str]) -> dict[str, CampaignRow]:
    """Give these campaigns with all that they were merged with."""
    wanted = set(ids)
    if not wanted:
        return {}
    named = aliased(CampaignRow)
    roots = select(func.coalesce(named.merged_into, named.id)).where(named.id.in_(wanted))
    family = session.scalars(
        select(CampaignRow).where(or_(CampaignRow.id.in_(roots), CampaignRow.merged_into.in_(roots)))
    )
    return {row.id: row for row in family}


def find_campaign(session: Session, advert_key: str) -> CampaignRow | None:
    """Give the campaign that a version of an advert belongs to by now; None when it stands alone."""
    parent = aliased(CampaignRow)
    found = session.execute(
        select(CampaignRow, parent)
        .join(CampaignMemberRow, CampaignMemberRow.campaign_id == CampaignRow.id)
        .outerjoin(parent, parent.id == CampaignRow.merged_into)
        .where(CampaignMemberRow.advert_key == advert_key)
        .limit(1)
    ).one_or_none()
    return None if found is None else found[1] or found[0]


def merge(
    session: Session,
    one: CampaignRow,
    other: CampaignRow,
    *,
    family: dict[str, CampaignRow],
    via: str,
    link_id: int | None,
    by: str,
    at: datetime,
) -> None:
    """Let the younger of two campaigns become part of the older, unless a person has parted them before."""
    older, younger = sorted((one, other), key=lambda row: row.id)
    if older is younger or _was_undone(session, older.id, younger.id):
        return
    row = CampaignMergeRow(
        id=new_id("mrg", at=at),
        campaign_id=younger.id,
        into_id=older.id,
        link_id=link_id,
        via=via,
        merged_at=at,
        merged_by=by,
    )
    session.add(row)
    _attach(younger, older, family)
    session.flush()


def undo_merge(session: Session, merge_id: str, *, by: str, at: datetime) -> dict[str, CampaignRow]:
    """Part two campaigns again; gives the campaigns concerned. Raises when there is nothing to undo."""
    merge_row = session.get(CampaignMergeRow, merge_id)
    if merge_row is None:
        raise NotFoundError("there is no such merge")
    if merge_row.undone_at is not None:
        raise ConflictError("this merge was undone already")
    merge_row.undone_at, merge_row.undone_by = at, by
    session.flush()
    family = load_families(session, [merge_row.campaign_id, merge_row.into_id])
    for campaign in family.values():
        campaign.merged_into = None
    standing = session.scalars(
        select(CampaignMergeRow)
        .where(CampaignMergeRow.campaign_id.in_(family), CampaignMergeRow.undone_at.is_(None))
        .order_by(CampaignMergeRow.id)
    )
    for row in standing:
        older, younger = sorted(
            (_root(family, row.campaign_id), _root(family, row.into_id)), key=lambda root: root.id
        )
        if older is not younger:
            _attach(younger, older, family)
    session.flush()
    return family


def undo_merges_by(
    session: Session, link_id: int, *, partner_id: str, at: datetime
) -> dict[str, CampaignRow]:
    """Part what one link key had joined: it turned out to be everybody's."""
    rows = session.scalars(
        select(CampaignMergeRow)
        .join(CampaignRow, CampaignRow.id == CampaignMergeRow.campaign_id)
        .where(
            CampaignMergeRow.link_id == link_id,
            CampaignMergeRow.undone_at.is_(None),
            CampaignRow.partner_id == partner_id,
        )
    ).all()
    family: dict[str, CampaignRow] = {}
    for row in rows:
        family |= undo_merge(session, row.id, by=SYSTEM, at=at)
    return family


def list_merges(session: Session, campaign_id: str) -> list[CampaignMergeRow]:
    """Give every merge of a campaign and of those it was merged with, undone ones included, newest first."""
    family = load_families(session, [campaign_id])
    return list(
        session.scalars(
            select(CampaignMergeRow)
            .where(or_(CampaignMergeRow.campaign_id.in_(family), CampaignMergeRow.into_id.in_(family)))
            .order_by(CampaignMergeRow.id.desc())
        )
    )


def recount_confirmed(session: Session, advert_key: str) -> None:
    """Count anew how many adverts of an advert's campaign a person confirmed."""
    row = session.scalars(
        select(CampaignRow)
        .join(CampaignMemberRow, CampaignMemberRow.campaign_id == CampaignRow.id)
        .where(CampaignMemberRow.advert_key == advert_key)
        .limit(1)
    ).one_or_none()
    if row is None:
        return
    members = select(CampaignMemberRow.advert_key).where(CampaignMemberRow.campaign_id == row.id)
    row.n_confirmed = count_confirmed(session, members)


def count_confirmed(session: Session, advert_keys: Sequence[str] | Select[str]) -> int:
    """Count the adverts among these that a person confirmed."""
    query = (
        select(func.count(AdvertRow.advert_id.distinct()))
        .join(DecisionRow, DecisionRow.advert_key == AdvertRow.key)
        .where(AdvertRow.key.in_(advert_keys), confirms())
    )
    return session.scalar(query) or 0


def confirms() -> ColumnElement[bool]:
    """Select the decisions that stand and confirm an advert."""
    return and_(DecisionRow.verdict == Verdict.CONFIRMED.value, stands())


def _attach(younger: CampaignRow, older: CampaignRow, family: dict[str, CampaignRow]) -> None:
    younger.merged_into = older.id
    for row in family.values():
        if row.merged_into == younger.id:
            row.merged_into = older.id


def _root(family: dict[str, CampaignRow], campaign_id: str) -> CampaignRow:
    row = family[campaign_id]
    return row if row.merged_into is None else _root(family, row.merged_into)


def _was_undone(session: Session, one: str, other: str) -> bool:
    pair = {one, other}
    return (
        session.scalar(
            select(CampaignMergeRow.id)
            .where(
                CampaignMergeRow.campaign_id.in_(pair),
                CampaignMergeRow.into_id.in_(pair),
                CampaignMergeRow.undone_at.is_not(None),
            )
            .limit(1)
        )
        is not None
    )
