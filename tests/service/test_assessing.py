import pytest
from sqlalchemy import func, select

from model.schema.advert import JobAdvert
from model.schema.assessment import Band, Thresholds
from service.assessing import Context, assess_and_store, with_thresholds
from service.review.queue import draw, due_cause
from service.review.states import Cause
from service.store.adverts import content_digest, load_advert
from service.store.assessments import StoredAssessment
from service.store.audit import find_break
from service.store.tables import CRAWLER, AdvertRow, AssessmentRow, AuditEventRow, ReviewRow
from tests.factories import HONEST, LURE, UNCERTAIN, make_advert
from tests.fakes import Clock, PhraseDetector


def counts(context: Context) -> list[int]:
    with context.database.reading() as session:
        tables = (AdvertRow, AssessmentRow, ReviewRow)
        return [session.scalar(select(func.count()).select_from(table)) for table in tables]


def store(context: Context, *adverts: JobAdvert) -> list[StoredAssessment]:
    return assess_and_store(context, adverts, partner_id=CRAWLER, at=context.clock())


def test_a_review_is_opened_for_review_and_high_and_for_nothing_else(context: Context) -> None:
    stored = store(
        context, *(make_advert(id=name, text=name) for name in (LURE[:150], UNCERTAIN, HONEST, "Hi"))
    )
    assert [one.assessment.band for one in stored] == [Band.HIGH, Band.REVIEW, Band.LOW, Band.UNASSESSED]
    with context.database.reading() as session:
        assert session.scalars(select(ReviewRow.advert_id).order_by(ReviewRow.priority.desc())).all() == [
            LURE[:150],
            UNCERTAIN,
        ]


def test_advert_assessment_review_and_audit_event_come_together(context: Context) -> None:
    store(context, make_advert(id="1", text=LURE))
    with context.database.reading() as session:
        acts = session.scalars(select(AuditEventRow.act).order_by(AuditEventRow.seq)).all()
        assert acts == ["review_opened", "adverts_assessed"]
        assert find_break(session) is None
    assert counts(context) == [1, 1, 1]


def test_a_fault_on_the_way_stores_nothing_at_all(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("service.assessing.append_event", fail)
    with pytest.raises(RuntimeError):
        store(context, make_advert(id="1", text=LURE))
    assert counts(context) == [0, 0, 0]


def test_an_advert_comes_back_exactly_as_received(context: Context) -> None:
    advert = make_advert(
        id="1", text="a\x00b \u200b包机票 ✈️", contacts=[{"kind": "telegram", "value": "@example"}]
    )
    key = store(context, advert)[0].advert_key
    with context.database.reading() as session:
        assert load_advert(session, key) == advert


def test_the_same_words_fetched_again_are_the_same_version(context: Context, clock: Clock) -> None:
    first = make_advert(id="1", text=LURE, fetched_at=clock(), page_digest="sha256:a")
    again = make_advert(id="1", text=LURE, fetched_at="2026-12-24T00:00:00Z", page_digest="sha256:b")
    other = make_advert(id="1", text=LURE + "!")
    assert content_digest(first) == content_digest(again) != content_digest(other)
    store(context, first, again)
    store(context, again)
    store(context, other)
    assert counts(context) == [2, 2, 1]


def test_other_words_point_an_open_review_to_the_new_version(context: Context) -> None:
    store(context, make_advert(id="1", text=UNCERTAIN))
    newer = store(context, make_advert(id="1", text=LURE))[0]
    with context.database.reading() as session:
        review = session.scalars(select(ReviewRow)).one()
        assert (review.assessment_id, review.band, review.state) == (newer.id, "high", "open")


def test_thresholds_change_the_band_but_never_a_refusal_to_judge(clock: Clock) -> None:
    detector, strict = PhraseDetector(), Thresholds(review=0.01, high=0.02)
    low, mute = (detector.assess(make_advert(text=text), at=clock()) for text in (HONEST, "Hi"))
    assert with_thresholds(low, strict).band is Band.LOW
    assert with_thresholds(low, Thresholds(review=0.001, high=0.5)).band is Band.REVIEW
    assert with_thresholds(low, Thresholds(review=0.001, high=0.002)).band is Band.HIGH
    assert with_thresholds(mute, strict) == mute
    assert with_thresholds(low, None) is low


def test_the_random_sample_is_drawn_by_the_words_alone(clock: Clock) -> None:
    low = PhraseDetector().assess(make_advert(text=HONEST), at=clock())
    digests = [content_digest(make_advert(text=f"Cook {number}")) for number in range(2000)]
    drawn = [digest for digest in digests if due_cause(low, digest=digest, sample_rate=0.1) is Cause.SAMPLE]
    assert 150 < len(drawn) < 250
    assert all(0 <= draw(digest) < 0.1 for digest in drawn)
    assert due_cause(low, digest=digests[0], sample_rate=0) is None


def test_an_advert_that_comes_again_is_told_when_it_is_really_erased(context: Context, clock: Clock) -> None:
    first = store(context, make_advert(id="1", text=LURE))[0]
    clock.move(days=30)
    again = store(context, make_advert(id="1", text=LURE))[0]
    with context.database.reading() as session:
        assert session.scalars(select(AdvertRow.expires_at)).one() == first.kept_until == again.kept_until
