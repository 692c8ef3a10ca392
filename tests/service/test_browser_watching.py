"""Watching, softened text, a split and the next advert ahead of its page, in a real browser and by keys alone."""

import time

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.assessing import Context, assess_and_store
from service.console import comfort
from service.review import actions
from service.store.tables import CRAWLER, AuditEventRow, CampaignSplitRow
from tests.factories import LURE, UNCERTAIN, make_advert
from tests.service import test_browser
from tests.service.test_accessibility import faults
from tests.service.test_browser import press
from tests.service.test_campaign_pages import campaign
from tests.service.test_review import add

pytestmark = test_browser.pytestmark
chromium, address, page = test_browser.chromium, test_browser.address, test_browser.page

NOTE_WHAT_IS_SHOWN = """
new MutationObserver(() => sessionStorage.setItem("shown", [
  location.pathname,
  document.getElementById("main").getAttribute("aria-busy") === "true" ? "busy" : "idle",
  document.body.className,
  document.querySelector(".case > .paper").textContent,
].join(" "))).observe(document.querySelector(".case"), {childList: true, subtree: true})
"""


def base(page: Page) -> str:
    return page.url.split("/console")[0] + "/console"


def test_a_contact_is_watched_and_its_alert_seen_by_keys(page: Page, context: Context) -> None:
    add(context, LURE)
    page.reload()
    press(page, "o")
    press(page, "w", "1")
    expect(page.get_by_text("telegram: watched")).to_be_visible()
    context.clock.move(seconds=1)
    advert = make_advert(id="later", text="Waiter in Lisbon, telegram @example_hr")
    assess_and_store(context, [advert], partner_id=CRAWLER, at=context.clock())
    page.reload()
    expect(page.get_by_role("link", name="Alerts 1 new")).to_be_visible()
    press(page, "a")
    assert page.locator(".rows .heading").all_text_contents() == ["Waiter in Lisbon, telegram @example_hr"]
    for width in (1280, 640, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    press(page, "d")
    expect(page.get_by_role("heading", name="Nothing new")).to_be_visible()
    assert faults(page) == []
    page.goto(base(page) + "?find=Cambodia")
    press(page, "w")
    expect(page.get_by_text("Watch this search: watched")).to_be_visible()


def test_softened_text_opens_by_key_one_cover_at_a_time(page: Page, context: Context) -> None:
    add(context, LURE)
    page.reload()
    press(page, "o")
    expect(page.locator(".text").first).to_contain_text("@example_hr")
    press(page, "s")
    assert faults(page) == []
    cover = page.get_by_role("checkbox", name="contact")
    expect(page.locator(".said")).not_to_be_visible()
    cover.focus()
    page.keyboard.press("Space")
    expect(page.locator(".said")).to_contain_text("@example_hr")
    for width in (640, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.reload()
    expect(page.locator(".said")).not_to_be_visible()
    press(page, "s")
    expect(page.locator(".cover")).to_have_count(0)


def test_the_next_advert_is_read_while_its_page_is_on_the_way(
    page: Page, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = add(context, LURE, UNCERTAIN)
    views: list[int] = []
    decide = actions.decide

    def slow(session: Session, *given: object, **named: object) -> object:
        seen = (AuditEventRow.subject == second, AuditEventRow.act == "review_viewed")
        views.append(session.scalar(select(func.count()).where(*seen)))
        time.sleep(1)
        return decide(session, *given, **named)

    monkeypatch.setattr(actions, "decide", slow)
    page.reload()
    press(page, "o")
    page.evaluate(NOTE_WHAT_IS_SHOWN)
    press(page, "c", "1")
    assert second in page.url
    noted = page.evaluate("sessionStorage.getItem('shown')")
    assert noted.startswith(f"/console/reviews/{first} busy ahead")
    assert "Typist wanted" in noted
    assert views == [0]
    assert test_browser.decisions(context) == [("confirmed", "scam_centre")]


def test_an_advert_is_taken_out_of_its_campaign_and_put_back_by_keys(page: Page, context: Context) -> None:
    campaign_id = campaign(context, 4)
    page.goto(base(page) + f"?campaign={campaign_id}")
    page.keyboard.press("j")
    press(page, "Enter")
    press(page, "p")
    expect(page.get_by_text("3 adverts share words or contacts")).to_be_visible()
    assert faults(page) == []
    button = page.get_by_role("button", name="Put back")
    button.focus()
    press(page, "Enter")
    expect(page.get_by_text("4 adverts share words or contacts")).to_be_visible()
    with context.database.reading() as session:
        assert session.scalars(select(CampaignSplitRow)).one().undone_at is not None
    press(page, "p")
    expect(page.get_by_role("heading", name="Merge")).to_be_visible()


def test_the_suggestion_of_a_break_is_put_away_by_key(
    page: Page, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comfort, "ITEMS", 1)
    add(context, LURE, UNCERTAIN)
    page.reload()
    press(page, "o")
    press(page, "c", "1")
    expect(page.get_by_role("note", name="A break")).to_be_visible()
    assert faults(page) == []
    press(page, "b")
    expect(page.get_by_role("note", name="A break")).to_have_count(0)
