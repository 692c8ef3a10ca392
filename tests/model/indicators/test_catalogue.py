"""The catalogue tests itself, and its faults name file, line and remedy."""

from pathlib import Path

import pytest

from model.errors import CatalogueError
from model.indicators.checks import check_catalogue
from model.indicators.registry import (
    CATALOGUE,
    Kind,
    catalogue_from_json,
    catalogue_to_json,
    load_catalogue,
)

ASKED_FOR = "en zh th vi id ms fil km lo my ta hi bn ur ne si ko ja ru uz pt es fr ar tr sw am".split()
GOOD = """id: sample
kind: sign
title: A sample
strength: weak
why: Because.
trap: None.
patterns: [scam_centre]
sources: [{publisher: P, title: T}]
terms:
  en:
    "free ticket": free ticket
examples:
  fires: {en: ["a free ticket"]}
"""


def test_every_example_fires_or_stays_quiet_as_it_says() -> None:
    n_indicators, n_wordings, n_examples, faults = check_catalogue()
    assert faults == []
    assert n_indicators >= 45
    assert n_wordings > 10_000
    assert n_examples > 1_000


def test_every_language_asked_for_has_wording_for_signs_counter_signs_and_stance() -> None:
    catalogue = load_catalogue()
    for kind in (Kind.SIGN, Kind.COUNTER, Kind.STANCE):
        languages = {t.language for n, t, _ in catalogue.wordings if catalogue.indicators[n].kind is kind}
        assert set(ASKED_FOR) <= languages


def test_nationality_sex_and_age_are_facts_only() -> None:
    catalogue = load_catalogue()
    assert catalogue.indicators["age_gender_limits"].kind is Kind.FACT
    assert catalogue.indicators["company_nationality_cue"].kind is Kind.FACT


def test_a_frozen_catalogue_reads_back_the_same() -> None:
    catalogue = load_catalogue()
    back = catalogue_from_json(catalogue_to_json(catalogue))
    assert back.version == catalogue.version
    assert back.wordings == catalogue.wordings


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        (
            '"free ticket": free ticket',
            '"free (ticket": free ticket',
            "offer/sample.yaml:11:.*bracket is not closed",
        ),
        ('"free ticket": free ticket', '"free ticket":', "offer/sample.yaml:11:.*no English gloss"),
        ("kind: sign", "kind: omen", "offer/sample.yaml:2:.*choose one"),
        (
            "sources: [{publisher: P, title: T}]",
            "sources: [{publisher: P}]",
            "offer/sample.yaml:8:.*lacks publisher or title",
        ),
        ("why: Because.", "", "offer/sample.yaml:1:.*has no why"),
        ("id: sample", "id: other", "offer/sample.yaml:1:.*named 'sample'"),
        ("trap: None.", "trap: None.\nweight: 3", "offer/sample.yaml:7:.*unknown field 'weight'"),
        ("  en:\n", "  xx:\n", "offer/sample.yaml:10:.*unknown language"),
        ("kind: sign", "kind: [", "offer/sample.yaml:.*is not YAML"),
    ],
)
def test_a_fault_names_file_line_and_remedy(tmp_path: Path, was: str, becomes: str, told: str) -> None:
    (tmp_path / "offer").mkdir()
    (tmp_path / "offer" / "sample.yaml").write_text(GOOD.replace(was, becomes), "utf-8")
    with pytest.raises(CatalogueError, match=told):
        load_catalogue(tmp_path)


def test_an_empty_catalogue_is_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="holds no indicator"):
        load_catalogue(tmp_path)


def test_the_catalogue_is_where_it_is_looked_for() -> None:
    assert CATALOGUE.is_dir()
