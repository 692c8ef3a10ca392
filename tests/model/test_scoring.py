"""`lurewatch score`: one assessment a line, order kept, bad lines named, nothing lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from model.scoring import Faults, read_lines

GOOD = b'{"id": "a", "text": "Admin online di Kamboja, gaji 15 juta"}\n'


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{broken\n", "f:2: is not JSON"),
        (b"\xff\xfe\n", "f:2: is not UTF-8"),
        (b"[1, 2]\n", "f:2: is no JSON object"),
        (b'{"text": ""}\n', "f:2: an advert needs a title or a description"),
        (b'{"text": 5}\n', "f:2: description: Input should be a valid string"),
        (b"[" * 100_000 + b"\n", "f:2: is not JSON"),
    ],
)
def test_a_line_that_is_no_advert_is_named_and_passed_over(line: bytes, told: str) -> None:
    faults = Faults()
    adverts = list(read_lines([GOOD, line, GOOD.replace(b'"a"', b'"b"')], name="f", faults=faults))
    assert [advert.id for advert in adverts] == ["a", "b"]
    assert faults.messages[0].startswith(told)


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "lurewatch", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=120,
    )


def test_the_command_prints_one_assessment_a_line_and_exits_1_for_bad_lines(tmp_path: Path) -> None:
    file = tmp_path / "adverts.jsonl"
    file.write_bytes(GOOD + b"{broken\n" + GOOD.replace(b'"a"', b'"z"'))
    done = run("score", str(file))
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["advert_id"] for row in rows] == ["a", "z"]
    assert {"advert_id", "score", "band", "patterns", "reasons", "language", "model_version"} <= rows[
        0
    ].keys()
    assert done.returncode == 1
    assert b"adverts.jsonl:2: is not JSON" in done.stderr


def test_standard_input_and_plain_text_are_read() -> None:
    assert json.loads(run("score", "-", stdin=GOOD).stdout)["advert_id"] == "a"
    assert json.loads(run("score", "--text", "Cook wanted").stdout)["band"]


def test_a_missing_file_is_wrong_usage() -> None:
    done = run("score", "nowhere.jsonl")
    assert done.returncode == 2
    assert b"nowhere.jsonl: cannot be read" in done.stderr
