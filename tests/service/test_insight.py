"""A second person looks blind; what two agree on becomes a label; figures tell no small counts."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import update

from model.indicators.registry import load_catalogue
from service.assessing import Context, assess_and_store
from service.errors import ConflictError, ForbiddenError
from service.review import second_look
from service.review.export import export_labels
from service.review.permissions import Person
from service.review.second_look import SECOND, THIRD
from service.review.trends import LEAST, ROLES, Row, suppress
from service.settings import Settings
from service.store import agreement, users
from service.store.tables import CRAWLER, ReviewTagRow
from tests.factories import LURE, UNCERTAIN, make_advert
from tests.fakes import Clock
from tests.service.test_review import CONFIRM, LEGITIMATE, add, decide, undo

Browse = Callable[..., TestClient]
MakePerson = Callable[..., Person]


def look(context: Context, by: Person, choice=CONFIRM, turn: int = SECOND, decision_id: str = "") -> None:  # noqa: ANN001
    with context.database.writing() as session:
        if not decision_id:
            decision_id = second_look.next_decision(session, by=by, turn=turn, rate=1).id
        second_look.give_look(session, decision_id, choice, by=by, at=context.clock(), turn=turn, rate=1)


def waits(context: Context, by: Person, turn: int = SECOND, rate: float = 1) -> str | None:
    with context.database.reading() as session:
        decision = second_look.next_decision(session, by=by, turn=turn, rate=rate)
        return decision.id if decision else None


def exported(context: Context, folder: Path) -> tuple[int, int]:
    with context.database.writing() as session:
        batch = export_labels(session, folder, at=context.clock(), second_look_rate=1)
        return batch.n_labels, batch.n_waiting


def test_nobody_gets_the_second_look_at_what_they_decided(context: Context, make_person: MakePerson) -> None:
    asha, bela = make_person("asha"), make_person("bela")
    made = decide(context, add(context, LURE)[0], CONFIRM, asha)
    assert waits(context, asha) is None
    assert waits(context, bela) == made.id
    assert waits(context, bela, rate=0) is None
    with pytest.raises(ConflictError, match="does not wait"):
        look(context, asha, decision_id=made.id)
    look(context, bela)
    assert waits(context, bela) is None
    with pytest.raises(ConflictError, match="does not wait"):
        look(context, bela, decision_id=made.id)


def test_only_what_two_agree_on_becomes_a_label(
    context: Context, make_person: MakePerson, tmp_path: Path
) -> None:
    asha, bela, lena = make_person("asha"), make_person("bela"), make_person("lena", role="lead")
    for review_id in add(context, LURE, UNCERTAIN):
        decide(context, review_id, CONFIRM, asha)
    assert exported(context, tmp_path) == (0, 2)
    look(context, bela, CONFIRM)
    assert exported(context, tmp_path) == (1, 1)
    look(context, bela, LEGITIMATE)
    assert exported(context, tmp_path) == (0, 1)
    assert waits(context, lena, turn=THIRD) is not None
    look(context, lena, CONFIRM, turn=THIRD)
    assert exported(context, tmp_path) == (1, 0)


def test_the_third_look_is_a_leads_and_only_where_two_disagree(
    context: Context, make_person: MakePerson
) -> None:
    asha, bela, lena = make_person("asha"), make_person("bela"), make_person("lena", role="lead")
    decide(context, add(context, LURE)[0], CONFIRM, asha)
    assert waits(context, lena, turn=THIRD) is None
    look(context, bela, CONFIRM)
    assert waits(context, lena, turn=THIRD) is None
    with pytest.raises(ForbiddenError):
        waits(context, bela, turn=THIRD)


def test_a_decision_that_was_taken_back_waits_for_nobody(context: Context, make_person: MakePerson) -> None:
    asha, bela = make_person("asha"), make_person("bela")
    made = decide(context, add(context, LURE)[0], CONFIRM, asha)
    undo(context, asha)
    assert waits(context, bela) is None
    with pytest.raises(ConflictError):
        look(context, bela, decision_id=made.id)


def test_kappa_takes_chance_out(context: Context, make_person: MakePerson) -> None:
    asha, bela = make_person("asha"), make_person("bela")
    reviews = add(context, *(f"{LURE} {n}" for n in range(20)))
    for n, review_id in enumerate(reviews):
        context.clock.move(seconds=1)
        decide(context, review_id, CONFIRM if n < 10 else LEGITIMATE, asha)
    for n in range(20):
        look(context, bela, CONFIRM if n < 8 or n >= 18 else LEGITIMATE)
    with context.database.reading() as session:
        pairs, languages = second_look.measure(
            agreement.list_looks(session, limit=100), names=users.pseudonyms(session)
        )
    assert [(row.n, row.share) for row in pairs] == [(20, 0.8)]
    assert pairs[0].kappa == pytest.approx(0.6)
    assert languages[0].who == "en"
    assert "asha" not in pairs[0].who


def test_the_second_look_is_blind(app: FastAPI, context: Context, browse: Browse, settings: Settings) -> None:
    review_id = add(context, LURE)[0]
    asha, bela = browse("asha"), browse("bela")
    object.__setattr__(context, "settings", settings.model_copy(update={"second_look_rate": 1.0}))
    seen = (
        asha.get(f"/console/reviews/{review_id}").text.partition('name="seen" value="')[2].partition('"')[0]
    )
    data = {"seen": seen, "answer": "confirmed:money_mule", "note": "told by a friend"}
    asha.submit(f"/console/reviews/{review_id}/decide", **data)
    page = bela.get("/console/second").text
    assert "Poipet" in page
    assert "told by a friend" not in page
    assert "decided by" not in page.lower()
    decision = page.partition('name="decision" value="')[2].partition('"')[0]
    answer = bela.submit("/console/second", decision=decision, answer="legitimate", turn="2")
    assert "Nothing waits for a second look" in answer.text
    assert asha.get("/console/second?turn=3").status_code == 403
    assert "same answer" in asha.get("/console/agreement").text.lower()


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([("a", 50), ("b", 20), ("c", 9)], [50, 20, 9]),
        ([("a", 50), ("b", 20), ("c", 4)], [50, None, None]),
        ([("a", 50), ("b", 4), ("c", 1)], [50, None, None]),
        ([("a", 4)], [None]),
        ([], []),
    ],
)
def test_small_counts_are_hidden_and_cannot_be_reckoned_back(
    rows: list[tuple[str, int]], told: list[int | None]
) -> None:
    assert suppress(rows) == [Row(name, n) for (name, _), n in zip(rows, told, strict=True)]


def test_trends_tell_counts_and_no_contact(context: Context, browse: Browse) -> None:
    add(context, *(f"{LURE} {n}" for n in range(LEAST + 1)))
    browser = browse("dana", role="data_scientist")
    page = browser.get("/console/trends").text
    assert "2026-11" in page
    assert f'<td class="number">{LEAST + 1}</td>' in page
    sheet = browser.get("/console/trends.csv")
    assert sheet.headers["content-type"].startswith("text/csv")
    assert f'"Month","2026-11","{LEAST + 1}"' in sheet.text
    assert "example_hr" not in page + sheet.text
    assert browse("adam", role="admin").get("/console/trends").status_code == 403


def test_trends_tell_roles_and_how_fast_we_are(context: Context, browse: Browse, clock: Clock) -> None:
    posted = clock().date() - timedelta(days=3)
    adverts = [make_advert(id=f"{n}", text=f"{LURE} {n}", posted_on=posted) for n in range(LEAST)]
    assess_and_store(context, adverts[1:], partner_id=CRAWLER, at=clock())
    browser = browse("dana", role="data_scientist")
    hidden = f"fewer than {LEAST} or not told"
    assert f'"All","Median days from posting to queue","{hidden}"' in browser.get("/console/trends.csv").text
    assess_and_store(context, adverts[:1], partner_id=CRAWLER, at=clock())
    with context.database.writing() as session:
        tags = update(ReviewTagRow).where(ReviewTagRow.value == "all_inclusive_package")
        session.execute(tags.values(value="customer_service_generic"))
    sheet = browser.get("/console/trends.csv").text
    assert '"All","Median days from posting to queue","3"' in sheet
    assert f'"All","Share of decisions taken back","{hidden}"' in sheet
    assert f'"Role","customer_service_generic","{LEAST}"' in sheet
    assert '"Indicator","customer_service_generic"' not in sheet
    page = browser.get("/console/trends").text
    assert "came into the queue within 3 days" in page


def test_every_role_is_an_indicator_of_the_catalogue() -> None:
    assert load_catalogue().indicators.keys() >= ROLES
