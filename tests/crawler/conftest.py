"""Fixtures: the sample board on 127.0.0.1, a server that plays any site, and crawls in a process of their own.

A crawl runs as `lurewatch crawl` does, in its own process: Scrapy's reactor starts once per
process, and what is tested is what an operator runs.
"""

# ruff: noqa: S603 - the scripts below are ours
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from crawler.sample_board.__main__ import make_server

ROOT = Path(__file__).parents[2]


@dataclass
class Crawled:
    """What a crawl left behind."""

    folder: Path
    exit_code: int
    output: str

    def lines(self, name: str = "adverts.jsonl") -> list[dict[str, Any]]:
        path = self.folder / name
        return (
            [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            if path.exists()
            else []
        )

    @property
    def report(self) -> dict[str, Any]:
        return json.loads((self.folder / "report.json").read_text(encoding="utf-8"))

    @property
    def source(self) -> dict[str, Any]:
        return next(iter(self.report["sources"].values()))


@dataclass
class Site:
    """A site that answers as a test says, and keeps a log of what it was asked."""

    server: http.server.ThreadingHTTPServer
    answer: Callable[["Asked"], None]
    log: list["Asked"] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def times(self, path: str) -> list[float]:
        return [asked.at for asked in self.log if asked.path == path]

    @property
    def paths(self) -> list[str]:
        return [asked.path for asked in self.log]


@dataclass
class Asked:
    """One request, and the means to answer it."""

    path: str
    headers: dict[str, str]
    at: float
    handler: http.server.BaseHTTPRequestHandler
    nth: int
    """How many times this path was asked before."""

    def reply(
        self,
        body: bytes | str = b"",
        *,
        status: int = 200,
        kind: str = "text/html; charset=utf-8",
        **headers: str,
    ) -> None:
        body = body.encode() if isinstance(body, str) else body
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", kind)
        self.handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()
        self.handler.wfile.write(body)


def job_page(title: str, *, url: str = "", extra: str = "", **fields: Any) -> str:
    posting = {
        "@context": "https://schema.org",
        "@type": "JobPosting",
        "title": title,
        "description": f"About {title}.",
        **fields,
    }
    if url:
        posting["url"] = url
    return f'<html><head><script type="application/ld+json">{json.dumps(posting)}</script></head><body><h1>{title}</h1>{extra}</body></html>'


@pytest.fixture
def make_job_page() -> Callable[..., str]:
    return job_page


@pytest.fixture
def site() -> Iterator[Callable[[Callable[[Asked], None]], Site]]:
    """Start a site that answers by a function; it forgets nothing it was asked."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def start(answer: Callable[[Asked], None]) -> Site:
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                nth = sum(1 for asked in site.log if asked.path == self.path)
                asked = Asked(self.path, dict(self.headers), time.monotonic(), self, nth)
                site.log.append(asked)
                try:
                    answer(asked)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            do_POST = do_GET  # noqa: N815 - the name http.server asks for

            def log_message(self, *args: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.handle_error = lambda *_: None
        site = Site(server, answer)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return site

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def board() -> Iterator[str]:
    """The sample board's address."""
    server = make_server()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def make_source(tmp_path: Path) -> Callable[..., Path]:
    """Write a source file; valid by default."""

    def make(name: str = "test-site", **fields: Any) -> Path:
        entry = {
            "name": name, "title": "Test site", "owner": "Nobody", "terms": "https://example.org/terms", "robots_checked_on": "2026-11-01",
            "contact": "mailto:owner@example.org", "languages": ["en"], "kind": "job_postings", "base_url": "http://127.0.0.1:1",
            "start": ["/jobs"], "detail": "/job/", "delay_s": 0, "concurrency": 4, "expect": {"min": 0},
        }  # fmt: skip
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump({**entry, **fields}), encoding="utf-8")
        return path

    return make


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from lurewatch import main; main()", *arguments]


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "LUREWATCH_CONTACT": "https://example.org/us"}


FORKER = """
import json, os, sys
import crawler.cli, crawler.crawl, crawler.progress, crawler.report, crawler.pages.selected, crawler.evidence.verify_evidence
import dateparser, queuelib, scrapy.core.downloader.handlers.http11, scrapy.core.engine, scrapy.core.scheduler, scrapy.core.scraper
import scrapy.dupefilters, scrapy.pqueues, scrapy.squeues, scrapy.statscollectors, scrapy.utils.reactor, twisted.internet.asyncioreactor
from crawler.settings import scrapy_settings
from crawler.source import find_source
from lurewatch import main
from scrapy.settings import Settings
from scrapy.utils.misc import load_object
everything = Settings(scrapy_settings(find_source("sample-board"), contact="x"))
for name in ("DOWNLOADER_MIDDLEWARES", "SPIDER_MIDDLEWARES", "EXTENSIONS", "DOWNLOAD_HANDLERS"):
    for path in [*everything[name], *everything[name + "_BASE"], *everything[name + "_BASE"].values()]:
        try:
            load_object(path)
        except Exception:
            pass
for line in sys.stdin:
    arguments, out = json.loads(line)
    child = os.fork()
    if child == 0:
        file = os.open(out, os.O_CREAT | os.O_WRONLY)
        os.dup2(file, 1), os.dup2(file, 2)
        sys.argv = ["lurewatch", *arguments]
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            import traceback
            traceback.print_exc()
            code = 99
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""A process that has imported everything and forks for every command, so that a crawl starts at once."""


@pytest.fixture(scope="session")
def lurewatch(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Run the command line in a process of its own."""
    forker = subprocess.Popen(
        [sys.executable, "-c", FORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    assert forker.stdin is not None
    assert forker.stdout is not None
    lock = threading.Lock()

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        out = tmp_path_factory.mktemp("said") / "output.txt"
        with lock:
            forker.stdin.write(json.dumps([list(arguments), str(out)]) + "\n")
            forker.stdin.flush()
            code = int(forker.stdout.readline())
        return subprocess.CompletedProcess(arguments, code, out.read_text(encoding="utf-8"), "")

    yield run
    forker.stdin.close()
    forker.wait()
    forker.stdout.close()


@pytest.fixture(scope="session")
def crawl_into(lurewatch: Callable[..., subprocess.CompletedProcess[str]]) -> Callable[..., Crawled]:
    """Crawl a source into a folder and give what was left behind."""

    def run(folder: Path, source: str | Path, base_url: str, *more: str) -> Crawled:
        done = lurewatch(
            "crawl", str(source), "--base-url", base_url, "--allow-loopback", "-o", str(folder), *more
        )
        return Crawled(folder, done.returncode, done.stdout + done.stderr)

    return run


@pytest.fixture
def crawl(tmp_path: Path, crawl_into: Callable[..., Crawled]) -> Callable[..., Crawled]:
    """Crawl a source into the test's own folder."""

    def run(source: str | Path, base_url: str, *more: str, folder: Path | None = None) -> Crawled:
        return crawl_into(folder or tmp_path / "out", source, base_url, *more)

    return run


@pytest.fixture
def start_crawl(tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """Start a crawl that the test will kill."""

    def start(source: str | Path, base_url: str, folder: Path, *more: str) -> subprocess.Popen[bytes]:
        arguments = command(
            "crawl", str(source), "--base-url", base_url, "--allow-loopback", "-o", str(folder), *more
        )
        return subprocess.Popen(
            arguments, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    return start
