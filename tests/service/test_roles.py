"""Every page and every form of the console against every role; a new one must be entered here."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from service.assessing import Context
from service.console import archived
from service.console.routes import PARTS
from service.packages.pages import ArchivedPage
from service.review.permissions import ROLE_PERMISSIONS, Permission, Role
from service.store.tables import CampaignMemberRow, CampaignRow, LinkKeyRow, ReviewRow
from tests.factories import LURE
from tests.service.conftest import Browser
from tests.service.test_archived import keep
from tests.service.test_review import add

Browse = Callable[..., Browser]
ADVERTS, CONTACTS, DECIDE = Permission.VIEW_ADVERTS, Permission.VIEW_CONTACTS, Permission.DECIDE
LEAD, FULL = Permission.LEAD, Permission.EXPORT_FULL
OPEN = {("GET", "/login"), ("POST", "/login"), ("GET", "/login/{token}"), ("POST", "/login/{token}")}
"""What needs no session, because it makes one."""
PAGES: dict[str, Permission | None] = {
    "": ADVERTS,
    "/reviews/{review_id}": ADVERTS,
    "/reviews/{review_id}/page": CONTACTS,
    "/reviews/{review_id}/page/inert": CONTACTS,
    "/campaigns": ADVERTS,
    "/campaigns/{campaign_id}": ADVERTS,
    "/campaigns/{campaign_id}/decide": DECIDE,
    "/campaigns/{campaign_id}/merge": DECIDE,
    "/contacts/{link_id}": CONTACTS,
    "/account": None,
    "/second": DECIDE,
    "/second?turn=3": LEAD,
    "/agreement": ADVERTS,
    "/trends": ADVERTS,
    "/trends.csv": ADVERTS,
    "/alerts": ADVERTS,
}
"""Page → what a role must be allowed to see it; None for every role."""
FORMS: dict[str, tuple[Permission | None, dict[str, str]]] = {
    "/logout": (None, {}),
    "/next": (DECIDE, {}),
    "/views": (ADVERTS, {"name": "mine", "query": "band=high"}),
    "/reviews/{review_id}/claim": (DECIDE, {}),
    "/reviews/{review_id}/release": (DECIDE, {}),
    "/reviews/{review_id}/decide": (DECIDE, {"seen": "asm_x", "answer": "unsure"}),
    "/reviews/{review_id}/hold": (DECIDE, {"days": "1"}),
    "/reviews/{review_id}/escalate": (DECIDE, {"reason": "legal"}),
    "/reviews/{review_id}/reassign": (LEAD, {"to": "somebody"}),
    "/undo": (DECIDE, {}),
    "/campaigns/{campaign_id}/decide": (DECIDE, {"answer": "unsure", "seal": "x"}),
    "/campaigns/{campaign_id}/undo": (DECIDE, {"decision": "x"}),
    "/campaigns/{campaign_id}/part": (DECIDE, {"merge": "x"}),
    "/campaigns/{campaign_id}/merge": (DECIDE, {"other": "x"}),
    "/campaigns/{campaign_id}/split": (DECIDE, {"advert": "x"}),
    "/campaigns/{campaign_id}/put-back": (DECIDE, {"split": "x"}),
    "/reviews/{review_id}/package": (ADVERTS, {}),
    "/campaigns/{campaign_id}/package": (ADVERTS, {}),
    "/reviews/{review_id}/package/second-look": (FULL, {}),
    "/campaigns/{campaign_id}/package/second-look": (FULL, {}),
    "/account/password": (None, {"new": "x"}),
    "/account/second-factor": (None, {}),
    "/account/second-factor/confirm": (None, {"code": "1"}),
    "/second": (DECIDE, {"decision": "x", "answer": "unsure"}),
    "/alerts/seen": (None, {}),
    "/watches": (ADVERTS, {"kind": "search", "target": "band=high"}),
    "/watches/contact": (CONTACTS, {"contact": "Telegram @example_hr"}),
    "/watches/end": (None, {"watch": "x"}),
    "/soft": (None, {"on": "1"}),
    "/rested": (None, {}),
}
"""Form → what a role must be allowed to send it, and fields that are filled in well enough."""


@dataclass(frozen=True)
class Case:
    """A stored campaign to fill addresses with."""

    review_id: str
    campaign_id: str
    link_id: str

    def fill(self, path: str) -> str:
        return (
            "/console"
            + path.format(review_id=self.review_id, campaign_id=self.campaign_id, link_id=self.link_id)
            + ("?answer=unsure" if path == "/campaigns/{campaign_id}/decide" else "")
        )


@pytest.fixture
def case(context: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Case:
    add(context, LURE, LURE + " now")
    digest = keep(tmp_path / "evidence", b"<p>Customer service</p>")
    record = (tmp_path / "evidence" / "x.warc.gz").read_bytes()
    page = ArchivedPage(digest, "https://board.example/1", "2026-11-21", record)
    monkeypatch.setattr(archived, "_find", lambda *_: (page, archived.open_page(page)))
    with context.database.reading() as session:
        review = session.scalars(select(ReviewRow).limit(1)).one()
        member = select(CampaignMemberRow.campaign_id).where(
            CampaignMemberRow.advert_key == review.advert_key
        )
        campaign = session.get_one(CampaignRow, session.scalars(member).one())
        link = session.scalars(
            select(LinkKeyRow).where(LinkKeyRow.n_adverts > 1, LinkKeyRow.kind == "telegram")
        )
        return Case(review.id, campaign.merged_into or campaign.id, str(link.first().id))


def declared() -> set[tuple[str, str]]:
    return {(method, route.path) for part in PARTS for route in part.routes for method in route.methods}


def test_every_page_and_every_form_has_its_row() -> None:
    pages = {("GET", path.partition("?")[0]) for path in PAGES}
    forms = {("POST", path) for path in FORMS}
    assert declared() == pages | forms | OPEN


@pytest.mark.parametrize("role", Role)
def test_each_page_is_shown_to_the_roles_that_may_see_it(browse: Browse, case: Case, role: Role) -> None:
    browser = browse("asha", role.value)
    for path, needed in PAGES.items():
        may = needed is None or needed in ROLE_PERMISSIONS[role]
        assert browser.get(case.fill(path)).status_code == (200 if may else 403), path


@pytest.mark.parametrize("role", Role)
def test_each_form_is_taken_from_the_roles_that_may_send_it(browse: Browse, case: Case, role: Role) -> None:
    browser = browse("asha", role.value)
    csrf = re.search(r'name="csrf" value="(\w+)"', browser.get("/console/account").text)[1]
    for path, (needed, fields) in FORMS.items():
        if path == "/logout":
            continue
        may = needed is None or needed in ROLE_PERMISSIONS[role]
        answer = browser.post(
            case.fill(path).partition("?")[0], data={"csrf": csrf, **fields}, follow_redirects=False
        )
        assert (answer.status_code == 403) == (not may), (path, answer.status_code)
        assert answer.status_code < 500, path


@pytest.mark.parametrize("path", FORMS)
def test_each_form_needs_the_sessions_own_token(browse: Browse, case: Case, path: str) -> None:
    browser, other = browse("asha", "lead"), browse("bela", "lead")
    for token in ("0" * 64, other.csrf()):
        answer = browser.post(
            case.fill(path).partition("?")[0], data={"csrf": token, **FORMS[path][1]}, follow_redirects=False
        )
        assert answer.status_code == 403, answer.status_code
        assert "form is not from your session" in answer.text


def test_nothing_is_shown_or_done_without_a_session(anonymous: TestClient, case: Case) -> None:
    for path in PAGES:
        assert anonymous.get(case.fill(path)).status_code == 401, path
    for path, (_, fields) in FORMS.items():
        answer = anonymous.post(case.fill(path).partition("?")[0], data={"csrf": "0" * 64, **fields})
        assert answer.status_code == 401, path


def test_no_page_of_an_outside_reviewer_holds_a_contact(browse: Browse, case: Case) -> None:
    reviewer, outside = browse("asha"), browse("olu", "outside_reviewer")
    shown = [path for path in PAGES if path and "page" not in path]
    assert "example_hr" in reviewer.get(case.fill("/campaigns/{campaign_id}")).text
    for path in ["", *shown]:
        page = outside.get(case.fill(path)).text
        assert "example_hr" not in page, path
        assert "/console/contacts/" not in page, path
