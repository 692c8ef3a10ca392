"""Adverts of one hand find each other, whatever the order; company asks for a look and never moves a score."""

import json
import math
import random
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from model.campaigns.grouping import MOST_SHARING
from model.schema.assessment import Band
from service.assessing import Context, Keep, assess_and_store
from service.review import actions
from service.review.permissions import Person
from service.review.queue import LINKED
from service.review.verdicts import find_choice
from service.store import campaigns, network, outbox
from service.store.assessments import StoredAssessment, find_assessment
from service.store.links import links_of
from service.store.partners import ensure_partner
from service.store.tables import (
    CRAWLER,
    AssessmentRow,
    AuditEventRow,
    CampaignMergeRow,
    CampaignRow,
    LinkKeyRow,
    ReviewRow,
    TemplateBandRow,
    WebhookMessageRow,
)
from tests.factories import LURE, make_advert
from tests.fakes import Clock

PLAIN = "Waiter for weekends at the harbour cafe in Lisbon, call {}"
TEMPLATE = (
    "We look for {} friendly people to answer letters from customers in the evening, no office, no set hours, "
    "pay each Friday without delay, write to {} and we send you the papers the same day"
)


def send(
    context: Context, *texts: str, owner: str = CRAWLER, keep: Keep = Keep.FULL
) -> list[StoredAssessment]:
    adverts = [make_advert(id=text[:180], text=text) for text in texts]
    return assess_and_store(context, adverts, partner_id=owner, at=context.clock(), keep=keep)


def partner(context: Context, name: str) -> str:
    with context.database.writing() as session:
        return ensure_partner(session, name, at=context.clock()).id


def again(context: Context, stored: StoredAssessment, *, owner: str = CRAWLER) -> StoredAssessment:
    with context.database.reading() as session:
        return find_assessment(session, stored.id, partner_id=owner)


@pytest.fixture
def decide(context: Context, make_person: Callable[..., Person]) -> Callable[..., None]:
    by = make_person()

    def say(stored: StoredAssessment, verdict: str = "confirmed:scam_centre") -> None:
        with context.database.writing() as session:
            review = session.scalars(select(ReviewRow).where(ReviewRow.assessment_id == stored.id)).one()
            actions.decide(
                session, review.id, find_choice(verdict), by=by, at=context.clock(), seen=review.assessment_id
            )

    return say


@pytest.fixture
def undo(context: Context, decide: Callable[..., None]) -> Callable[[], None]:
    def take_back() -> None:
        with context.database.writing() as session:
            row = session.scalars(select(ReviewRow).where(ReviewRow.state == "decided")).first()
            decided_by = session.scalar(
                select(AuditEventRow.actor)
                .where(AuditEventRow.subject == row.id)
                .order_by(AuditEventRow.seq.desc())
            )
            by = Person(id=decided_by, name="asha", pseudonym="x", role="reviewer")
            actions.undo(session, by=by, at=context.clock(), minutes=15)

    return take_back


def test_two_adverts_with_one_contact_are_one_campaign(context: Context) -> None:
    first, second = (
        send(context, text)[0]
        for text in (PLAIN.format("+44 7700 900123"), "Chat job, whatsapp 07700 900123")
    )
    assert first.assessment.linked.campaign is None
    linked = second.assessment.linked
    assert linked.campaign.startswith("cmp_")
    assert (linked.adverts, linked.confirmed, linked.via) == (1, 0, ("whatsapp",))


def test_copies_of_one_wording_are_one_campaign_and_short_texts_are_nobodys(context: Context) -> None:
    send(context, TEMPLATE.format("nine", "@example_one"), "Typist wanted")
    copy, short = send(context, TEMPLATE.format("forty", "@example_two"), "Typist wanted!")
    assert (copy.assessment.linked.adverts, copy.assessment.linked.via) == (1, ("template",))
    assert short.assessment.linked.campaign is None


def test_the_order_of_arrival_does_not_change_who_is_together(context: Context) -> None:
    """Two chains of adverts, each linked to the next by another contact or wording, in many orders."""
    texts = [
        "Ring +44 7700 900001 or @example_a",
        "Write @example_a or jobs-b@example.com",
        TEMPLATE.format("six", "jobs-b@example.com"),
        TEMPLATE.format("ten", "@example_c"),
        "Other trade altogether, @example_c, +44 7700 900002",
        "Baker, @example_x",
        "Butcher, @example_x, +44 7700 900009",
        "Candles, +44 7700 900009",
    ]
    random.seed(7)
    for turn in range(12):
        owner = partner(context, f"Board {turn}")
        random.shuffle(texts)
        size = 1 + turn % 3
        for begin in range(0, len(texts), size):
            send(context, *texts[begin : begin + size], owner=owner)
        with context.database.reading() as session:
            rows = session.scalars(select(CampaignRow).where(CampaignRow.partner_id == owner)).all()
            family: dict[str, int] = {}
            for row in rows:
                family[row.merged_into or row.id] = family.get(row.merged_into or row.id, 0) + row.n_adverts
        assert sorted(family.values()) == [3, 5]


def test_a_hundred_adverts_at_once_are_joined_like_one_after_the_other(context: Context) -> None:
    together, alone = partner(context, "Together"), partner(context, "Alone")
    texts = [f"{PLAIN.format('')} @example_{n % 7} offer {n}" for n in range(100)]
    send(context, *texts, owner=together)
    for text in texts:
        send(context, text, owner=alone)
    with context.database.reading() as session:
        sizes = [
            sorted(session.scalars(select(CampaignRow.n_adverts).where(CampaignRow.partner_id == owner)))
            for owner in (together, alone)
        ]
    assert sizes[0] == sizes[1]
    assert sum(sizes[0]) == 100


def test_sending_an_advert_again_or_in_other_words_counts_it_once(context: Context) -> None:
    for words in ("one", "one", "two", "three"):
        advert = make_advert(id="same", text=f"Offer {words} @example_a")
        stored = assess_and_store(context, [advert], partner_id=CRAWLER, at=context.clock())[0]
        assert stored.assessment.linked.campaign is None
    send(context, "Other @example_a")
    stored = assess_and_store(context, [advert], partner_id=CRAWLER, at=context.clock())[0]
    assert stored.assessment.linked.adverts == 1


def test_an_honest_looking_advert_that_shares_a_confirmed_contact_is_shown_to_a_person(
    context: Context, decide: Callable[..., None]
) -> None:
    decide(send(context, LURE)[0])
    stored = send(context, PLAIN.format("telegram @example_hr"))[0]
    said = stored.assessment
    assert said.band is Band.REVIEW
    assert said.score < said.thresholds.review
    reason = said.reasons[-1]
    assert (reason.code, reason.log_odds) == (LINKED, 0.0)
    assert "telegram" in reason.title
    assert math.isclose(sum(r.log_odds for r in said.reasons), math.log(said.score / (1 - said.score)))
    assert said.linked.confirmed == 1
    with context.database.reading() as session:
        review = session.scalars(select(ReviewRow).where(ReviewRow.assessment_id == stored.id)).one()
        assert review.signs.startswith("Shares a telegram contact")


def test_a_later_confirmation_lifts_those_who_came_before_and_its_undoing_lets_them_go(
    context: Context, decide: Callable[..., None], undo: Callable[[], None]
) -> None:
    early = send(context, PLAIN.format("telegram @example_hr"))[0]
    lure = send(context, LURE)[0]
    assert again(context, early).assessment.band is Band.LOW
    decide(lure)
    lifted = again(context, early).assessment
    assert (lifted.band, lifted.score) == (Band.REVIEW, early.assessment.score)
    assert lifted.reasons[-1].code == LINKED
    with context.database.reading() as session:
        assert session.scalar(select(AssessmentRow.lifted_from).where(AssessmentRow.id == early.id)) == "low"
        assert session.scalar(select(func.count()).select_from(ReviewRow)) == 2
    undo()
    dropped = again(context, early).assessment
    assert dropped.band is Band.LOW
    assert all(reason.code != LINKED for reason in dropped.reasons)


def test_wording_alone_lifts_too_and_a_verdict_of_legitimate_lifts_nobody(
    context: Context, decide: Callable[..., None]
) -> None:
    told = [
        TEMPLATE.format(n, f"@example_{n}") + extra
        for n, extra in (("two", ". Cambodia. Free flight, room and meals"), ("six", ""))
    ]
    lure, early = (send(context, text)[0] for text in told)
    decide(lure, "legitimate")
    assert again(context, early).assessment.band is Band.LOW
    with context.database.writing() as session:
        review = session.scalars(select(ReviewRow).where(ReviewRow.assessment_id == lure.id)).one()
        review.state = "open"
    decide(lure)
    assert again(context, early).assessment.band is Band.REVIEW
    late = send(context, TEMPLATE.format("ten", "@example_ten"))[0]
    assert late.assessment.band is Band.REVIEW
    assert "the wording" in late.assessment.reasons[-1].title


def test_a_contact_of_more_than_two_hundred_adverts_joins_and_lifts_nobody(
    context: Context, decide: Callable[..., None]
) -> None:
    texts = [f"Shop number {n} wants staff, +44 7700 900555" for n in range(MOST_SHARING + 1)]
    for begin in range(0, len(texts), 50):
        send(context, *texts[begin : begin + 50])
    decide(send(context, LURE + " +44 7700 900555")[0])
    stored = send(context, "Gardener, +44 7700 900555")[0]
    assert stored.assessment.band is Band.LOW
    assert stored.assessment.linked.campaign is None


def test_two_campaigns_that_one_advert_bridges_become_one_and_can_be_parted_for_good(
    context: Context, clock: Clock
) -> None:
    send(context, "A1 @example_a", "A2 @example_a", "B1 @example_b", "B2 @example_b")
    bridge = send(context, "Bridge @example_a @example_b")[0]
    assert bridge.assessment.linked.adverts == 4
    with context.database.writing() as session:
        merge = session.scalars(select(CampaignMergeRow)).one()
        assert merge.via == "telegram"
        campaigns.undo_merge(session, merge.id, by="asha", at=clock())
    a, b = send(context, "A3 @example_a", "B3 @example_b")
    assert a.assessment.linked.campaign != b.assessment.linked.campaign
    send(context, "Second bridge @example_a @example_b")
    with context.database.reading() as session:
        assert session.scalars(select(CampaignRow.merged_into)).all() == [None, None]
        assert len(campaigns.list_merges(session, merge.into_id)) == 1


def test_a_partner_never_sees_counts_or_ids_of_anothers_adverts(
    context: Context, decide: Callable[..., None]
) -> None:
    mine, theirs = partner(context, "Mine"), partner(context, "Theirs")
    send(context, *(f"Offer {n} @example_hr" for n in range(5)), owner=theirs)
    decide(send(context, LURE, owner=theirs)[0])
    stored = send(context, PLAIN.format("telegram @example_hr"), owner=mine)[0]
    assert stored.assessment.linked.model_dump() == {
        "campaign": None,
        "adverts": 0,
        "confirmed": 0,
        "via": (),
    }
    assert stored.assessment.band is Band.LOW
    assert again(context, stored, owner=theirs) is None


def test_what_the_crawler_found_confirmed_lifts_a_partners_adverts_early_and_late_without_telling_more(
    context: Context, decide: Callable[..., None]
) -> None:
    mine = partner(context, "Mine")
    early = send(context, PLAIN.format("telegram @example_hr"), owner=mine)[0]
    decide(send(context, LURE)[0])
    late = send(context, "Porter, telegram @example_hr, Sundays", owner=mine)[0]
    for said in (again(context, early, owner=mine).assessment, late.assessment):
        assert (said.band, said.linked.confirmed) == (Band.REVIEW, 0)
        assert said.reasons[-1].code == LINKED
    assert late.assessment.linked.adverts == 1


def test_a_warning_that_quotes_the_handle_and_a_cleared_advert_are_not_lifted(
    context: Context, decide: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    cleared = send(context, "Typist. Free flight, room and meals. telegram @example_hr")[0]
    decide(cleared, "legitimate")
    decide(send(context, LURE)[0])
    assert all(r.code != LINKED for r in again(context, cleared).assessment.reasons)
    monkeypatch.setattr(type(context.detector), "_band", lambda *_: Band.NOT_AN_ADVERT)
    assert send(context, "Beware of telegram @example_hr")[0].assessment.band is Band.NOT_AN_ADVERT


def test_what_is_not_kept_is_linked_all_the_same_and_leaves_nothing(
    context: Context, decide: Callable[..., None]
) -> None:
    decide(send(context, LURE)[0])
    with context.database.reading() as session:
        before = [
            session.scalar(select(func.count()).select_from(t))
            for t in (LinkKeyRow, TemplateBandRow, AssessmentRow)
        ]
    stored = send(context, PLAIN.format("telegram @example_hr"), keep=Keep.NONE)[0]
    assert (stored.id, stored.kept_until, stored.assessment.band) == (None, None, Band.REVIEW)
    with context.database.reading() as session:
        assert before == [
            session.scalar(select(func.count()).select_from(t))
            for t in (LinkKeyRow, TemplateBandRow, AssessmentRow)
        ]


def test_links_are_keyed_hashes_that_only_the_services_secret_makes(context: Context) -> None:
    advert = make_advert(text="Write to telegram @example_hr")
    ours, others = links_of(advert, pepper=context.pepper), links_of(advert, pepper=b"another secret")
    assert ours.ids
    assert not set(ours.ids) & set(others.ids)


def test_looking_up_reads_by_index_only(context: Context) -> None:
    links = links_of(make_advert(text=LURE), pepper=context.pepper)
    if context.database.dialect != "sqlite":
        pytest.skip("plans are read in SQLite's words")
    plans: list[str] = []
    with context.database.reading() as session:
        connection = session.connection()
        from sqlalchemy import event

        statements: list[tuple[str, object]] = []
        event.listen(
            context.database.engine,
            "before_cursor_execute",
            lambda _c, _cur, statement, parameters, *_: statements.append((statement, parameters)),
        )
        network.look_up(session, links, partner_id=CRAWLER, advert_id="x")
        for statement, parameters in [s for s in statements if s[0].startswith("SELECT")]:
            plans += [
                str(row[3])
                for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)
            ]
    assert plans
    assert not [plan for plan in plans if plan.startswith("SCAN")]


def test_the_hundredth_variant_of_one_wording_costs_no_more_than_the_tenth_and_none_is_missed(
    context: Context, decide: Callable[..., None]
) -> None:
    """Close variants share the bands of a few; a confirmation reaches all of them, early and late ones."""
    endings = [
        f"{chr(97 + n % 26)}{chr(97 + n // 26)} is our house{' very' * (n % 3)} green. " for n in range(60)
    ]
    variants = [ending + TEMPLATE.format("six", "us") + TEMPLATE.format("ten", "them") for ending in endings]
    early = [send(context, text)[0] for text in variants[:40]]
    with context.database.reading() as session:
        n_templates = session.scalar(select(func.count()).select_from(LinkKeyRow))
        n_banded = session.scalar(select(func.count(TemplateBandRow.link_id.distinct())))
        sizes = session.scalars(select(CampaignRow.n_adverts)).all()
    assert (n_templates, sizes) == (40, [40])
    assert n_banded <= network.MOST_CLOSE + 2
    lure = send(context, variants[40] + ". Cambodia. Free flight, room and meals")[0]
    assert lure.assessment.linked.adverts == 40
    decide(lure)
    assert {again(context, one).assessment.band for one in early} == {Band.REVIEW}
    assert {one.assessment.band for one in send(context, *variants[41:])} == {Band.REVIEW}


def test_the_owner_is_told_of_a_campaign_whenever_it_has_doubled(context: Context, clock: Clock) -> None:
    owner = partner(context, "Board")
    with context.database.writing() as session:
        outbox.add_endpoint(
            session, partner_id=owner, url="https://board.example.com/h", events=["campaign.grew"], at=clock()
        )
    for n in range(9):
        send(context, f"Offer {n} @example_a", owner=owner)
    send(context, "Mine @example_a", "Mine too @example_a")
    with context.database.reading() as session:
        rows = session.scalars(select(WebhookMessageRow).order_by(WebhookMessageRow.id)).all()
        told = sorted(json.loads(row.payload)["data"]["adverts"] for row in rows)
    assert told == [2, 4, 8]
