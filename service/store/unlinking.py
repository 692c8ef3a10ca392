"""Takes erased adverts out of what others are told: links and campaigns count only who is still there.

A link key that no advert carries any more goes with its bands: nothing may be recognised by an advert whose
time is over.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, delete, func, select, tuple_
from sqlalchemy.orm import Session

from service.store import network
from service.store.campaigns import confirms
from service.store.tables import (
    AdvertLinkRow,
    AdvertRow,
    CampaignMemberRow,
    CampaignRow,
    DecisionRow,
    LinkKeyRow,
    TemplateBandRow,
)

AT_ONCE = 500
"""Link keys per statement."""


def find_linked(session: Session, advert_keys: Sequence[str]) -> tuple[list[tuple[int, str]], list[str]]:
    """Give the (link, owner) and the campaigns whose counts change when these adverts are erased."""
    network.lock(session)
    links = (
        select(AdvertLinkRow.link_id, AdvertRow.partner_id)
        .join(AdvertRow, AdvertRow.key == AdvertLinkRow.advert_key)
        .where(AdvertLinkRow.advert_key.in_(advert_keys))
        .distinct()
    )
    members = select(CampaignMemberRow.campaign_id).where(CampaignMemberRow.advert_key.in_(advert_keys))
    return [(link_id, owner) for link_id, owner in session.execute(links)], list(
        session.scalars(members.distinct())
    )


def recount(session: Session, links: Sequence[tuple[int, str]], campaigns: Sequence[str]) -> None:
    """Count anew who carries these links and who is in these campaigns."""
    for begin in range(0, len(links), AT_ONCE):
        _recount_links(session, links[begin : begin + AT_ONCE])
    if campaigns:
        _recount_campaigns(session, campaigns)


def _recount_links(session: Session, links: Sequence[tuple[int, str]]) -> None:
    place = tuple_(LinkKeyRow.id, LinkKeyRow.partner_id)
    carried = tuple_(AdvertLinkRow.link_id, AdvertRow.partner_id).in_(links)
    n_adverts = _carriers(session, carried)
    n_confirmed = _carriers(session, and_(carried, confirms()))
    for row in session.scalars(select(LinkKeyRow).where(place.in_(links))):
        row.n_adverts = n_adverts.get((row.id, row.partner_id), 0)
        row.n_confirmed = n_confirmed.get((row.id, row.partner_id), 0)
    session.flush()
    if gone := [link for link in links if link not in n_adverts]:
        bands = tuple_(TemplateBandRow.link_id, TemplateBandRow.partner_id)
        session.execute(delete(TemplateBandRow).where(bands.in_(gone)))
        session.execute(delete(LinkKeyRow).where(place.in_(gone)))


def _carriers(session: Session, which: ColumnElement[bool]) -> dict[tuple[int, str], int]:
    query = (
        select(AdvertLinkRow.link_id, AdvertRow.partner_id, func.count(AdvertRow.advert_id.distinct()))
        .join(AdvertRow, AdvertRow.key == AdvertLinkRow.advert_key)
        .outerjoin(DecisionRow, DecisionRow.advert_key == AdvertRow.key)
        .where(which)
        .group_by(AdvertLinkRow.link_id, AdvertRow.partner_id)
    )
    return {(link_id, owner): n for link_id, owner, n in session.execute(query)}


def _recount_campaigns(session: Session, campaigns: Sequence[str]) -> None:
    """Count members and confirmed ones; a campaign nobody is in any more stays, for merges that name it."""
    members = (
        select(CampaignMemberRow.campaign_id, func.count(AdvertRow.advert_id.distinct()))
        .join(AdvertRow, AdvertRow.key == CampaignMemberRow.advert_key)
        .where(CampaignMemberRow.campaign_id.in_(campaigns))
        .group_by(CampaignMemberRow.campaign_id)
    )
    confirmed = members.join(DecisionRow, DecisionRow.advert_key == AdvertRow.key).where(confirms())
    n_members, n_confirmed = (_by_campaign(session, query) for query in (members, confirmed))
    for row in session.scalars(select(CampaignRow).where(CampaignRow.id.in_(campaigns))):
        row.n_adverts = n_members.get(row.id, 0)
        row.n_confirmed = n_confirmed.get(row.id, 0)


def _by_campaign(session: Session, query: Select[str, int]) -> dict[str, int]:
    return dict(session.execute(query).all())
