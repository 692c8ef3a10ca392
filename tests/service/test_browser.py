"""The console in a real browser, by real keys; every page also stays on its own host."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import select, update

from service.assessing import Context
from service.review.permissions import Person
from service.store.tables import DecisionRow, ReviewRow
from tests.factories import LURE, UNCERTAIN
from tests.service.test_console import link_for
from tests.service.test_review import add

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def page(
    chromium: Browser, address: str, context: Context, make_person: Callable[..., Person]
) -> Iterator[Page]:
    """A signed-in page; the test fails on any script error, refused load or request to another host."""
    make_person("asha")
    browser_context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = browser_context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("request", lambda sent: None if sent.url.startswith(address) else faults.append(sent.url))
    page.goto(address + link_for(context, "asha"))
    expect(page.get_by_role("button", name="Sign in")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/console")
    yield page
    browser_context.close()
    assert faults == []


def decisions(context: Context) -> list[tuple[str, str | None]]:
    with context.database.reading() as session:
        rows = session.scalars(select(DecisionRow).order_by(DecisionRow.decided_at, DecisionRow.id))
        return [(row.verdict, row.pattern) for row in rows if row.undone_at is None]


def press(page: Page, *keys: str) -> None:
    """Press keys that end in a new page."""
    before = page.evaluate("performance.timeOrigin")
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_function("before => performance.timeOrigin !== before", arg=before)
    page.wait_for_load_state()


def test_ten_adverts_are_decided_by_keyboard_alone(page: Page, context: Context) -> None:
    add(context, *(f"{LURE} {n}" for n in range(10)))
    page.reload()
    press(page, "o")
    expect(page.locator("mark.up").first).to_be_visible()
    for keys in ("c1", "c2", "c3", "c4", "c5", "l", "n", "u", "c1", "l"):
        context.clock.move(seconds=1)
        press(page, *keys)
    expect(page.get_by_text("Every advert has been looked at")).to_be_visible()
    assert decisions(context) == [
        ("confirmed", "scam_centre"),
        ("confirmed", "fee_fraud"),
        ("confirmed", "task_scam"),
        ("confirmed", "money_mule"),
        ("confirmed", "other_deceptive"),
        ("legitimate", None),
        ("not_an_advert", None),
        ("unsure", None),
        ("confirmed", "scam_centre"),
        ("legitimate", None),
    ]


def test_z_takes_back_one_after_the_other(page: Page, context: Context) -> None:
    add(context, LURE, UNCERTAIN)
    page.reload()
    press(page, "o")
    first = page.url
    press(page, "c", "1")
    context.clock.move(seconds=1)
    press(page, "l")
    press(page, "z")
    press(page, "z")
    assert page.url.split("?")[0] == first
    assert decisions(context) == []


def test_j_and_k_move_in_the_queue_and_between_adverts(page: Page, context: Context) -> None:
    first, second = add(context, LURE, UNCERTAIN)
    page.reload()
    page.keyboard.press("j")
    page.keyboard.press("j")
    press(page, "Enter")
    assert page.url.endswith(second)
    press(page, "k")
    assert page.url.endswith(first)
    press(page, "j")
    assert page.url.endswith(second)


def test_keys_are_letters_while_a_note_is_written(page: Page, context: Context) -> None:
    add(context, LURE)
    page.reload()
    press(page, "o")
    page.keyboard.press("i")
    page.keyboard.type("clear lure, c1")
    assert decisions(context) == []
    page.keyboard.press("Escape")
    press(page, "c", "1")
    with context.database.reading() as session:
        assert session.scalars(select(DecisionRow.note)).one() == "clear lure, c1"


def test_a_reason_is_chosen_by_key(page: Page, context: Context) -> None:
    add(context, LURE)
    page.reload()
    press(page, "o")
    page.keyboard.press("d")
    expect(page.locator("select[name=reason_code]")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    chosen = page.locator("select[name=reason_code]").input_value()
    press(page, "c", "1")
    with context.database.reading() as session:
        assert session.scalars(select(DecisionRow.reason_code)).one() == chosen != ""


def test_a_chord_that_is_not_finished_does_nothing(page: Page, context: Context) -> None:
    add(context, LURE)
    page.reload()
    press(page, "o")
    for keys in (("c", "9"), ("c", "Escape", "1"), ("c", "l")):
        for key in keys:
            page.keyboard.press(key)
    page.wait_for_timeout(200)
    assert decisions(context) == []


def test_the_question_mark_shows_the_keys_and_escape_hides_them(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_text("undo, up to ten deep")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("undo, up to ten deep")).not_to_be_visible()


def test_g_hides_the_english_beside_the_hits(page: Page, context: Context) -> None:
    add(context, LURE)
    page.reload()
    press(page, "o")
    expect(page.locator(".gloss").first).to_be_visible()
    page.keyboard.press("g")
    expect(page.locator(".gloss").first).not_to_be_visible()


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_page_scrolls_sideways(page: Page, context: Context, width: int) -> None:
    review_id = add(context, LURE + " " + "x" * 300)[0]
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/console", f"/console/reviews/{review_id}"):
        page.goto(page.url.split("/console")[0] + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_keys_are_told_at_double_size_and_left_out_on_a_phone(
    page: Page, chromium: Browser, context: Context, address: str
) -> None:
    add(context, LURE)
    page.reload()
    page.set_viewport_size({"width": 640, "height": 400})  # a screen of 1280 at 200%
    press(page, "o")
    expect(page.get_by_role("button", name="Keys ?")).to_be_visible()
    expect(page.locator("kbd", has_text="l").first).to_be_visible()
    held = page.context.storage_state()
    phone = chromium.new_context(
        viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True, storage_state=held
    )
    small = phone.new_page()
    small.goto(page.url)
    expect(small.get_by_role("button", name="Legitimate")).to_be_visible()
    expect(small.locator("kbd:visible")).to_have_count(0)
    assert small.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.close()


def test_o_and_a_decision_stay_within_the_filters(page: Page, context: Context, address: str) -> None:
    ids = add(context, *(f"{LURE} {n}" for n in range(4)))
    with context.database.writing() as session:
        session.execute(update(ReviewRow).where(ReviewRow.id.in_(ids[1::2])).values(language="km"))
    page.goto(f"{address}/console?language=km")
    press(page, "o")
    assert page.url.endswith(f"/reviews/{ids[1]}?language=km")
    press(page, "l")
    assert f"/reviews/{ids[3]}?" in page.url
    press(page, "z")
    assert page.url == f"{address}/console/reviews/{ids[1]}?undone&language=km"
    press(page, "q")
    assert page.url == f"{address}/console?language=km"


def test_everything_works_without_script(
    chromium: Browser, address: str, context: Context, make_person: Callable[..., Person]
) -> None:
    make_person("bela")
    first, second = add(context, LURE, UNCERTAIN)
    plain = chromium.new_context(java_script_enabled=False)
    page = plain.new_page()
    page.goto(address + link_for(context, "bela"))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Start reviewing").click()
    assert page.url.endswith(first)
    page.get_by_role("button", name="Scam centre").click()
    assert second in page.url
    page.get_by_role("button", name="Undo").first.click()
    assert first in page.url
    plain.close()
    with context.database.reading() as session:
        assert session.get_one(ReviewRow, first).state == "claimed"
