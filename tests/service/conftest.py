"""Reach for `context` to call functions, `client` to call the API as a partner, `browse` for the console.

Everything runs on a real migrated SQLite file; tests marked `postgres` run on a server of their own.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from service.app import create_app
from service.assessing import Context
from service.auth import create_key, make_login_link
from service.review.permissions import Person
from service.settings import Settings
from service.store import users
from service.store.database import Database
from service.store.migrate import migrate
from tests.fakes import Clock, PhraseDetector

SECRET = "0123456789abcdef0123456789abcdef-for-tests"


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "migrated.sqlite3"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.dispose()
    return path


@pytest.fixture
def settings(tmp_path: Path, migrated: Path) -> Settings:
    path = tmp_path / "lurewatch.sqlite3"
    shutil.copy(migrated, path)
    return Settings(
        database_url=f"sqlite:///{path}", secret=SECRET, secret_file=tmp_path / "secret", sample_rate=0
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(settings: Settings, clock: Clock) -> Iterator[FastAPI]:
    app = create_app(settings, detector=PhraseDetector(), clock=clock)
    yield app
    app.state.context.database.dispose()


@pytest.fixture
def context(app: FastAPI) -> Context:
    return app.state.context


@pytest.fixture
def make_partner_key(context: Context) -> Callable[..., str]:
    def make(name: str = "Example Jobs", scopes: tuple[str, ...] = ("score", "read")) -> str:
        with context.database.writing() as session:
            return create_key(
                session,
                name,
                pepper=context.pepper,
                scopes=scopes,
                is_test=False,
                at=context.clock(),
                expires_at=None,
            )[0]

    return make


@pytest.fixture
def anonymous(app: FastAPI) -> TestClient:
    return TestClient(app, raise_server_exceptions=False, follow_redirects=False)


@pytest.fixture
def client(app: FastAPI, make_partner_key: Callable[..., str]) -> TestClient:
    headers = {"Authorization": f"Bearer {make_partner_key()}"}
    return TestClient(app, raise_server_exceptions=False, follow_redirects=False, headers=headers)


@pytest.fixture
def make_person(context: Context) -> Callable[..., Person]:
    def make(name: str = "asha", role: str = "reviewer") -> Person:
        with context.database.writing() as session:
            return Person.of(users.add_user(session, name, role=role, at=context.clock()))

    return make


@pytest.fixture
def browse(app: FastAPI, context: Context, make_person: Callable[..., Person]) -> Callable[..., "Browser"]:
    def open_browser(name: str = "asha", role: str = "reviewer") -> Browser:
        make_person(name, role)
        with context.database.writing() as session:
            user = users.get_user(session, name)
            path = make_login_link(session, user, pepper=context.pepper, at=context.clock(), minutes=15)
        browser = Browser(app)
        browser.post(path)
        return browser

    return open_browser


class Browser(TestClient):
    """A signed-in browser without script: follows links and sends the forms that pages hold."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(app, raise_server_exceptions=False, follow_redirects=True)

    def csrf(self) -> str:
        return re.search(r'name="csrf" value="(\w+)"', self.get("/console").text)[1]

    def submit(self, path: str, **fields: str) -> Response:
        return self.post(path, data={"csrf": self.csrf(), **fields})
