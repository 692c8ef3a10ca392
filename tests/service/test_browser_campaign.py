"""An investigator's day in a real browser, by keys alone: find, decide a campaign, take it back, hand over a package."""

import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect
from sqlalchemy import select

from service.assessing import Context, assess_and_store
from service.review.permissions import Person
from service.store.tables import CRAWLER, DecisionRow, ReviewRow
from tests.factories import LURE, make_advert
from tests.service import test_browser, test_search
from tests.service.test_browser import decisions, press
from tests.service.test_campaign_pages import campaign
from tests.service.test_review import add

pytestmark = test_browser.pytestmark
chromium, address, page = test_browser.chromium, test_browser.address, test_browser.page
MakePerson = Callable[..., Person]


def find(page: Page, query: str) -> list[str]:
    """Search as a person does, and give the headings found."""
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    page.keyboard.type(query)
    before = page.evaluate("performance.timeOrigin")
    page.keyboard.press("Enter")
    page.wait_for_function("before => performance.timeOrigin !== before", arg=before)
    page.wait_for_load_state()
    return page.locator(".rows .heading").all_text_contents()


def test_a_khmer_word_and_a_phone_number_written_otherwise_are_found(page: Page, context: Context) -> None:
    adverts = [make_advert(id=name, text=text) for name, text in test_search.ADVERTS.items()]
    assess_and_store(context, adverts, partner_id=CRAWLER, at=context.clock())
    page.reload()
    assert find(page, "កម្ពុជា") == [test_search.ADVERTS["khmer"]]
    assert find(page, "012 345 678") == [test_search.ADVERTS["phone"]]
    assert find(page, "高薪") == [test_search.ADVERTS["chinese"]]


def test_a_campaign_of_thirty_is_decided_and_taken_back(page: Page, context: Context) -> None:
    campaign_id = campaign(context, 30)
    page.goto(page.url.split("/console")[0] + f"/console/campaigns/{campaign_id}")
    expect(page.locator("mark.slot").first).to_be_visible()
    press(page, "c", "1")
    expect(page.get_by_role("heading", name="Scam centre, for 30 adverts")).to_be_visible()
    assert decisions(context) == []
    boxes = page.get_by_role("checkbox")
    assert boxes.count() == 5
    for box in boxes.all():
        box.focus()
        page.keyboard.press("Space")
    page.get_by_role("button", name="Decide 30 adverts").focus()
    press(page, "Enter")
    assert decisions(context) == [("confirmed", "scam_centre")] * 30
    press(page, "z")
    assert decisions(context) == []


def test_a_package_is_handed_over_and_verifies_by_its_own_script(
    page: Page, context: Context, tmp_path: Path
) -> None:
    add(context, LURE)
    page.reload()
    press(page, "o")
    with page.expect_download() as download:
        page.keyboard.press("x")
    package = tmp_path / "package.zip"
    download.value.save_as(package)
    with zipfile.ZipFile(package) as archive:
        (tmp_path / "verify.py").write_bytes(archive.read("verify_package.py"))
    command = [sys.executable, "-I", "verify.py", "package.zip"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stdout) == (0, "package.zip: everything verifies\n")


def test_the_clock_of_a_claim_runs_and_holding_opens_the_next(page: Page, context: Context) -> None:
    first, second = add(context, LURE, "Typist wanted. Free flight, room and meals.")
    page.reload()
    press(page, "o")
    clock = page.locator(".claim .clock")
    expect(clock).to_have_text(re.compile(r"^14:5\d$"), timeout=5000)
    press(page, "h", "3")
    assert page.url.endswith(second)
    with context.database.reading() as session:
        assert session.get_one(ReviewRow, first).state == "held"
        assert session.scalars(select(DecisionRow)).all() == []
