"""Signing in by password and code: guessing is stopped, codes work once, sessions are fresh."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select

from service.accounts import passwords, second_factor
from service.accounts.sign_in import MOST_TRIES, remove_second_factor
from service.assessing import Context
from service.errors import ConflictError, InvalidFieldsError
from service.store import users
from service.store.audit import find_break, list_events
from service.store.tables import AuditEventRow, CredentialRow
from tests.fakes import Clock

Browse = Callable[..., TestClient]
PASSWORD = "four words will do nicely"


def sign_in(
    app: FastAPI, name: str = "asha", password: str = PASSWORD, code: str = "", **headers: str
) -> Response:
    client = TestClient(app, follow_redirects=False)
    data = {"name": name, "password": password, "code": code}
    return client.post("/console/login", data=data, headers=headers)


@pytest.fixture
def asha(browse: Browse) -> TestClient:
    browser = browse("asha")
    assert browser.submit("/console/account/password", new=PASSWORD).status_code == 200
    return browser


def turn_on(context: Context, browser: TestClient) -> str:
    browser.submit("/console/account/second-factor")
    with context.database.reading() as session:
        sealed = session.scalars(select(CredentialRow.sealed_totp)).one()
    secret = second_factor.unseal(sealed, pepper=context.pepper)
    code = pyotp.TOTP(secret).at(context.clock())
    assert "On: signing in" in browser.submit("/console/account/second-factor/confirm", code=code).text
    return secret


def test_a_password_signs_in_under_a_fresh_cookie(app: FastAPI, asha: TestClient) -> None:
    answer = sign_in(app, Cookie="lurewatch_session=planted")
    assert answer.status_code == 303
    assert "httponly" in answer.headers["set-cookie"].lower()
    assert "planted" not in answer.headers["set-cookie"]
    again = sign_in(app, Cookie="lurewatch_session=planted")
    assert again.cookies["lurewatch_session"] != answer.cookies["lurewatch_session"]
    browser = TestClient(app, cookies={"lurewatch_session": answer.cookies["lurewatch_session"]})
    assert browser.get("/console").status_code == 200


@pytest.mark.parametrize(
    ("name", "password"),
    [("asha", "wrong"), ("nobody", PASSWORD), ("", ""), ("asha", ""), ("asha", PASSWORD + " ")],
)
def test_a_wrong_try_says_nothing_about_what_was_wrong(
    app: FastAPI, asha: TestClient, name: str, password: str
) -> None:
    answer = sign_in(app, name, password)
    assert answer.status_code == 401
    assert "ame, password or code is wrong" in answer.text
    assert "set-cookie" not in answer.headers


def test_guessing_is_stopped_for_a_while_even_with_the_right_password(
    app: FastAPI, asha: TestClient, clock: Clock, context: Context
) -> None:
    for _ in range(MOST_TRIES):
        assert sign_in(app, password="wrong").status_code == 401
    stopped = sign_in(app)
    assert stopped.status_code == 429
    assert sign_in(app, " ASHA ").status_code == 429
    assert sign_in(app, "bela").status_code == 401
    clock.move(minutes=16)
    assert sign_in(app).status_code == 303
    with context.database.reading() as session:
        assert find_break(session) is None
        refused = session.scalars(select(AuditEventRow).where(AuditEventRow.act == "sign_in_refused")).all()
        assert len(refused) == MOST_TRIES + 1
        assert not [event for event in refused if "asha" in event.subject]


def test_a_code_is_asked_for_works_once_and_runs_out(
    app: FastAPI, asha: TestClient, context: Context, clock: Clock
) -> None:
    totp = pyotp.TOTP(turn_on(context, asha))
    assert sign_in(app).status_code == 401
    clock.move(seconds=60)
    code = totp.at(clock())
    assert sign_in(app, code=code).status_code == 303
    assert sign_in(app, code=code).status_code == 401
    clock.move(seconds=30)
    assert sign_in(app, code=totp.at(clock() - timedelta(minutes=2))).status_code == 401
    assert sign_in(app, code=totp.at(clock())).status_code == 303


def test_a_lead_needs_a_second_factor(app: FastAPI, browse: Browse, context: Context, clock: Clock) -> None:
    browser = browse("lena", role="lead")
    browser.submit("/console/account/password", new=PASSWORD)
    assert sign_in(app, "lena").status_code == 401
    totp = pyotp.TOTP(turn_on(context, browser))
    clock.move(seconds=60)
    assert sign_in(app, "lena", code=totp.at(clock())).status_code == 303


def test_neither_password_nor_secret_is_kept_in_the_clear(context: Context, asha: TestClient) -> None:
    secret = turn_on(context, asha)
    with context.database.reading() as session:
        row = session.scalars(select(CredentialRow)).one()
    assert row.password_hash.startswith("$argon2id$")
    assert secret not in row.sealed_totp
    assert second_factor.unseal(row.sealed_totp, pepper=b"another" * 8) is None


def test_changing_the_password_needs_the_old_one_and_ends_other_sessions(
    app: FastAPI, asha: TestClient
) -> None:
    other = TestClient(app, cookies={"lurewatch_session": sign_in(app).cookies["lurewatch_session"]})
    assert other.get("/console").status_code == 200
    new = "other words altogether now"
    assert asha.submit("/console/account/password", new=new, old="wrong").status_code == 422
    assert asha.submit("/console/account/password", new=new, old=PASSWORD).status_code == 200
    assert other.get("/console").status_code == 401
    assert sign_in(app).status_code == 401
    assert sign_in(app, password=new).status_code == 303


def test_a_disabled_person_is_shut_out(app: FastAPI, asha: TestClient, context: Context) -> None:
    with context.database.writing() as session:
        users.disable_user(session, users.get_user(session, "asha"), at=context.clock())
    assert sign_in(app).status_code == 401


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaa", "x" * 201, "asha likes long words"])
def test_a_password_that_is_easy_to_guess_is_refused(password: str) -> None:
    with pytest.raises(InvalidFieldsError):
        passwords.check_password(password, name="asha")


def shown_codes(page: str) -> list[str]:
    return re.findall(r'<code class="key">(\w{5}-\w{5})</code>', page)


def test_each_recovery_code_replaces_the_phone_once(
    app: FastAPI, asha: TestClient, context: Context, clock: Clock
) -> None:
    secret = turn_on(context, asha)
    codes = second_factor.recovery_codes(secret, pepper=context.pepper)
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    assert sign_in(app, code="aaaaa-aaaaa").status_code == 401
    assert sign_in(app, code=codes[3]).status_code == 303
    assert sign_in(app, code=codes[3]).status_code == 401
    assert sign_in(app, code=codes[0].upper().replace("-", " ")).status_code == 303
    assert "6 recovery codes left" in asha.get("/console/account").text
    other = second_factor.recovery_codes(secret, pepper=b"another" * 8)
    assert not set(other) & set(codes), "who has the phone's secret alone has no codes"


def test_recovery_codes_are_shown_once_and_kept_nowhere(asha: TestClient, context: Context) -> None:
    begun = asha.submit("/console/account/second-factor").text
    secret = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', begun)[1].replace(" ", "")
    code = pyotp.TOTP(secret).at(context.clock())
    codes = shown_codes(asha.submit("/console/account/second-factor/confirm", code=code).text)
    assert codes == list(second_factor.recovery_codes(secret, pepper=context.pepper))
    assert shown_codes(asha.get("/console/account").text) == []
    database = Path(context.database.url.removeprefix("sqlite:///"))
    stored = database.read_bytes() + database.with_name(database.name + "-wal").read_bytes()
    assert not [code for code in codes if code.encode() in stored]


def test_the_key_is_drawn_without_script_or_style(asha: TestClient) -> None:
    page = asha.submit("/console/account/second-factor").text
    drawn = re.search(r'<div class="qr".*?</div>', page, re.DOTALL)[0]
    assert "<svg" in drawn
    assert not re.search(r"<script|<style|style=|href", drawn)


def test_a_lost_second_factor_is_taken_away_and_sessions_end(
    app: FastAPI, asha: TestClient, context: Context
) -> None:
    codes = second_factor.recovery_codes(turn_on(context, asha), pepper=context.pepper)
    with context.database.writing() as session:
        remove_second_factor(session, users.get_user(session, "asha"), at=context.clock())
    assert asha.get("/console").status_code == 401
    assert sign_in(app).status_code == 303, "a reviewer's password is enough again"
    with context.database.writing() as session:
        with pytest.raises(ConflictError, match="asha has no second factor"):
            remove_second_factor(session, users.get_user(session, "asha"), at=context.clock())
        asha_now = users.get_user(session, "asha")
        acts = [event.act for event in list_events(session, asha_now.id)]
    assert "second_factor_removed" in acts
    token = sign_in(app).cookies["lurewatch_session"]
    again = TestClient(app, cookies={"lurewatch_session": token})
    csrf = re.search(r'name="csrf" value="(\w+)"', again.get("/console").text)[1]
    assert "QR code" in again.post("/console/account/second-factor", data={"csrf": csrf}).text
    with context.database.reading() as session:
        sealed = session.scalars(select(CredentialRow.sealed_totp)).one()
    fresh = second_factor.unseal(sealed, pepper=context.pepper)
    assert not set(second_factor.recovery_codes(fresh, pepper=context.pepper)) & set(codes)


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_site_cannot_sign_anybody_in(app: FastAPI, asha: TestClient, headers: dict[str, str]) -> None:
    assert sign_in(app, **headers).status_code == 403
    assert sign_in(app, Origin="http://testserver").status_code == 303


@pytest.mark.parametrize("path", ["password", "second-factor", "second-factor/confirm"])
def test_account_forms_need_the_sessions_own_token(asha: TestClient, path: str) -> None:
    data = {"csrf": "0" * 64, "new": "x" * 20, "code": "1"}
    assert asha.post(f"/console/account/{path}", data=data).status_code == 403
