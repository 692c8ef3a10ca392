import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from httpcore2 import ConnectError
from standardwebhooks import Webhook, WebhookVerificationError

from service.assessing import Context
from service.review import actions
from service.review.permissions import Person
from service.review.verdicts import CHOICES
from service.settings import Settings
from service.store import outbox
from service.store.outbox import EventType, announce
from service.store.tables import PartnerRow, ReviewRow
from service.webhooks.delivering import WAITS, Courier, next_attempt
from service.webhooks.guard import checked_address, make_pool, refusal
from service.webhooks.sending import Attempt
from tests.factories import LURE
from tests.fakes import Clock
from tests.service.receiver import Receiver, receiving
from tests.service.test_api import check_problem


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"webhooks_to_private": True})


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(tz=UTC))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def admin(client: TestClient, make_partner_key: Callable[..., str]) -> TestClient:
    key = make_partner_key(scopes=("score", "read", "admin"))
    client.headers["Authorization"] = f"Bearer {key}"
    return client


@pytest.fixture
def courier(context: Context) -> Iterator[Courier]:
    one = Courier(context)
    yield one
    one.close()


@pytest.fixture
def endpoint(admin: TestClient, receiver: Receiver) -> dict:
    response = admin.post("/v1/webhooks", json={"url": receiver.url})
    assert response.status_code == 201, response.text
    return response.json()


@pytest.fixture
def tell(context: Context) -> Callable[..., str | None]:
    def one(kind: EventType = EventType.JOB_FINISHED, **data: object) -> str | None:
        with context.database.writing() as session:
            partner_id = session.query(PartnerRow).filter_by(name="Example Jobs").one().id
            return announce(session, kind, partner_id=partner_id, data=data, at=context.clock())

    return one


def log(admin: TestClient, endpoint: dict) -> list[dict]:
    return admin.get(f"/v1/webhooks/{endpoint['id']}/deliveries").json()["items"]


def test_a_verdict_reaches_the_partner_signed_and_names_no_person(
    admin: TestClient,
    context: Context,
    endpoint: dict,
    receiver: Receiver,
    courier: Courier,
    clock: Clock,
    make_person: Callable[..., Person],
) -> None:
    by = make_person("asha")
    said = admin.post("/v1/score", json={"id": "JB-1", "text": LURE}).json()
    with context.database.writing() as session:
        review = session.query(ReviewRow).one()
        actions.decide(session, review.id, CHOICES[0], by=by, at=context.clock(), seen=review.assessment_id)
    clock.move(seconds=1)
    with context.database.writing() as session:
        actions.undo(session, by=by, at=context.clock(), minutes=15)
    assert courier.drain() == 2
    headers, body = receiver.got[0]
    Webhook(endpoint["secret"]).verify(body, headers)
    told = [json.loads(raw) for _, raw in receiver.got]
    assert [one["type"] for one in told] == ["review.closed", "review.reopened"]
    assert told[0]["data"]["advert_id"] == "JB-1"
    assert told[0]["data"]["assessment_id"] == said["id"]
    assert told[0]["timestamp"].endswith("Z")
    for _, raw in receiver.got:
        assert by.id.encode() not in raw
        assert b"asha" not in raw
        assert b"bulbul" not in raw
        assert b"Poipet" not in raw


def test_what_is_rolled_back_is_not_told(
    context: Context, endpoint: dict, courier: Courier, receiver: Receiver
) -> None:
    def act() -> None:
        with context.database.writing() as session:
            partner_id = session.query(PartnerRow).filter_by(name="Example Jobs").one().id
            announce(session, EventType.JOB_FINISHED, partner_id=partner_id, data={}, at=context.clock())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        act()
    assert courier.drain() == 0
    assert receiver.got == []


def test_failures_are_retried_by_the_schedule_under_one_id(
    admin: TestClient,
    endpoint: dict,
    receiver: Receiver,
    courier: Courier,
    clock: Clock,
    tell: Callable[..., str],
) -> None:
    receiver.answers = [(500, {})] * len(WAITS)
    message = tell()
    assert courier.drain() == 1
    for wait in WAITS:
        clock.move(seconds=wait.total_seconds() - 1)
        assert courier.drain() == 0
        clock.move(seconds=1)
        assert courier.drain() == 1
    assert receiver.ids == [message] * (len(WAITS) + 1)
    assert len({body for _, body in receiver.got}) == 1
    stamps = [int(headers["webhook-timestamp"]) for headers, _ in receiver.got]
    assert stamps == sorted(set(stamps))
    (delivery,) = log(admin, endpoint)
    assert delivery["state"] == "delivered"
    assert [one["status"] for one in delivery["attempts"]] == [500] * len(WAITS) + [204]
    assert delivery["attempts"][0]["fault"] == "answered 500"


def test_after_the_last_attempt_it_has_failed_and_can_be_replayed_under_its_id(
    admin: TestClient,
    endpoint: dict,
    receiver: Receiver,
    courier: Courier,
    clock: Clock,
    tell: Callable[..., str],
) -> None:
    receiver.answers = [(503, {})] * (len(WAITS) + 1)
    message = tell()
    courier.drain()
    for wait in WAITS:
        clock.move(seconds=wait.total_seconds())
        courier.drain()
    (delivery,) = log(admin, endpoint)
    assert (delivery["state"], delivery["next_attempt_at"]) == ("failed", None)
    replayed = admin.post(f"/v1/webhooks/{endpoint['id']}/deliveries/{delivery['id']}/replay")
    assert (replayed.status_code, replayed.json()) == (202, {"message_id": message})
    assert courier.drain() == 1
    assert set(receiver.ids) == {message}
    assert log(admin, endpoint)[0]["state"] == "delivered"


def test_an_endpoint_that_is_gone_is_switched_off(
    admin: TestClient, endpoint: dict, receiver: Receiver, courier: Courier, tell: Callable[..., str | None]
) -> None:
    receiver.answers = [(410, {})]
    tell()
    courier.drain()
    said = admin.get(f"/v1/webhooks/{endpoint['id']}").json()
    assert (said["enabled"], said["disabled_because"]) == (False, "it answered 410")
    assert tell() is None
    check_problem(admin.post(f"/v1/webhooks/{endpoint['id']}/test"), 409, "conflict")
    assert admin.patch(f"/v1/webhooks/{endpoint['id']}", json={"enabled": True}).json()["enabled"]
    assert tell() is not None


def test_redirects_are_not_followed(
    admin: TestClient, endpoint: dict, receiver: Receiver, courier: Courier, tell: Callable[..., str]
) -> None:
    with receiving() as elsewhere:
        receiver.answers = [(302, {"Location": elsewhere.url}), (307, {"Location": elsewhere.url})]
        tell()
        courier.drain()
        assert elsewhere.got == []
    attempt = log(admin, endpoint)[0]["attempts"][0]
    assert (attempt["status"], attempt["fault"]) == (302, "answered 302; redirects are not followed")


def test_an_endpoint_that_asks_for_time_gets_it() -> None:
    at = datetime(2026, 11, 21, tzinfo=UTC)
    attempt = Attempt(429, "answered 429", 3, retry_after_s=3600)
    assert (next_attempt(0, attempt, at=at) - at).total_seconds() == 3600
    assert next_attempt(len(WAITS), attempt, at=at) is None


def test_endpoints_hear_only_what_they_subscribed_to(
    admin: TestClient, receiver: Receiver, courier: Courier, tell: Callable[..., str | None]
) -> None:
    admin.post("/v1/webhooks", json={"url": receiver.url, "events": ["review.closed"]})
    assert tell(EventType.JOB_FINISHED) is None
    tell(EventType.REVIEW_CLOSED, advert_id="x")
    courier.drain()
    assert [body["type"] for body in receiver.bodies] == ["review.closed"]


def test_two_partners_hear_nothing_of_each_other(
    admin: TestClient,
    endpoint: dict,
    anonymous: TestClient,
    make_partner_key: Callable[..., str],
    courier: Courier,
    tell: Callable[..., str],
) -> None:
    other = {"X-API-Key": make_partner_key("Other Jobs", scopes=("admin",))}
    with receiving() as theirs:
        made = anonymous.post("/v1/webhooks", json={"url": theirs.url}, headers=other)
        assert made.status_code == 201
        tell()
        courier.drain()
        assert theirs.got == []
    (delivery,) = log(admin, endpoint)
    path = f"/v1/webhooks/{endpoint['id']}"
    for call in (
        anonymous.get(path, headers=other),
        anonymous.delete(path, headers=other),
        anonymous.patch(path, json={"enabled": False}, headers=other),
        anonymous.post(f"{path}/rotate", json={}, headers=other),
        anonymous.post(f"{path}/test", headers=other),
        anonymous.get(f"{path}/deliveries", headers=other),
        anonymous.post(f"{path}/deliveries/{delivery['id']}/replay", headers=other),
        anonymous.post(f"/v1/webhooks/{made.json()['id']}/deliveries/{delivery['id']}/replay", headers=other),
    ):
        check_problem(call, 404, "not-found")


def test_during_a_rotation_both_secrets_verify_and_afterwards_only_the_new(
    admin: TestClient,
    endpoint: dict,
    receiver: Receiver,
    courier: Courier,
    clock: Clock,
    tell: Callable[..., str],
) -> None:
    new = admin.post(f"/v1/webhooks/{endpoint['id']}/rotate", json={"overlap_hours": 1}).json()["secret"]
    assert new != endpoint["secret"]
    tell()
    courier.drain()
    headers, body = receiver.got[0]
    for secret in (new, endpoint["secret"]):
        Webhook(secret).verify(body, headers)
    clock.move(hours=1)
    tell()
    courier.drain()
    headers, body = receiver.got[1]
    assert len(headers["webhook-signature"].split()) == 1
    later = {**headers, "webhook-timestamp": str(int(datetime.now(tz=UTC).timestamp()))}
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint["secret"]).verify(body, later)


def test_the_test_message_arrives_like_any_other(
    admin: TestClient, endpoint: dict, receiver: Receiver, courier: Courier
) -> None:
    sent = admin.post(f"/v1/webhooks/{endpoint['id']}/test")
    assert sent.status_code == 202
    courier.drain()
    assert receiver.ids == [sent.json()["message_id"]]
    assert receiver.bodies[0]["type"] == "webhook.test"


def test_the_secret_is_shown_once_and_stored_nowhere(
    admin: TestClient, endpoint: dict, context: Context
) -> None:
    assert endpoint["secret"].startswith("whsec_")
    assert "secret" not in admin.get(f"/v1/webhooks/{endpoint['id']}").json()
    assert "secret" not in admin.get("/v1/webhooks").json()["items"][0]
    path = context.database.engine.url.database
    if context.database.dialect == "sqlite":
        with context.database.engine.connect() as connection:
            dump = "\n".join(connection.connection.driver_connection.iterdump())  # type: ignore[union-attr]
        assert path
        assert endpoint["secret"] not in dump


def test_a_slow_endpoint_does_not_hold_up_the_others(
    admin: TestClient, context: Context, receiver: Receiver, courier: Courier, tell: Callable[..., str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        admin.post("/v1/webhooks", json={"url": f"http://127.0.0.1:{silent.getsockname()[1]}/"})
        admin.post("/v1/webhooks", json={"url": receiver.url})
        messages = [tell(n=n) for n in range(12)]
        for _ in range(400):
            courier.deliver_due()
            if len(receiver.got) == len(messages):
                break
            threading.Event().wait(0.02)
        assert sorted(receiver.ids) == sorted(messages)
        courier._pool.close()


def test_one_look_into_the_outbox_begins_with_every_endpoint_and_goes_on_with_what_it_has_waiting(
    context: Context,
    admin: TestClient,
    receiver: Receiver,
    tell: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from service.webhooks import delivering

    monkeypatch.setattr(delivering, "IN_A_ROW", 5)
    crowded = admin.post("/v1/webhooks", json={"url": f"{receiver.url}/crowded", "events": ["campaign.grew"]})
    assert crowded.status_code == 201
    for n in range(150):
        tell(EventType.CAMPAIGN_GREW, n=n)
    admin.post("/v1/webhooks", json={"url": receiver.url, "events": ["job.finished"]})
    tell()
    courier = Courier(context)
    assert courier.deliver_due() == 2
    for one in courier._under_way.values():
        one.result()
    courier.close()
    kinds = [body["type"] for body in receiver.bodies]
    assert (kinds.count("campaign.grew"), kinds.count("job.finished")) == (5, 1)


def test_a_message_taken_by_a_process_that_died_is_sent_under_its_id_when_the_lease_is_over(
    context: Context,
    endpoint: dict,
    receiver: Receiver,
    courier: Courier,
    clock: Clock,
    tell: Callable[..., str],
) -> None:
    from service.webhooks.delivering import LEASE

    message = tell()
    with context.database.writing() as session:
        assert len(outbox.claim_due(session, at=clock(), lease=LEASE, limit=8)) == 1
    assert courier.drain() == 0
    clock.move(seconds=LEASE.total_seconds())
    assert courier.drain() == 1
    assert receiver.ids == [message]


def test_only_an_admin_key_manages_endpoints(client: TestClient) -> None:
    check_problem(client.get("/v1/webhooks"), 403, "forbidden")


def test_a_removed_endpoint_takes_its_log_along(
    admin: TestClient, endpoint: dict, courier: Courier, receiver: Receiver, tell: Callable[..., str]
) -> None:
    tell()
    assert admin.delete(f"/v1/webhooks/{endpoint['id']}").status_code == 204
    assert courier.drain() == 0
    assert receiver.got == []
    check_problem(admin.get(f"/v1/webhooks/{endpoint['id']}/deliveries"), 404, "not-found")


@pytest.mark.parametrize(
    "url",
    [
        "http://board.example.com/hook",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::]/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/",
        "https://localhost/",
        "https://localhost./",
        "https://metadata.internal/",
        "https://printer.local/",
        "https://intranet/",
        "https://user:secret@board.example.com/",
        "https://board.example.com:22/",
        "https://board.example.com:70000/",
        "https://board.example.com/\r\nX-Evil: 1",
        "https://bo ard.example.com/",
        "https://board.example.com/#part",
        "ftp://board.example.com/",
        "file:///etc/passwd",
        "https://",
        "gopher://127.0.0.1:6379/_SET",
    ],
)
def test_an_address_that_is_not_public_https_is_refused(url: str) -> None:
    assert refusal(url, allow_private=False)


def test_a_public_address_is_taken() -> None:
    assert refusal("https://board.example.com:8443/hooks?x=1", allow_private=False) is None


def test_a_name_that_leads_into_a_private_network_is_not_connected_to(
    admin: TestClient, context: Context, endpoint: dict, receiver: Receiver, tell: Callable[..., str]
) -> None:
    object.__setattr__(
        context, "settings", context.settings.model_copy(update={"webhooks_to_private": False})
    )
    strict = Courier(context)
    tell()
    strict.drain()
    strict.close()
    assert receiver.got == []
    assert log(admin, endpoint)[0]["attempts"][0]["fault"] == "private address"


def test_one_private_answer_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_args: object, **_kwargs: object) -> list:
        return [(2, 1, 6, "", (ip, 443)) for ip in ("93.184.216.34", "192.168.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(Exception, match="private network"):
        checked_address("rebind.example.com", 443, allow_private=False)


def test_a_name_is_resolved_once_and_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers, connected = ["93.184.216.34", "127.0.0.1", "127.0.0.1"], []

    def resolve(*_args: object, **_kwargs: object) -> list:
        return [(2, 1, 6, "", (answers.pop(0), 443))]

    def connect(address: tuple[str, int], *_args: object, **_kwargs: object) -> socket.socket:
        connected.append(address)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    with make_pool(total_s=1, allow_private=False) as pool, pytest.raises(ConnectError):
        pool.request("POST", "https://rebind.example.com/hooks")
    assert connected == [("93.184.216.34", 443)]
    assert answers == ["127.0.0.1", "127.0.0.1"]


def test_an_answer_that_drips_ends_all_the_same(
    context: Context, monkeypatch: pytest.MonkeyPatch, admin: TestClient, tell: Callable[..., str]
) -> None:
    from service.webhooks import delivering

    monkeypatch.setattr(delivering, "TIMEOUT_S", 0.6)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                while not stop.wait(0.1):
                    try:
                        connection.send(b"H")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        made = admin.post("/v1/webhooks", json={"url": f"http://127.0.0.1:{server.getsockname()[1]}/"}).json()
        tell()
        courier = Courier(context)
        courier.drain()
        courier.close()
        stop.set()
        thread.join()
    attempt = log(admin, made)[0]["attempts"][0]
    assert attempt["fault"]
    assert attempt["ms"] < 3000
