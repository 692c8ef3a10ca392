"""One run over one source: what it may do, what it met, and where that is written.

The spider and the middlewares call it; nothing here knows about HTML. The order in `store_page`
is what makes a kill harmless: evidence first, then the feed, then the memory of the advert, and
the page counts as done last.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scrapy.http import Response
from scrapy.logformatter import LogFormatter

from crawler.errors import EvidenceError
from crawler.evidence.archive import Archive
from crawler.feed import Feed
from crawler.history import History
from crawler.middlewares.manners import Politeness
from crawler.pages.advert import Reading
from crawler.source import Source

COVERED = ("title", "description", "employer", "places", "pay_raw", "employment_type", "posted_on", "url")
"""Fields whose share of filled ones is reported for every run."""
ENOUGH_ADVERTS = 10
"""Fewer adverts say nothing about a site's layout."""
_MAX_EXAMPLES = 200
_ADVERT_HOLDING = ("new", "changed", "unchanged")


class Run:
    """Everything one source's crawl shares."""

    def __init__(
        self,
        source: Source,
        *,
        folder: Path,
        base_url: str | None = None,
        archive: Archive | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.source, self.folder, self.archive, self.clock = source, folder, archive, clock
        self.base_url = base_url or source.base_url
        self.politeness = Politeness()
        self.counts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.examples: list[dict[str, str]] = []
        self.signals: Counter[str] = Counter()
        self.covered: Counter[str] = Counter()
        self.unstamped: list[str] = []
        """Roots that could not be time-stamped, and why."""
        self.started = clock()
        self.feed = Feed(folder)
        self.history = History(folder / "history.sqlite3", source=source.name)
        self.history.begin_run(self.started)
        self._written = self.feed.ids_with_digests() if self.history.resumed else set()

    def keep_response(self, response: Response, *, posted: bytes = b"") -> tuple[datetime, str | None]:
        """Archive a response as received; gives the moment and the digest of its bytes."""
        now = self.clock()
        self.counts["responses"] += 1
        self.counts["bytes"] += len(response.body)
        if self.archive is None:
            return now, None
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, values in response.headers.items()
            for value in values
        ]
        kept = self.archive.keep(
            url=response.url,
            status=response.status,
            headers=headers,
            body=response.body,
            now=now,
            posted=posted,
        )
        return now, kept.digest

    def store_page(
        self,
        url: str,
        response: Response,
        readings: Sequence[tuple[Reading, str | None]],
        *,
        listed_modified: str | None,
    ) -> None:
        """Write a page's adverts, then remember the page as done."""
        now: datetime = response.meta.get("fetched_at") or self.clock()
        self.counts["pages"] += 1
        for reading, proof in readings:
            self._store(reading, proof, now)
        digest = response.meta.get("page_digest")
        if not readings:
            self.history.empty_page(url, now=now, digest=digest)
            return
        self.history.add_page(
            url,
            now=now,
            etag=_header(response, "ETag"),
            last_modified=_header(response, "Last-Modified"),
            digest=digest,
            advert_ids=tuple(dict.fromkeys(reading.advert.id for reading, _proof in readings)),
            listed_modified=listed_modified,
        )

    def _store(self, reading: Reading, proof: str | None, now: datetime) -> None:
        advert = reading.advert
        status = self.history.status(advert)
        if status == "repeated":
            self.counts["repeated"] += 1
            return
        if status in {"new", "changed"} and (advert.id, advert.page_digest) not in self._written:
            self.feed.append(reading, status=status, proof=proof, at=now)
        self.history.add_advert(advert, now=now)
        self.counts[status] += 1
        self.signals.update(reading.signals)
        self.covered.update(name for name in COVERED if getattr(advert, name) not in (None, (), ""))
        if proof is None:
            self.fault("the page does not name its advert", advert.url or "")

    def unchanged_page(self, url: str) -> None:
        """Count a page that has not changed since the last visit."""
        self.counts["not_modified"] += 1
        n = self.history.touch_page(url, now=self.clock())
        self.counts["unchanged"] += n

    def gone_page(self, url: str) -> None:
        """Count a page that was there before and is no more."""
        self.counts["gone"] += len(self.history.gone_page(url, now=self.clock()))

    def fault(self, what: str, url: str) -> None:
        """Report something that went wrong, without any of the page's text."""
        self.faults[what] += 1
        if len(self.examples) < _MAX_EXAMPLES:
            self.examples.append({"what": what, "url": url[:500]})

    def refuse(self, what: str, url: str) -> None:
        """Report something that was left out on purpose."""
        del url
        self.refused[what] += 1

    @property
    def n_adverts(self) -> int:
        """How many different adverts this run met."""
        return sum(self.counts[name] for name in _ADVERT_HOLDING)

    @property
    def n_read(self) -> int:
        """How many adverts were read off a page in this run, not only met as unchanged."""
        unchanged = self.counts["unchanged"] if not self.counts["not_modified"] else 0
        return self.counts["new"] + self.counts["changed"] + unchanged

    def coverage(self) -> dict[str, float]:
        """Field → share of the adverts read in this run that carry it."""
        read = self.n_read
        return {name: round(min(1.0, self.covered[name] / read), 4) for name in COVERED} if read else {}

    def close(self, *, complete: bool, finished: bool) -> None:
        """Take the last Merkle root and close the files; end the run when it finished.

        One that used up its budget or was stopped stays open: the next crawl goes on with it.
        Adverts that a complete run did not meet are gone.
        """
        now = self.clock()
        if self.archive is not None:
            try:
                self.archive.close(now)
            except EvidenceError as error:
                self.unstamped.append(str(error))
        self.history.spend(self.counts["responses"])
        if self.n_read >= ENOUGH_ADVERTS:
            self.history.keep_coverage(self.coverage())
        if finished:
            self.counts["gone"] += len(self.history.end_run(now, complete=complete))
        self.feed.close()


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None


class QuietFormatter(LogFormatter):
    """Keeps page text and items out of the log."""

    def scraped(self, item: Any, response: Any, spider: Any) -> Any:
        """Say nothing of an item."""
        del item, response, spider

    def dropped(self, item: Any, exception: BaseException, response: Any, spider: Any) -> Any:
        """Say only that one was dropped."""
        del item, response, spider
        return {
            "level": logging.WARNING,
            "msg": "an item was dropped: %(kind)s",
            "args": {"kind": type(exception).__name__},
        }
