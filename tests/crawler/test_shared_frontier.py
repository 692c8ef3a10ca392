"""Several processes on one frontier through scrapy-redis: together they fetch every page once."""

# ruff: noqa: S603 - fixtures are taken by name; the server run was found on this machine
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.redis


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("no redis-server on this machine")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    time.sleep(0.5)
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait()


def test_two_processes_share_the_work_and_fetch_no_page_twice(
    redis: str, site: Any, make_source: Any, make_job_page: Any, start_crawl: Any, tmp_path: Path
) -> None:
    n_jobs = 60

    def answer(asked: Any) -> None:
        if asked.path == "/robots.txt":
            asked.reply("", kind="text/plain")
        elif asked.path == "/jobs":
            asked.reply("".join(f'<a href="/job/{n}">x</a>' for n in range(n_jobs)))
        else:
            time.sleep(0.05)
            asked.reply(make_job_page(f"Cook {asked.path}", url=asked.path))

    host, source = site(answer), make_source(delay_s=0.2, concurrency=1)
    crawls = [start_crawl(source, host.url, tmp_path / name, "--redis", redis) for name in ("one", "two")]
    for crawl in crawls:
        crawl.wait(timeout=150)

    asked = Counter(path for path in host.paths if path.startswith("/job/"))
    shares = [(tmp_path / name / "adverts.jsonl").read_text().count("\n") for name in ("one", "two")]
    assert len(asked) == n_jobs
    assert max(asked.values()) == 1
    assert sum(shares) == n_jobs
    assert min(shares) > 0
