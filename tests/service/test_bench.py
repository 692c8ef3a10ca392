"""The real release on a real socket: slow to start, so once and briefly."""

import json
from pathlib import Path

import pytest

from service.bench import _bodies, measure_http
from service.errors import InputError


def test_both_endpoints_are_measured_side_by_side_on_the_release() -> None:
    figures = measure_http(_bodies(None)[:50], clients=2, seconds=0.3, turns=1)
    assert figures.score.n_requests > 0
    assert 0 < figures.score.p50_ms <= figures.score.p95_ms
    assert figures.parse_only.requests_per_s > figures.score.requests_per_s
    assert 0 < figures.ratio < 1


def test_adverts_of_a_file_are_sent_under_an_id_of_their_own_each_time(tmp_path: Path) -> None:
    path = tmp_path / "adverts.jsonl"
    path.write_text('{"id": "x", "title": "Cook"}\n{"id": "y", "description": "Cleaner"}\n', encoding="utf-8")
    sent = [json.loads(body) for body in _bodies(path)]
    assert sent[:2] == [{"id": "0-0", "title": "Cook"}, {"id": "0-1", "description": "Cleaner"}]
    assert len({one["id"] for one in sent}) == len(sent) == 2000


@pytest.mark.parametrize("text", ["", "{", "\n"])
def test_a_file_without_adverts_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "adverts.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"adverts\.jsonl"):
        _bodies(path)
