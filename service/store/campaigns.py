"""Campaigns: who is in one, which became one with which, and how that is taken back.

A merge moves nobody: the younger campaign points to the older one, and its members stay its own, also
those who join later. So undoing a merge, whenever that is, parts exactly what the merge had joined.

What a person took out of a campaign stays out of it, and out of all that becomes one with it, whatever
it shares and whoever comes later; what that advert alone had carried belongs to the campaign no more.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache, cached_property

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from model.campaigns.grouping import MOST_SHARING
from model.schema.decision import Verdict
from service.errors import ConflictError, NotFoundError
from service.store.adverts import insert_new
from service.store.audit import SYSTEM
from service.store.ids import new_id
from service.store.reviews import stands
from service.store.tables import (
    AdvertLinkRow,
    AdvertRow,
    CampaignMemberRow,
    CampaignMergeRow,
    CampaignRow,
    CampaignSplitRow,
    DecisionRow,
    LinkKeyRow,
)

BY_HAND = "a person"
"""What a merge was made by when nothing was shared."""

_NAMED = aliased(CampaignRow)
_ROOTS = select(func.coalesce(_NAMED.merged_into, _NAMED.id)).where(
    _NAMED.id.in_(bindparam("ids", expanding=True))
)
# Built once: putting these together anew for each advert costs more than running them.
_FAMILIES = select(CampaignRow).where(or_(CampaignRow.id.in_(_ROOTS), CampaignRow.merged_into.in_(_ROOTS)))
_MEMBERSHIPS = (
    select(CampaignMemberRow.campaign_id, CampaignMemberRow.advert_key, AdvertRow.advert_id)
    .join(AdvertRow, AdvertRow.key == CampaignMemberRow.advert_key)
    .where(
        AdvertRow.partner_id == bindparam("owner"), AdvertRow.advert_id.in_(bindparam("ids", expanding=True))
    )
)


class Members:
    """Adds adverts to campaigns, each advert once however many versions it has."""

    def __init__(self, session: Session, advert_ids: Sequence[str], *, partner_id: str) -> None:
        self._session = session
        self._partner_id = partner_id
        self.arriving = frozenset(advert_ids)
        """The adverts of this call."""
        self._rows: list[dict[str, object]] = []

    @cached_property
    def _known(self) -> Sequence[tuple[str, str, str]]:
        """Memberships of these adverts' earlier versions; asked for when the first one joins something."""
        rows = self._session.execute(_MEMBERSHIPS, {"owner": self._partner_id, "ids": list(self.arriving)})
        return [(campaign_id, key, advert_id) for campaign_id, key, advert_id in rows]

    @cached_property
    def _keys(self) -> set[str]:
        return {key for _, key, _ in self._known}

    @cached_property
    def _counted(self) -> set[tuple[str, str]]:
        return {(campaign_id, advert_id) for campaign_id, _, advert_id in self._known}

    def add(self, campaign: CampaignRow, advert_key: str, advert_id: str, *, via: str, at: datetime) -> None:
        """Put one version of an advert into a campaign, unless it is in one; `record` writes it down."""
        if advert_key in self._keys:
            return
        self._keys.add(advert_key)
        row = {"campaign_id": campaign.id, "advert_key": advert_key, "via": via, "joined_at": at}
        self._rows.append(row)
        campaign.last_seen_at = max(campaign.last_seen_at, at)
        if (campaign.id, advert_id) not in self._counted:
            self._counted.add((campaign.id, advert_id))
            campaign.n_adverts += 1

    def record(self) -> None:
        """Write down all that were added, at once."""
        if self._rows:
            insert_new(self._session, CampaignMemberRow, self._rows)
            self._rows = []


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
    return {row.id: row for row in session.scalars(_FAMILIES, {"ids": sorted(wanted)})}


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
    if is_split_between(session, older.id, younger.id, family=family):
        return
    _record_merge(session, younger, older, family=family, via=via, link_id=link_id, by=by, at=at)


def merge_by_hand(session: Session, one_id: str, other_id: str, *, by: str, at: datetime) -> CampaignRow:
    """Let two campaigns of one owner become one because a person says so, and give the whole."""
    family = load_families(session, [one_id, other_id])
    if not {one_id, other_id} <= family.keys():
        raise NotFoundError("there is no such campaign")
    older, younger = sorted((_root(family, one_id), _root(family, other_id)), key=lambda row: row.id)
    if older is younger:
        raise ConflictError("these are one campaign already")
    if older.partner_id != younger.partner_id:
        raise ConflictError("these campaigns belong to different owners and stay apart")
    if is_split_between(session, older.id, younger.id, family=family):
        raise ConflictError("an advert of one was taken out of the other; put it back first")
    _record_merge(session, younger, older, family=family, via=BY_HAND, link_id=None, by=by, at=at)
    return older


def _record_merge(
    session: Session,
    younger: CampaignRow,
    older: CampaignRow,
    *,
    family: dict[str, CampaignRow],
    via: str,
    link_id: int | None,
    by: str,
    at: datetime,
) -> None:
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


def load_splits(session: Session, campaign_ids: Collection[str]) -> frozenset[tuple[str, str]]:
    """Give (campaign, advert id) of what was taken out of these campaigns and not put back."""
    if not campaign_ids:
        return frozenset()
    rows = session.execute(
        select(CampaignSplitRow.campaign_id, CampaignSplitRow.advert_id).where(
            CampaignSplitRow.campaign_id.in_(campaign_ids), CampaignSplitRow.undone_at.is_(None)
        )
    )
    return frozenset((campaign_id, advert_id) for campaign_id, advert_id in rows)


def split(
    session: Session, advert_key: str, *, family: Sequence[str], by: str, at: datetime
) -> list[CampaignSplitRow]:
    """Take an advert, in all its versions, out of a campaign; raises when it is not in it."""
    advert = session.get(AdvertRow, advert_key)
    if advert is None:
        raise NotFoundError("there is no such advert")
    members = session.scalars(
        select(CampaignMemberRow).where(
            CampaignMemberRow.advert_key.in_(_versions(advert.partner_id, advert.advert_id)),
            CampaignMemberRow.campaign_id.in_(family),
        )
    ).all()
    if not members:
        raise ConflictError("this advert is not in this campaign any more")
    vias = {member.campaign_id: member.via for member in members}
    keys = [member.advert_key for member in members]
    for member in members:
        session.delete(member)
    rows = [
        CampaignSplitRow(
            id=new_id("spl", at=at),
            campaign_id=campaign_id,
            partner_id=advert.partner_id,
            advert_id=advert.advert_id,
            via=via,
            split_at=at,
            split_by=by,
        )
        for campaign_id, via in vias.items()
    ]
    session.add_all(rows)
    session.flush()
    for campaign_id in vias:
        campaign = session.get_one(CampaignRow, campaign_id)
        campaign.n_adverts -= 1
        _recount(session, campaign)
    _free_links(session, keys, partner_id=advert.partner_id, family=family)
    session.flush()
    return rows


def undo_split(session: Session, split_id: str, *, by: str, at: datetime) -> CampaignSplitRow:
    """Put an advert back where it was taken from, in the versions it had then.

    Those that found another campaign since stay there.
    """
    row = session.get(CampaignSplitRow, split_id)
    if row is None:
        raise NotFoundError("there is no such split")
    if row.undone_at is not None:
        raise ConflictError("this advert was put back already")
    row.undone_at, row.undone_by = at, by
    joined = select(CampaignMemberRow.advert_key).where(CampaignMemberRow.advert_key == AdvertRow.key)
    linked = select(AdvertLinkRow.advert_key).where(AdvertLinkRow.advert_key == AdvertRow.key)
    keys = session.scalars(
        _versions(row.partner_id, row.advert_id).where(
            AdvertRow.received_at <= row.split_at, ~joined.exists(), linked.exists()
        )
    ).all()
    if keys:
        campaign = session.get_one(CampaignRow, row.campaign_id)
        session.add_all(
            CampaignMemberRow(campaign_id=row.campaign_id, advert_key=key, via=row.via, joined_at=at)
            for key in keys
        )
        campaign.n_adverts += 1
        session.flush()
        _recount(session, campaign)
        _claim_links(session, keys, campaign)
    session.flush()
    return row


def list_splits(session: Session, family: Sequence[str]) -> list[tuple[CampaignSplitRow, AdvertRow]]:
    """Give what was taken out of a campaign, newest first, put back or not, with its latest version."""
    latest = (
        select(func.max(AdvertRow.key))
        .where(
            AdvertRow.partner_id == CampaignSplitRow.partner_id,
            AdvertRow.advert_id == CampaignSplitRow.advert_id,
        )
        .correlate(CampaignSplitRow)
        .scalar_subquery()
    )
    rows = session.execute(
        select(CampaignSplitRow, AdvertRow)
        .join(AdvertRow, AdvertRow.key == latest)
        .where(CampaignSplitRow.campaign_id.in_(family))
        .order_by(CampaignSplitRow.id.desc())
    )
    return [(row, advert) for row, advert in rows]


def forget_splits(session: Session) -> None:
    """Erase what was said of adverts that are there in no version any more."""
    there = select(AdvertRow.key).where(
        AdvertRow.partner_id == CampaignSplitRow.partner_id, AdvertRow.advert_id == CampaignSplitRow.advert_id
    )
    session.execute(delete(CampaignSplitRow).where(~there.exists()))


def is_split_between(session: Session, one_id: str, other_id: str, *, family: dict[str, CampaignRow]) -> bool:
    """Tell whether an advert of one of two campaigns was taken out of the other by a person."""
    sides = [
        [row.id for row in family.values() if _root(family, row.id).id == root] for root in (one_id, other_id)
    ]
    query = (
        select(CampaignSplitRow.id)
        .join(
            AdvertRow,
            (AdvertRow.partner_id == CampaignSplitRow.partner_id)
            & (AdvertRow.advert_id == CampaignSplitRow.advert_id),
        )
        .join(CampaignMemberRow, CampaignMemberRow.advert_key == AdvertRow.key)
        .where(
            CampaignSplitRow.undone_at.is_(None),
            or_(
                *(
                    CampaignSplitRow.campaign_id.in_(left) & CampaignMemberRow.campaign_id.in_(right)
                    for left, right in (sides, sides[::-1])
                )
            ),
        )
    )
    return session.scalar(query.limit(1)) is not None


def _versions(partner_id: str, advert_id: str) -> Select[str]:
    return select(AdvertRow.key).where(AdvertRow.partner_id == partner_id, AdvertRow.advert_id == advert_id)


def _recount(session: Session, campaign: CampaignRow) -> None:
    members = select(CampaignMemberRow.advert_key).where(CampaignMemberRow.campaign_id == campaign.id)
    campaign.n_confirmed = count_confirmed(session, members)


def _free_links(
    session: Session, advert_keys: Sequence[str], *, partner_id: str, family: Sequence[str]
) -> None:
    """Let go of what nobody in the campaign carries any more, so that it brings nobody else there."""
    carried = select(AdvertLinkRow.link_id).where(AdvertLinkRow.advert_key.in_(advert_keys))
    still = (
        select(AdvertLinkRow.link_id)
        .join(CampaignMemberRow, CampaignMemberRow.advert_key == AdvertLinkRow.advert_key)
        .where(AdvertLinkRow.link_id == LinkKeyRow.id, CampaignMemberRow.campaign_id.in_(family))
    )
    session.execute(
        update(LinkKeyRow)
        .where(
            LinkKeyRow.partner_id == partner_id,
            LinkKeyRow.id.in_(carried),
            LinkKeyRow.campaign_id.in_(family),
            ~still.exists(),
        )
        .values(campaign_id=None)
        .execution_options(synchronize_session=False)
    )


def _claim_links(session: Session, advert_keys: Sequence[str], campaign: CampaignRow) -> None:
    """Take what nobody else has of what these adverts carry."""
    session.execute(
        update(LinkKeyRow)
        .where(
            LinkKeyRow.partner_id == campaign.partner_id,
            LinkKeyRow.id.in_(select(AdvertLinkRow.link_id).where(AdvertLinkRow.advert_key.in_(advert_keys))),
            LinkKeyRow.campaign_id.is_(None),
            or_(LinkKeyRow.minhash.is_not(None), LinkKeyRow.n_adverts <= MOST_SHARING),
        )
        .values(campaign_id=campaign.id)
        .execution_options(synchronize_session=False)
    )


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


def recount_confirmed(session: Session, advert_keys: Sequence[str]) -> None:
    """Count anew how many adverts of these adverts' campaigns a person confirmed."""
    joined = select(CampaignMemberRow.campaign_id).where(CampaignMemberRow.advert_key.in_(advert_keys))
    for row in session.scalars(select(CampaignRow).where(CampaignRow.id.in_(joined))):
        _recount(session, row)


def count_confirmed(session: Session, advert_keys: Sequence[str] | Select[str]) -> int:
    """Count the adverts among these that a person confirmed."""
    if isinstance(advert_keys, Select):
        return session.scalar(_all_confirmed().where(AdvertRow.key.in_(advert_keys))) or 0
    return session.scalar(_some_confirmed(), {"keys": list(advert_keys)}) or 0


@cache
def _some_confirmed() -> Select[int]:
    return _all_confirmed().where(AdvertRow.key.in_(bindparam("keys", expanding=True)))


@cache
def _all_confirmed() -> Select[int]:
    confirmed = select(func.count(AdvertRow.advert_id.distinct())).join(
        DecisionRow, DecisionRow.advert_key == AdvertRow.key
    )
    return confirmed.where(confirms())


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
