"""The one spider: a source file says where to begin, the readers say what a page holds.

Sitemap or listing → detail pages → adverts, or feed, API and channel pages that hold adverts
themselves. Everything written goes through `Run`, page by page.
"""

import re
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

from scrapy import Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider, DontCloseSpider, IgnoreRequest
from scrapy.http import Request, Response

from crawler.guard import refusal
from crawler.pages.advert import Reading, read_advert, without_slug
from crawler.pages.decode import decode_page
from crawler.pages.draft import Draft
from crawler.pages.reader import Page, read_page
from crawler.parse.dates import Patience
from crawler.run import Run
from crawler.source import Api, Kind
from crawler.spiders.api import Call, address_of, first_call, next_call, total_of
from crawler.spiders.links import like_a_trap, next_pages, page_links, sitemap_links
from crawler.spiders.proof import proof_of

EMPTY_PAGES_IN_A_ROW = 5
"""After so many listing pages without a new link, the listing is left: it may never end."""
BARREN_PAGES_IN_A_ROW = 50
"""After so many detail pages without an advert of their own, the source is left: a trap makes up pages."""
_NOT_MODIFIED, _NOT_FOUND, _GONE, _OK = 304, 404, 410, 200
_ANSWERS = [_NOT_MODIFIED, *range(400, 600)]
"""Answers the spider reads itself; redirects are not among them, so they are followed."""
_HOLDING = {Kind.FEED, Kind.API, Kind.TELEGRAM}


class SourceSpider(Spider):
    """Crawls one source as its file says."""

    name = "source"

    def __init__(self, *, run: Run, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run = run
        self.name = run.source.name
        self.source = run.source
        self.allowed_domains = [urlsplit(run.base_url).hostname or "", *run.source.follow_hosts]
        self._detail = re.compile(self.source.detail) if self.source.detail else None
        self._asked: set[str] = set()
        self._empty_in_a_row = self._barren_in_a_row = 0
        self.idle_s = 0.0
        self._idle_since, self._responses_when_idle = time.monotonic(), -1

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Build it as Scrapy does; a page that breaks a reader is reported, not only logged."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.crawl_broke, signal=signals.spider_error)
        crawler.signals.connect(spider.report_leaving, signal=signals.request_scheduled)
        crawler.signals.connect(spider.wait_for_others, signal=signals.spider_idle)
        spider.idle_s = crawler.settings.getfloat("LUREWATCH_IDLE_S", 0)
        return spider

    def report_leaving(self, request: Request) -> None:
        """Report a redirect that leads to another host; Scrapy drops it before anything is sent."""
        host = urlsplit(request.url).hostname or ""
        if any(host == own or host.endswith(f".{own}") for own in self.allowed_domains):
            return
        reason = refusal(request.url, allow_loopback=False)
        if reason is not None:
            self.run.fault(reason, request.url)
        else:
            self.run.refuse("leads to another host", request.url)

    def wait_for_others(self) -> None:
        """With a frontier shared between processes: stay while others may still find work."""
        responses = self.run.counts["responses"]
        if responses != self._responses_when_idle:
            self._responses_when_idle, self._idle_since = responses, time.monotonic()
        if time.monotonic() - self._idle_since < self.idle_s:
            raise DontCloseSpider

    def crawl_broke(self, response: Response) -> None:
        """Report a page that a reader could not cope with."""
        self.run.counts["failed"] += 1
        self.run.fault("broke a reader", response.url)

    async def start(self) -> AsyncIterator[Request]:
        """Begin where the source file says."""
        for address in self.source.start:
            url = urljoin(self.run.base_url, address)
            if self.source.api == Api():
                yield self._request(url, callback=self.crawl_start)
            else:
                yield self._call(first_call(self.source.api, url))

    def _request(
        self, url: str, *, callback: Any, conditional: bool = False, key: str | None = None, **meta: Any
    ) -> Request:
        headers = dict(self.source.api.headers)
        visit = self.run.history.visit(url) if conditional else None
        if visit is not None and visit.etag:
            headers["If-None-Match"] = visit.etag
        if visit is not None and visit.last_modified:
            headers["If-Modified-Since"] = visit.last_modified
        self._asked.add(key or url)
        return Request(
            url,
            callback=callback,
            errback=self.crawl_failed,
            headers=headers,
            meta={"handle_httpstatus_list": _ANSWERS, "asked": key or url, **meta},
        )

    def _call(self, call: Call, *, seen: int = 0, total: int | None = None) -> Request:
        """Ask a job API for a page of its list."""
        request = self._request(
            call.url, callback=self.crawl_calls, key=call.key, call=call.turn, seen=seen, total=total
        )
        if not call.body:
            return request
        headers = {**request.headers.to_unicode_dict(), "Content-Type": "application/json"}
        return request.replace(method="POST", body=call.body, headers=headers)

    def crawl_calls(self, response: Response) -> Iterator[Any]:
        """Read a page of an API's list, its adverts' own answers where it has them, and turn the page."""
        if not self._usable(response):
            return
        api, page, before = self.source.api, self._read(response), self._progress()
        if api.detail is None:
            self._store(response, page)
            news = self._progress() - before
        else:
            self.run.counts["listings"] += 1
            requests = list(self._details_of(page))
            news = len(requests)
            yield from (request for request in requests if request is not None)
        self._empty_in_a_row = 0 if news else self._empty_in_a_row + 1
        if self._empty_in_a_row >= EMPTY_PAGES_IN_A_ROW:
            self.run.fault("feed left: pages without new adverts", response.url)
            return
        seen = response.meta["seen"] + len(page.drafts)
        total = response.meta["total"] or total_of(response.body)
        asked = response.request
        call = Call(response.url, asked.body if asked else b"", response.meta["call"])
        following = next_call(api, call, found=len(page.drafts), seen=seen, total=total)
        if following is not None and self.source.kind is Kind.API:
            if following.key not in self._asked:
                yield self._call(following, seen=seen, total=total)
        elif self.source.kind is Kind.API and api.page_by is None:
            for url in next_pages(response, selector=self.source.next):
                if url not in self._asked and self._is_sane(url):
                    yield self._call(Call(url), seen=seen, total=total)

    def _details_of(self, page: Page) -> Iterator[Request | None]:
        """The requests for the adverts that a list names for the first time; None for one done before."""
        for draft in page.drafts:
            address = address_of(self.source.api.detail or "", draft)
            if address is None:
                self.run.fault("list entry without an address of its own", self.run.base_url)
                continue
            url = urljoin(self.run.base_url, address)
            if url in self._asked:
                continue
            yield next(self._detail_request(url, listed=(draft.identifier, draft.url)), None)

    def crawl_start(self, response: Response) -> Iterator[Any]:
        """Read a page from the source file's list: a sitemap, a listing, or adverts themselves."""
        if not self._usable(response):
            return
        listed = sitemap_links(response.body)
        if listed is None and self.source.kind in _HOLDING:
            yield from self.crawl_feed(response)
        elif listed is None:
            yield from self.crawl_listing(response)
        else:
            yield from self._crawl_sitemap(response, listed)

    def _crawl_sitemap(self, response: Response, listed: Any) -> Iterator[Request]:
        self.run.counts["listings"] += 1
        for entry in listed.entries:
            url = urljoin(response.url, entry.url)
            if listed.is_index:
                if url not in self._asked and self._is_sane(url):
                    yield self._request(url, callback=self.crawl_start)
            elif self._wants(url):
                yield from self._detail_request(url, listed_modified=entry.last_modified)

    def crawl_listing(self, response: Response) -> Iterator[Any]:
        """Follow a listing's links to adverts, and on to its next page while it brings new ones."""
        self.run.counts["listings"] += 1
        links = (
            []
            if self.source.selectors.item
            else list(page_links(response, detail=self._detail, selector=self.source.selectors.link))
        )
        fresh = 0
        for url in links:
            if self._wants(url):
                fresh += 1
                yield from self._detail_request(url)
        if not links:
            fresh += self._store(response, self._read(response))
        self._empty_in_a_row = 0 if fresh else self._empty_in_a_row + 1
        if self._empty_in_a_row >= EMPTY_PAGES_IN_A_ROW:
            self.run.fault("listing left: pages without new adverts", response.url)
            return
        for url in next_pages(response, selector=self.source.next):
            if url not in self._asked and self._is_sane(url):
                yield self._request(url, callback=self.crawl_listing)

    def crawl_feed(self, response: Response) -> Iterator[Any]:
        """Read a page that holds adverts itself, and its next pages while they bring something."""
        if not self._usable(response):
            return
        before = self._progress()
        self._store(response, self._read(response))
        if self._progress() == before:
            # a channel goes back for years: the first page without news ends it
            self._empty_in_a_row += EMPTY_PAGES_IN_A_ROW if self.source.kind is Kind.TELEGRAM else 1
        else:
            self._empty_in_a_row = 0
        if self._empty_in_a_row >= EMPTY_PAGES_IN_A_ROW:
            if self.source.kind is not Kind.TELEGRAM:
                self.run.fault("feed left: pages without new adverts", response.url)
            return
        for url in next_pages(response, selector=self.source.next):
            if url not in self._asked and self._is_sane(url):
                yield self._request(url, callback=self.crawl_feed)

    def _progress(self) -> int:
        counts = self.run.counts
        known = 0 if self.source.kind is Kind.TELEGRAM else counts["unchanged"]
        return counts["new"] + counts["changed"] + known

    def crawl_advert(self, response: Response) -> None:
        """Read a detail page."""
        asked = response.meta["asked"]
        if response.status == _NOT_MODIFIED:
            self.run.unchanged_page(asked)
        elif response.status in {_NOT_FOUND, _GONE}:
            self.run.counts["missing"] += 1
            self.run.gone_page(asked)
        elif self._usable(response):
            page, before = self._read(response), self.run.n_adverts
            if not self._store(response, page):
                self.run.fault("detail page without an advert", response.url)
                self.run.counts["lost"] += self.run.history.present_on(asked)
            self._watch_yield(response, brought=self.run.n_adverts > before)

    def _watch_yield(self, response: Response, *, brought: bool) -> None:
        """Leave a source whose pages go on and on without bringing an advert that is not known yet."""
        self._barren_in_a_row = 0 if brought else self._barren_in_a_row + 1
        if self._barren_in_a_row >= BARREN_PAGES_IN_A_ROW:
            self.run.fault("source left: pages in a row without an advert of their own", response.url)
            raise CloseSpider("pages without adverts")

    def crawl_failed(self, failure: Any) -> None:
        """Report a page that could not be had."""
        error = failure.value
        if isinstance(error, IgnoreRequest):
            self._ignored(str(error), failure.request.url)
            return
        self.run.counts["failed"] += 1
        self.run.fault(f"not received: {type(error).__name__}", failure.request.url)

    def _ignored(self, why: str, url: str) -> None:
        """The guard, robots.txt and the back-off report what they refuse themselves."""
        if why.startswith("Ignored response"):
            self.run.fault("unpacks to more than the limit", url)
        elif "redirections" in why:
            self.run.fault("redirects without end", url)

    def _detail_request(
        self, url: str, *, listed_modified: str | None = None, listed: tuple[str | None, ...] = ()
    ) -> Iterator[Request]:
        self._asked.add(url)
        visit = self.run.history.visit(url)
        if visit is not None and visit.this_run:
            self.run.counts["done_before"] += 1
            return
        if (
            visit is not None
            and listed_modified
            and visit.listed_modified == listed_modified
            and visit.advert_ids
        ):
            self.run.unchanged_page(url)
            return
        request = self._request(
            url,
            callback=self.crawl_advert,
            conditional=True,
            listed_modified=listed_modified,
            listed=[name for name in listed if name],
        )
        # adverts before further lists: a budget is spent on what it is for
        yield request.replace(priority=1)

    def _usable(self, response: Response) -> bool:
        if response.status == _OK:
            return True
        if response.status == _NOT_MODIFIED:
            self.run.unchanged_page(response.meta["asked"])
            return False
        self.run.counts["failed"] += 1
        self.run.fault(f"answered {response.status}", response.url)
        return False

    def _read(self, response: Response) -> Page:
        content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
        if self.source.kind is Kind.CLASSIFIEDS:
            from crawler.pages.selected import read_selected

            page = read_selected(decode_page(response.body, content_type=content_type), self.source.selectors)
        else:
            page = read_page(response.body, content_type=content_type)
        for fault in page.faults:
            self.run.fault(fault, response.url)
        return page

    def _store(self, response: Response, page: Page) -> int:
        readings: list[tuple[Reading, str | None]] = []
        only, patience = len(page.drafts) == 1, Patience()
        for draft in page.drafts:
            reading = read_advert(
                self._with_page(draft),
                source=self.source.name,
                page_url=response.url,
                fetched_at=response.meta.get("fetched_at"),
                page_digest=response.meta.get("page_digest"),
                employer=self.source.employer,
                patience=patience,
            )
            if reading is not None:
                readings.append((reading, proof_of(reading, response=response, only=only)))
        self.run.store_page(
            response.meta["asked"], response, readings, listed_modified=response.meta.get("listed_modified")
        )
        return len(readings)

    def _with_page(self, draft: Draft) -> Draft:
        """Give the advert its public page's address where the API states none."""
        template, named = self.source.api.page, without_slug(draft)
        address = address_of(template, named) if template and not named.url else None
        return replace(draft, url=address) if address else draft

    def _wants(self, url: str) -> bool:
        if url in self._asked or (self._detail is not None and not self._detail.search(url)):
            return False
        return self._is_sane(url)

    def _is_sane(self, url: str) -> bool:
        """Whether an address looks like a page rather than a trap that makes up addresses."""
        if like_a_trap(url):
            self.run.fault("address like a trap", url)
            return False
        return True
