"""Alerts reach people who are not looking: one message for all, no contact and no name in it."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from service.assessing import Context
from service.review import watching
from service.review.permissions import Person
from service.settings import Settings
from service.store import users, watches
from service.worker import drain
from tests.factories import LURE
from tests.fakes import Clock
from tests.service.receiver import Receiver, receiving
from tests.service.test_watching import alerts, send, watch_written

MakePerson = Callable[..., Person]
DESK = "Example desk"


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(tz=UTC))


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"webhooks_to_private": True, "alerts_to": DESK, "daily_set": 0})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def subscribe(
    anonymous: TestClient, receiver: Receiver, make_partner_key: Callable[..., str]
) -> Callable[[str], None]:
    """Let a partner hear everything it may hear."""

    def one(name: str) -> None:
        key = make_partner_key(name, scopes=("admin",))
        headers = {"Authorization": f"Bearer {key}"}
        assert anonymous.post("/v1/webhooks", json={"url": receiver.url}, headers=headers).status_code == 201

    return one


def test_an_alert_is_told_once_an_hour_at_most_and_names_nobody(
    context: Context,
    make_person: MakePerson,
    subscribe: Callable[[str], None],
    receiver: Receiver,
    clock: Clock,
) -> None:
    subscribe(DESK)
    asha = make_person("asha")
    watch_written(context, "Telegram @example_hr", asha)
    assert drain(context)["told"] == 0
    send(context, LURE, LURE + " now")
    assert drain(context)["told"] == 1
    (told,) = receiver.bodies
    person = {"reviewer": asha.pseudonym, "waiting": 2, "new": 2}
    assert told["type"] == "alerts.wait"
    assert told["data"] == {"people": [person], "path": "/console/alerts"}
    for secret in ("asha", "example_hr", "Poipet", asha.id):
        assert secret not in json.dumps(told)
    clock.move(minutes=2)
    send(context, LURE + " again")
    assert drain(context)["told"] == 0
    clock.move(minutes=58)
    assert drain(context)["told"] == 1
    assert receiver.bodies[1]["data"]["people"] == [{**person, "waiting": 3, "new": 1}]
    clock.move(hours=2)
    assert drain(context)["told"] == 0
    assert len(receiver.got) == 2


def test_what_was_seen_and_who_has_gone_is_not_told(
    context: Context, make_person: MakePerson, subscribe: Callable[[str], None], receiver: Receiver
) -> None:
    subscribe(DESK)
    asha, bela = make_person("asha"), make_person("bela")
    for person in (asha, bela):
        watch_written(context, "Telegram @example_hr", person)
    send(context, LURE)
    with context.database.writing() as session:
        seen = [alert.row.id for alert in watches.list_alerts(session, asha.id, seen=False, limit=9)]
        watching.see(session, seen, by=asha, at=context.clock())
        users.disable_user(session, users.get_user(session, "bela"), at=context.clock())
    assert len(alerts(context, bela)) == 1
    assert drain(context)["told"] == 0
    assert receiver.got == []


def test_no_other_partner_hears_of_alerts(
    context: Context, make_person: MakePerson, subscribe: Callable[[str], None], receiver: Receiver
) -> None:
    subscribe("Example Jobs")
    watch_written(context, "Telegram @example_hr", make_person("asha"))
    send(context, LURE)
    assert drain(context)["told"] == 0  # the desk is no partner yet
    assert receiver.got == []
    subscribe(DESK)
    assert drain(context)["told"] == 1
    assert len(receiver.got) == 1


def test_without_the_setting_nobody_is_told(
    context: Context,
    settings: Settings,
    make_person: MakePerson,
    subscribe: Callable[[str], None],
    receiver: Receiver,
) -> None:
    object.__setattr__(context, "settings", settings.model_copy(update={"alerts_to": None}))
    for name in (DESK, "Example Jobs"):
        subscribe(name)
    watch_written(context, "Telegram @example_hr", make_person("asha"))
    send(context, LURE)
    assert drain(context)["told"] == 0
    assert receiver.got == []


def test_alerts_that_wait_are_counted_for_each_person(
    context: Context, make_person: MakePerson, clock: Clock
) -> None:
    asha, bela = make_person("asha"), make_person("bela")
    for person in (asha, bela):
        watch_written(context, "Telegram @example_hr", person)
    send(context, LURE)
    between = clock()
    send(context, LURE + " now", LURE + " again")
    with context.database.writing() as session:
        first = watches.list_alerts(session, bela.id, seen=False, limit=1)[0].row.id
        watching.see(session, [first], by=bela, at=clock())
        told = watches.count_waiting(session, since=between)
        assert sorted((user.name, n, n_new) for user, n, n_new in told) == [("asha", 3, 2), ("bela", 2, 1)]
        told = watches.count_waiting(session, since=None)
        assert sorted((user.name, n, n_new) for user, n, n_new in told) == [("asha", 3, 3), ("bela", 2, 2)]
