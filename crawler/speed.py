"""Measures the crawler's speed: pages a second against a local server, with evidence and without.

Server and crawls run in processes of their own; the two kinds of crawl take turns, so that what else
the machine does weighs on both. Figures are per second of processor time, which is what a core gives.
"""

# ruff: noqa: S603 - the board's page reads best unbroken; the command run is our own

import http.server
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from crawler.evidence.archive import Archive

ROUNDS, IDLE_ROUNDS = 5, 3
_KEPT = 500
_TEXT = "<p>We look for somebody who likes people and mornings. You bring two years of practice.</p>" * 12


class Handler(http.server.BaseHTTPRequestHandler):
    """A board of made-up pages with JSON-LD."""

    protocol_version = "HTTP/1.1"
    pages = 0

    def do_GET(self) -> None:
        """Answer with a listing or a page."""
        body, kind = b"User-agent: *\nAllow: /\n", "text/plain"
        if self.path == "/jobs":
            kind, body = (
                "text/html",
                "".join(f'<a href="/job/{n}">job</a>' for n in range(self.pages)).encode(),
            )
        elif self.path.startswith("/job/"):
            kind, body = "text/html", _page(self.path).encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server asks for
        """Stay quiet."""


def _page(path: str) -> str:
    posting = {
        "@context": "https://schema.org", "@type": "JobPosting", "title": f"Cook {path}", "description": _TEXT, "url": path,
        "datePosted": "2026-11-01", "hiringOrganization": {"@type": "Organization", "name": "Example Kitchen"},
        "jobLocation": {"@type": "Place", "address": {"addressLocality": "Hull", "addressCountry": "GB"}},
        "baseSalary": {"currency": "GBP", "value": {"minValue": 11, "maxValue": 13, "unitText": "HOUR"}},
    }  # fmt: skip
    head = f'<script type="application/ld+json">{json.dumps(posting)}</script>'
    return f"<html><head>{head}</head><body><h1>Cook</h1>{_TEXT * 3}</body></html>"


def _serve(pages: int, pipe: Any) -> None:
    Handler.pages = pages
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pipe.send(server.server_address[1])
    server.serve_forever()


def measure_speed(pages: int, *, rounds: int = ROUNDS) -> dict[str, Any]:
    """Crawl `pages` pages several times each way, in turns; gives pages a second and what evidence costs.

    Every figure is the median over the rounds with the lowest and the highest beside it. What a crawl
    of a single page takes, which is the start of the process, is taken off; a pair's two crawls run one
    after the other, and which of them goes first changes from round to round. What else the machine does
    can only add to a crawl's time, so `evidence_cost_fastest` compares the fastest crawl of each way.
    """
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(pages, there), daemon=True)
    server.start()
    base = f"http://127.0.0.1:{here.recv()}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            idles = [_crawl(base, Path(folder) / f"idle{n}", 1, "--evidence")[0] for n in range(IDLE_ROUNDS)]
            taken = [_round(base, Path(folder), pages, n) for n in range(rounds)]
            keeping_s = _keeping(Path(folder) / "kept")
    finally:
        server.terminate()
    idle = median(idles)
    with_it = [pair["--evidence"][0] - idle for pair in taken]
    without = [pair["--no-evidence"][0] - idle for pair in taken]
    return {
        "pages": pages,
        "rounds": rounds,
        "pages_per_cpu_s": _spread(pages / seconds for seconds in with_it),
        "pages_per_cpu_s_without": _spread(pages / seconds for seconds in without),
        "pages_per_s": _spread(pages / pair["--evidence"][1] for pair in taken),
        "archive_ms_per_page": round(keeping_s * 1000, 4),
        "archive_share": _spread(keeping_s * pages / seconds for seconds in with_it),
        "evidence_cost": _spread(a / b - 1 for a, b in zip(with_it, without, strict=True)),
        "evidence_cost_fastest": round(
            _fastest(taken, "--evidence", min(idles)) / _fastest(taken, "--no-evidence", min(idles)) - 1, 4
        ),
    }


def _round(base: str, folder: Path, pages: int, n: int) -> dict[str, tuple[float, float]]:
    ways = ("--evidence", "--no-evidence") if n % 2 == 0 else ("--no-evidence", "--evidence")
    return {how: _crawl(base, folder / f"{n}{how}", pages, how) for how in ways}


def _fastest(taken: list[dict[str, tuple[float, float]]], how: str, idle: float) -> float:
    return min(pair[how][0] for pair in taken) - idle


def _keeping(folder: Path) -> float:
    """Seconds of processor time that archiving one page takes by itself, without a crawl around it."""
    now, body = datetime.now(UTC), _page("/job/0").encode()
    archive = Archive(folder, source="speed", started=now, about={})
    started = time.process_time()
    for n in range(_KEPT):
        archive.keep(
            url=f"http://127.0.0.1/job/{n}",
            status=200,
            headers=[("Content-Type", "text/html")],
            body=body,
            now=now,
        )
    taken = time.process_time() - started
    archive.close(now)
    return taken / _KEPT


def _spread(values: Iterable[float]) -> dict[str, float]:
    found = sorted(values)
    return {"median": round(median(found), 4), "lowest": round(found[0], 4), "highest": round(found[-1], 4)}


def _crawl(base: str, folder: Path, pages: int, how: str) -> tuple[float, float]:
    """Crawl in a process of its own: (its processor time, its time by the clock), in seconds."""
    folder.mkdir()
    source = folder / "speed.yaml"
    entry = {
        "name": "speed", "title": "speed", "owner": "us", "terms": "none", "contact": "us", "languages": ["en"],
        "kind": "job_postings", "base_url": base, "start": ["/jobs"], "detail": "/job/", "delay_s": 0, "concurrency": 8,
        "budget_pages": pages + 10 if pages > 1 else 1, "bundled": True, "expect": {"min": 0},
    }  # fmt: skip
    source.write_text(yaml.safe_dump(entry), encoding="utf-8")
    code = "from lurewatch import main; main()"
    arguments = ["crawl", str(source), "--allow-loopback", "-o", str(folder / "out"), how]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.DEVNULL, env=os.environ
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime), time.monotonic() - started
