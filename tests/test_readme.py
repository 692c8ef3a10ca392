"""The README against the tree: its settings, its commands, its example and its words for reviews.

After a change to a setting or a review state: `python -m tests.test_readme` writes the tables anew.
"""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

import lurewatch
from model.indicators.checks import fires
from model.indicators.matcher import Matcher
from model.indicators.registry import load_catalogue
from model.training.dataset import load_dataset
from service.app import create_app
from service.auth import create_key
from service.review.states import TRANSITIONS
from service.settings import PREFIX, READ_ELSEWHERE, Settings
from service.store.database import Database
from service.store.migrate import migrate

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
DOCUMENTS = [README, CONTRIBUTING, ROOT / "SECURITY.md", ROOT / "CHANGELOG.md"]
TEXT = README.read_text("utf-8")
CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
COMMAND = re.compile(r"(?<![\w./-])lurewatch ([a-z][a-z-]*)([^\n#)]*)")


def between(name: str, text: str = TEXT) -> str:
    return text.partition(f"<!-- {name}:begin -->")[2].partition(f"<!-- {name}:end -->")[0].strip()


def settings_table() -> str:
    rows = ["| variable | default | what it does |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "unset" if field.default is None else f"`{_as_written(field.default)}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


def _as_written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def states_table() -> str:
    rows = ["| from | to |", "| --- | --- |"]
    for state, following in TRANSITIONS.items():
        rows.append(f"| {state.value} | {', '.join(sorted(f.value for f in following))} |")
    return "\n".join(rows)


def commands(path: Path) -> list[tuple[str, str]]:
    """Every `lurewatch NAME …` that stands in code, as its name and the words behind it."""
    code = "\n".join(block or inline for block, inline in CODE.findall(path.read_text("utf-8")))
    return COMMAND.findall(code)


CALLS = sorted({(name, rest.strip()) for path in DOCUMENTS for name, rest in commands(path)})


def block(path: Path, kind: str) -> str:
    return path.read_text("utf-8").partition(f"```{kind}\n")[2].partition("```")[0]


def curl_body() -> dict[str, Any]:
    call = next(block for block, _ in CODE.findall(TEXT) if block.startswith("curl "))
    words = shlex.split(call.replace("\\\n", " "))
    body: dict[str, Any] = json.loads(words[words.index("-d") + 1])
    return body


def shown_answer() -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(TEXT.partition("The answer, shortened:")[2].split("```")[1][5:])
    return shown


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("readme")
    settings = Settings(
        database_url=f"sqlite:///{folder / 'lurewatch.sqlite3'}", secret=SecretStr("0123456789abcdef" * 2)
    )
    migrate(Database(settings.database_url))
    app = create_app(settings)
    context = app.state.context
    with context.database.writing() as session:
        key, _ = create_key(
            session,
            "Example Jobs",
            pepper=context.pepper,
            scopes=("score", "read"),
            is_test=True,
            at=context.clock(),
            expires_at=None,
        )
    yield TestClient(app, headers={"Authorization": f"Bearer {key}"})
    context.database.dispose()


def test_every_setting_has_its_row_with_default_and_meaning() -> None:
    assert between("settings") == settings_table(), "run `python -m tests.test_readme`"
    assert len(between("settings").splitlines()) == len(Settings.model_fields) + 2


@pytest.mark.parametrize("name", sorted(READ_ELSEWHERE))
def test_a_variable_that_others_read_is_named_too(name: str) -> None:
    assert f"`{name}`" in TEXT


def test_the_steps_of_a_review_are_those_of_the_code() -> None:
    assert between("states") == states_table(), "run `python -m tests.test_readme`"


def test_the_readme_names_commands_at_all() -> None:
    assert {"migrate", "serve", "score", "train", "promote", "backup"} <= {name for name, _ in CALLS}


@pytest.mark.parametrize(("name", "rest"), CALLS)
def test_a_command_named_in_the_documents_exists_with_its_options(name: str, rest: str) -> None:
    assert name in lurewatch.COMMANDS
    command = lurewatch._load(name)
    words = rest.split()
    subcommands = getattr(command, "commands", {})
    if subcommands and words and re.fullmatch(r"[a-z]+", words[0]):
        assert words[0] in subcommands
        command = subcommands[words[0]]
    known = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    named = {word.split("=")[0] for word in words if re.fullmatch(r"--?[a-z][a-z-]*(=.*)?", word)}
    assert named <= known | {"--help"}


def test_the_curl_example_is_scored_as_the_readme_shows(client: TestClient) -> None:
    sent, shown = curl_body(), shown_answer()
    response = client.post("/v1/score", json=sent)
    answer = response.json()
    assert response.status_code == 200
    assert answer["ignored"] == []
    assert shown.keys() <= answer.keys()
    assert (answer["advert_id"], answer["band"]) == (shown["advert_id"], shown["band"])
    assert shown["reasons"][0]["code"] in {reason["code"] for reason in answer["reasons"]}
    assert shown["reasons"][0].keys() <= answer["reasons"][0].keys()
    for span in (span for reason in shown["reasons"] + answer["reasons"] for span in reason.get("spans", [])):
        assert sent[span["field"]][span["start"] : span["end"]] == span["text"]
    assert answer["id"] is None, "the key in the README is for trying out"


def test_the_problem_shown_is_the_problem_given(client: TestClient) -> None:
    shown = json.loads(TEXT.partition("never repeat what was sent:")[2].split("```")[1][5:])
    response = client.post("/v1/score", json={"employer": {"name": "Example Ltd"}})
    given = response.json()
    assert response.status_code == 422
    assert {name: given[name] for name in shown if name != "errors"} | {"errors": shown["errors"]} == shown
    assert shown["errors"][0].items() <= given["errors"][0].items()


def test_the_indicator_to_copy_loads_fires_and_stays_quiet(tmp_path: Path) -> None:
    (tmp_path / "travel").mkdir()
    (tmp_path / "travel" / "passport_kept.yaml").write_text(block(CONTRIBUTING, "yaml"), "utf-8")
    catalogue = load_catalogue(tmp_path)
    indicator, matcher = catalogue.indicators["passport_kept"], Matcher(catalogue)
    assert [fires(matcher, indicator.id, example.text) for example in indicator.fires] == [True, True]
    assert [fires(matcher, indicator.id, example.text) for example in indicator.quiet] == [False, False]


def test_the_labelled_advert_to_copy_is_one(tmp_path: Path) -> None:
    row = json.loads(block(CONTRIBUTING, "json"))
    path = tmp_path / "batch.jsonl"
    path.write_text(json.dumps(row) + "\n", "utf-8")
    assert [label.id for label in load_dataset([path]).rows] == [row["id"]]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_paths_named_in_the_documents_exist(path: Path) -> None:
    inline = [word for _, word in CODE.findall(path.read_text("utf-8")) if word]
    tree = r"(crawler|model|service|tests|docs|training_data)/[\w./-]*"
    named = [word for word in inline if re.fullmatch(tree, word)]
    assert [word for word in named if not (ROOT / word).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_lines_of_prose_are_not_too_long(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert [line for line in lines if len(line) > 115 and not line.startswith("|")] == []


def write_tables() -> None:
    text = TEXT
    for name, table in (("settings", settings_table()), ("states", states_table())):
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
    README.write_text(text, "utf-8")


if __name__ == "__main__":
    write_tables()
