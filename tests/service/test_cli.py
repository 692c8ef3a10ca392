"""The commands as they are called, on a database of their own; the detector is the small fake."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import lurewatch
from crawler.budget import read_confirmed
from service import app
from service.assessing import Context, assess_and_store
from service.review.permissions import Person
from service.review.verdicts import find_choice
from service.settings import Settings
from service.store.database import Database
from service.store.migrate import migrate
from service.store.partners import ensure_partner
from service.store.reviews import find_review, get_review
from service.tokens import is_well_formed
from tests.factories import LURE, make_advert
from tests.fakes import Clock, PhraseDetector
from tests.service.test_review import add, decide, undo

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], settings: Settings, tmp_path: Path
) -> Run:
    monkeypatch.setenv("LUREWATCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LUREWATCH_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setattr(app, "load_detector", lambda _settings: PhraseDetector())

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lurewatch", *arguments])
        with pytest.raises(SystemExit) as caught:
            lurewatch.main()
        told = capsys.readouterr()
        return int(caught.value.code or 0), told.out, told.err

    return run


def test_migrate_says_where_the_database_is_and_was(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUREWATCH_DATABASE_URL", f"sqlite:///{tmp_path / 'fresh.sqlite3'}")
    assert run("users", "list")[0] == 2
    assert re.fullmatch(r"database is at \w+, was empty\n", run("migrate")[1])
    assert re.fullmatch(r"database is at \w+\n", run("migrate")[1])


def test_a_user_is_added_linked_listed_and_disabled(run: Run) -> None:
    code, out, err = run("users", "add", "asha", "--role", "lead")
    assert code == 0
    assert re.fullmatch(r"http://127\.0\.0\.1:8700/console/login/[\w-]{43}\n", out)
    pseudonym = re.search(r"known outside the console as (\S+)", err)[1]
    assert run("users", "link", "asha")[1] != out
    listed = run("users", "list")[1].splitlines()[1].split()
    assert (listed[:3], listed[-1]) == (["asha", pseudonym, "lead"], "active")
    assert run("users", "reset-factor", "asha")[0::2] == (1, "lurewatch: asha has no second factor\n")
    assert run("users", "disable", "asha")[0] == 0
    assert run("users", "link", "asha")[0] == 2
    assert run("users", "list")[1].splitlines()[1].endswith("disabled")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("users", "add", "x", "--role", "king"), 2, "there is no role king; known are reviewer"),
        (("users", "link", "nobody"), 2, "no user nobody"),
        (("keys", "revoke", "key_x"), 2, "no key key_x"),
        (("keys", "create", "X", "--scope", "all"), 2, "unknown scope all; known are score"),
        (("ingest", "nothing.jsonl"), 2, "nothing.jsonl: cannot be read"),
    ],
)
def test_a_mistake_is_said_in_one_line_with_its_remedy(
    run: Run, arguments: tuple[str, ...], code: int, told: str
) -> None:
    found, _, err = run(*arguments)
    assert found == code
    assert err.startswith(f"lurewatch: {told}")
    assert err.count("\n") == 1


def test_a_key_is_shown_once_and_listed_by_its_beginning_only(run: Run) -> None:
    key = run("keys", "create", "Example Jobs", "--days", "30")[1].strip()
    assert is_well_formed(key)
    listed = run("keys", "list")[1]
    assert key not in listed
    assert key[:12] in listed
    assert "valid" in listed
    key_id = listed.splitlines()[1].split()[0]
    assert run("keys", "revoke", key_id)[0] == 0
    assert run("keys", "list")[1].splitlines()[1].endswith("revoked")
    assert run("keys", "revoke", key_id)[0] == 1


def test_ingest_counts_names_bad_lines_and_falls_short_at_the_end(run: Run, tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    feed.write_text(
        "\n".join([make_advert(id="1", text=LURE).to_line(), "no advert", make_advert(id="2").to_line()])
    )
    code, out, err = run("ingest", str(feed))
    assert code == 1
    assert out == f"{feed}: 2 new, 0 known, 1 unusable\n"
    assert f"{feed}:2: no JSON" in err
    assert "lurewatch: 1 lines are no adverts" in err
    feed.write_text(make_advert(id="1", text=LURE).to_line())
    assert run("ingest", str(feed)) == (0, f"{feed}: 0 new, 1 known, 0 unusable\n", "")


def test_labels_export_says_when_there_is_nothing(run: Run, tmp_path: Path) -> None:
    assert run("labels", "export", "--to", str(tmp_path / "labels")) == (0, "nothing new to export\n", "")
    assert not (tmp_path / "labels").exists()


def test_the_ids_that_people_confirmed_are_printed_as_a_crawl_reads_them(
    run: Run, context: Context, clock: Clock, make_person: Callable[..., Person], tmp_path: Path
) -> None:
    """Only what stands: not what was cleared, undone, or sent by a partner."""
    by = make_person()
    reviews = add(context, *(f"{LURE} {n}" for n in range(4)))
    with context.database.writing() as session:
        partner = ensure_partner(session, "Example Jobs", at=context.clock()).id
    assess_and_store(context, [make_advert(id="theirs", text=LURE)], partner_id=partner, at=context.clock())
    with context.database.reading() as session:
        of_advert = {get_review(session, review).advert_id: review for review in reviews}
        theirs = find_review(session, partner_id=partner, advert_id="theirs").id
    for review, choice in (
        (of_advert["ad-0"], "confirmed:scam_centre"),
        (of_advert["ad-1"], "legitimate"),
        (of_advert["ad-2"], "confirmed:fee_fraud"),
        (theirs, "confirmed:scam_centre"),
        (of_advert["ad-3"], "confirmed:scam_centre"),
    ):
        decide(context, review, find_choice(choice), by)
        clock.move(seconds=5)
    undo(context, by)

    code, out, err = run("labels", "confirmed")
    (tmp_path / "confirmed.txt").write_text(out)

    assert (code, err) == (0, "")
    assert read_confirmed(tmp_path / "confirmed.txt") == {"ad-0", "ad-2"}


def test_a_backup_can_be_served_from(run: Run, tmp_path: Path) -> None:
    run("users", "add", "asha")
    to = tmp_path / "backup.sqlite3"
    assert run("backup", str(to))[0] == 0
    database = Database(f"sqlite:///{to}")
    before, after = migrate(database)
    assert before == after
    database.dispose()


def test_serve_refuses_an_unknown_setting_by_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUREWATCH_PROT", "1")
    code, _, err = run("serve")
    assert code == 2
    assert "unknown setting LUREWATCH_PROT" in err
