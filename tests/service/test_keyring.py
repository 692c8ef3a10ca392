from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from service.assessing import Context
from service.store import keyring, partners
from service.store.tables import PartnerKeyRow
from service.tokens import keyed_hash
from tests.factories import LURE
from tests.fakes import Clock


def hash_of(key: str, context: Context) -> str:
    return keyed_hash(key, pepper=context.pepper, purpose="key")


def revoke_all(context: Context, *, at: datetime) -> None:
    with context.database.writing() as session:
        for row in session.query(PartnerKeyRow):
            partners.revoke_key(session, row.id, at=at)


def test_a_key_used_again_within_moments_is_not_looked_up_again(
    context: Context, make_partner_key: Callable[..., str], clock: Clock
) -> None:
    key_hash = hash_of(make_partner_key(), context)
    asked: list[str] = []
    event.listen(
        context.database.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_rest: asked.append(statement),
    )
    found = [context.keys.find(key_hash, at=clock()) for _ in range(3)]
    assert len([statement for statement in asked if "partner_keys" in statement]) == 1
    assert [partner.name for partner in found if partner] == ["Example Jobs"] * 3


def test_a_revoked_key_is_refused_a_few_seconds_later(
    context: Context, client: TestClient, clock: Clock
) -> None:
    assert client.post("/v1/score", json={"text": LURE}).status_code == 200
    revoke_all(context, at=clock())
    clock.move(seconds=keyring.FRESH.seconds)
    assert client.post("/v1/score", json={"text": LURE}).status_code == 401


def test_a_key_that_expires_while_it_is_remembered_is_refused_at_once(
    context: Context, make_partner_key: Callable[..., str], clock: Clock
) -> None:
    key_hash = hash_of(make_partner_key(), context)
    now = clock()
    with context.database.writing() as session:
        session.query(PartnerKeyRow).one().expires_at = now + timedelta(seconds=2)
    assert context.keys.find(key_hash, at=now + timedelta(seconds=1)) is not None
    assert context.keys.find(key_hash, at=now + timedelta(seconds=2)) is None


def test_a_clock_set_back_does_not_keep_a_key_alive(
    context: Context, make_partner_key: Callable[..., str], clock: Clock
) -> None:
    key_hash = hash_of(make_partner_key(), context)
    now = clock()
    assert context.keys.find(key_hash, at=now) is not None
    revoke_all(context, at=now)
    assert context.keys.find(key_hash, at=now - timedelta(hours=1)) is None


def test_the_keyring_stays_small_and_forgets_no_valid_key(
    context: Context,
    make_partner_key: Callable[..., str],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keyring, "MOST", 2)
    hashes = [hash_of(make_partner_key(f"Jobs {n}"), context) for n in range(5)]
    assert all(context.keys.find(one, at=clock()) for one in hashes * 2)
    assert len(context.keys._known) <= 2
    assert context.keys.find("0" * 64, at=clock()) is None
    assert "0" * 64 not in context.keys._known
