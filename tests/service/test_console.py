import re
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select

from service.app import create_app
from service.assessing import Context
from service.auth import make_login_link
from service.review.permissions import Person
from service.settings import Settings
from service.store import users
from service.store.tables import DecisionRow, ReviewRow, SessionRow
from tests.factories import LURE, UNCERTAIN
from tests.fakes import Clock, PhraseDetector
from tests.service.test_review import add, claim

Browse = Callable[..., TestClient]
MakePerson = Callable[..., Person]
HOSTILE = (
    '<script>alert(1)</script> "><img src=x onerror=alert(1)> {{7*7}} Free flight, room and meals in Cambodia'
)


def link_for(context: Context, name: str) -> str:
    with context.database.writing() as session:
        user = users.get_user(session, name)
        return make_login_link(session, user, pepper=context.pepper, at=context.clock(), minutes=15)


def decide(browser: TestClient, context: Context, review_id: str, answer: str, **fields: str) -> Response:
    with context.database.reading() as session:
        seen = session.get_one(ReviewRow, review_id).assessment_id
    return browser.submit(
        f"/console/reviews/{review_id}/decide", **{"seen": seen, "answer": answer, **fields}
    )


def test_following_a_login_link_signs_nobody_in_and_pressing_its_button_does_once(
    app: FastAPI, context: Context, make_person: MakePerson
) -> None:
    make_person("asha")
    link = link_for(context, "asha")
    browser = TestClient(app)
    for _ in range(2):
        assert "Sign in" in browser.get(link).text
        assert not browser.cookies
    assert "asha" in browser.post(link).text
    second = TestClient(app)
    refused = second.post(link)
    assert refused.status_code == 401
    assert "has been used" in refused.text
    assert not second.cookies


def test_a_login_link_runs_out(app: FastAPI, context: Context, make_person: MakePerson, clock: Clock) -> None:
    make_person("asha")
    link = link_for(context, "asha")
    clock.move(minutes=15)
    assert TestClient(app).post(link).status_code == 401


def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(
    app: FastAPI, context: Context, make_person: MakePerson
) -> None:
    make_person("asha")
    answer = TestClient(app, follow_redirects=False).post(link_for(context, "asha"))
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie


def test_behind_https_the_cookie_is_secure_and_bound_to_the_host(
    settings: Settings, clock: Clock, context: Context, make_person: MakePerson
) -> None:
    make_person("asha")
    secure = create_app(
        settings.model_copy(update={"public_url": "https://review.example.org"}),
        detector=PhraseDetector(),
        clock=clock,
    )
    answer = TestClient(secure, follow_redirects=False).post(link_for(context, "asha"))
    assert answer.headers["set-cookie"].startswith("__Host-lurewatch_session=")
    assert "; Secure" in answer.headers["set-cookie"]
    assert "strict-transport-security" in answer.headers
    secure.state.context.database.dispose()


def test_signing_in_starts_a_session_of_its_own_whatever_cookie_came_along(
    app: FastAPI, context: Context, make_person: MakePerson
) -> None:
    make_person("asha")
    browser = TestClient(app, cookies={"lurewatch_session": "planted"})
    assert browser.get("/console").status_code == 401
    answer = browser.post(link_for(context, "asha"), follow_redirects=False)
    assert "planted" not in answer.headers["set-cookie"]


@pytest.mark.parametrize("path", ["/console", "/console/reviews/rev_x"])
def test_who_is_not_signed_in_gets_a_page_that_says_how(anonymous: TestClient, path: str) -> None:
    answer = anonymous.get(path)
    assert answer.status_code == 401
    assert "lurewatch users link" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


def test_sessions_end_by_time_by_signing_out_and_by_disabling(
    browse: Browse, context: Context, clock: Clock
) -> None:
    asha, bela, carla = browse("asha"), browse("bela"), browse("carla")
    assert "session has ended" in asha.submit("/console/logout").text
    assert asha.get("/console").status_code == 401
    with context.database.writing() as session:
        users.disable_user(session, users.get_user(session, "bela"), at=clock())
    assert bela.get("/console").status_code == 401
    assert carla.get("/console").status_code == 200
    clock.move(hours=12)
    assert carla.get("/console").status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/console/logout",
        "/console/next",
        "/console/undo",
        "/console/reviews/{}/claim",
        "/console/reviews/{}/decide",
    ],
)
def test_a_form_without_the_sessions_own_token_is_refused(
    browse: Browse, context: Context, path: str
) -> None:
    review_id = add(context, LURE)[0]
    asha, bela = browse("asha"), browse("bela")
    for csrf in ("", "0" * 64, bela.csrf()):
        answer = asha.post(path.format(review_id), data={"csrf": csrf, "seen": "x", "answer": "legitimate"})
        assert answer.status_code in {403, 422}
    with context.database.reading() as session:
        assert session.scalars(select(ReviewRow.state)).all() == ["open"]
        assert session.scalars(select(DecisionRow)).all() == []
        assert session.scalars(select(SessionRow.ended_at)).all() == [None, None]


def test_the_queue_lists_what_waits_with_the_reason_in_words(browse: Browse, context: Context) -> None:
    add(context, LURE, UNCERTAIN)
    page = browse().get("/console").text
    assert page.index("0.99") < page.index("0.55")
    assert "Flight, room and meals all paid; Names a place known for compounds; Answers by Telegram" in page
    assert 'Queue <span class="count">2</span>' in page


def test_filters_stand_in_the_address(browse: Browse, context: Context) -> None:
    add(context, LURE, UNCERTAIN)
    browser = browse()
    assert len(re.findall('<span class="heading"', browser.get("/console?band=review").text)) == 1
    assert "No advert fits these filters" in browser.get("/console?language=km").text


def test_a_long_queue_comes_in_pages_that_miss_nothing(browse: Browse, context: Context) -> None:
    expected = add(context, *(f"{LURE} {n}" for n in range(120)))
    browser, path, seen = browse(), "/console", []
    while path:
        page = browser.get(path).text
        seen += re.findall(r'href="/console/reviews/(\w+)"', page)
        found = re.search(r'<a href="(\?[^"]*after=[^"]*)">Next page', page)
        path = "/console" + found[1].replace("&amp;", "&") if found else None
    assert seen == expected


def test_the_advert_page_shows_spans_glosses_reasons_and_sources(browse: Browse, context: Context) -> None:
    review_id = add(context, LURE)[0]
    page = browse().get(f"/console/reviews/{review_id}").text
    assert '<mark class="up heat-3" title="1">Free flight, room and meals</mark>' in page
    assert ">flight, room and meals all paid</a>" in page
    assert "Example Ministry, 2023" in page
    assert "+3.2" in page
    assert "A person should look from 0.50; the pattern is strong from 0.90." in page


def test_the_strongest_reasons_stand_open_and_the_weaker_are_folded(
    browse: Browse, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.console.advert.SHOWN_REASONS", 2)
    review_id = add(context, LURE)[0]
    page = browse().get(f"/console/reviews/{review_id}").text
    fold = page.index('<details class="weaker"><summary>2 weaker</summary>')
    places = [page.index(f'<li id="reason-{number}"') for number in (1, 2, 3, 4)]
    assert places[1] < fold < places[2]
    assert places == sorted(places)


def test_words_of_an_advert_are_never_markup(browse: Browse, context: Context) -> None:
    review_id = add(context, HOSTILE)[0]
    browser = browse()
    for path in ("/console", f"/console/reviews/{review_id}"):
        page = browser.get(path).text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert "{{7*7}}" in page


def test_no_page_holds_inline_script_or_style_or_another_host(browse: Browse, context: Context) -> None:
    review_id = add(context, LURE + " https://lure.example.org/a.png")[0]
    browser = browse()
    for path in (
        "/console",
        f"/console/reviews/{review_id}",
        "/console/reviews/none",
        "/console?state=decided",
    ):
        page = browser.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|<style|\son\w+=|javascript:", page)
        assert re.findall(r'(?:src|action)="(?!/)[^"]*"', page) == []
        assert set(re.findall(r'href="(https?://[^"]+)"', page)) <= {"https://example.org/w"}


def test_a_decision_opens_the_next_advert_claimed(browse: Browse, context: Context) -> None:
    first, second = add(context, LURE, UNCERTAIN)
    answer = decide(
        browse(), context, first, "confirmed:fee_fraud", reason_code="reported", note="seen before"
    )
    assert answer.url.path == f"/console/reviews/{second}"
    assert "Decided: <strong>Fee fraud</strong>" in answer.text
    assert 'Yours for <time class="clock" role="timer" data-seconds="900">15:00' in answer.text
    with context.database.reading() as session:
        row = session.scalars(select(DecisionRow)).one()
        assert (row.verdict, row.pattern, row.reason_code, row.note) == (
            "confirmed",
            "fee_fraud",
            "reported",
            "seen before",
        )


def test_after_the_last_one_the_queue_says_so(browse: Browse, context: Context) -> None:
    answer = decide(browse(), context, add(context, LURE)[0], "legitimate")
    assert answer.url.path == "/console"
    assert "Every advert has been looked at" in answer.text


def test_a_reason_that_fits_another_verdict_is_left_out(browse: Browse, context: Context) -> None:
    decide(browse(), context, add(context, LURE)[0], "legitimate", reason_code="reported")
    with context.database.reading() as session:
        assert session.scalars(select(DecisionRow.reason_code)).one() is None


@pytest.mark.parametrize(
    "fields",
    [
        {"answer": "guilty"},
        {"answer": "legitimate", "reason_code": "x"},
        {"answer": "legitimate", "note": "x" * 2001},
    ],
)
def test_an_answer_we_do_not_know_is_refused(
    browse: Browse, context: Context, fields: dict[str, str]
) -> None:
    review_id = add(context, LURE)[0]
    answer = decide(browse(), context, review_id, **fields)
    assert answer.status_code == 422
    with context.database.reading() as session:
        assert session.scalars(select(DecisionRow)).all() == []


def test_undo_shows_the_advert_again(browse: Browse, context: Context) -> None:
    review_id = add(context, LURE)[0]
    browser = browse()
    decide(browser, context, review_id, "legitimate")
    answer = browser.submit("/console/undo")
    assert answer.url.path == f"/console/reviews/{review_id}"
    assert "Taken back" in answer.text
    refused = browser.submit("/console/undo")
    assert refused.status_code == 409
    assert "nothing left to undo" in refused.text


def test_what_another_reviewer_has_is_shown_without_answers(
    browse: Browse, context: Context, make_person: MakePerson
) -> None:
    review_id = add(context, LURE)[0]
    browser = browse()
    claim(context, review_id, make_person("bela"))
    page = browser.get(f"/console/reviews/{review_id}").text
    assert 'Another reviewer has this advert for <time class="clock" data-seconds="900">15:00' in page
    assert 'name="answer"' not in page
    assert "claimed by another reviewer" in browser.get("/console").text


@pytest.mark.parametrize(
    ("role", "status", "may"), [("data_scientist", 200, False), ("admin", 403, False), ("lead", 200, True)]
)
def test_a_page_follows_the_role(
    browse: Browse, context: Context, role: str, status: int, *, may: bool
) -> None:
    review_id = add(context, LURE)[0]
    answer = browse(role=role).get(f"/console/reviews/{review_id}")
    assert answer.status_code == status
    assert ('name="answer"' in answer.text) == may


def test_an_outside_reviewer_sees_no_contact_anywhere_on_the_page(browse: Browse, context: Context) -> None:
    review_id = add(context, LURE)[0]
    assert "@example_hr" in browse("asha").get(f"/console/reviews/{review_id}").text
    outside = browse("olu", "outside_reviewer")
    page = outside.get(f"/console/reviews/{review_id}").text
    assert "example_hr" not in page
    assert "example_hr" not in outside.get("/console").text
    assert "•••••••••••" in page


def test_pages_stay_out_of_every_cache(browse: Browse, context: Context) -> None:
    review_id = add(context, LURE)[0]
    assert browse().get(f"/console/reviews/{review_id}").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/console/static/../../settings.py",
        "/console/static/%2e%2e/%2e%2e/settings.py",
        "/console/static//etc/passwd",
        "/console/static/queue.py",
        "/console/static/templates/base.html",
    ],
)
def test_static_files_come_from_their_folder_only(anonymous: TestClient, path: str) -> None:
    assert anonymous.get(path).status_code == 404
