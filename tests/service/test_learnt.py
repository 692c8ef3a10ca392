"""A partner hears which release learnt from its feedback, once that release is promoted, and not before."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from model.training.dataset import load_dataset
from service.assessing import Context
from service.releases import find_learner
from service.review import actions
from service.review.export import export_labels
from service.review.permissions import Person
from service.review.verdicts import find_choice
from service.settings import Settings
from service.store.tables import ReviewRow
from tests.factories import HONEST
from tests.fakes import Clock


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    folder = tmp_path / "releases"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(settings: Settings, releases: Path) -> Settings:
    return settings.model_copy(update={"releases": releases})


def add_release(releases: Path, version: str, *batches: Path) -> None:
    """Leave what training writes down about its labels."""
    (releases / version).mkdir()
    files = load_dataset(batches).files if batches else ()
    manifest = {"label_batches": [file.to_json() for file in files]}
    (releases / version / "manifest.json").write_text(json.dumps(manifest))


def promote(releases: Path, version: str) -> None:
    with (releases / "promotions.jsonl").open("a") as history:
        history.write(json.dumps({"release": version}) + "\n")
    (releases / "promoted.toml").write_text(f'release = "{version}"\n')


@pytest.fixture
def learnt(
    client: TestClient,
    context: Context,
    clock: Clock,
    make_partner_key: Callable[..., str],
    make_person: Callable[..., Person],
) -> Callable[[], dict]:
    """Give feedback, and a function that asks what became of it."""
    client.headers["Authorization"] = f"Bearer {make_partner_key(scopes=('score', 'read', 'feedback'))}"
    body = {"advert": {"id": "JB-1", "text": HONEST}, "verdict": "confirmed", "pattern": "scam_centre"}
    said = client.post("/v1/feedback", json=body).json()
    by = make_person()
    with context.database.writing() as session:
        review = session.scalars(select(ReviewRow)).one()
        choice = find_choice("confirmed:scam_centre")
        actions.decide(session, review.id, choice, by=by, at=clock(), seen=review.assessment_id)
    return lambda: client.get(f"/v1/feedback/{said['id']}").json()["effect"]


@pytest.fixture
def batch(learnt: Callable[[], dict], context: Context, clock: Clock, tmp_path: Path) -> Path:
    with context.database.writing() as session:
        return export_labels(session, tmp_path / "labels", at=clock()).path


def test_the_release_is_named_when_it_is_promoted_and_stays_named(
    learnt: Callable[[], dict], batch: Path, releases: Path
) -> None:
    add_release(releases, "r-before")
    promote(releases, "r-before")
    add_release(releases, "r-learnt", batch)
    effect = learnt()
    assert (effect["label_batch"], effect["learnt_by"]) == (batch.name, None)
    promote(releases, "r-learnt")
    assert learnt()["learnt_by"] == "r-learnt"
    add_release(releases, "r-after", batch)
    promote(releases, "r-after")
    assert learnt()["learnt_by"] == "r-learnt"


def test_a_batch_that_was_changed_before_training_is_not_the_one_that_was_exported(
    learnt: Callable[[], dict], batch: Path, releases: Path
) -> None:
    batch.write_text(batch.read_text().replace("scam_centre", "fee_fraud"))
    add_release(releases, "r-other", batch)
    promote(releases, "r-other")
    assert learnt()["learnt_by"] is None


def test_a_line_in_promoted_toml_is_a_promotion_too(releases: Path, batch: Path) -> None:
    (file,) = load_dataset([batch]).files
    assert find_learner(file.sha256, releases=releases) is None
    add_release(releases, "r-by-hand", batch)
    (releases / "promoted.toml").write_text('release = "r-by-hand"\n')
    assert find_learner(file.sha256, releases=releases) == "r-by-hand"
