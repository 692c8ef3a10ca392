"""Which adverts belong together, when a person knows better: split, merge, and both taken back.

Each act is attributed and on record under the campaign. The store keeps to it from then on: what was split
does not come back with the next advert, what was parted is not joined again by what it shares.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from service.errors import ConflictError, NotFoundError
from service.review.permissions import Permission, Person, check
from service.store import campaign_pages, campaigns, network
from service.store.audit import Act, append_event
from service.store.tables import CampaignMergeRow, CampaignSplitRow


def split_advert(session: Session, campaign_id: str, advert_key: str, *, by: Person, at: datetime) -> None:
    """Take an advert out of a campaign, for good."""
    check(by, Permission.DECIDE)
    network.lock(session)
    family = campaign_pages.family_of(session, campaign_id)
    rows = campaigns.split(session, advert_key, family=family, by=by.id, at=at)
    detail = {"advert": advert_key, "splits": [row.id for row in rows]}
    append_event(session, Act.CAMPAIGN_SPLIT, subject=family[0], actor=by.id, at=at, detail=detail)


def put_back(session: Session, campaign_id: str, split_id: str, *, by: Person, at: datetime) -> None:
    """Put an advert back into the campaign it was taken out of."""
    check(by, Permission.DECIDE)
    network.lock(session)
    family = campaign_pages.family_of(session, campaign_id)
    row = session.get(CampaignSplitRow, split_id)
    if row is None or row.campaign_id not in family:
        raise NotFoundError("there is no such split of this campaign")
    campaigns.undo_split(session, split_id, by=by.id, at=at)
    append_event(
        session, Act.CAMPAIGN_SPLIT_UNDONE, subject=family[0], actor=by.id, at=at, detail={"split": split_id}
    )


def merge(session: Session, campaign_id: str, other_id: str, *, by: Person, at: datetime) -> str:
    """Make two campaigns one, and give its id; `part` takes it back."""
    check(by, Permission.DECIDE)
    network.lock(session)
    whole = campaigns.merge_by_hand(session, campaign_id, other_id, by=by.id, at=at)
    detail = {"with": other_id if whole.id == campaign_id else campaign_id}
    append_event(session, Act.CAMPAIGNS_MERGED, subject=whole.id, actor=by.id, at=at, detail=detail)
    return whole.id


def part(session: Session, campaign_id: str, merge_id: str, *, by: Person, at: datetime) -> None:
    """Part what one merge had joined."""
    check(by, Permission.DECIDE)
    network.lock(session)
    row = session.get(CampaignMergeRow, merge_id)
    family = campaign_pages.family_of(session, campaign_id)
    if row is None or row.campaign_id not in family or row.into_id not in family:
        raise ConflictError("this campaign has no such merge any more")
    campaigns.undo_merge(session, merge_id, by=by.id, at=at)
    append_event(
        session, Act.CAMPAIGNS_PARTED, subject=campaign_id, actor=by.id, at=at, detail={"merge": merge_id}
    )
