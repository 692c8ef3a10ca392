"""Softened text, the suggestion of a break, and the next advert that is there before its page."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from model.schema.assessment import Reason, Span
from service.assessing import Context, assess_and_store
from service.console import comfort, softening
from service.console.highlight import cut
from service.console.softening import covers_of, passages
from service.console.view import view_advert
from service.review.permissions import Person
from service.store import users
from service.store.tables import CRAWLER, AuditEventRow, CampaignMemberRow, LinkKeyRow, ReviewRow
from tests.factories import LURE, UNCERTAIN, make_advert
from tests.fakes import Clock, PhraseDetector
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


@pytest.fixture
def hard(context: Context, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str, str]:
    """Two adverts of one campaign with a contact in the title; the second speaks of violence. Also the link."""
    monkeypatch.setitem(softening.HARD, "all_inclusive_package", "passage on violence")
    plain = make_advert(
        id="plain", title="Cook wanted, Telegram @example_hr", text="Cambodia. Night work in a hotel."
    )
    harsh = make_advert(
        id="harsh",
        title="They beat us, free flight, room and meals, Telegram @example_hr",
        text="Cambodia.",
    )
    for advert in (plain, harsh):
        assess_and_store(context, [advert], partner_id=CRAWLER, at=context.clock())
        context.clock.move(seconds=1)
    with context.database.reading() as session:
        ids = dict(session.execute(select(ReviewRow.advert_id, ReviewRow.id)).all())
        campaign = session.scalars(select(CampaignMemberRow.campaign_id).limit(1)).one()
        link = session.scalars(select(LinkKeyRow.id).where(LinkKeyRow.kind == "telegram")).first()
    return ids["harsh"], campaign, str(link)


def test_softened_no_list_and_no_heading_shows_contacts_or_hard_words(
    context: Context, browse: Browse, make_person: Callable[..., Person], hard: tuple[str, str, str]
) -> None:
    browser, (review_id, campaign, link) = browse(), hard
    browser.submit("/console/watches", kind="search", target="find=night", back="")
    context.clock.move(seconds=1)
    again = make_advert(
        id="again",
        title="They beat us at night, free flight, room and meals, +44 20 7946 0123",
        text="Cambodia.",
    )
    assess_and_store(context, [again], partner_id=CRAWLER, at=context.clock())
    lists = ["/console", "/console/campaigns", f"/console/campaigns/{campaign}", f"/console/contacts/{link}"]
    lists += ["/console/alerts", f"/console/campaigns/{campaign}/merge"]
    lists += [f"/console/campaigns/{campaign}/decide?answer=unsure", f"/console/reviews/{review_id}"]
    for path in lists:
        page = browser.get(path).text
        assert "beat us" in page, path
        assert "[passage on violence]" not in page
    browser.submit("/console/soft", on="1")
    for path in lists:
        page = re.sub(r'<label class="cover">.*?</label>', "", browser.get(path).text, flags=re.DOTALL)
        page = re.sub(r'<input type="hidden"[^>]*>', "", page)  # what a watch would be called
        for word in ("beat us", "example_hr", "7946"):
            assert word not in page, (path, word)
    assert "[passage on violence]" in browser.get("/console").text
    assert "Cook wanted" in browser.get(f"/console/campaigns/{campaign}").text


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


def test_softened_no_reason_quotes_what_another_reason_had_covered() -> None:
    text = "They beat us. Free rooms. Telegram @example_hr"
    hard = reason("victim_testimony", text, "They beat")
    several = hard.model_copy(update={"code": "several_signs"})
    plain = reason("all_inclusive_package", text, "Free rooms")
    reply = reason("telegram_contact", text, "Telegram @example_hr")
    shown = PhraseDetector().assess(make_advert(text=text), at=Clock()())
    assessment = shown.model_copy(update={"reasons": (hard, several, plain, reply)})
    advert = make_advert(text=text)
    soft = view_advert(advert, assessment, with_contacts=True, softened=True)
    quoted = {row.reason.code: row.quotes for row in soft.reasons + soft.counter_reasons}
    assert quoted == {
        "victim_testimony": (),
        "several_signs": (),
        "all_inclusive_package": ("Free rooms",),
        "telegram_contact": ("Telegram •••••••••••",),
    }
    bare = view_advert(advert, assessment, with_contacts=True)
    assert {row.quotes for row in bare.counter_reasons} >= {("They beat",)}
