"""Hostile tries, one test each. Further ones: every address with another partner's ids in `test_strangers`, bombs and
long lines in `test_jobs`, replayed, altered and stale webhooks in `test_client`, rebinding names, redirects and
dripping answers in `test_webhooks`."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from service.assessing import Context
from service.auth import create_key
from service.settings import Settings
from service.store.ids import ALPHABET
from service.store.tables import PartnerKeyRow
from service.tokens import make_key
from tests.factories import HONEST, LURE
from tests.fakes import Clock
from tests.service.serving import Served, start
from tests.service.test_api import check_problem

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"jobs_folder": tmp_path / "jobs"})


@pytest.fixture
def other(make_partner_key: Callable[..., str]) -> dict[str, str]:
    return {"X-API-Key": make_partner_key("Other Jobs", scopes=("score", "read", "admin"))}


@pytest.fixture
def admin(make_partner_key: Callable[..., str]) -> dict[str, str]:
    return {"X-API-Key": make_partner_key(scopes=("admin",))}


def test_guessed_keys_open_nothing(anonymous: TestClient, client: TestClient) -> None:
    real = client.headers["authorization"].removeprefix("Bearer ")
    guesses = [make_key() for _ in range(20)]
    guesses += [
        real[:-1],
        real[:-1] + ("0" if real[-1] != "0" else "1"),
        real.upper(),
        real[8:],
        real + "0",
        "",
        "*",
    ]
    for guess in guesses:
        response = anonymous.get("/v1/assessments", headers={"X-API-Key": guess})
        check_problem(response, 401, "unauthenticated")


def test_a_key_in_the_address_is_no_key(anonymous: TestClient, client: TestClient) -> None:
    real = client.headers["authorization"].removeprefix("Bearer ")
    for name in ("key", "api_key", "X-API-Key", "access_token"):
        response = anonymous.get("/v1/assessments", params={name: real})
        check_problem(response, 401, "unauthenticated")


def test_a_key_that_does_one_thing_does_no_other(
    anonymous: TestClient, make_partner_key: Callable[..., str]
) -> None:
    weak = {"X-API-Key": make_partner_key(scopes=("read",))}
    tries = [
        anonymous.post("/v1/score", json={"text": LURE}, headers=weak),
        anonymous.post("/v1/jobs", content=b"{}", headers={**weak, "Content-Type": "application/x-ndjson"}),
        anonymous.post("/v1/webhooks", json={"url": "https://x.example.com"}, headers=weak),
        anonymous.get("/v1/webhooks", headers=weak),
        anonymous.delete("/v1/webhooks/whe_1", headers=weak),
    ]
    for response in tries:
        check_problem(response, 403, "forbidden")


def test_a_revoked_key_is_dead_within_seconds(client: TestClient, context: Context, clock: Clock) -> None:
    assert client.get("/v1/assessments").status_code == 200
    with context.database.writing() as session:
        session.scalars(select(PartnerKeyRow)).one().revoked_at = clock()
    clock.move(seconds=5)
    check_problem(client.get("/v1/assessments"), 401, "unauthenticated")


def test_neighbours_of_a_known_id_are_not_there(
    client: TestClient, anonymous: TestClient, other: dict[str, str]
) -> None:
    mine = client.post("/v1/score", json={"text": LURE}).json()["id"]
    for letter in ALPHABET:
        response = anonymous.get(f"/v1/assessments/{mine[:-1]}{letter}", headers=other)
        check_problem(response, 404, "not-found")


def test_what_is_another_s_and_what_is_not_there_look_the_same(
    client: TestClient, anonymous: TestClient, other: dict[str, str]
) -> None:
    mine = client.post("/v1/score", json={"text": LURE}).json()["id"]
    told = []
    for wanted in (mine, "asm_00000000000000000000000000"):
        said = anonymous.get(f"/v1/assessments/{wanted}", headers=other).json()
        told.append({name: said[name] for name in said if name not in {"instance", "request_id"}})
    assert told[0] == told[1]


@pytest.mark.parametrize(
    "wanted",
    [
        "' OR 1=1 --",
        "asm_%",
        "../../etc/passwd",
        "..%2F..%2Fsecret",
        "%00",
        "asm_\u202e",
        "a" * 5000,
        "*",
        "{}",
    ],
)
@pytest.mark.parametrize("path", ["/v1/assessments/{}", "/v1/jobs/{}", "/v1/jobs/{}/output"])
def test_an_id_that_means_more_means_nothing(client: TestClient, path: str, wanted: str) -> None:
    check_problem(client.get(path.format(wanted)), 404, "not-found")


def forged(cursor: str) -> Iterator[str]:
    place, _, mark = cursor.partition(".")
    yield from ("", ".", "x", place, f"{place}.", f".{mark}", f"{place}.{mark[:-1]}", f"{place}.{mark}0")
    yield f"{place[:-2]}AA.{mark}"
    yield f"JyBPUiAxPTEgLS0.{mark}"
    yield f"{place}.{'0' * len(mark)}"


def test_forged_cursors_lead_nowhere(client: TestClient) -> None:
    for n in range(3):
        client.post("/v1/score", json={"id": str(n), "text": f"{HONEST} {n}"})
    cursor = client.get("/v1/assessments", params={"limit": 1}).json()["next_cursor"]
    assert client.get("/v1/assessments", params={"cursor": cursor}).status_code == 200
    for bad in forged(cursor):
        response = client.get("/v1/assessments", params={"cursor": bad})
        assert check_problem(response, 422, "validation")["errors"][0]["pointer"] == "/cursor"


def test_a_cursor_of_another_partner_or_list_leads_nowhere(
    client: TestClient, anonymous: TestClient, other: dict[str, str]
) -> None:
    for n in range(3):
        client.post("/v1/score", json={"id": str(n), "text": f"{HONEST} {n}"})
    cursor = client.get("/v1/assessments", params={"limit": 1}).json()["next_cursor"]
    stolen = anonymous.get("/v1/assessments", params={"cursor": cursor}, headers=other)
    check_problem(stolen, 422, "validation")
    check_problem(client.get("/v1/jobs", params={"cursor": cursor}), 422, "validation")


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1e3", "1;DROP TABLE adverts", "NaN", ""])
def test_a_page_of_impossible_size_is_a_422(client: TestClient, limit: str) -> None:
    check_problem(client.get("/v1/assessments", params={"limit": limit}), 422, "validation")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"text": "x", "deep": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"text": "x", "n": 1' + b"0" * 5000 + b"}",
        b'{"text": "x", "n": 1e999999}',
        b'{"text": "x", "pay": {"min": 1e309}}',
    ],
)
def test_json_that_is_too_deep_or_too_large_a_number_harms_nobody(client: TestClient, body: bytes) -> None:
    for path in ("/v1/score", "/v1/score/batch"):
        response = client.post(path, content=body, headers=JSON)
        assert response.status_code in {200, 400, 422}
        assert client.get("/livez").status_code == 200


def test_a_name_given_twice_is_no_way_round_a_check(client: TestClient) -> None:
    body = b'{"text": "A cook", "text": 5}'
    check_problem(client.post("/v1/score", content=body, headers=JSON), 422, "validation")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", b'{"text": "x"}'),
        ("application/x-www-form-urlencoded", b"text=x"),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("application/xml", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'),
    ],
)
def test_a_body_in_disguise_is_a_415(client: TestClient, kind: str, body: bytes) -> None:
    response = client.post("/v1/score", content=body, headers={"Content-Type": kind})
    check_problem(response, 415, "unsupported-media-type")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"])
def test_methods_that_are_not_meant_are_a_405_whatever_a_header_says(client: TestClient, method: str) -> None:
    headers = {"X-HTTP-Method-Override": "POST", "X-Method-Override": "POST"}
    response = client.request(method, "/v1/score", headers=headers)
    check_problem(response, 405, "method-not-allowed")
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/",
        "https://[::1]:443/",
        "https://0x7f.1/",
        "https://localhost:8443/",
        "https://board.example.com:6379/",
        "https://user@board.example.com/",
        "file:///etc/passwd",
        "https://board.example.com/\r\nHost: evil.example",
        "javascript:alert(1)",
    ],
)
def test_a_webhook_cannot_be_aimed_inside(anonymous: TestClient, admin: dict[str, str], url: str) -> None:
    response = anonymous.post("/v1/webhooks", json={"url": url}, headers=admin)
    assert check_problem(response, 422, "validation")["errors"][0]["pointer"] == "/url"


def test_a_refusal_repeats_nothing_that_was_sent(client: TestClient) -> None:
    sent = "<script>alert(1)</script>"
    bodies = [{"title": {sent: sent}}, {"pay": {"min": sent}, "text": "x"}, {"id": "", "text": sent}]
    for body in bodies:
        assert "alert(1)" not in client.post("/v1/score", json=body).json()["detail"]
    assert "alert" not in client.get(f"/v1/assessments/{sent}").json()["detail"]


def test_more_than_the_allowance_is_a_429_that_says_when(client: TestClient, context: Context) -> None:
    batch = {"adverts": [{"id": str(n), "text": "x"} for n in range(100)]}
    context.rates._quota = 150
    context.rates._item = type(context.rates._item)(150)
    assert client.post("/v1/score/batch", json=batch).status_code == 207
    response = client.post("/v1/score/batch", json=batch)
    check_problem(response, 429, "rate-limited")
    assert 1 <= int(response.headers["retry-after"]) <= 60


def test_an_expired_key_is_refused_to_the_second(
    context: Context, anonymous: TestClient, clock: Clock
) -> None:
    with context.database.writing() as session:
        key, _ = create_key(
            session,
            "Brief Jobs",
            pepper=context.pepper,
            scopes=("read",),
            is_test=False,
            at=clock(),
            expires_at=clock() + timedelta(seconds=2),
        )
    headers = {"X-API-Key": key}
    assert anonymous.get("/v1/assessments", headers=headers).status_code == 200
    clock.move(seconds=2)
    check_problem(anonymous.get("/v1/assessments", headers=headers), 401, "unauthenticated")


def test_where_a_request_claims_to_come_from_or_go_to_changes_nothing(
    anonymous: TestClient, admin: dict[str, str]
) -> None:
    claims = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-For": "127.0.0.1",
        "Forwarded": "host=evil.example",
        "Origin": "https://evil.example",
    }
    wanted = {"url": "https://board.example.com/hooks"}
    made = anonymous.post("/v1/webhooks", json=wanted, headers={**admin, **claims})
    assert made.status_code == 201
    assert made.headers["location"] == f"/v1/webhooks/{made.json()['id']}"
    assert "evil.example" not in f"{made.text}{dict(made.headers)}"
    assert "access-control-allow-origin" not in made.headers
    check_problem(anonymous.get("/v1/webhooks", headers=claims), 401, "unauthenticated")


def test_a_console_session_opens_no_door_of_the_api(browse: Callable[..., TestClient]) -> None:
    browser = browse()
    assert browser.get("/console").status_code == 200
    check_problem(browser.get("/v1/assessments"), 401, "unauthenticated")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("raw")
    (folder / "x.sqlite3").write_bytes(migrated.read_bytes())
    one = start(
        database_url=f"sqlite:///{folder}/x.sqlite3",
        secret="0123456789abcdef0123456789abcdef-for-tests",
        jobs_folder=folder / "jobs",
        background=False,
    )
    yield one
    one.stop()


def raw(served: Served, request: bytes) -> bytes:
    host, _, port = served.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=3) as connection:
        answer = b""
        try:
            connection.sendall(request)
            while piece := connection.recv(65536):
                answer += piece
        except (ConnectionResetError, BrokenPipeError, TimeoutError):
            pass
    return answer


def test_a_request_smuggled_inside_another_is_never_answered(served: Served) -> None:
    inner = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"
    both = b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert b"model_version" not in raw(served, both + b"0\r\n\r\n" + inner)
    two = b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 0\r\n\r\n"
    assert b"model_version" not in raw(served, two + inner)


@pytest.mark.parametrize(
    "value", [b"a\rSet-Cookie: x=1", b"a\nSet-Cookie: x=1", b"a\x00b", b"\xff\xfe", b"a" * 5000]
)
def test_a_header_cannot_write_another_header(served: Served, value: bytes) -> None:
    answer = raw(
        served, b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: " + value + b"\r\n\r\n"
    )
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"set-cookie" not in head
    assert b"aaaa" not in head
    assert head.startswith((b"http/1.1 200", b"http/1.1 400", b"http/1.1 431"))


def test_bodies_that_never_end_hold_up_nobody_else(served: Served) -> None:
    host, _, port = served.url.removeprefix("http://").partition(":")
    begun = b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"
    with ExitStack() as stack:
        for _ in range(100):  # more than there are threads
            stack.enter_context(socket.create_connection((host, int(port)), timeout=3)).sendall(begun)
        answer = raw(served, b"GET /v1/assessments HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 401")


def test_a_body_longer_than_it_says_is_no_second_request(served: Served) -> None:
    head = b"POST /v1/score HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
    assert b"model_version" not in raw(served, head + b"{}GET /version HTTP/1.1\r\nHost: x\r\n\r\n")


def test_headers_without_end_are_cut_off(served: Served) -> None:
    answer = raw(served, b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 1_000_000 + b"\r\n\r\n")
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
    assert b"alive" in raw(served, b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


def test_what_two_partners_sent_is_counted_apart(
    client: TestClient, anonymous: TestClient, other: dict[str, str]
) -> None:
    for n in range(3):
        client.post("/v1/score", json={"id": str(n), "text": f"{LURE} {n}"})
    theirs = anonymous.post("/v1/score", json={"id": "0", "text": f"{LURE} 0"}, headers=other).json()
    assert theirs["linked"]["adverts"] == 0
    assert len(anonymous.get("/v1/assessments", headers=other).json()["items"]) == 1
    assert json.dumps(theirs).count("asm_") == 1
