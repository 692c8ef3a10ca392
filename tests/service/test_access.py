"""Who was shown contacts can be read, and a log that was tampered with says so."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, update
from typer.testing import CliRunner, Result

import lurewatch
from service.assessing import Context
from service.store.tables import AuditEventRow
from tests.factories import LURE
from tests.service.test_review import add

Browse = Callable[..., TestClient]


@pytest.fixture
def access(context: Context, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("LUREWATCH_DATABASE_URL", context.settings.database_url)
    monkeypatch.setenv("LUREWATCH_SECRET", "0123456789abcdef0123456789abcdef-for-tests")
    return lambda *words: CliRunner().invoke(lurewatch.app, ["users", "access", "--days", "9999", *words])


def test_the_log_names_who_saw_what(context: Context, browse: Browse, access: Callable[..., Result]) -> None:
    review_id = add(context, LURE)[0]
    browse("asha").get(f"/console/reviews/{review_id}")
    browse("bela").submit(f"/console/reviews/{review_id}/package")
    said = access()
    lines = [line.split()[2:] for line in said.output.splitlines()[1:]]
    assert lines == [["asha", "review_viewed", review_id], ["bela", "package_made", review_id]]
    assert "bela" not in access("asha").output
    assert said.exit_code == 0


@pytest.mark.parametrize(
    "tamper",
    [
        update(AuditEventRow).where(AuditEventRow.act == "review_viewed").values(actor="usr_somebody"),
        delete(AuditEventRow).where(AuditEventRow.act == "review_viewed"),
    ],
)
def test_an_entry_that_was_altered_or_removed_is_told(
    context: Context, browse: Browse, access: Callable[..., Result], tamper: object
) -> None:
    browse("asha").get(f"/console/reviews/{add(context, LURE)[0]}")
    with context.database.writing() as session:
        session.execute(tamper)
    said = access()
    assert said.exit_code == 1
    assert "the log does not hold from entry" in f"{said.output}{said.exception}"
