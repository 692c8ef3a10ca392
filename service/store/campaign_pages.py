"""What the console shows of campaigns: families of merged ones, their adverts, contacts and decisions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.store.reviews import UNDECIDED
from service.store.tables import (
    AdvertLinkRow,
    AdvertRow,
    AssessmentRow,
    CampaignDecisionItemRow,
    CampaignDecisionRow,
    CampaignMemberRow,
    CampaignRow,
    DecisionRow,
    LinkKeyRow,
    ReviewRow,
)


@dataclass(frozen=True)
class CampaignSummary:
    """A campaign with all that was merged into it."""

    id: str
    n_adverts: int
    n_confirmed: int
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True)
class Member:
    """One advert of a campaign."""

    advert: AdvertRow
    review: ReviewRow | None
    """None when it never came into the queue."""
    score: float | None
    via: str


def list_campaigns(
    session: Session, *, limit: int, owner: str | None = None, but: str | None = None
) -> list[CampaignSummary]:
    """Give campaigns of two adverts or more, those that grew last first; of one owner, or of all."""
    root = func.coalesce(CampaignRow.merged_into, CampaignRow.id)
    n_adverts, last = func.sum(CampaignRow.n_adverts), func.max(CampaignRow.last_seen_at)
    rows = session.execute(
        select(root, n_adverts, func.sum(CampaignRow.n_confirmed), func.min(CampaignRow.first_seen_at), last)
        .where(*([CampaignRow.partner_id == owner] if owner else []), *([root != but] if but else []))
        .group_by(root)
        .having(n_adverts > 1)
        .order_by(last.desc(), root)
        .limit(limit)
    )
    return [CampaignSummary(*row) for row in rows]


def family_of(session: Session, campaign_id: str) -> list[str]:
    """Give the ids of a campaign and of what was merged with it, the root first; raises `NotFoundError`."""
    row = session.get(CampaignRow, campaign_id)
    if row is None:
        raise NotFoundError("there is no such campaign")
    root = row.merged_into or row.id
    merged = session.scalars(
        select(CampaignRow.id).where(CampaignRow.merged_into == root).order_by(CampaignRow.id)
    )
    return [root, *merged]


def owner_of(session: Session, campaign_id: str) -> str:
    """Give whose adverts a campaign holds."""
    return session.get_one(CampaignRow, campaign_id).partner_id


def count_waiting(session: Session, campaign_ids: Sequence[str]) -> Mapping[str, int]:
    """Give campaign → how many of its adverts wait for a verdict."""
    root = func.coalesce(CampaignRow.merged_into, CampaignRow.id)
    rows = session.execute(
        select(root, func.count())
        .join(CampaignMemberRow, CampaignMemberRow.campaign_id == CampaignRow.id)
        .join(ReviewRow, ReviewRow.advert_key == CampaignMemberRow.advert_key)
        .where(or_(CampaignRow.id.in_(campaign_ids), CampaignRow.merged_into.in_(campaign_ids)), UNDECIDED)
        .group_by(root)
    )
    return {campaign_id: n for campaign_id, n in rows}  # noqa: C416 - rows are no pairs to the type checker


def list_members(session: Session, family: Sequence[str], *, limit: int) -> list[Member]:
    """Give a campaign's adverts, newest first, each once in its latest version."""
    rows = session.execute(
        select(AdvertRow, ReviewRow, AssessmentRow.score, CampaignMemberRow.via)
        .join(CampaignMemberRow, CampaignMemberRow.advert_key == AdvertRow.key)
        .outerjoin(ReviewRow, ReviewRow.advert_key == AdvertRow.key)
        .outerjoin(AssessmentRow, AssessmentRow.id == ReviewRow.assessment_id)
        .where(CampaignMemberRow.campaign_id.in_(family))
        .order_by(AdvertRow.received_at.desc(), AdvertRow.key.desc())
        .limit(limit)
    )
    members: dict[tuple[str, str], Member] = {}
    for advert, review, score, via in rows:
        version = (advert.partner_id, advert.advert_id)
        if version not in members or members[version].review is None:
            members[version] = Member(advert, review, score, via)
    return list(members.values())


def lock_reviews(session: Session, review_ids: Sequence[str]) -> list[ReviewRow]:
    """Give these reviews in the order of their ids, locked until the transaction ends."""
    query = select(ReviewRow).where(ReviewRow.id.in_(review_ids)).order_by(ReviewRow.id)
    return list(session.scalars(query.with_for_update()))


def shared_links(session: Session, advert_keys: Sequence[str]) -> list[tuple[int, str, list[str]]]:
    """Give the contacts that more than one of these adverts carries: id, kind, adverts; commonest first."""
    rows = session.execute(
        select(AdvertLinkRow.link_id, LinkKeyRow.kind, AdvertLinkRow.advert_key)
        .join(AdvertRow, AdvertRow.key == AdvertLinkRow.advert_key)
        .join(
            LinkKeyRow,
            (LinkKeyRow.id == AdvertLinkRow.link_id) & (LinkKeyRow.partner_id == AdvertRow.partner_id),
        )
        .where(AdvertLinkRow.advert_key.in_(advert_keys), LinkKeyRow.kind != "template")
        .order_by(AdvertLinkRow.link_id, AdvertLinkRow.advert_key)
    )
    carriers: dict[tuple[int, str], list[str]] = {}
    for link_id, kind, advert_key in rows:
        carriers.setdefault((link_id, kind), []).append(advert_key)
    shared = [(link_id, kind, keys) for (link_id, kind), keys in carriers.items() if len(keys) > 1]
    return sorted(shared, key=lambda link: (-len(link[2]), link[0]))


def list_carriers(session: Session, link_id: int, *, limit: int) -> list[Member]:
    """Give every advert that carries a contact, newest first."""
    rows = session.execute(
        select(AdvertRow, ReviewRow, AssessmentRow.score, LinkKeyRow.kind)
        .join(AdvertLinkRow, AdvertLinkRow.advert_key == AdvertRow.key)
        .join(
            LinkKeyRow,
            (LinkKeyRow.id == AdvertLinkRow.link_id) & (LinkKeyRow.partner_id == AdvertRow.partner_id),
        )
        .outerjoin(ReviewRow, ReviewRow.advert_key == AdvertRow.key)
        .outerjoin(AssessmentRow, AssessmentRow.id == ReviewRow.assessment_id)
        .where(AdvertLinkRow.link_id == link_id)
        .order_by(AdvertRow.received_at.desc(), AdvertRow.key.desc())
        .limit(limit)
    )
    return [Member(*row) for row in rows]


def links_of_advert(session: Session, advert_key: str) -> list[tuple[int, str, int]]:
    """Give the contacts one advert carries: id, kind, in how many of its owner's adverts."""
    rows = session.execute(
        select(LinkKeyRow.id, LinkKeyRow.kind, LinkKeyRow.n_adverts)
        .join(AdvertLinkRow, AdvertLinkRow.link_id == LinkKeyRow.id)
        .join(
            AdvertRow,
            (AdvertRow.key == AdvertLinkRow.advert_key) & (AdvertRow.partner_id == LinkKeyRow.partner_id),
        )
        .where(AdvertLinkRow.advert_key == advert_key, LinkKeyRow.kind != "template")
        .order_by(LinkKeyRow.n_adverts.desc(), LinkKeyRow.id)
    )
    return [(link_id, kind, n) for link_id, kind, n in rows]


def count_places(places: Sequence[Sequence[str]]) -> list[tuple[str, int]]:
    """Give place → in how many adverts, commonest first."""
    counted = Counter(place for each in places for place in set(each))
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


def list_campaign_decisions(session: Session, family: Sequence[str]) -> list[CampaignDecisionRow]:
    """Give what was decided on a campaign as a whole, newest first."""
    return list(
        session.scalars(
            select(CampaignDecisionRow)
            .where(CampaignDecisionRow.campaign_id.in_(family))
            .order_by(CampaignDecisionRow.id.desc())
        )
    )


def find_campaign_decision(session: Session, decision_id: str) -> CampaignDecisionRow | None:
    """Give the verdict on a whole campaign that a decision was part of; None when it stood alone."""
    return session.scalars(
        select(CampaignDecisionRow)
        .join(CampaignDecisionItemRow, CampaignDecisionItemRow.campaign_decision_id == CampaignDecisionRow.id)
        .where(CampaignDecisionItemRow.decision_id == decision_id)
    ).one_or_none()


def decisions_in(session: Session, campaign_decision_id: str) -> list[DecisionRow]:
    """Give the decisions that a verdict on a whole campaign amounts to."""
    return list(
        session.scalars(
            select(DecisionRow)
            .join(CampaignDecisionItemRow, CampaignDecisionItemRow.decision_id == DecisionRow.id)
            .where(CampaignDecisionItemRow.campaign_decision_id == campaign_decision_id)
            .order_by(DecisionRow.id)
        )
    )
