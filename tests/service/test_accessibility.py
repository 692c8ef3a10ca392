"""axe-core finds no serious fault on any page of the console, and no page asks another host for anything."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from service.assessing import Context
from service.review.permissions import Person
from tests.service import test_browser
from tests.service.test_browser import link_for
from tests.service.test_campaign_pages import campaign
from tests.service.test_review import CONFIRM, add, decide

pytestmark = test_browser.pytestmark
chromium, address = test_browser.chromium, test_browser.address
SERIOUS = {"serious", "critical"}
WIDTHS = (1280, 390)


@pytest.fixture
def lead_page(
    chromium: Browser, address: str, context: Context, make_person: Callable[..., Person]
) -> Iterator[Page]:
    make_person("lena", role="lead")
    opened = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = opened.new_page()
    strays: list[str] = []
    page.on("request", lambda sent: None if sent.url.startswith(address) else strays.append(sent.url))
    page.on("console", lambda message: strays.append(message.text) if message.type == "error" else None)
    page.goto(address + link_for(context, "lena"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/console")
    yield page
    opened.close()
    assert strays == []


def faults(page: Page) -> list[str]:
    """Give the serious faults of the page as it stands, in axe-core's words."""
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {fault['help']} {fault['nodes'][0]['html'][:120]}"
        for fault in found
        if fault["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_fault(
    lead_page: Page, context: Context, make_person: Callable[..., Person], scheme: str
) -> None:
    campaign_id = campaign(context, 8)
    single = add(context, "Typist wanted. Free flight, room and meals. Telegram @example_typist", start=50)[
        -1
    ]
    decide(context, single, CONFIRM, make_person("asha"))
    lead_page.emulate_media(color_scheme=scheme)
    base = lead_page.url.split("/console")[0]
    review = lead_page.goto(base + f"/console?campaign={campaign_id}") and lead_page.locator(
        ".rows a"
    ).first.get_attribute("href")
    lead_page.goto(base + f"/console/campaigns/{campaign_id}")
    contact = lead_page.locator(".contacts a").first.get_attribute("href")
    pages = [
        "/console",
        "/console?find=nothing+of+the+kind&state=held",
        "/console?state=decided",
        review,
        f"/console/reviews/{single}",
        "/console/campaigns",
        f"/console/campaigns/{campaign_id}",
        f"/console/campaigns/{campaign_id}/decide?answer=legitimate",
        contact,
        *MORE_PAGES,
    ]
    for width in WIDTHS:
        lead_page.set_viewport_size({"width": width, "height": 900})
        for path in pages:
            lead_page.goto(base + str(path))
            assert faults(lead_page) == [], (path, width)
            assert lead_page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
            assert lead_page.locator("script:not([src]), style, [style]").count() == 0, path


MORE_PAGES = ("/console/account", "/console/second", "/console/agreement", "/console/trends")


def test_an_error_and_the_sign_in_page_have_no_serious_fault(chromium: Browser, address: str) -> None:
    opened = chromium.new_context()
    page = opened.new_page()
    for path in ("/console", "/console/login", "/console/login/unknown-token"):
        page.goto(address + path)
        assert faults(page) == [], path
    opened.close()


def test_a_fault_would_be_found(lead_page: Page) -> None:
    lead_page.evaluate(
        "document.querySelector('main').innerHTML = '<img src=\"/console/static/mark.svg\"><input>'"
    )
    assert {fault.split(":")[0] for fault in faults(lead_page)} >= {"image-alt", "label"}
