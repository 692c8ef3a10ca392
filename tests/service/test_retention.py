import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from typer.testing import CliRunner

import lurewatch
from service.assessing import Context
from service.errors import InputError, ShortfallError
from service.jobs.running import run_job
from service.rescoring import rescore
from service.retention import AT_ONCE, erase_due
from service.review import actions
from service.review.permissions import Person
from service.review.verdicts import CHOICES
from service.settings import Settings
from service.store.audit import find_break
from service.store.backup import copy_database
from service.store.restore import restore_database
from service.store.tables import (
    AdvertRow,
    AssessmentRow,
    AuditEventRow,
    CampaignRow,
    DecisionRow,
    KeptAnswerRow,
    LinkKeyRow,
    ReviewRow,
    Table,
    TemplateBandRow,
    WebhookDeliveryRow,
    WebhookEndpointRow,
    WebhookMessageRow,
)
from tests.factories import HONEST, LURE
from tests.fakes import Clock, PhraseDetector


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"jobs_folder": tmp_path / "jobs"})


def n_rows(context: Context, table: type[Table]) -> int:
    with context.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def decide_first(context: Context, by: Person) -> None:
    with context.database.writing() as session:
        review = session.scalars(select(ReviewRow).order_by(ReviewRow.id).limit(1)).one()
        actions.decide(session, review.id, CHOICES[0], by=by, at=context.clock(), seen=review.assessment_id)


def test_an_advert_goes_with_all_that_hangs_on_it_when_its_time_is_over(
    client: TestClient, context: Context, clock: Clock, make_person: Callable[..., Person]
) -> None:
    by = make_person()
    said = client.post("/v1/score", json={"id": "old", "text": LURE}).json()
    decide_first(context, by)
    clock.move(days=10)
    kept = client.post("/v1/score", json={"id": "young", "text": HONEST}).json()
    clock.move(days=355, minutes=-1)
    assert erase_due(context) == 0
    clock.move(minutes=1)
    assert erase_due(context) == 1
    assert client.get(f"/v1/assessments/{said['id']}").status_code == 404
    assert client.get(f"/v1/assessments/{kept['id']}").status_code == 200
    assert (n_rows(context, AdvertRow), n_rows(context, ReviewRow), n_rows(context, DecisionRow)) == (1, 0, 0)
    with context.database.reading() as session:
        assert find_break(session) is None
        event = session.scalars(select(AuditEventRow).order_by(AuditEventRow.seq.desc()).limit(1)).one()
    assert event.act == "adverts_erased"
    assert event.detail["adverts"] == event.detail["decisions"] == 1


def test_no_word_of_an_erased_advert_is_left_in_the_database(
    client: TestClient, context: Context, clock: Clock, make_person: Callable[..., Person]
) -> None:
    headers = {"Idempotency-Key": "k"}
    client.post("/v1/score", json={"id": "JB-zebra", "text": LURE + " zebra"}, headers=headers)
    decide_first(context, make_person())
    clock.move(days=366)
    erase_due(context)
    with context.database.engine.connect() as connection:
        dump = "\n".join(connection.connection.driver_connection.iterdump())  # type: ignore[union-attr]
    assert "zebra" not in dump
    assert "example_hr" not in dump


def test_an_older_version_goes_and_the_review_of_the_newer_one_stays(
    client: TestClient, context: Context, clock: Clock, make_person: Callable[..., Person]
) -> None:
    client.post("/v1/score", json={"id": "JB-1", "text": LURE})
    decide_first(context, make_person())
    clock.move(days=200)
    client.post("/v1/score", json={"id": "JB-1", "text": LURE + " New words."})
    clock.move(days=165)
    assert erase_due(context) == 1
    assert (n_rows(context, AdvertRow), n_rows(context, ReviewRow), n_rows(context, DecisionRow)) == (1, 1, 0)


def test_who_is_erased_counts_as_nobodys_company_any_more(
    client: TestClient, context: Context, clock: Clock, make_person: Callable[..., Person]
) -> None:
    def send(advert_id: str) -> dict:
        return client.post("/v1/score", json={"id": advert_id, "text": f"{LURE} Part {advert_id}."}).json()

    send("old")
    decide_first(context, make_person())
    clock.move(days=10)
    assert send("young")["linked"]["confirmed"] == 1
    send("old")  # known by now in this wording: goes with its first coming
    clock.move(days=355)
    assert erase_due(context) == 1
    linked = send("new")["linked"]
    assert (linked["adverts"], linked["confirmed"]) == (1, 0)
    with context.database.reading() as session:
        assert not session.scalars(select(LinkKeyRow).where(LinkKeyRow.n_confirmed > 0)).all()
    clock.move(days=400)
    assert erase_due(context) == 2
    assert [n_rows(context, table) for table in (LinkKeyRow, TemplateBandRow)] == [0, 0]
    with context.database.reading() as session:
        assert session.scalars(select(CampaignRow.n_adverts)).all() == [0]
    assert send("last")["linked"]["adverts"] == 0


def test_more_than_a_handful_goes_in_several_transactions(
    client: TestClient, context: Context, clock: Clock
) -> None:
    text = "".join(json.dumps({"id": str(n), "text": f"{HONEST} {n}"}) + "\n" for n in range(AT_ONCE + 7))
    sent = client.post("/v1/jobs", content=text, headers={"Content-Type": "application/x-ndjson"}).json()
    run_job(context, sent["id"])
    clock.move(days=366)
    assert erase_due(context) == AT_ONCE + 7
    assert n_rows(context, AssessmentRow) == 0


def test_answers_messages_and_files_of_jobs_go_when_their_time_is_over(
    client: TestClient, context: Context, clock: Clock, settings: Settings
) -> None:
    with context.database.writing() as session:
        partner_id = session.execute(select(AuditEventRow.detail)).scalars().first()["partner"]
        endpoint = WebhookEndpointRow(
            id="whe_1", partner_id=partner_id, url="https://x.example.com", events="*", created_at=clock()
        )
        session.add(endpoint)
    body = json.dumps({"text": HONEST}) + "\n"
    headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "k"}
    job = client.post("/v1/jobs", content=body, headers=headers).json()
    run_job(context, job["id"])
    assert n_rows(context, KeptAnswerRow) == n_rows(context, WebhookMessageRow) == 1
    clock.move(days=1)
    erase_due(context)
    assert n_rows(context, KeptAnswerRow) == 0
    clock.move(days=6)
    erase_due(context)
    assert client.get(f"/v1/jobs/{job['id']}").json()["state"] == "expired"
    assert list(settings.jobs_folder.glob("*")) == []
    clock.move(days=23)
    erase_due(context)
    assert n_rows(context, WebhookMessageRow) == n_rows(context, WebhookDeliveryRow) == 0


class Retrained(PhraseDetector):
    """Knows the same phrases and thinks less of them."""

    model_version = "fake-2"

    def assess(self, advert, *, at):  # noqa: ANN001, ANN201
        said = super().assess(advert, at=at)
        low = said.band.__class__("low")
        return said.model_copy(update={"band": low if said.band == "high" else said.band, "score": 0.1})


def test_after_retraining_partners_hear_of_adverts_in_another_band_once(
    client: TestClient, context: Context, clock: Clock
) -> None:
    with context.database.writing() as session:
        partner_id = session.execute(select(AuditEventRow.detail)).scalars().first()["partner"]
        session.add(
            WebhookEndpointRow(
                id="whe_1", partner_id=partner_id, url="https://x.example.com", events="*", created_at=clock()
            )
        )
    lure = client.post("/v1/score", json={"id": "lure", "text": LURE}).json()
    client.post("/v1/score", json={"id": "honest", "text": HONEST})
    object.__setattr__(context, "detector", Retrained())
    clock.move(days=1)
    report = rescore(context)
    assert (report.n_scored, report.n_changed) == (2, 1)
    with context.database.reading() as session:
        told = json.loads(session.scalars(select(WebhookMessageRow)).one().payload)
    assert told["type"] == "assessment.band_changed"
    assert told["data"]["previous_assessment_id"] == lure["id"]
    assert (told["data"]["previous_band"], told["data"]["band"]) == ("high", "low")
    assert client.get(f"/v1/assessments/{told['data']['assessment_id']}").json()["band"] == "low"
    assert rescore(context).n_scored == 0


def test_a_backup_comes_back_and_overwrites_nothing(
    client: TestClient, context: Context, settings: Settings, tmp_path: Path
) -> None:
    said = client.post("/v1/score", json={"text": LURE}).json()
    backup = tmp_path / "backup.sqlite3"
    copy_database(settings.database_url, backup)
    with pytest.raises(InputError, match="move it away"):
        restore_database(settings.database_url, backup)
    context.database.dispose()
    for path in tmp_path.glob("lurewatch.sqlite3*"):
        path.unlink()
    restore_database(settings.database_url, backup)
    assert client.get(f"/v1/assessments/{said['id']}").json()["id"] == said["id"]


def test_what_is_no_backup_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.write_bytes(b"SQLite format 3\x00" + b"\x00" * 5000)
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    with pytest.raises(ShortfallError, match="integrity"):
        restore_database(url, damaged)
    with pytest.raises(InputError, match="no backup"):
        restore_database(url, Path(__file__))
    with pytest.raises(InputError, match="cannot be read"):
        restore_database(url, tmp_path / "missing")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["damaged"]


def test_the_commands_say_what_they_did(
    client: TestClient, context: Context, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client.post("/v1/score", json={"text": LURE})
    with context.database.writing() as session:
        row = session.scalars(select(AdvertRow)).one()
        row.expires_at = row.received_at - timedelta(days=400)
    monkeypatch.setenv("LUREWATCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LUREWATCH_JOBS_FOLDER", str(settings.jobs_folder))
    run = CliRunner().invoke
    assert run(lurewatch.app, ["retain", "--dry-run"]).output == "1 adverts are due\n"
    assert run(lurewatch.app, ["retain"]).output.endswith("1 adverts erased\n")
    assert run(lurewatch.app, ["retain"]).output == "0 adverts erased\n"
    backup = tmp_path / "b.sqlite3"
    assert run(lurewatch.app, ["backup", str(backup)]).exit_code == 0
    monkeypatch.setenv("LUREWATCH_DATABASE_URL", f"sqlite:///{tmp_path / 'again.sqlite3'}")
    assert run(lurewatch.app, ["restore", str(backup)]).output.startswith("restored; the database is at ")


def test_work_once_ends_what_is_due(
    client: TestClient, context: Context, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from service import app

    job = client.post(
        "/v1/jobs", content=b'{"text": "A cook"}', headers={"Content-Type": "application/x-ndjson"}
    ).json()
    monkeypatch.setenv("LUREWATCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LUREWATCH_JOBS_FOLDER", str(settings.jobs_folder))
    monkeypatch.setenv("LUREWATCH_SECRET", "0123456789abcdef0123456789abcdef-for-tests")
    monkeypatch.setattr(app, "load_detector", lambda _settings, **_more: PhraseDetector())
    said = CliRunner().invoke(lurewatch.app, ["work", "--once"])
    assert "1 jobs ended, 0 webhooks tried, 0 adverts in a new daily set, 0 adverts erased" in said.output
    assert client.get(f"/v1/jobs/{job['id']}").json()["state"] == "done"
    assert (
        "0 adverts scored again, 0 in another band" in CliRunner().invoke(lurewatch.app, ["rescore"]).output
    )
