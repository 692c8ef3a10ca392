"""Softened text, the suggestion of a break, and the next advert that is there before its page."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from model.schema.assessment import Reason, Span
from service.assessing import Context
from service.console import comfort
from service.console.highlight import cut
from service.console.softening import covers_of, passages
from service.review.permissions import Person
from service.store import users
from service.store.tables import AuditEventRow, ReviewRow
from tests.factories import LURE, UNCERTAIN
from tests.service.test_review import CONFIRM, add, decide

Browse = Callable[..., TestClient]
TESTIMONY = "We pay well. They beat my brother there. Ask @example_hr today."


def reason(code: str, text: str, words: str) -> Reason:
    start = text.index(words)
    span = Span(field="description", start=start, end=start + len(words), text=words, gloss="hit him")
    return Reason(code=code, title=code, log_odds=-1.0, spans=(span,))


@pytest.mark.parametrize(
    ("text", "words", "covered"),
    [
        (TESTIMONY, "They beat", " They beat my brother there."),
        ("They beat us", "beat", "They beat us"),
        ("ខ្ញុំ។ គេវាយ។ ល្អ", "គេវាយ", " គេវាយ។"),
        ("好。他们打人。来", "打", "他们打人。"),
        ("One. They beat us! They sold us. Two.", "beat us! They sold", " They beat us! They sold us."),
    ],
)
def test_the_whole_sentence_is_covered_in_any_script(text: str, words: str, covered: str) -> None:
    covers = covers_of(text, "description", [reason("victim_testimony", text, words)], known=())
    assert [text[c.start : c.end] for c in covers if c.label != "contact"] == [covered]


def test_contacts_are_covered_and_ordinary_reasons_are_not() -> None:
    covers = covers_of(TESTIMONY, "description", [reason("easy_money", TESTIMONY, "pay well")], known=())
    assert [(TESTIMONY[c.start : c.end], c.label) for c in covers] == [("@example_hr", "contact")]


def test_every_character_comes_out_once_whatever_covers_it() -> None:
    hard = [
        reason("victim_testimony", TESTIMONY, "They beat"),
        reason("confinement_rules", TESTIMONY, "brother there. Ask @example_hr"),
    ]
    covers = covers_of(TESTIMONY, "description", hard, known=["example_hr"])
    pieces = cut(TESTIMONY, [], covers)
    assert "".join(piece.text for piece in pieces) == TESTIMONY
    found = [
        (cover.label if cover else None, "".join(p.text for p in some)) for cover, some in passages(pieces)
    ]
    assert found == [
        (None, "We pay well."),
        ("passage on being held", " They beat my brother there. Ask @example_hr today."),
    ]


def test_softened_a_page_shows_contacts_only_behind_their_cover(context: Context, browse: Browse) -> None:
    browser, review_id = browse(), add(context, LURE)[0]
    path = f"/console/reviews/{review_id}"
    assert 'class="cover"' not in browser.get(path).text
    page = browser.submit("/console/soft", on="1", back=path).text
    assert re.search(
        r'<label class="cover"><input type="checkbox"><span class="lid"[^>]*>contact</span>', page
    )
    outside = re.sub(r'<label class="cover">.*?</label>', "", page, flags=re.DOTALL)
    assert "example_hr" in page
    assert "example_hr" not in outside
    page = browser.submit("/console/soft", on="", back=path).text
    assert 'class="cover"' not in page


def test_softening_gives_an_outside_reviewer_no_contact(context: Context, browse: Browse) -> None:
    browser, review_id = browse("olga", role="outside_reviewer"), add(context, LURE)[0]
    page = browser.submit("/console/soft", on="1", back=f"/console/reviews/{review_id}").text
    assert "What would lower" in page
    assert "example_hr" not in page


def decide_many(context: Context, by: Person, n: int, *, every_s: float, start: int) -> None:
    add(context, *(f"{LURE} {start + i}" for i in range(n)), start=start)
    with context.database.reading() as session:
        ids = session.scalars(
            select(ReviewRow.id).where(ReviewRow.advert_id.in_([f"ad-{start + i}" for i in range(n)]))
        ).all()
    for review_id in ids:
        context.clock.move(seconds=every_s)
        decide(context, review_id, CONFIRM, by)


def test_a_break_is_suggested_after_many_adverts_and_can_be_put_away(
    context: Context, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comfort, "ITEMS", 4)
    browser = browse("asha")
    with context.database.reading() as session:
        asha = Person.of(users.get_user(session, "asha"))
    waiting = add(context, UNCERTAIN)[0]
    path = f"/console/reviews/{waiting}"
    decide_many(context, asha, 3, every_s=20, start=10)
    assert "without a break" not in browser.get(path).text
    decide_many(context, asha, 1, every_s=20, start=20)
    assert "4 adverts in 1 minutes without a break" in browser.get(path).text
    assert "without a break" not in browser.submit("/console/rested", back=path).text
    decide_many(context, asha, 4, every_s=20, start=30)
    assert "4 adverts in 1 minutes without a break" in browser.get(path).text
    context.clock.move(minutes=11)
    decide_many(context, asha, 1, every_s=1, start=40)
    assert "without a break" not in browser.get(path).text


def test_a_break_is_suggested_after_a_long_stretch_of_few_adverts(context: Context, browse: Browse) -> None:
    browser = browse("asha")
    with context.database.reading() as session:
        asha = Person.of(users.get_user(session, "asha"))
    waiting = add(context, UNCERTAIN)[0]
    decide_many(context, asha, 7, every_s=9 * 60, start=10)
    page = browser.get(f"/console/reviews/{waiting}").text
    assert "7 adverts in 54 minutes without a break" in page
    browser.cookies.set("lurewatch_rested", "9" * 40, path="/console")
    assert "7 adverts in 54 minutes" in browser.get(f"/console/reviews/{waiting}").text


def test_the_next_advert_comes_along_unclaimed_unrecorded_and_without_contacts(
    context: Context, browse: Browse
) -> None:
    browser = browse()
    first, second = add(context, LURE, UNCERTAIN + " Telegram @example_other")
    page = browser.get(f"/console/reviews/{first}").text
    ahead = re.search(r'<template id="ahead">.*?</template>', page, re.DOTALL)[0]
    assert "Typist wanted" in ahead
    assert "example_other" not in page.replace(second, "")
    assert "jobs@example.com" not in page
    with context.database.reading() as session:
        assert session.get_one(ReviewRow, second).state == "open"
        query = select(func.count()).where(
            AuditEventRow.subject == second, AuditEventRow.act == "review_viewed"
        )
        assert session.scalar(query) == 0


@pytest.mark.parametrize("path", ["soft", "rested"])
def test_comforts_need_the_sessions_own_token_and_lead_nowhere_else(browse: Browse, path: str) -> None:
    browser = browse()
    assert browser.post(f"/console/{path}", data={"csrf": "0" * 64}).status_code == 403
    browser.follow_redirects = False
    answer = browser.submit(f"/console/{path}", back="https://elsewhere.example.com/")
    assert answer.headers["location"] == "/console"
    assert "HttpOnly" in answer.headers["set-cookie"]
