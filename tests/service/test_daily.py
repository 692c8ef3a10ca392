"""The daily set: what teaches most is asked about once, spread over languages and campaigns, and told in words."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from model.asking import Labelled
from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment
from service import cli
from service.app import create_app
from service.assessing import Context, assess_and_store
from service.daily import ask_daily
from service.errors import InputError
from service.retention import erase_due
from service.review import daily
from service.review.daily import Effect, is_surprising
from service.review.permissions import Person
from service.settings import Settings
from service.store.adverts import load_advert
from service.store.audit import find_break
from service.store.daily import Answer
from service.store.tables import CRAWLER, AuditEventRow, DailyQuestionRow, DailySetRow, ReviewRow
from service.worker import drain
from tests.factories import make_advert
from tests.fakes import Clock, PhraseDetector
from tests.service.test_review import CONFIRM, LEGITIMATE, decide, undo

DAY = date(2026, 11, 22)
"""The day after the clock's first."""
LURE = "No experience needed, Cambodia, free flight, room and meals"
WORDS = "alder birch cedar elm fir hazel larch maple oak pine rowan willow".split()
Browse = Callable[..., TestClient]


class Polyglot(PhraseDetector):
    """Reads the language off the beginning: `km: Baker wanted`."""

    learnt_from = Labelled(languages={"en": 200, "km": 3, "lo": 40}, signs={"telegram_contact": 2})

    def assess(self, advert: JobAdvert, *, at: datetime) -> Assessment:
        said = super().assess(advert, at=at)
        found = re.match(r"(\w\w): ", advert.description or "")
        language = said.language.model_copy(update={"code": found[1] if found else "en"})
        return said.model_copy(update={"language": language})


@pytest.fixture
def app(settings: Settings, clock: Clock):  # noqa: ANN201
    app = create_app(settings, detector=Polyglot(), clock=clock)
    yield app
    app.state.context.database.dispose()


def bring(context: Context, *texts: str, partner: str = CRAWLER, start: int = 0) -> None:
    """Store adverts whose words are otherwise each their own, so that none is like another."""
    adverts = [
        make_advert(id=f"ad-{n}", text=f"{text}. {own_words(n)}") for n, text in enumerate(texts, start=start)
    ]
    assess_and_store(context, adverts, partner_id=partner, at=context.clock())


def own_words(n: int) -> str:
    return " ".join(f"{word}{chr(97 + n % 26)}{chr(97 + n // 26)}" for word in WORDS)


def questions(context: Context) -> list[tuple[DailyQuestionRow, ReviewRow]]:
    with context.database.reading() as session:
        query = select(DailyQuestionRow, ReviewRow).join(
            ReviewRow, ReviewRow.id == DailyQuestionRow.review_id
        )
        return [
            (question, review) for question, review in session.execute(query.order_by(ReviewRow.advert_id))
        ]


def asked(context: Context) -> set[str]:
    return {review.advert_id for _, review in questions(context)}


def n_considered(context: Context) -> int:
    with context.database.reading() as session:
        return session.get_one(DailySetRow, DAY).n_considered


def sized(context: Context, size: int) -> Context:
    return replace(context, settings=context.settings.model_copy(update={"daily_set": size}))


def test_a_set_is_chosen_once_from_the_week_before_its_day(context: Context, clock: Clock) -> None:
    clock.move(days=-9)
    bring(context, "Baker")
    clock.move(days=9)
    bring(context, "Cook", start=1)
    assert ask_daily(context).n_asked == 0
    clock.move(days=1)
    bring(context, "Driver", start=2)
    chosen = ask_daily(context)
    assert (chosen.day, chosen.n_asked, chosen.is_new) == (DAY, 1, True)
    assert asked(context) == {"ad-1"}
    again = ask_daily(context)
    assert (again.n_asked, again.is_new) == (1, False)
    clock.move(days=1)
    assert ask_daily(context).n_asked == 1
    assert asked(context) == {"ad-1", "ad-2"}


def test_the_same_store_gives_the_same_set_at_any_hour_and_another_day_another_lot(
    context: Context, clock: Clock
) -> None:
    bring(context, *["Baker"] * 40)
    clock.move(days=1)

    def pick(day: date) -> list[str]:
        with context.database.reading() as session:
            picked = daily.pick(session, day=day, size=5, learnt_from=context.detector.learnt_from)
            return [one.question.key for one in picked.asked]

    first = pick(DAY)
    clock.move(hours=5)
    bring(context, *["Cook"] * 3, start=50)
    assert pick(DAY) == first
    assert pick(DAY + timedelta(days=1))[:5] != first


def test_the_set_goes_to_doubt_to_rare_signs_and_to_languages_with_few_labels(
    context: Context, clock: Clock
) -> None:
    bring(
        context,
        *[f"en: Baker number {n}" for n in range(9)],
        "en: Free flight, room and meals",
        "en: Telegram @example_hr",
        "km: Baker",
        "lo: Baker",
        "th: Baker",
    )
    clock.move(days=1)
    assert ask_daily(sized(context, 3)).n_asked == 3
    found = {question.aim: (review, question) for question, review in questions(context)}
    assert {aim: review.advert_id for aim, (review, _) in found.items()} == {
        "doubt": "ad-9",
        "sign": "ad-10",
        "language": "ad-13",
    }
    assert found["doubt"][1].why == "asked of a person because its score stands near the review line"
    assert found["sign"][1].why.endswith("few labelled adverts show “Answers by Telegram” (2)")
    assert found["language"][1].why == "asked of a person because no Thai advert has been labelled"
    assert (found["doubt"][0].cause, found["language"][0].cause) == ("band", "daily")


def test_labels_given_since_count_against_the_shortage(
    context: Context, clock: Clock, make_person: Callable[..., Person]
) -> None:
    asha = make_person()
    bring(context, *[f"km: {LURE} {n}" for n in range(45)])
    with context.database.reading() as session:
        waiting = list(session.scalars(select(ReviewRow.id).order_by(ReviewRow.id)))
    for review_id in waiting[:-1]:
        decide(context, review_id, CONFIRM, asha)
    bring(context, "lo: Baker", "lo: Cook", "km: Baker", start=60)
    clock.move(days=1)
    assert ask_daily(sized(context, 3)).n_asked == 3
    found = {question.aim: question.why for question, _ in questions(context)}
    assert found["language"].startswith("asked of a person because few Lao adverts have been labelled (4")


def test_the_set_is_spread_over_languages_and_takes_one_advert_of_a_campaign(
    context: Context, clock: Clock
) -> None:
    copies = [
        make_advert(
            id=f"copy-{n}",
            text=f"en: Free flight, room and meals. Cook {n} wanted by the harbour. Telegram @example_hr",
        )
        for n in range(8)
    ]
    assess_and_store(context, copies, partner_id=CRAWLER, at=context.clock())
    languages = ("en", "km", "lo", "th", "vi", "my")
    bring(context, *[f"{code}: Baker {n}" for n in range(6) for code in languages])
    clock.move(days=1)
    assert ask_daily(sized(context, 12)).n_asked == 12
    found = questions(context)
    assert sum(review.advert_id.startswith("copy-") for _, review in found) == 1
    spread = Counter(review.language for _, review in found)
    assert set(spread) == set(languages)
    assert max(spread.values()) <= 4


def test_nothing_decided_and_nothing_of_a_decided_campaign_is_asked(
    context: Context, clock: Clock, make_person: Callable[..., Person]
) -> None:
    copies = [
        make_advert(id=f"copy-{n}", text=f"{LURE}. Cook {n} wanted by the harbour. Telegram @example_hr")
        for n in range(3)
    ]
    assess_and_store(context, copies, partner_id=CRAWLER, at=context.clock())
    bring(context, LURE, "Baker")
    with context.database.reading() as session:
        ids = {row.advert_id: row.id for row in session.scalars(select(ReviewRow))}
    asha = make_person()
    decide(context, ids["copy-0"], CONFIRM, asha)
    decide(context, ids["ad-0"], LEGITIMATE, asha)
    clock.move(days=1)
    ask_daily(context)
    assert asked(context) == {"ad-1"}
    assert n_considered(context) == 1


def test_what_was_asked_is_not_asked_again_and_its_campaign_neither(context: Context, clock: Clock) -> None:
    same = "Free flight, room and meals. Cook wanted by the harbour, today. Telegram @example_hr"
    bring(context, "Baker")
    assess_and_store(context, [make_advert(id="copy-1", text=same)], partner_id=CRAWLER, at=context.clock())
    clock.move(days=1)
    assert ask_daily(context).n_asked == 2
    assess_and_store(context, [make_advert(id="copy-2", text=same)], partner_id=CRAWLER, at=context.clock())
    clock.move(days=1)
    assert ask_daily(context).n_asked == 0


def test_other_words_of_an_advert_put_nothing_stale_into_the_set(context: Context, clock: Clock) -> None:
    old, new = (make_advert(id="ad", text=f"Baker wanted {own_words(n)}") for n in range(2))
    assess_and_store(context, [old], partner_id=CRAWLER, at=context.clock())
    clock.move(hours=1)
    assess_and_store(context, [new], partner_id=CRAWLER, at=context.clock())
    clock.move(days=1)
    assert ask_daily(context).n_asked == 1
    assert n_considered(context) == 1
    ((_, review),) = questions(context)
    with context.database.reading() as session:
        assert load_advert(session, review.advert_key).description == new.description


def test_of_very_many_adverts_a_share_is_drawn(
    context: Context, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily, "MOST_READ", 20)
    bring(context, *["Baker"] * 100)
    with context.database.reading() as session:
        picked = daily.pick(session, day=DAY, size=5, learnt_from=Labelled())
    assert 8 <= picked.n_considered <= 34
    assert len(picked.asked) == 5


def test_two_processes_choose_one_set_and_the_chain_holds(context: Context, clock: Clock) -> None:
    bring(context, "Baker", "Cook", "Driver")
    clock.move(days=1)
    with context.database.reading() as session:
        picked = daily.pick(session, day=DAY, size=2, learnt_from=Labelled())
    for expected in (2, None):
        with context.database.writing() as session:
            assert daily.record(session, picked, at=clock()) == expected
    assert len(questions(context)) == 2
    with context.database.reading() as session:
        events = session.scalars(select(AuditEventRow).where(AuditEventRow.act == "daily_set_chosen")).all()
        assert [(event.subject, event.detail) for event in events] == [
            ("2026-11-22", {"n": 2, "considered": 3})
        ]
        assert find_break(session) is None


def test_what_was_decided_between_choosing_and_recording_is_left_out(
    context: Context, clock: Clock, make_person: Callable[..., Person]
) -> None:
    bring(context, LURE)
    with context.database.reading() as session:
        picked = daily.pick(session, day=DAY, size=2, learnt_from=Labelled())
        review_id = session.scalars(select(ReviewRow.id)).one()
    assert len(picked.asked) == 1
    decide(context, review_id, LEGITIMATE, make_person())
    with context.database.writing() as session:
        assert daily.record(session, picked, at=clock()) == 0


def test_a_setting_of_nothing_asks_nothing(context: Context, clock: Clock) -> None:
    bring(context, "Baker")
    clock.move(days=1)
    assert ask_daily(sized(context, 0)).n_asked == 0
    assert drain(context)["asked"] == 1
    assert drain(context)["asked"] == 0


@pytest.mark.parametrize(
    ("band", "verdict", "pattern", "surprising"),
    [
        ("low", "confirmed", "scam_centre", True),
        ("low", "confirmed", "fee_fraud", False),
        ("low", "legitimate", None, False),
        ("review", "legitimate", None, True),
        ("high", "not_an_advert", None, True),
        ("high", "confirmed", "scam_centre", False),
        ("high", "unsure", None, False),
        ("high", None, None, False),
    ],
)
def test_a_surprise_is_a_verdict_against_the_band(
    band: str, verdict: str | None, pattern: str | None, *, surprising: bool
) -> None:
    assert is_surprising(Answer(DAY, "km", band, verdict, pattern)) is surprising


def test_the_effect_is_counted_per_language_and_an_undone_verdict_is_none(
    context: Context, clock: Clock, make_person: Callable[..., Person]
) -> None:
    asha = make_person()
    bring(context, "km: Baker", "km: Cook", "lo: Driver")
    clock.move(days=1)
    ask_daily(context)
    ids = {review.advert_id: review.id for _, review in questions(context)}
    decide(context, ids["ad-0"], CONFIRM, asha)
    clock.move(minutes=1)
    decide(context, ids["ad-2"], LEGITIMATE, asha)

    def effects() -> dict[str, Effect]:
        with context.database.reading() as session:
            return daily.reckon(session, since=DAY, until=DAY)

    assert effects() == {"km": Effect(2, 1, 1), "lo": Effect(1, 1, 0)}
    assert daily.total(effects()) == Effect(3, 2, 1)
    undo(context, asha)
    assert effects()["lo"] == Effect(1, 0, 0)
    with context.database.reading() as session:
        assert daily.reckon(session, since=DAY + timedelta(days=1), until=DAY + timedelta(days=2)) == {}


def test_the_queue_shows_the_set_as_a_link_with_its_progress(
    context: Context, clock: Clock, browse: Browse
) -> None:
    bring(context, "km: Baker", "Free flight, room and meals", "Cook")
    clock.move(days=1)
    browser = browse()
    assert "Daily set" not in browser.get("/console").text
    ask_daily(sized(context, 2))
    assert 'href="/console?daily=2026-11-22"' in (page := browser.get("/console").text)
    assert "Daily set: 0 of 2 decided" in page
    shown = browser.get("/console?daily=2026-11-22").text
    rows = re.findall(r'<span class="why">(.*?)</span>', shown)
    assert sorted(rows) == [
        "asked of a person because few Khmer adverts have been labelled (3) (scored 0.05)",
        "asked of a person because its score stands near the review line; Flight, room and meals all paid",
    ]
    assert browser.get("/console?daily=2026-11-21").text.count('class="why"') == 0
    assert browser.get("/console?daily=yesterday").text.count('class="why"') == 2
    review_id = next(review.id for _, review in questions(context) if review.language == "km")
    assert "few Khmer adverts have been labelled (3)" in browser.get(f"/console/reviews/{review_id}").text


def test_an_erased_advert_leaves_its_set(context: Context, clock: Clock) -> None:
    bring(context, "Baker")
    clock.move(days=1)
    assert ask_daily(context).n_asked == 1
    clock.move(days=400)
    assert erase_due(context) == 1
    assert questions(context) == []


def test_a_lot_is_even_and_another_every_day() -> None:
    lots = [daily.lot(DAY, str(n)) for n in range(2000)]
    assert abs(sum(lots) / 2000 - 0.5) < 0.03
    assert 0 <= min(lots) < 0.01
    assert 0.99 < max(lots) < 1
    assert daily.lot(DAY, "1") != daily.lot(datetime(2026, 11, 23, tzinfo=UTC).date(), "1")


def test_the_command_chooses_tells_and_refuses_a_day_that_has_not_begun(
    context: Context, clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli.Settings, "from_environment", lambda: context.settings)
    monkeypatch.setattr("service.app.make_context", lambda _settings: context)
    bring(context, "km: Baker", "Cook")
    clock.move(days=1)
    cli.daily(day=None)
    assert capsys.readouterr().out.splitlines()[-4:] == [
        "2026-11-22: 2 adverts chosen",
        "language  asked  decided  against the band",
        "en        1      0        0",
        "km        1      0        0",
    ]
    cli.daily(day=datetime(2026, 11, 22))  # noqa: DTZ001 - a day, as Typer reads it
    assert "2026-11-22: 2 adverts, chosen before" in capsys.readouterr().out
    cli.daily(day=datetime(2026, 11, 20))  # noqa: DTZ001
    assert "2026-11-20: nothing to ask" in capsys.readouterr().out
    with pytest.raises(InputError, match="has not begun"):
        cli.daily(day=datetime(2026, 11, 23))  # noqa: DTZ001
