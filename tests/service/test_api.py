import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from service.assessing import Context
from service.store.tables import PartnerRow
from tests.factories import HONEST, LURE
from tests.fakes import Clock


def check_problem(response: Response, status: int, slug: str) -> dict:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["type"].endswith("/" + slug)
    assert problem["request_id"] == response.headers["x-request-id"]
    assert problem["title"]
    assert problem["detail"]
    return problem


def test_an_advert_gets_a_score_with_reasons_and_is_found_again(client: TestClient) -> None:
    answer = client.post("/v1/score", json={"id": "JB-1", "description": LURE, "colour": "red"}).json()
    assert answer["band"] == "high"
    assert answer["ignored"] == ["colour"]
    assert (answer["kept"]["store"], answer["kept"]["until"]) == ("full", "2027-11-21T12:00:00Z")
    span = answer["reasons"][0]["spans"][0]
    assert LURE[span["start"] : span["end"]] == span["text"]
    again = client.get(f"/v1/assessments/{answer['id']}").json()
    assert again == {**answer, "ignored": []}


def test_text_is_another_name_for_the_description(client: TestClient) -> None:
    by_text, by_description = (
        client.post("/v1/score", json={"id": "1", name: LURE}).json() for name in ("text", "description")
    )
    assert by_text == by_description
    assert by_text["ignored"] == []


def test_the_same_advert_twice_is_stored_once_and_keeps_its_id(client: TestClient) -> None:
    ids = {client.post("/v1/score", json={"description": LURE}).json()["id"] for _ in range(3)}
    assert len(ids) == 1


def test_thresholds_of_the_partner_decide_the_band(client: TestClient, context: Context) -> None:
    with context.database.writing() as session:
        partner = session.query(PartnerRow).filter_by(name="Example Jobs").one()
        partner.review_threshold, partner.high_threshold = 0.97, 0.995
    answer = client.post("/v1/score", json={"description": LURE}).json()
    assert (answer["band"], answer["thresholds"]) == ("review", {"review": 0.97, "high": 0.995})


def test_a_batch_answers_each_advert_by_itself(client: TestClient) -> None:
    adverts = [{"description": HONEST}, {"title": 5}, {"description": LURE, "colour": "red"}, {}]
    response = client.post("/v1/score/batch", json={"adverts": adverts})
    assert response.status_code == 207
    items = response.json()["items"]
    assert [(item["index"], item["status"]) for item in items] == [(0, 200), (1, 422), (2, 200), (3, 422)]
    assert items[1]["problem"]["errors"][0]["pointer"] == "/title"
    assert items[2]["answer"]["ignored"] == ["colour"]
    assert items[0]["answer"]["band"] == "low"


@pytest.mark.parametrize("n_adverts", [0, 101])
def test_a_batch_of_none_or_too_many_is_refused(client: TestClient, n_adverts: int) -> None:
    response = client.post("/v1/score/batch", json={"adverts": [{"text": "x"}] * n_adverts})
    assert check_problem(response, 422, "validation")["errors"][0]["pointer"] == "/adverts"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer lw_live_x"}, {"X-API-Key": "nonsense"}])
def test_without_a_valid_key_there_is_a_401_that_says_how(
    anonymous: TestClient, headers: dict[str, str]
) -> None:
    response = anonymous.post("/v1/score", json={"description": LURE}, headers=headers)
    check_problem(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"].startswith("Bearer")


def test_a_key_may_also_come_as_x_api_key(
    anonymous: TestClient, make_partner_key: Callable[..., str]
) -> None:
    headers = {"X-API-Key": make_partner_key()}
    assert anonymous.post("/v1/score", json={"description": LURE}, headers=headers).status_code == 200


def test_a_key_without_the_scope_is_refused(
    anonymous: TestClient, make_partner_key: Callable[..., str]
) -> None:
    headers = {"X-API-Key": make_partner_key(scopes=("read",))}
    problem = check_problem(
        anonymous.post("/v1/score", json={"text": "x"}, headers=headers), 403, "forbidden"
    )
    assert "scope score" in problem["detail"]


def test_one_partner_does_not_see_what_another_sent(
    client: TestClient, anonymous: TestClient, make_partner_key: Callable[..., str]
) -> None:
    mine = client.post("/v1/score", json={"id": "same", "description": LURE}).json()["id"]
    other = {"X-API-Key": make_partner_key("Other Jobs")}
    check_problem(anonymous.get(f"/v1/assessments/{mine}", headers=other), 404, "not-found")
    theirs = anonymous.post("/v1/score", json={"id": "same", "description": LURE}, headers=other).json()["id"]
    assert theirs != mine


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"title": 5}, "/title", "string_type"),
        ({}, "/description", "missing"),
        ({"description": "  "}, "/description", "missing"),
        ({"text": "x", "pay": {"min": "a lot"}}, "/pay/min", "float_parsing"),
        ({"text": "x", "contacts": [{"kind": "phone"}]}, "/contacts/0/value", "missing"),
        ({"text": "x", "id": ""}, "/id", "string_too_short"),
        ({"text": "x", "employer": {"a/b": 1}}, "/employer/a~1b", "extra_forbidden"),
    ],
)
def test_a_broken_field_is_named_by_its_pointer(
    client: TestClient, body: dict, pointer: str, code: str
) -> None:
    problem = check_problem(client.post("/v1/score", json=body), 422, "validation")
    assert (problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == (pointer, code)


@pytest.mark.parametrize(
    "body", [b"{", b"", b"\xff\xfe", b'{"text": NaN', b"[" * 5000, b'{"text": "\\ud800"}']
)
def test_what_is_no_json_is_a_400(client: TestClient, body: bytes) -> None:
    response = client.post("/v1/score", content=body, headers={"Content-Type": "application/json"})
    assert "not JSON" in check_problem(response, 400, "bad-request")["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": ""},
        {"Content-Type": "application/json", "Content-Encoding": "br"},
    ],
)
def test_what_is_sent_in_another_form_is_a_415(client: TestClient, headers: dict[str, str]) -> None:
    check_problem(client.post("/v1/score", content=b"{}", headers=headers), 415, "unsupported-media-type")


def test_unknown_addresses_and_methods_are_problems_too(client: TestClient) -> None:
    check_problem(client.get("/v1/nothing"), 404, "not-found")
    response = client.put("/v1/score", json={})
    check_problem(response, 405, "method-not-allowed")
    assert response.headers["allow"] == "POST"


def test_a_body_over_the_limit_is_a_413_told_or_not(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    too_large = json.dumps({"text": "x" * 1_000_001}).encode()
    check_problem(client.post("/v1/score", content=too_large, headers=headers), 413, "too-large")
    in_pieces = (too_large[i : i + 65536] for i in range(0, len(too_large), 65536))
    check_problem(client.post("/v1/score", content=in_pieces, headers=headers), 413, "too-large")


def test_a_crash_is_a_500_with_an_id_and_its_place_in_the_log_but_no_words(
    client: TestClient,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def crash(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError(LURE)

    monkeypatch.setattr(type(context.detector), "assess", crash)
    problem = check_problem(client.post("/v1/score", json={"text": "x"}), 500, "internal-error")
    logged = capsys.readouterr().out
    assert problem["request_id"] in logged
    assert "RuntimeError" in logged
    assert "test_api.py" in logged
    assert LURE not in json.dumps(problem) + logged


@pytest.mark.parametrize("text", ["a\x00b", "\ufeff" * 9, "𝐅𝐫𝐞𝐞 flight", "x" * 200_000, "柬埔寨" * 3000])
def test_any_text_that_is_json_is_scored_and_stored(client: TestClient, text: str) -> None:
    body = {"id": "a\x00b", "title": text, "source": "s\x00"}
    answer = client.post("/v1/score", json=body)
    assert answer.status_code == 200
    assert client.get(f"/v1/assessments/{answer.json()['id']}").status_code == 200


def test_a_chosen_request_id_is_kept_only_when_it_is_plain(client: TestClient) -> None:
    assert (
        client.get("/livez", headers={"X-Request-Id": "board-4711-a"}).headers["x-request-id"]
        == "board-4711-a"
    )
    assert client.get("/livez", headers={"X-Request-Id": "a b"}).headers["x-request-id"].startswith("req_")


def test_every_answer_carries_the_security_headers_once(client: TestClient) -> None:
    for path in ("/livez", "/nope", "/console", "/console/static/keys.js"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert len(headers.get_list("content-security-policy")) == 1


def test_long_answers_are_compressed_for_who_asks(client: TestClient) -> None:
    plain = client.post("/v1/score", json={"text": LURE}, headers={"Accept-Encoding": "identity"})
    packed = client.post("/v1/score", json={"text": LURE}, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()


def test_health_readiness_and_version_say_what_serves(client: TestClient, anonymous: TestClient) -> None:
    assert anonymous.get("/livez").json() == {"status": "alive"}
    assert anonymous.get("/readyz").json() == {"status": "ready", "model_version": "fake-1"}
    assert anonymous.get("/version").json()["catalogue_version"] == "fake-1"


def test_a_service_whose_database_is_behind_is_alive_but_not_ready(
    client: TestClient, context: Context
) -> None:
    with context.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    assert client.get("/livez").status_code == 200
    assert "lurewatch migrate" in check_problem(client.get("/readyz"), 503, "store-unavailable")["detail"]


def test_metrics_count_requests_and_bands_without_naming_anybody(client: TestClient) -> None:
    client.post("/v1/score", json={"id": "JB-77", "text": LURE})
    told = client.get("/metrics").text
    assert 'lurewatch_adverts_assessed_total{band="high"} 1.0' in told
    assert "lurewatch_reviews_waiting 1.0" in told
    assert "JB-77" not in told
    assert "Example Jobs" not in told


def test_an_expired_key_stops_working(context: Context, anonymous: TestClient, clock: Clock) -> None:
    from service.auth import create_key

    with context.database.writing() as session:
        key, _ = create_key(
            session,
            "Brief Jobs",
            pepper=context.pepper,
            scopes=("score",),
            is_test=False,
            at=clock(),
            expires_at=clock() + timedelta(days=1),
        )
    headers = {"Authorization": f"Bearer {key}"}
    assert anonymous.post("/v1/score", json={"text": LURE}, headers=headers).status_code == 200
    clock.move(days=1)
    check_problem(anonymous.post("/v1/score", json={"text": LURE}, headers=headers), 401, "unauthenticated")


def test_the_description_for_machines_names_bodies_and_problems(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    body = document["paths"]["/v1/score"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schema = document["components"]["schemas"][body["$ref"].rpartition("/")[2]]
    assert schema["properties"]["description"]["description"]
    assert "application/problem+json" in document["paths"]["/v1/score"]["post"]["responses"]["422"]["content"]
    assert not [path for path in document["paths"] if path.startswith("/console")]
