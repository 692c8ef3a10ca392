"""The API's description: kept in the repository, so that every change of the API is a change one can see.

After a change to the API: `python -m tests.service.test_openapi` writes it anew.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from service.store.database import Database
from service.store.migrate import migrate
from tests.fakes import PhraseDetector

KEPT = Path(__file__).parent.parent.parent / "docs" / "openapi.json"


def written(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    return client.get("/openapi.json").json()


def test_the_description_in_the_repository_is_the_one_served(document: dict[str, Any]) -> None:
    assert KEPT.read_text("utf-8") == written(document), "run `python -m tests.service.test_openapi`"


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/v1/")
    ]


def test_every_operation_has_words_and_tells_its_problems(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        assert operation["summary"], (path, method)
        assert operation["description"], (path, method)
        assert "401" in operation["responses"], (path, method)
        for status, said in operation["responses"].items():
            if int(status) >= 400:
                assert "application/problem+json" in said["content"], (path, method, status)


def test_every_post_says_that_it_may_be_sent_again(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        if method == "post":
            named = [one["name"] for one in operation["parameters"]]
            assert named.count("Idempotency-Key") == 1, path


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    for part in text.split('"$ref": "#/components/schemas/')[1:]:
        assert part.partition('"')[0] in document["components"]["schemas"]


def write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/x.sqlite3", secret_file=Path(folder) / "secret")
        migrate(Database(settings.database_url))
        KEPT.write_text(written(create_app(settings, detector=PhraseDetector()).openapi()), "utf-8")


if __name__ == "__main__":
    write()
