"""What to look at next, and why in words.

An advert comes into the queue when its score reaches the review line, or by a draw: a small
share of those below it is shown all the same, so that what the detector misses can be measured.
The draw depends on the advert's words alone, so that ingesting twice draws the same ones.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from model.schema.assessment import Assessment, Band
from service.review import place
from service.review.masking import hide_contacts
from service.review.permissions import Permission, Person, can
from service.review.policies import is_held
from service.review.search import read_query
from service.review.states import Cause, ReviewState
from service.store import daily, reviews, search
from service.store.campaign_pages import family_of
from service.store.reviews import UNDECIDED, Place
from service.store.tables import ReviewRow

DUE_BANDS = frozenset({Band.REVIEW, Band.HIGH})
PAGE_SIZE = 50
N_SIGNS = 3
LINKED = "linked_to_confirmed"
"""The reason that says what an advert shares with confirmed ones; see `lifting`."""
STATES = ("waiting", "mine", "held", "escalated", "decided")
"""What the queue page can show; `waiting` is everything without a verdict."""
DEFAULT_STATE = ("state", "waiting")
LONGEST_FILTER = 200
LONGEST_ADDRESS = 2000


@dataclass(frozen=True)
class Filters:
    """What the queue page shows; it stands in the page's address, so that a view is a link."""

    find: str | None = None
    """Words, part of a handle or a phone number."""
    band: str | None = None
    language: str | None = None
    source: str | None = None
    place: str | None = None
    indicator: str | None = None
    campaign: str | None = None
    daily: str | None = None
    """The day whose set is shown, as `2026-11-22`."""
    state: str = "waiting"
    """One of `STATES`."""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Filters":
        """Read filters that stand in an address; what is not known is left out."""
        known = {
            field.name: value
            for field in fields(cls)
            if (value := given.get(field.name, "")[:LONGEST_FILTER].strip())
        }
        if known.get("state") not in STATES:
            known.pop("state", None)
        if read_day(known.get("daily")) is None:
            known.pop("daily", None)
        return cls(**known)

    @classmethod
    def of_query(cls, query: str) -> "Filters":
        """Read filters from the query of an address."""
        return cls.of(dict(parse_qsl(query[:LONGEST_ADDRESS])))

    @property
    def is_settled(self) -> bool:
        """Whether only decided adverts fit, so that there is nothing to take."""
        return self.state == "decided"

    @property
    def address(self) -> str:
        """The filters as they stand in the query of an address; empty when nothing was chosen."""
        given = asdict(self).items()
        return urlencode({name: value for name, value in given if value and (name, value) != DEFAULT_STATE})

    @property
    def in_words(self) -> str:
        """What was chosen, for people."""
        return "; ".join(f"{name}: {value}" for name, value in parse_qsl(self.address))

    @property
    def narrowed(self) -> bool:
        """Whether anything but the state was chosen."""
        return any(
            (
                self.find,
                self.band,
                self.language,
                self.source,
                self.place,
                self.indicator,
                self.campaign,
                self.daily,
            )
        )


@dataclass(frozen=True)
class QueueItem:
    """One line of the queue."""

    review: ReviewRow
    title: str | None
    score: float
    why: str
    """What it is here for, in words."""
    stands: str
    """What besides its score puts it where it stands, in words."""
    held: bool
    """Whether another reviewer has it at the moment."""


def due_cause(assessment: Assessment, *, digest: str, sample_rate: float) -> Cause | None:
    """Tell why this advert should be looked at; None when it need not be."""
    if assessment.band in DUE_BANDS:
        return Cause.BAND
    if assessment.band is Band.LOW and draw(digest) < sample_rate:
        return Cause.SAMPLE
    return None


def draw(digest: str) -> float:
    """Give the advert's lot, evenly spread over 0-1 and always the same for the same words."""
    return int(digest[:12], 16) / 16**12


def risk(assessment: Assessment, cause: Cause, *, digest: str, sample_rate: float) -> float:
    """Give the risk it is queued by: its score; random sample and daily set are spread evenly among the others.

    An appeal comes first: an honest employer may be losing applicants every day.
    """
    if cause is Cause.APPEAL:
        return 1.0
    if cause is Cause.DAILY:
        return draw(digest)
    if cause is not Cause.SAMPLE:
        return assessment.score
    return draw(digest) / sample_rate


def show_score(score: float) -> str:
    """Write a score for people: two digits, and never as a certainty."""
    if score >= 0.995:  # noqa: PLR2004 - would be rounded to 1.00
        return ">0.99"
    return "<0.01" if score < 0.005 else f"{score:.2f}"  # noqa: PLR2004


def why(review: ReviewRow, *, score: float, asked: str | None = None) -> str:
    """Say in words why the advert is in the queue; `asked` is why it is in a daily set as well."""
    if asked is None:
        return _cause_in_words(review, score=score)
    if review.cause == Cause.DAILY:
        return f"{asked} (scored {show_score(score)})"
    return f"{asked}; {_cause_in_words(review, score=score)}"


def _cause_in_words(review: ReviewRow, *, score: float) -> str:
    if review.cause == Cause.APPEAL:
        return f"whoever placed it asks for a second look (scored {show_score(score)})"
    if review.cause == Cause.FEEDBACK:
        return f"the site that published it has an opinion (scored {show_score(score)})"
    if review.cause == Cause.SAMPLE:
        return f"random check of adverts below the line (scored {show_score(score)})"
    return review.signs or f"scored {show_score(score)}"


def signs(assessment: Assessment) -> str:
    """Name what speaks most for the pattern, at most three reasons: its company, then the strongest."""
    speaking = [
        reason
        for reason in assessment.reasons
        if reason.code == LINKED or (reason.log_odds > 0 and reason.code != "baseline")
    ]
    strongest = sorted(speaking, key=lambda reason: (reason.code != LINKED, -reason.log_odds))[:N_SIGNS]
    return "; ".join(reason.title for reason in strongest)


def list_items(
    session: Session, filters: Filters, *, by: Person, at: datetime, after: Place | None = None
) -> tuple[list[QueueItem], Place | None]:
    """Give one page of the queue and the place where the next one begins."""
    ids = search.find_ids(
        session,
        conditions=_conditions(filters, by=by),
        narrowings=narrowings_of(session, filters, by=by),
        after=after,
        limit=PAGE_SIZE + 1,
    )
    shown = str if can(by, Permission.VIEW_CONTACTS) else hide_contacts
    asked = daily.why_asked(session, ids[:PAGE_SIZE])
    items = [
        QueueItem(
            review,
            title and shown(title),
            score,
            why(review, score=score, asked=asked.get(review.id)),
            place.in_words(standing, opened_at=review.opened_at, at=at),
            is_held(review, by=by, at=at),
        )
        for review, title, score, standing in reviews.list_queue(session, ids[:PAGE_SIZE])
    ]
    more = len(ids) > PAGE_SIZE
    return items, place_of(items[-1].review) if more else None


def narrowings_of(session: Session, filters: Filters, *, by: Person) -> list[search.Narrowing]:
    """Give what the filters ask for beyond the columns of a review; raises when there is no such campaign."""
    narrowings: list[search.Narrowing] = [
        search.Tag(kind, wanted) for kind in ("place", "indicator") if (wanted := getattr(filters, kind))
    ]
    if filters.campaign:
        narrowings.append(search.InCampaign(tuple(family_of(session, filters.campaign))))
    if day := read_day(filters.daily):
        narrowings.append(daily.InDailySet(day))
    words = read_query(filters.find, by=by) if filters.find else None
    if words:  # last, because looking into words takes longest
        narrowings.append(words)
    return narrowings


def read_day(written: str | None) -> date | None:
    """Give the day that stands in an address; None where there is none."""
    try:
        return date.fromisoformat(written or "")
    except ValueError:
        return None


def _conditions(filters: Filters, *, by: Person) -> list[ColumnElement[bool]]:
    states: dict[str, list[ColumnElement[bool]]] = {
        "waiting": [UNDECIDED],
        "mine": [ReviewRow.claimed_by == by.id],
        "held": [ReviewRow.state == ReviewState.HELD.value],
        "escalated": [ReviewRow.state == ReviewState.ESCALATED.value],
        "decided": [ReviewRow.state == ReviewState.DECIDED.value],
    }
    return states[filters.state] + [
        getattr(ReviewRow, name) == wanted
        for name in ("band", "language", "source")
        if (wanted := getattr(filters, name))
    ]


def place_of(review: ReviewRow) -> Place:
    """Give a review's place in the order."""
    return Place(review.priority, review.id)


def next_item(
    session: Session, filters: Filters, *, by: Person, at: datetime, after: ReviewRow | None = None
) -> ReviewRow | None:
    """Give what of the filtered queue this person should look at next; the first when nothing follows."""
    following = _step(session, filters, by=by, at=at, place=place_of(after)) if after is not None else None
    if following is None:
        following = _step(session, filters, by=by, at=at, place=None)
    return None if following is not None and after is not None and following.id == after.id else following


def previous_item(
    session: Session, filters: Filters, *, by: Person, at: datetime, before: ReviewRow
) -> ReviewRow | None:
    """Give what stands just before in the filtered queue, if anything."""
    return _step(session, filters, by=by, at=at, place=place_of(before), backwards=True)


def _step(
    session: Session,
    filters: Filters,
    *,
    by: Person,
    at: datetime,
    place: Place | None,
    backwards: bool = False,
) -> ReviewRow | None:
    """Give the review nearest to a place, on one side of it, that fits the filters and this person may take.

    Among decided ones nothing is taken, so that all of them are stepped through.
    """
    conditions = _conditions(filters, by=by)
    if not filters.is_settled:
        conditions.append(reviews.waiting(user_id=by.id, at=at, leads=can(by, Permission.LEAD)))
    ids = search.find_ids(
        session,
        conditions=conditions,
        narrowings=narrowings_of(session, filters, by=by),
        after=place,
        limit=1,
        backwards=backwards,
    )
    return reviews.get_review(session, ids[0]) if ids else None
