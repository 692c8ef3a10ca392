from datetime import UTC, datetime

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from service.api.deprecation import Deprecated
from service.errors import NotFoundError
from service.metrics import Metrics
from service.middleware import RequestFrame
from service.problems import add_handlers

GOING = Deprecated(
    since=datetime(2026, 11, 21, tzinfo=UTC),
    sunset=datetime(2027, 6, 1, tzinfo=UTC),
    read_on="https://lurewatch.example/docs/v2",
)


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    add_handlers(app)
    app.add_middleware(RequestFrame, metrics=Metrics(), https=False)

    @app.get("/old", deprecated=True, dependencies=[Depends(GOING)])
    def old(there: bool = True) -> str:  # noqa: FBT001, FBT002
        if not there:
            raise NotFoundError("gone")
        return "still here"

    @app.get("/new")
    def new() -> str:
        return "here"

    return TestClient(app)


@pytest.mark.parametrize("path", ["/old", "/old?there=false", "/old?there=maybe"])
def test_every_answer_of_a_deprecated_route_says_when_it_ends(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["deprecation"] == "@1795219200"
    assert headers["sunset"] == "Tue, 01 Jun 2027 00:00:00 GMT"
    assert 'rel="deprecation"' in headers["link"]


def test_other_routes_say_nothing(client: TestClient) -> None:
    assert "deprecation" not in client.get("/new").headers
    assert client.get("/openapi.json").json()["paths"]["/old"]["get"]["deprecated"]


def test_an_end_that_is_too_near_is_refused() -> None:
    with pytest.raises(ValueError, match="180 days"):
        Deprecated(since=GOING.since, sunset=datetime(2027, 1, 1, tzinfo=UTC), read_on="x")
