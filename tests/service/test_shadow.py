"""A candidate beside the serving release: it changes nothing, misses nothing, and goes with what it was about."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from typer.testing import CliRunner

import lurewatch
from model.release import RELEASES, promoted_version
from model.training.dataset import load_dataset
from service import shadow as shadowing_module
from service.assessing import Context, assess_and_store
from service.auth import create_key
from service.errors import ShortfallError
from service.metrics import Metrics
from service.retention import erase_due
from service.review import actions
from service.review.export import export_labels
from service.review.permissions import Person
from service.review.verdicts import find_choice
from service.settings import Settings
from service.shadow import Shadow, load_shadow
from service.shadow_report import report
from service.store.ids import utc_now
from service.store.tables import CRAWLER, AssessmentRow, PartnerRow, ReviewRow, ShadowScoreRow, Table
from tests.factories import HONEST, LURE, UNCERTAIN, make_advert
from tests.fakes import Clock, PhraseDetector
from tests.service.shadowing import Bolder

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def shadow(context: Context, metrics: Metrics) -> Shadow:
    return Shadow(context, Bolder(), metrics)


def scores(context: Context) -> list[ShadowScoreRow]:
    with context.database.reading() as session:
        return list(session.scalars(select(ShadowScoreRow).order_by(ShadowScoreRow.assessment_id)))


def send(client: TestClient, *texts: str, **options: str) -> list[dict]:
    return [client.post("/v1/score", params=options, json={"text": text}).json() for text in texts]


def crawl(context: Context, *texts: str) -> None:
    adverts = [make_advert(id=f"ad-{n}", text=text) for n, text in enumerate(texts)]
    assess_and_store(context, adverts, partner_id=CRAWLER, at=context.clock())


def decide(context: Context, answer: str, by: Person, *ids: str) -> None:
    with context.database.writing() as session:
        for review in list(session.scalars(select(ReviewRow).where(ReviewRow.advert_id.in_(ids)))):
            actions.decide(
                session, review.id, find_choice(answer), by=by, at=context.clock(), seen=review.assessment_id
            )


def compare(context: Context, clock: Clock, *, trained_on: frozenset[str] = frozenset()) -> dict:
    since = clock().replace(hour=0)
    return report(context.database, serving="fake-1", candidate="fake-2", since=since, trained_on=trained_on)


def test_it_scores_what_was_answered_once_and_keeps_numbers_only(
    client: TestClient, context: Context, shadow: Shadow
) -> None:
    answers = send(client, LURE, HONEST, UNCERTAIN)
    assert shadow.score_waiting() == 3
    assert {row.assessment_id: (row.score, row.band, row.language) for row in scores(context)} == {
        answers[0]["id"]: (0.7, "review", "en"),
        answers[1]["id"]: (0.2, "low", "en"),
        answers[2]["id"]: (0.7, "review", "en"),
    }
    assert ShadowScoreRow.__table__.columns.keys() == [
        "assessment_id",
        "model_version",
        "score",
        "band",
        "language",
        "scored_at",
    ]
    assert shadow.score_waiting() == 0
    assert Shadow(context, Bolder(), Metrics()).score_waiting() == 0


def test_nothing_else_in_the_database_changes(client: TestClient, context: Context, shadow: Shadow) -> None:
    def everything() -> dict[str, list]:
        with context.database.reading() as session:
            tables = [table for table in Table.metadata.sorted_tables if table.name != "shadow_scores"]
            return {
                table.name: [
                    tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))
                ]
                for table in tables
            }

    (answer,) = send(client, LURE)
    before = everything()
    assert shadow.score_waiting() == 1
    assert everything() == before
    assert client.get(f"/v1/assessments/{answer['id']}").json()["band"] == answer["band"] == "high"


def test_what_was_not_kept_in_words_and_what_test_keys_send_is_never_scored(
    client: TestClient, context: Context, shadow: Shadow, clock: Clock
) -> None:
    send(client, LURE, store="features")
    send(client, LURE, store="none")
    with context.database.writing() as session:
        key, _ = create_key(
            session,
            "Example Jobs",
            pepper=context.pepper,
            scopes=("score", "read"),
            is_test=True,
            at=clock(),
            expires_at=None,
        )
    client.headers["Authorization"] = f"Bearer {key}"
    send(client, UNCERTAIN)
    assert shadow.score_waiting() == 0
    with pytest.raises(ShortfallError, match="0 wait"):
        compare(context, clock)


def test_a_partners_own_thresholds_decide_the_candidates_band_as_they_would(
    client: TestClient, context: Context, shadow: Shadow
) -> None:
    with context.database.writing() as session:
        session.scalars(
            select(PartnerRow).where(PartnerRow.name == "Example Jobs")
        ).one().review_threshold = 0.6
        session.scalars(
            select(PartnerRow).where(PartnerRow.name == "Example Jobs")
        ).one().high_threshold = 0.7
    send(client, UNCERTAIN)
    shadow.score_waiting()
    assert [row.band for row in scores(context)] == ["high"]


def test_an_assessment_committed_late_is_not_missed(
    client: TestClient, context: Context, shadow: Shadow, clock: Clock
) -> None:
    send(client, LURE)
    assert shadow.score_waiting() == 1
    clock.move(seconds=-30)
    send(client, HONEST)
    clock.move(seconds=31)
    assert shadow.score_waiting() == 1
    assert len(scores(context)) == 2


def test_a_flood_is_scored_to_the_end(
    context: Context, shadow: Shadow, monkeypatch: pytest.MonkeyPatch, metrics: Metrics
) -> None:
    monkeypatch.setattr(shadowing_module, "AT_ONCE", 7)
    crawl(context, *(f"{LURE} {n}" for n in range(40)))
    assert shadow.score_waiting() == 40
    assert len(scores(context)) == 40
    assert (
        'lurewatch_shadow_scores_total{serving_band="high",shadow_band="review"} 40.0'
        in metrics.expose().decode()
    )


def test_two_workers_at_once_leave_one_score_each(context: Context) -> None:
    crawl(context, *(f"{LURE} {n}" for n in range(300)))
    both = [Shadow(context, Bolder(), Metrics()) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(Shadow.score_waiting, both))
    assert len(scores(context)) == 300


def test_scores_go_with_the_advert_they_are_about(
    client: TestClient, context: Context, shadow: Shadow, clock: Clock
) -> None:
    send(client, LURE)
    shadow.score_waiting()
    clock.move(days=366)
    assert erase_due(context) == 1
    assert scores(context) == []


def test_a_killed_worker_is_taken_up_where_it_was(context: Context, settings: Settings) -> None:
    n = 350
    crawl(context, *(f"{LURE} {number}" for number in range(n)))
    said = {"database_url": settings.database_url, "secret": settings.pepper().decode()}
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "tests.service.shadowing", json.dumps(said)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout
    with process.stdout:
        assert process.stdout.readline() == b"scoring\n"
        until = time.monotonic() + 60
        while not scores(context) and time.monotonic() < until:
            time.sleep(0.05)
        process.kill()
        process.wait()
    n_done = len(scores(context))
    assert 0 < n_done < n
    assert Shadow(context, Bolder(), Metrics()).score_waiting() == n - n_done
    assert len(scores(context)) == n


def test_the_report_tells_who_changes_band_and_who_was_right(
    context: Context, shadow: Shadow, clock: Clock, make_person: Callable[..., Person]
) -> None:
    crawl(context, LURE, f"{LURE} now", UNCERTAIN, f"{HONEST} No flights.", f"{HONEST} Part time.")
    by = make_person()
    decide(context, "confirmed:scam_centre", by, "ad-0", "ad-1")
    decide(context, "legitimate", by, "ad-2")
    shadow.score_waiting()
    found = compare(context, clock)
    assert (found["adverts"], found["still_to_be_scored"], found["words_not_kept"]) == (5, 0, 0)
    assert found["bands_changed"] == {"adverts": 3, "low to review": 1, "high to review": 2}
    assert found["bands_changed_by_language"] == {
        "en": {"adverts": 5, "changed": 3, "low to review": 1, "high to review": 2}
    }
    assert found["flagged_by_one_alone"] == {"a": 0, "b": 1, "p_value": 1.0}
    decided = found["decided"]
    assert (decided["lures"], decided["honest"]) == (2, 1)
    assert [decided["precision_of_flagged"][side]["n"] for side in ("a", "b")] == [3, 3]
    assert decided["precision_of_flagged"]["a"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert decided["flagged_and_undecided"] == {"a": 0, "b": 1}
    with context.database.reading() as session:
        known = set(session.scalars(select(AssessmentRow.id)))
    assert {row["id"] for row in found["adverts_that_change_band"]} <= known


def test_what_either_release_was_trained_on_decides_nothing(
    context: Context, shadow: Shadow, clock: Clock, make_person: Callable[..., Person], tmp_path: Path
) -> None:
    crawl(context, LURE, f"{LURE} now")
    by = make_person()
    decide(context, "confirmed:scam_centre", by, "ad-0")
    with context.database.writing() as session:
        batch = export_labels(session, tmp_path, at=clock())
    (file,) = load_dataset([batch.path]).files
    decide(context, "confirmed:scam_centre", by, "ad-1")
    shadow.score_waiting()
    assert compare(context, clock)["decided"]["lures"] == 2
    found = compare(context, clock, trained_on=frozenset({file.sha256}))
    assert (found["decided"]["lures"], found["decided_but_trained_on"]) == (1, 1)


def test_the_command_prints_the_same_figures_for_people_and_for_programs(
    client: TestClient,
    clock: Clock,
    shadow: Shadow,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    clock.now = utc_now()
    send(client, UNCERTAIN, HONEST)
    shadow.score_waiting()
    for version in ("fake-1", "fake-2"):
        (tmp_path / "releases" / version).mkdir(parents=True)
        (tmp_path / "releases" / version / "manifest.json").write_text("{}")
    (tmp_path / "releases" / "promoted.toml").write_text('release = "fake-1"\n')
    monkeypatch.setenv("LUREWATCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LUREWATCH_RELEASES", str(tmp_path / "releases"))
    monkeypatch.setenv("LUREWATCH_SHADOW_MODEL", "fake-2")
    run = CliRunner().invoke
    found = json.loads(run(lurewatch.app, ["shadow", "--json"]).output)
    assert (found["a"], found["b"], found["adverts"]) == ("fake-1", "fake-2", 2)
    said = run(lurewatch.app, ["shadow", "fake-2", "--days", "2"]).output
    assert "still_to_be_scored" in said
    assert UNCERTAIN[:12] not in said
    unknown = run(lurewatch.app, ["shadow", "r-nobody"])
    assert "no such candidate or release" in str(unknown.exception)


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Give the environment of a command that serves with the small detector."""
    from service import app

    monkeypatch.setenv("LUREWATCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LUREWATCH_SECRET", settings.pepper().decode())
    monkeypatch.setattr(app, "load_detector", lambda _settings, **_more: PhraseDetector())
    return monkeypatch


def test_the_work_command_scores_with_a_real_release(
    client: TestClient, context: Context, clock: Clock, command: pytest.MonkeyPatch
) -> None:
    clock.now = utc_now()
    send(client, LURE)
    version = promoted_version(RELEASES)
    command.setenv("LUREWATCH_SHADOW_MODEL", version)
    assert "1 scored in shadow" in CliRunner().invoke(lurewatch.app, ["work", "--once"]).output
    (row,) = scores(context)
    assert (row.model_version, row.band) == (version, "high")


def test_a_misspelt_candidate_stops_the_start_and_names_those_there_are(command: pytest.MonkeyPatch) -> None:
    command.setenv("LUREWATCH_SHADOW_MODEL", "r-nobody")
    said = CliRunner().invoke(lurewatch.app, ["work", "--once"])
    assert said.exit_code == 1
    assert f"r-nobody: no such candidate or release; there are {promoted_version(RELEASES)[:1]}" in str(
        said.exception
    )


def test_a_candidate_that_was_promoted_is_a_shadow_no_more(context: Context) -> None:
    settings = context.settings.model_copy(update={"shadow_model": "fake-1"})
    assert load_shadow(replace(context, settings=settings), Metrics()) is None
