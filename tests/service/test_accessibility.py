"""axe-core finds no serious fault on any page of the console, and no page asks another host for anything."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from service.assessing import Context, assess_and_store
from service.review.permissions import Person
from service.settings import Settings
from service.store.tables import CRAWLER, ReviewRow
from tests.factories import LURE, make_advert
from tests.service import test_browser
from tests.service.test_archived import keep
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
        f"/console/campaigns/{campaign_id}/merge",
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


MORE_PAGES = (
    "/console/alerts",
    "/console/account",
    "/console/second",
    "/console/agreement",
    "/console/trends",
)


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_that_forms_lead_to_have_no_serious_fault(
    lead_page: Page,
    context: Context,
    make_person: Callable[..., Person],
    settings: Settings,
    tmp_path: Path,
    scheme: str,
) -> None:
    folder = tmp_path / "evidence"
    changed = settings.model_copy(update={"evidence": folder, "second_look_rate": 0.0})
    object.__setattr__(context, "settings", changed)
    body = "<h1>Chat support</h1><p>ប្រាក់ខែ 1000 USD. <a href='https://t.me/example_hr'>Write</a></p>"
    advert = make_advert(text=LURE, page_digest=keep(folder, body.encode()))
    assess_and_store(context, [advert], partner_id=CRAWLER, at=context.clock())
    with context.database.reading() as session:
        review_id = session.scalars(select(ReviewRow.id)).one()
    decide(context, review_id, CONFIRM, make_person("asha"))
    lead_page.emulate_media(color_scheme=scheme)
    base = lead_page.url.split("/console")[0]

    def check(what: str) -> None:
        for width in WIDTHS:
            lead_page.set_viewport_size({"width": width, "height": 900})
            assert faults(lead_page) == [], (what, width)
            assert lead_page.evaluate("document.documentElement.scrollWidth") <= width, (what, width)

    lead_page.goto(f"{base}/console/reviews/{review_id}/page")
    lead_page.frame_locator("iframe.inert").get_by_text("Where its links led").wait_for()
    check("archived page")
    lead_page.goto(f"{base}/console/account")
    lead_page.get_by_label("New password").fill("four words will do nicely")
    lead_page.get_by_role("button", name="Set the password").click()
    lead_page.get_by_role("button", name="Set one up").click()
    check("QR code")
    secret = lead_page.locator("code.key").inner_text().replace(" ", "")
    lead_page.get_by_label("Code from the app").fill(pyotp.TOTP(secret).at(context.clock()))
    lead_page.get_by_role("button", name="Turn it on").click()
    lead_page.get_by_text("Recovery codes").wait_for()
    check("recovery codes")
