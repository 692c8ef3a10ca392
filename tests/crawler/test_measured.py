"""Extraction measured on recorded real pages, where they are on this machine."""

from pathlib import Path

import pytest

from crawler.measure import measure

INDEX = Path(__file__).parents[3] / "shared" / "data" / "pages" / "INDEX.jsonl"
BAR = 0.95


@pytest.mark.real_data
def test_at_least_95_of_100_stated_fields_are_recovered_and_more_than_extruct_finds() -> None:
    if not INDEX.is_file():
        pytest.skip(f"the recorded real pages are not on this machine: {INDEX.name}")

    result = measure(INDEX)

    assert result["fields"]["all"]["share"] >= BAR, result["missed"]
    assert result["kinds"]["jobposting"]["share"] > result["kinds"]["jobposting"]["extruct_share"]
