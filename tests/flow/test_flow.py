"""One advert's whole way, on tiny data: page → advert → assessment → decision → label → retrained → promoted release."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from model.classifier.assessor import Assessor
from model.errors import GateError
from model.release import RELEASES, promoted_version
from model.schema.advert import JobAdvert
from model.schema.decision import Label, LabelName
from model.training.config import CONFIG
from model.training.promotion import promote_version, roll_back
from model.training.train import train

PAGE = """<html><head><script type="application/ld+json">{"@context": "https://schema.org", "@type": "JobPosting",
"title": "Online chat staff, Poipet", "description": "<p>Free flight, room and meals. No experience. 2500 USD. @hr_example_5</p>",
"datePosted": "2026-05-01", "hiringOrganization": {"@type": "Organization", "name": "Example Park Co"},
"jobLocation": {"@type": "Place", "address": {"addressLocality": "Poipet", "addressCountry": "KH"}}}</script></head><body></body></html>"""
LURES = [
    "Chat job in {}, free flight and room, {} USD, no experience, DM me",
    "Hiring online admin for {}, ticket paid, {} dollars a month",
]
HONEST = [
    "Waiter for our restaurant in {}, contract and paid leave, {} a month",
    "Bakery in {} needs a driver, licence required, {} a month",
]
PLACES = ["Poipet", "Sihanoukville", "Myawaddy", "Bavet", "Laukkaing", "Shwe Kokko"]
TOWNS = ["Leeds", "Porto", "Lyon", "Nakuru", "Cebu", "Pune"]
AT = datetime(2026, 6, 1, tzinfo=UTC)


def rows() -> list[Label]:
    made = []
    for number, (place, town) in enumerate(zip(PLACES * 3, TOWNS * 3, strict=True)):
        for kind, (templates, where, label) in enumerate(
            ((LURES, place, LabelName.SCAM_CENTRE), (HONEST, town, LabelName.LEGITIMATE))
        ):
            text = templates[number % 2].format(where, 1000 + 37 * number)
            made.append(
                Label(
                    id=f"{number}-{kind}", text=text, label=label, language="en", campaign=f"{label}-{where}"
                )
            )
    return made


def write(folder: Path, labels: list[Label]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "batch.jsonl").write_text(
        "\n".join(json.dumps(label.to_json()) for label in labels) + "\n", "utf-8"
    )


@pytest.fixture
def extracted(tmp_path: Path) -> JobAdvert:
    page = tmp_path / "page.html"
    page.write_text(PAGE, "utf-8")
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "lurewatch", "extract", str(page), "--url", "https://jobs.example.com/1"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    return JobAdvert.model_validate(json.loads(done.stdout.splitlines()[0])["advert"])


def test_an_advert_goes_from_its_page_to_a_release_that_learnt_from_it(
    tmp_path: Path, extracted: JobAdvert
) -> None:
    assessment = Assessor.load().assess(extracted, at=AT)
    assert assessment.band == "high"

    text = "\n".join(words for _, words in extracted.texts)
    label = Label(
        id=extracted.id,
        text=text,
        label=LabelName.SCAM_CENTRE,
        language="en",
        origin="console",
        campaign="new",
    )
    write(tmp_path / "training_data" / "labels", [*rows(), label])
    trained = train(root=tmp_path, output=tmp_path / "candidates", config_path=CONFIG, n_jobs=1)
    again = train(root=tmp_path, output=tmp_path / "again", config_path=CONFIG, n_jobs=1)
    assert trained.metrics == again.metrics
    assert trained.version == again.version

    releases = tmp_path / "releases"
    releases.mkdir()
    lines = promote_version(
        trained.version,
        force=False,
        reason="",
        at=AT,
        candidates=tmp_path / "candidates",
        releases=releases,
    )
    assert trained.version in lines[0]
    assert promoted_version(releases) == trained.version
    assert Assessor.load(releases=releases).assess(extracted, at=AT).score > 0.5


def test_a_worse_model_is_refused_at_promotion_and_a_rollback_returns(tmp_path: Path) -> None:
    write(tmp_path / "training_data" / "labels", rows())
    good = train(root=tmp_path, output=tmp_path / "candidates", config_path=CONFIG, n_jobs=1)
    swapped = {LabelName.SCAM_CENTRE: LabelName.LEGITIMATE, LabelName.LEGITIMATE: LabelName.SCAM_CENTRE}
    spoilt = [
        r.model_copy(update={"label": swapped[r.label]}) if n % 5 < 2 else r for n, r in enumerate(rows())
    ]
    write(tmp_path / "training_data" / "labels", spoilt)
    bad = train(root=tmp_path, output=tmp_path / "candidates", config_path=CONFIG, n_jobs=1)
    releases = tmp_path / "releases"
    releases.mkdir()
    places = {"candidates": tmp_path / "candidates", "releases": releases}
    promote_version(good.version, force=False, reason="", at=AT, **places)
    with pytest.raises(GateError, match="falls from"):
        promote_version(bad.version, force=False, reason="", at=AT, **places)
    assert promoted_version(releases) == good.version
    promote_version(bad.version, force=True, reason="a test", at=AT, **places)
    assert promoted_version(releases) == bad.version
    assert good.version in roll_back(at=AT, releases=releases)
    assert promoted_version(releases) == good.version


def test_the_shipped_release_is_the_one_that_training_makes_here() -> None:
    """The version is a digest of labels, configuration, catalogue and columns: a change to any needs a new release."""
    from model.features.matrix import column_names
    from model.indicators.registry import load_catalogue
    from model.training.config import load_config
    from model.training.dataset import load_dataset
    from model.training.train import version_of

    catalogue = load_catalogue()
    data = load_dataset(load_config().data.labels)
    assert promoted_version(RELEASES) == version_of(data, CONFIG, catalogue, column_names(catalogue))
