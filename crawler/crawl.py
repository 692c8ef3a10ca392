"""Runs a crawl: sources in, one output folder out.

The folder holds `adverts.jsonl` (the feed), `readings.jsonl` (raw words, signals, proofs),
`history.jsonl` (first seen, last seen, changed, gone), `evidence/`, and the run's report as
`report.json`, `report.html` and `metrics.prom`. Crawling
into the same folder again fetches only what is new or changed, and takes up a run that was killed.
"""

import fcntl
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess, Crawler

from crawler.budget import Yield, share_pages
from crawler.errors import OutputError, SourceError
from crawler.evidence.archive import Archive
from crawler.evidence.stamp import stamper
from crawler.monitors import doubts_of, problems_of
from crawler.run import Run
from crawler.settings import VERSION, process_settings, scrapy_settings, user_agent
from crawler.source import WHOLE, Source, check_crawlable
from crawler.spiders.base import SourceSpider


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a crawl is to be done."""

    folder: Path
    contact: str
    base_url: str | None = None
    """Stands in for the base address of the source; with one source only."""
    allow_loopback: bool = False
    evidence: bool = True
    budget: int | None = None
    """Most pages per source; the source file's own budget when None."""
    total_pages: int | None = None
    """Pages for all sources together, shared by yield."""
    confirmed: frozenset[str] = frozenset()
    """Ids of the adverts that people confirmed; yields are counted from them."""
    tsa: str | None = None
    """Address of an RFC 3161 time stamping service."""
    settings: tuple[tuple[str, Any], ...] = ()
    """Further Scrapy settings, for tests and for scrapy-redis."""


def crawl_sources(
    sources: Sequence[Source], options: Options, *, progress: Callable[[dict[str, Run]], None] | None = None
) -> dict[str, Any]:
    """Crawl the sources side by side and give the report, which is also written to `report.json`.

    Raises `SourceError` for a source without a complete register entry, before anything is fetched.
    """
    if options.base_url is not None and len(sources) > 1:
        raise SourceError("--base-url goes with one source only")
    for source in sources:
        check_crawlable(source)
    with _alone(options.folder):
        return _crawl(sources, options, progress)


def _crawl(
    sources: Sequence[Source], options: Options, progress: Callable[[dict[str, Run]], None] | None
) -> dict[str, Any]:
    started = datetime.now(UTC)
    process = AsyncCrawlerProcess(process_settings(allow_loopback=options.allow_loopback))
    runs = {source.name: _run(source, options, started) for source in sources}
    yields = {name: _yield(run, options) for name, run in runs.items()}
    budgets = _budgets(sources, options, yields)
    reasons: dict[str, Crawler] = {}
    for source in sources:
        run = runs[source.name]
        crawler = Crawler(SourceSpider, _settings(source, options, budget=budgets[source.name]))
        reasons[source.name] = crawler
        process.crawl(crawler, run=run)
    if progress is not None:
        progress(runs)
    process.start()
    closed = {
        name: {
            **_close(run, reasons[name]),
            "budget": budgets[name],
            "confirmed": yields[name].confirmed,
            "confirmed_per_1000": round(yields[name].per_1000, 3),
        }
        for name, run in runs.items()
    }
    report = {
        "version": VERSION,
        "started": started.isoformat(),
        "finished": datetime.now(UTC).isoformat(),
        "sources": closed,
        "problems": [f"{name}: {what}" for name, source in closed.items() for what in source["problems"]],
    }
    return _write(options.folder, report, runs)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder for one crawl; a second one would write every advert twice."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror}); name another --output") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OutputError(
                f"{folder}: another crawl is writing there; wait for it, or name another --output"
            ) from error
        yield


def _yield(run: Run, options: Options) -> Yield:
    return Yield(run.history.pages_spent(), run.history.of_this_source(options.confirmed))


def _budgets(sources: Sequence[Source], options: Options, yields: dict[str, Yield]) -> dict[str, int]:
    caps = {source.name: options.budget or source.budget_pages for source in sources}
    return caps if options.total_pages is None else share_pages(options.total_pages, yields, caps=caps)


def _settings(source: Source, options: Options, *, budget: int) -> dict[str, Any]:
    base = scrapy_settings(
        source, contact=options.contact, allow_loopback=options.allow_loopback, budget=budget
    )
    return {**base, **dict(options.settings)}


def _run(source: Source, options: Options, started: datetime) -> Run:
    archive = None
    if options.evidence:
        archive = Archive(
            options.folder / "evidence",
            source=source.name,
            started=started,
            about={
                "software": user_agent(options.contact),
                "format": "WARC File Format 1.0",
                "source": source.name,
                "robots": "obeyed",
            },
            stamp=stamper(options.tsa),
        )
    return Run(source, folder=options.folder, base_url=options.base_url, archive=archive)


def _close(run: Run, crawler: Crawler) -> dict[str, Any]:
    reason = str(crawler.stats.get_value("finish_reason")) if crawler.stats else "unknown"
    shared = bool(crawler.settings.get("REDIS_URL"))
    whole = reason == "finished" and not run.politeness.stopped and not run.counts["failed"]
    # a process with a shared frontier sees only its part
    complete = whole and not shared
    believed = complete and run.source.kind in WHOLE and not doubts_of(run, complete=complete)
    run.close(complete=believed, finished=reason == "finished")
    problems = problems_of(run, complete=complete)
    if reason not in {"finished", "closespider_pagecount"}:
        problems.append(f"ended early: {reason}")
    return {
        "complete": complete,
        "ended": reason,
        "resumed": run.history.resumed,
        "pages": run.counts["responses"],
        "bytes": run.counts["bytes"],
        "adverts": run.n_adverts,
        **{
            name: run.counts[name]
            for name in (
                "new",
                "changed",
                "unchanged",
                "gone",
                "not_modified",
                "failed",
                "repeated",
                "listings",
            )
        },
        "done_before": run.counts["done_before"],
        "seconds": round((run.clock() - run.started).total_seconds(), 3),
        "coverage": run.coverage(),
        "signals": dict(run.signals),
        "faults": dict(run.faults),
        "refused": dict(run.refused),
        "examples": run.examples,
        "problems": problems,
    }


def _write(folder: Path, report: dict[str, Any], runs: dict[str, Run]) -> dict[str, Any]:
    from crawler.report import write_html, write_metrics

    history = [row for run in runs.values() for row in run.history.rows()]
    (folder / "history.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in history), encoding="utf-8"
    )
    for run in runs.values():
        run.history.close()
    (folder / "report.json").write_text(
        json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    write_html(report, folder / "report.html")
    write_metrics(report, folder / "metrics.prom")
    return report
