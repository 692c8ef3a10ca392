"""What an answer carries beside the score: notices, referrals, advice, what is kept; and test keys."""

import json
import math
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from model.schema.assessment import Band
from service.advice import Do, Mode, advise
from service.app import create_app
from service.assessing import Context, assess
from service.auth import create_key
from service.jobs.running import run_job
from service.settings import Settings
from service.store.tables import AdvertRow, AssessmentRow, FeedbackRow, ReviewRow
from service.testing import list_test_adverts
from tests.factories import HONEST, LURE, UNCERTAIN, make_advert
from tests.fakes import Clock, PhraseDetector
from tests.service.test_api import check_problem


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"jobs_folder": tmp_path / "jobs"})


@pytest.fixture
def test_client(client: TestClient, context: Context) -> TestClient:
    with context.database.writing() as session:
        key = create_key(
            session,
            "Example Jobs",
            pepper=context.pepper,
            scopes=("score", "read", "feedback", "admin"),
            is_test=True,
            at=context.clock(),
            expires_at=None,
        )[0]
    return TestClient(client.app, raise_server_exceptions=False, headers={"Authorization": f"Bearer {key}"})


@pytest.mark.parametrize("language", ["en", "zh", "th", "vi", "id", "es", "fr", "km", "my", "hi", "ar", "sw"])
def test_a_risky_advert_comes_with_words_for_both_sides_in_the_language_asked_for(
    client: TestClient, language: str
) -> None:
    answer = client.post(f"/v1/score?language={language}", json={"text": LURE}).json()
    notices = answer["notices"]
    assert (notices["language"], notices["language_asked"], notices["note"]) == (language, language, None)
    assert len(notices["jobseeker"]) > 15
    assert len(notices["employer"]) > 15
    assert "package" in [reason["group"] for reason in notices["reasons"]]
    again = client.get(f"/v1/assessments/{answer['id']}?language={language}").json()
    assert (again["notices"], again["referrals"]) == (notices, answer["referrals"])


def test_the_language_is_the_adverts_own_when_none_is_asked_for_and_english_when_there_is_no_other(
    client: TestClient,
) -> None:
    own = client.post("/v1/score", json={"text": LURE}).json()["notices"]
    assert (own["language"], own["note"]) == ("en", None)
    other = client.post("/v1/score?language=sv", json={"text": LURE}).json()["notices"]
    assert (other["language"], other["language_asked"]) == ("en", "sv")
    assert "in English" in other["note"]


@pytest.mark.parametrize(
    "query", ["language=<b>", "language=x", "store=some", "model=../x", "explain=perhaps", "stor=none"]
)
def test_an_option_that_is_none_is_named(client: TestClient, query: str) -> None:
    response = client.post(f"/v1/score?{query}", json={"text": LURE})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/" + query.partition("=")[0]


def test_referrals_name_source_and_year_and_come_with_risky_adverts_only(client: TestClient) -> None:
    risky, honest = (client.post("/v1/score", json={"text": text}).json() for text in (LURE, HONEST))
    assert (honest["notices"], honest["referrals"]) == (None, [])
    assert risky["referrals"]
    assert "verif" in risky["notices"]["referral_caution"]
    for referral in risky["referrals"]:
        assert referral["source_title"]
        assert referral["verified"] is None
        assert {"source_year", "source_url"} <= referral.keys()


def test_a_batch_takes_the_same_options(client: TestClient) -> None:
    body = {"adverts": [{"text": LURE}, {"text": HONEST}]}
    items = client.post("/v1/score/batch?language=th&explain=false&store=none", json=body).json()["items"]
    assert items[0]["answer"]["notices"]["language"] == "th"
    assert [item["answer"]["reasons"] for item in items] == [[], []]
    assert [item["answer"]["kept"]["store"] for item in items] == ["none", "none"]


def test_without_explanation_the_score_is_the_same_and_the_reasons_are_gone(client: TestClient) -> None:
    told, bare = (
        client.post(f"/v1/score?explain={e}", json={"text": LURE}).json() for e in ("true", "false")
    )
    assert (bare["score"], bare["band"], bare["id"]) == (told["score"], told["band"], told["id"])
    assert (bare["reasons"], bare["facts"]) == ([], [])
    assert client.get(f"/v1/assessments/{told['id']}").json()["reasons"] == told["reasons"]


def test_of_features_no_word_of_the_advert_is_kept(client: TestClient, context: Context) -> None:
    answer = client.post(
        "/v1/score?store=features", json={"id": "1", "text": LURE, "url": "https://example.com/a"}
    ).json()
    assert answer["kept"]["store"] == "features"
    assert answer["reasons"][0]["spans"]
    again = client.get(f"/v1/assessments/{answer['id']}").json()
    assert (again["score"], again["kept"]["store"]) == (answer["score"], "features")
    assert [reason["code"] for reason in again["reasons"]] == [reason["code"] for reason in answer["reasons"]]
    assert not any(reason["spans"] for reason in again["reasons"])
    with context.database.reading() as session:
        row, said = session.scalars(select(AdvertRow)).one(), session.scalars(select(AssessmentRow)).one()
        kept = f"{row.record} {row.heading} {row.url} {said.record}"
        assert session.scalar(select(func.count()).select_from(ReviewRow)) == 0
    assert not [word for word in ("Poipet", "Cambodia office", "example_hr", "example.com") if word in kept]


def test_of_nothing_nothing_is_kept(client: TestClient, context: Context) -> None:
    answer = client.post("/v1/score?store=none", json={"text": LURE}).json()
    assert (answer["id"], answer["kept"]) == (None, {"store": "none", "until": None, "what": []})
    assert answer["band"] == "high"
    with context.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AdvertRow)) == 0


def test_a_pinned_release_answers_or_is_said_not_to_be_there(client: TestClient) -> None:
    version = client.get("/version").json()["model_version"]
    assert client.post(f"/v1/score?model={version}", json={"text": LURE}).json()["model_version"] == version
    response = client.post("/v1/score?model=none-such", json={"text": LURE})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (422, "unknown_release")


def test_another_installed_release_is_loaded_for_who_asks(client: TestClient, context: Context) -> None:
    from model.release import promoted_version

    installed = promoted_version()
    assert installed != context.detector.model_version
    answer = client.post(f"/v1/score?model={installed}", json={"text": LURE}).json()
    assert answer["model_version"] == installed


@pytest.mark.parametrize(
    ("mode", "text", "do", "would"),
    [
        (Mode.OBSERVE, LURE, Do.PUBLISH, Do.HOLD),
        (Mode.ADVISE, LURE, Do.WARN, Do.HOLD),
        (Mode.ENFORCE, LURE, Do.HOLD, Do.HOLD),
        (Mode.ENFORCE, UNCERTAIN, Do.REVIEW, Do.REVIEW),
        (Mode.ENFORCE, HONEST, Do.PUBLISH, Do.PUBLISH),
        (Mode.ENFORCE, "Hi", Do.REVIEW, Do.REVIEW),
        (Mode.ADVISE, "Hi", Do.PUBLISH, Do.REVIEW),
    ],
)
def test_advice_follows_band_and_mode(context: Context, mode: Mode, text: str, do: Do, would: Do) -> None:
    said = assess(context, [make_advert(text=text)], at=context.clock())[0]
    advice = advise(said, mode=mode, allowed=False)
    assert (advice.do, advice.would) == (do, would)
    assert advise(said, mode=mode, allowed=True).do is Do.PUBLISH


def test_a_test_key_gets_every_band_and_reason_the_same_each_time_and_stores_nothing(
    test_client: TestClient, context: Context
) -> None:
    listed = test_client.get("/v1/test-adverts").json()
    assert {advert["band"] for advert in listed} == {band.value for band in Band}
    assert len(listed) == len(list_test_adverts()) > 100
    for begin in range(0, len(listed), 100):
        wanted = listed[begin : begin + 100]
        body = {"adverts": [{"id": advert["id"], "text": "any words"} for advert in wanted]}
        first, second = (test_client.post("/v1/score/batch", json=body).json()["items"] for _ in range(2))
        assert first == second
        for advert, item in zip(wanted, first, strict=True):
            answer = item["answer"]
            assert answer["band"] == advert["band"]
            assert advert["reason"] in {None, *(reason["code"] for reason in answer["reasons"])}
    with context.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AdvertRow)) == 0


def test_a_forced_answer_is_read_again_by_its_id_from_any_process(
    test_client: TestClient, client: TestClient, settings: Settings, clock: Clock
) -> None:
    clock.move(days=1)
    other = create_app(settings, detector=PhraseDetector(), clock=clock)
    with TestClient(other, headers=dict(test_client.headers)) as elsewhere:
        for advert_id in ("test:band:high", "test:reason:upfront_fee", "test:band:not_an_advert"):
            answer = test_client.post("/v1/score", json={"id": advert_id, "text": "x"}).json()
            path = f"/v1/assessments/{answer['id']}"
            assert elsewhere.get(path).json() == test_client.get(path).json() == answer
            assert elsewhere.get(path).headers["etag"] == test_client.get(path).headers["etag"]
            assert client.get(path).status_code == 404
        for unknown in ("asmtest_", "asmtest_band", "asmtest_band_purple", "asmtest_band:high", "band_high"):
            assert elsewhere.get(f"/v1/assessments/{unknown}").status_code == 404


def test_other_adverts_of_a_test_key_are_scored_for_real_and_leave_nothing_to_read_again(
    test_client: TestClient, context: Context
) -> None:
    answer = test_client.post("/v1/score", json={"text": LURE}).json()
    assert (answer["band"], answer["kept"]["store"], answer["id"]) == ("high", "none", None)
    with context.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AdvertRow)) == 0


def test_what_a_test_key_sends_in_bulk_or_with_feedback_is_stored_no_more_than_the_rest(
    test_client: TestClient, client: TestClient, context: Context
) -> None:
    sent = {"Content-Type": "application/x-ndjson"}
    body = json.dumps({"id": "JB-1", "text": LURE}).encode()
    job = test_client.post("/v1/jobs", content=body, headers=sent).json()
    assert run_job(context, job["id"])
    line = test_client.get(f"/v1/jobs/{job['id']}/output").json()
    assert (line["answer"]["band"], line["answer"]["kept"]["store"], line["answer"]["id"]) == (
        "high",
        "none",
        None,
    )
    for feedback in ({"advert": {"text": LURE}}, {"advert_id": "JB-1"}):
        refused = test_client.post("/v1/feedback", json={**feedback, "verdict": "legitimate"})
        check_problem(refused, 403, "forbidden")
    appeal = {"advert_id": "JB-1", "statement": "Ours."}
    check_problem(test_client.post("/v1/appeals", json=appeal), 403, "forbidden")
    with context.database.reading() as session:
        for table in (AdvertRow, AssessmentRow, ReviewRow, FeedbackRow):
            assert session.scalar(select(func.count()).select_from(table)) == 0


def test_a_test_key_sees_and_moves_nothing_of_the_live_ones(
    test_client: TestClient, client: TestClient
) -> None:
    sent = {"Content-Type": "application/x-ndjson"}
    said = client.post("/v1/score", json={"id": "JB-1", "text": LURE}).json()
    jobs = [
        one.post("/v1/jobs", content=b'{"text": "Cook"}', headers=sent).json()
        for one in (client, test_client)
    ]
    assert test_client.get("/v1/assessments").json()["items"] == []
    check_problem(test_client.get(f"/v1/assessments/{said['id']}"), 404, "not-found")
    for one, own, others in ((client, *jobs), (test_client, *reversed(jobs))):
        assert [job["id"] for job in one.get("/v1/jobs").json()["items"]] == [own["id"]]
        for path in ("", "/output", "/errors"):
            check_problem(one.get(f"/v1/jobs/{others['id']}{path}"), 404, "not-found")
        check_problem(one.delete(f"/v1/jobs/{others['id']}"), 404, "not-found")
    for method, path, body in (
        ("PUT", "/v1/thresholds", {"review": 0.1, "high": 0.2}),
        ("PUT", "/v1/allowed-employers?employer=Harbour%20Hotel", {"days": 9}),
        ("DELETE", "/v1/allowed-employers?employer=Harbour%20Hotel", None),
    ):
        check_problem(test_client.request(method, path, json=body), 403, "forbidden")
    assert test_client.put("/v1/thresholds", json={"mode": "enforce"}).json()["own"] is False


def test_what_a_test_key_was_answered_is_never_the_answer_to_a_live_one(
    test_client: TestClient, client: TestClient
) -> None:
    key, body = {"Idempotency-Key": "JB-1"}, {"id": "JB-1", "text": LURE}
    tried, live, again = (
        one.post("/v1/score", json=body, headers=key) for one in (test_client, client, client)
    )
    assert [answer.json()["kept"]["store"] for answer in (tried, live)] == ["none", "full"]
    assert again.content == live.content


@pytest.mark.parametrize("advert_id", ["test:band:purple", "test:reason:none_such", "test:"])
def test_a_test_advert_that_does_not_exist_is_refused_and_an_ordinary_key_knows_none(
    test_client: TestClient, client: TestClient, advert_id: str
) -> None:
    body = {"id": advert_id, "text": HONEST}
    assert test_client.post("/v1/score", json=body).json()["errors"][0]["pointer"] == "/id"
    items = test_client.post("/v1/score/batch", json={"adverts": [body, {"text": HONEST}]}).json()["items"]
    assert [item["status"] for item in items] == [422, 200]
    assert client.post("/v1/score", json=body).json()["band"] == "low"


def test_the_reasons_of_a_forced_answer_sum_to_its_score(test_client: TestClient) -> None:
    for name in ("test:band:high", "test:reason:upfront_fee", "test:reason:linked_to_confirmed"):
        answer = test_client.post("/v1/score", json={"id": name, "text": "x"}).json()
        total = sum(reason["log_odds"] for reason in answer["reasons"])
        assert math.isclose(total, math.log(answer["score"] / (1 - answer["score"])), abs_tol=1e-6)
