"""The README's JavaScript, run by Node against the service as it is served."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.service.fuzzing import SECRET, make_key
from tests.service.serving import ROOT, Served, start

NODE = shutil.which("node")
RECIPES = re.findall(r"```js\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
ADVERT = {
    "id": "JB-88213",
    "title": "Customer service, Poipet",
    "description": "Free flight, room and meals.",
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> str:
    path = tmp_path_factory.mktemp("recipe") / "x.sqlite3"
    path.write_bytes(migrated.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def served(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if NODE is None:
        pytest.skip("no Node on this machine: apt-get install nodejs")
    folder = tmp_path_factory.mktemp("jobs")
    one = start(database_url=url, secret=SECRET, jobs_folder=folder, adverts_per_minute=100, background=False)
    yield one
    one.stop()


def run(script: str, **known: object) -> str:
    given = "\n".join(f"const {name} = {json.dumps(value)};" for name, value in known.items())
    command = [str(NODE), "--input-type=module", "--eval", f"{given}\n{script}"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout  # noqa: S603


def test_the_readme_holds_a_recipe() -> None:
    assert "/v1/score" in RECIPES[0]


def test_the_recipe_scores_an_advert_and_sees_when_it_sent_too_much(url: str, served: Served) -> None:
    key = make_key(url)
    told = "\nconsole.log(JSON.stringify([answer.status, answer.headers.get('retry-after'), await answer.json()]))"
    status, _, said = json.loads(run(RECIPES[0] + told, url=served.url, key=key, advert=ADVERT))
    assert (status, said["advert_id"]) == (200, "JB-88213")
    assert said["band"] == "high"
    rest = {"adverts": [ADVERT] * 99}
    headers = {"Authorization": f"Bearer {key}"}
    assert (
        httpx2.post(f"{served.url}/v1/score/batch", json=rest, headers=headers, timeout=60).status_code == 207
    )
    status, wait, said = json.loads(run(RECIPES[0] + told, url=served.url, key=key, advert=ADVERT))
    assert (status, said["status"]) == (429, 429)
    assert 1 <= int(wait) <= 60
