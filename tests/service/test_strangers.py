"""Every address with an id in it, tried by a partner whose it is not: nothing there, nothing changed, nothing told."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.assessing import Context
from service.jobs.running import run_job
from service.settings import Settings
from tests.factories import HONEST, LURE
from tests.service.test_api import check_problem

ALL = ("score", "read", "feedback", "admin")
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"jobs_folder": tmp_path / "jobs"})


@pytest.fixture
def owner(app: FastAPI, make_partner_key: Callable[..., str]) -> TestClient:
    return TestClient(app, headers={"X-API-Key": make_partner_key("Example Jobs", ALL)})


@pytest.fixture
def stranger(app: FastAPI, make_partner_key: Callable[..., str]) -> TestClient:
    return TestClient(app, headers={"X-API-Key": make_partner_key("Other Jobs", ALL)})


@pytest.fixture
def ids(owner: TestClient, context: Context) -> Mapping[str, str]:
    said = owner.post("/v1/score", json={"id": "JB-1", "text": LURE}).json()
    about = {"assessment_id": said["id"]}
    feedback = owner.post("/v1/feedback", json={**about, "verdict": "legitimate"}).json()
    appeal = owner.post("/v1/appeals", json={**about, "statement": "We are a real hotel."}).json()
    endpoint = owner.post("/v1/webhooks", json={"url": "https://board.example.com/hooks"}).json()
    job = owner.post("/v1/jobs", content=b'{"text": "A cook"}\n', headers=NDJSON).json()
    assert run_job(context, job["id"])
    assert owner.post(f"/v1/webhooks/{endpoint['id']}/test").status_code == 202
    delivery = owner.get(f"/v1/webhooks/{endpoint['id']}/deliveries").json()["items"][0]
    return {
        "assessment_id": said["id"],
        "feedback_id": feedback["id"],
        "appeal_id": appeal["id"],
        "endpoint_id": endpoint["id"],
        "job_id": job["id"],
        "delivery_id": delivery["id"],
    }


def with_ids(app: FastAPI) -> list[tuple[str, str]]:
    return [
        (method, path)
        for path, methods in app.openapi()["paths"].items()
        if path.startswith("/v1/") and "{" in path
        for method in methods
    ]


def test_no_address_with_an_id_gives_a_stranger_anything(
    app: FastAPI, owner: TestClient, stranger: TestClient, ids: Mapping[str, str]
) -> None:
    tried = with_ids(app)
    assert len(tried) >= 14
    reads = [path.format(**ids) for method, path in tried if method == "get"]
    before = [owner.get(path).text for path in reads]
    for method, path in tried:
        body = (
            {"json": {"enabled": False} if method == "patch" else {}} if method in {"patch", "post"} else {}
        )
        refused = stranger.request(method.upper(), path.format(**ids), **body)
        problem = check_problem(refused, 404, "not-found")
        assert not [one for one in ids.values() if one in problem["detail"]]
    assert [owner.get(path).status_code for path in reads] == [200] * len(reads)
    assert [owner.get(path).text for path in reads] == before


def test_a_stranger_cannot_speak_about_what_another_sent(
    stranger: TestClient, ids: Mapping[str, str]
) -> None:
    for about in ({"assessment_id": ids["assessment_id"]}, {"advert_id": "JB-1"}):
        for path, said in (("feedback", {"verdict": "legitimate"}), ("appeals", {"statement": "Ours."})):
            check_problem(stranger.post(f"/v1/{path}", json={**about, **said}), 404, "not-found")


def test_a_stranger_counts_and_lists_nothing_of_anothers(
    stranger: TestClient, ids: Mapping[str, str]
) -> None:
    outcome = stranger.get("/v1/what-if", params={"review": 0, "high": 0}).json()
    assert [
        outcome[when][band]["n"] for when in ("then", "now") for band in ("held", "review", "passed")
    ] == [0] * 6
    for path in ("assessments", "jobs", "webhooks"):
        assert stranger.get(f"/v1/{path}").json()["items"] == []
    assert stranger.get("/v1/allowed-employers").json() == []


def test_a_stranger_who_sends_the_same_advert_gets_an_id_and_links_of_its_own(
    stranger: TestClient, ids: Mapping[str, str]
) -> None:
    said = stranger.post("/v1/score", json={"id": "JB-1", "text": LURE}).json()
    assert said["id"] != ids["assessment_id"]
    assert (said["linked"]["campaign"], said["linked"]["adverts"], said["linked"]["via"]) == (None, 0, [])


def test_a_stranger_with_the_same_idempotency_key_does_its_own_work(
    owner: TestClient, stranger: TestClient
) -> None:
    body, headers = {"id": "JB-9", "text": HONEST}, {"Idempotency-Key": "shared"}
    first, other = (one.post("/v1/score", json=body, headers=headers) for one in (owner, stranger))
    assert "idempotent-replayed" not in other.headers
    assert first.json()["id"] != other.json()["id"]


def test_settings_of_one_partner_move_no_band_of_another(owner: TestClient, stranger: TestClient) -> None:
    before = stranger.post("/v1/score", json={"id": "1", "text": HONEST}).json()
    assert owner.put("/v1/thresholds", json={"review": 0.0, "high": 0.0}).status_code == 200
    after = stranger.post("/v1/score", json={"id": "2", "text": HONEST}).json()
    assert (after["band"], after["thresholds"]) == (before["band"], before["thresholds"])
    assert owner.post("/v1/score", json={"id": "1", "text": HONEST}).json()["band"] == "high"
