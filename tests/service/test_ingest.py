import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from service.assessing import Context
from service.errors import InputError
from service.ingest import MAX_LINE, Report, ingest
from service.store.audit import find_break
from service.store.database import Database
from service.store.tables import CRAWLER, AdvertRow, AssessmentRow, AuditEventRow
from tests.factories import LURE, make_advert


def run(context: Context, feed: Path) -> Report:
    return ingest(
        context, feed, partner_id=CRAWLER, on_bad=lambda _fault: None, on_batch=lambda _report: None
    )


def write(path: Path, *lines: str | bytes) -> Path:
    path.write_bytes(b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines))
    return path


def n_rows(context: Context, table: type) -> int:
    with context.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_a_feed_is_stored_scored_and_known_the_second_time(context: Context, tmp_path: Path) -> None:
    feed = write(
        tmp_path / "feed.jsonl", *(make_advert(id=str(n), text=f"{LURE} {n}").to_line() for n in range(450))
    )
    assert (first := run(context, feed)).n_new == 450
    assert first.n_known == 0
    events = n_rows(context, AuditEventRow)
    assert (again := run(context, feed)).n_known == 450
    assert again.n_new == 0
    assert n_rows(context, AuditEventRow) == events
    assert n_rows(context, AdvertRow) == n_rows(context, AssessmentRow) == 450


def test_an_advert_that_stands_in_the_feed_twice_is_stored_once(context: Context, tmp_path: Path) -> None:
    line = make_advert(id="1", text=LURE).to_line()
    report = run(context, write(tmp_path / "feed.jsonl", line, line))
    assert (report.n_new, report.n_known) == (1, 1)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "no JSON: Expecting property name"),
        ("[1]", "no JSON object"),
        (b"\xff\xfe", "no UTF-8 at byte 0"),
        ('{"id": "x"}', "an advert needs a title or a description"),
        ('{"title": 5}', "/title: Input should be a valid string"),
        ("[" * 100_000, "nested too deeply"),
        ('{"title": "' + "x" * MAX_LINE + '"}', "longer than 1000000 bytes"),
    ],
)
def test_a_bad_line_is_named_by_file_and_line_and_the_rest_goes_on(
    context: Context, tmp_path: Path, line: str | bytes, told: str
) -> None:
    good = make_advert(id="1", text=LURE).to_line(), make_advert(id="2", text=LURE).to_line()
    feed = write(tmp_path / "feed.jsonl", good[0], "", line, good[1])
    report = run(context, feed)
    assert report.n_new == 2
    assert len(report.bad) == 1
    assert report.bad[0].startswith(f"{feed}:3: {told}")


def test_a_bad_line_is_told_without_its_words(context: Context, tmp_path: Path) -> None:
    report = run(context, write(tmp_path / "feed.jsonl", json.dumps({"text": LURE, "pay": LURE}), LURE))
    assert len(report.bad) == 2
    assert not any("flight" in fault for fault in report.bad)


def test_a_feed_that_is_not_there_is_refused_by_name(context: Context, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.jsonl: cannot be read"):
        run(context, tmp_path / "nothing.jsonl")


SLOW_INGEST = """
import sys, time
from pathlib import Path
from service.app import make_context
from service.ingest import ingest
from service.settings import Settings
from tests.fakes import PhraseDetector
settings = Settings(database_url=sys.argv[1], secret="x" * 40)
context = make_context(settings, detector=PhraseDetector())
def tell(report):
    print(report.n_new, flush=True)
    time.sleep(0.2)
ingest(context, Path(sys.argv[2]), partner_id="crawler", on_bad=print, on_batch=tell)
"""


def test_a_killed_run_keeps_what_it_committed_and_the_next_one_completes_it(
    context: Context, tmp_path: Path
) -> None:
    feed = write(
        tmp_path / "feed.jsonl", *(make_advert(id=str(n), text=f"{LURE} {n}").to_line() for n in range(600))
    )
    url = context.settings.database_url
    command = [sys.executable, "-c", SLOW_INGEST, url, str(feed)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    ) as process:
        committed = int(process.stdout.readline())
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    database = Database(url)
    with database.reading() as session:
        kept = session.scalar(select(func.count()).select_from(AdvertRow))
        assert committed <= kept < 600
        assert session.scalar(select(func.count()).select_from(AssessmentRow)) == kept
        assert find_break(session) is None
    database.dispose()
    report = run(context, feed)
    assert (report.n_known, report.n_new) == (kept, 600 - kept)
