import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.errors import RateLimitedError, SettingsError
from service.rates import RateLimits
from service.settings import Settings
from tests.factories import HONEST
from tests.service.test_api import check_problem

REDIS = shutil.which("redis-server")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"adverts_per_minute": 100})


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    if REDIS is None:
        pytest.skip("no Redis on this machine: apt-get install redis-server")
    port = free_port()
    command = [REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - our own server
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}"
        process.terminate()


def batch(client: TestClient, n: int) -> object:
    return client.post(
        "/v1/score/batch", json={"adverts": [{"id": str(i), "text": HONEST} for i in range(n)]}
    )


def test_answers_say_what_is_left_and_an_advert_costs_one(client: TestClient) -> None:
    single = client.post("/v1/score", json={"text": HONEST})
    several = batch(client, 9)
    assert single.headers["ratelimit-policy"] == several.headers["ratelimit-policy"] == '"adverts";q=100;w=60'
    assert re.fullmatch(r'"adverts";r=99;t=\d\d?', single.headers["ratelimit"])
    assert re.fullmatch(r'"adverts";r=90;t=\d\d?', several.headers["ratelimit"])


def test_too_much_is_a_429_that_says_when_to_come_back(client: TestClient) -> None:
    assert batch(client, 99).status_code == 207
    refused = batch(client, 2)
    problem = check_problem(refused, 429, "rate-limited")
    assert "1 of 100 adverts are left" in problem["detail"]
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit"].startswith('"adverts";r=1;')
    assert client.post("/v1/score", json={"text": HONEST}).status_code == 200
    check_problem(client.post("/v1/score", json={"text": HONEST}), 429, "rate-limited")


def test_all_keys_of_a_partner_share_a_count_and_partners_do_not(
    client: TestClient, anonymous: TestClient, make_partner_key: Callable[..., str]
) -> None:
    batch(client, 100)
    answers = {
        name: anonymous.post(
            "/v1/score", json={"text": HONEST}, headers={"X-API-Key": make_partner_key(name)}
        ).status_code
        for name in ("Example Jobs", "Other Jobs")
    }
    assert answers == {"Example Jobs": 429, "Other Jobs": 200}


def test_jobs_take_a_quarter_per_advert_and_nothing_of_the_last_half(redis_url: str) -> None:
    one, other = (RateLimits(per_minute=100, redis_url=redis_url) for _ in range(2))
    taken = [rates.take_for_job("par_1", n_adverts=64) for rates in (one, other, one, other)]
    assert taken == [True, True, True, False]
    assert one.take_for_job("par_1", n_adverts=5)
    assert not other.take_for_job("par_1", n_adverts=1)
    assert one.take_for_job("par_2", n_adverts=200)
    assert other.take("par_1", cost=50)["RateLimit"].startswith('"adverts";r=0;')


def test_without_a_limit_nothing_is_counted_and_nothing_said() -> None:
    rates = RateLimits(per_minute=0)
    assert [rates.take("par_1", cost=10**6) for _ in range(3)] == [{}, {}, {}]
    assert rates.take_for_job("par_1", n_adverts=10**6)


def test_a_redis_that_does_not_answer_lets_requests_through(capsys: pytest.CaptureFixture[str]) -> None:
    rates = RateLimits(per_minute=100, redis_url=f"redis://127.0.0.1:{free_port()}")
    assert rates.take("par_1", cost=500) == {}
    assert rates.take_for_job("par_1", n_adverts=500)
    assert "rate limits are off" in "".join(capsys.readouterr())


def test_two_processes_share_their_count_in_redis(redis_url: str) -> None:
    one, other = (RateLimits(per_minute=100, redis_url=redis_url) for _ in range(2))
    one.take("par_1", cost=60)
    with pytest.raises(RateLimitedError, match="40 of 100"):
        other.take("par_1", cost=41)
    assert other.take("par_1", cost=40)["RateLimit"].startswith('"adverts";r=0;')


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1"])
def test_an_address_that_is_none_stops_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="LUREWATCH_REDIS_URL"):
        RateLimits(per_minute=100, redis_url=url)


@pytest.mark.parametrize(("value", "is_usable"), [("0", True), ("100", True), ("99", False), ("-1", False)])
def test_a_limit_below_a_full_batch_is_refused(value: str, is_usable: bool) -> None:  # noqa: FBT001
    environment = {"LUREWATCH_ADVERTS_PER_MINUTE": value}
    if is_usable:
        assert Settings.from_environment(environment).adverts_per_minute == int(value)
    else:
        with pytest.raises(SettingsError, match="ADVERTS_PER_MINUTE"):
            Settings.from_environment(environment)
