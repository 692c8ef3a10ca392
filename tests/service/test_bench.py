"""The real release on a real socket: slow to start, so once and briefly."""

import json
from pathlib import Path

import pytest

from service.bench import (
    Memory,
    SteadyFigures,
    _bodies,
    check_steady,
    measure_http,
    measure_steady,
    numbered,
    remembered,
)
from service.errors import InputError, ShortfallError


def test_both_endpoints_and_two_workers_are_measured_side_by_side_on_the_release() -> None:
    figures = measure_http(_bodies(None)[:50], clients=2, seconds=0.5, turns=1, workers=2)
    assert figures.score.n_requests > 0
    assert 0 < figures.score.p50_ms <= figures.score.p95_ms
    assert figures.parse_only.requests_per_s > figures.score.requests_per_s
    assert figures.parse_only.cpu_ms < figures.score.cpu_ms
    assert 0 < figures.ratio < 1
    assert figures.score_by_all
    assert figures.speed_up == pytest.approx(
        figures.score_by_all.n_requests / figures.score.n_requests, abs=0.001
    )


def test_a_steady_run_keeps_to_its_rate_and_shows_the_memory() -> None:
    figures = measure_steady(_bodies(None)[:20], clients=2, seconds=4, rate=5)
    assert 10 <= figures.n_requests <= 21
    (memory,) = figures.memory
    assert 50 < memory.start < 2000
    assert memory.growth < 1, "what is loaded by the first requests may come late on a slow machine"


def test_memory_that_grows_from_the_second_fifth_on_is_seen() -> None:
    filling = [100 + 10 * min(n, 20) for n in range(100)]
    assert remembered(filling) == Memory(300, 300)
    leaking = [300 + n * 0.5 for n in range(100)]
    assert remembered(leaking).growth == pytest.approx(0.095, abs=0.001)


@pytest.mark.parametrize(
    ("memory", "rate", "said"),
    [((300, 316), 10, "memory may grow by 5%"), ((300, 300), 11, "only 10 requests/s of 11 were done")],
)
def test_growth_and_a_service_that_did_not_keep_up_fall_short(
    memory: tuple[int, int], rate: int, said: str
) -> None:
    figures = SteadyFigures(100, 10, 1.0, (Memory(300, 300), Memory(*memory)))
    with pytest.raises(ShortfallError, match=said):
        check_steady(figures, rate=rate)
    check_steady(SteadyFigures(100, 10, 1.0, (Memory(300, 314),)), rate=10)


def test_adverts_of_a_file_are_sent_under_an_id_of_their_own_each_time(tmp_path: Path) -> None:
    path = tmp_path / "adverts.jsonl"
    path.write_text('{"id": "x", "title": "Cook"}\n{"id": "y", "description": "Cleaner"}\n', encoding="utf-8")
    bodies, sent = _bodies(path), []
    for number in range(5):
        turn, place = divmod(number, len(bodies))
        sent.append(json.loads(numbered(bodies[place], turn)))
    assert sent[:3] == [
        {"id": "0-0", "title": "Cook"},
        {"id": "0-1", "description": "Cleaner"},
        {"id": "1-0", "title": "Cook"},
    ]
    assert len({one["id"] for one in sent}) == 5


@pytest.mark.parametrize("text", ["", "{", "\n"])
def test_a_file_without_adverts_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "adverts.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"adverts\.jsonl"):
        _bodies(path)
