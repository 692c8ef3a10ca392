"""The measuring command: both ways in turns, medians with their spread, and the archive by itself."""

import json
from typing import Any


def test_speed_is_measured_in_rounds_and_given_with_its_spread(lurewatch: Any) -> None:
    done = lurewatch("sources", "speed", "--pages", "50", "--rounds", "2", "--json")

    found = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0
    assert (found["pages"], found["rounds"]) == (50, 2)
    for name in (
        "pages_per_cpu_s",
        "pages_per_cpu_s_without",
        "pages_per_s",
        "evidence_cost",
        "archive_share",
    ):
        assert found[name]["lowest"] <= found[name]["median"] <= found[name]["highest"]
    assert found["archive_ms_per_page"] > 0
    assert isinstance(found["evidence_cost_fastest"], float)  # how large it comes out is up to the machine
