"""robots.txt, crawl-delay, back-off: how the crawler behaves towards other people's servers."""

import asyncio
import time
from email.utils import parsedate_to_datetime
from typing import Any

from scrapy import signals
from scrapy.core.downloader import Slot
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Request, Response
from scrapy.utils.httpobj import urlparse_cached

ROBOTS_NAME = "Lurewatch"
"""The name under which robots.txt files may address us."""
MAX_CRAWL_DELAY_S = 300.0
_FORBIDDEN, _OK, _CLIENT_ERROR = 403, 200, 400
_WAIT = {429, 503}
_GONE_CODES = {404, 410}


class NoAnswer:
    """Stands for a robots.txt that gave no answer: no permission was given, so nothing is fetched."""

    def allowed(self, url: str, user_agent: str) -> bool:
        """Allow nothing."""
        del url, user_agent
        return False


class Politeness:
    """What one run knows about each host's wishes; shared by the parts below."""

    def __init__(self) -> None:
        self.floor_s: dict[str, float] = {}
        """Host → least time between requests, from its robots.txt."""
        self.not_before: dict[str, float] = {}
        """Host → when it may be asked again (monotonic clock)."""
        self.refusals: dict[str, int] = {}
        """Host → how many times in a row it answered 403."""
        self.stopped: dict[str, str] = {}
        """Host → why nothing more is asked of it in this run."""


def _run(crawler: Crawler) -> Any:
    return crawler.spider.run  # type: ignore[union-attr]


class PoliteRobots(RobotsTxtMiddleware):
    """Obeys robots.txt and its crawl-delay; reads it again when it has grown old.

    A robots.txt that is an HTML page, an error or out of reach is no permission: only a missing
    one (404, 410) is.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._max_age_s = crawler.settings.getfloat("LUREWATCH_ROBOTS_MAX_AGE_S", 3600)
        self._read_at: dict[str, float] = {}

    async def robot_parser(self, request: Request) -> Any:
        """Give the host's rules, read again when they are too old."""
        netloc = urlparse_cached(request).netloc
        if time.monotonic() - self._read_at.get(netloc, time.monotonic()) > self._max_age_s:
            self._parsers.pop(netloc, None)
            self._read_at.pop(netloc, None)
        return await super().robot_parser(request)

    def process_request_2(self, rp: Any, request: Request) -> None:
        """Refuse what the rules forbid, and report it."""
        try:
            super().process_request_2(rp, request)
        except IgnoreRequest:
            _run(self.crawler).refuse("forbidden by robots.txt", request.url)
            raise

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        self._read_at[netloc] = time.monotonic()
        if response.status in _GONE_CODES:
            response = response.replace(body=b"")
        elif response.status != _OK or _is_html(response):
            _run(self.crawler).fault("robots.txt gave no answer", response.url)
            self._answer(netloc, NoAnswer())
            return
        await super()._parse_robots(response, netloc, request)
        rules: Any = self._parsers[netloc]
        delay = rules.rp.crawl_delay(ROBOTS_NAME)
        if delay:
            self._slow_down(request, min(float(delay), MAX_CRAWL_DELAY_S))

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        del exc
        self._read_at[netloc] = time.monotonic()
        _run(self.crawler).fault("robots.txt out of reach", f"https://{netloc}/robots.txt")
        self._answer(netloc, NoAnswer())

    def _answer(self, netloc: str, rules: Any) -> None:
        waiting: Any = self._parsers[netloc]
        self._parsers[netloc] = rules
        waiting.callback(rules)

    def _slow_down(self, request: Request, delay: float) -> None:
        downloader = self.crawler.engine.downloader
        key = downloader.get_slot_key(request)
        _run(self.crawler).politeness.floor_s[key] = delay
        slot = downloader.slots.get(key)
        if slot is not None:
            _hold(slot, delay)


def _is_html(response: Response) -> bool:
    start = response.body[:512].lstrip().lower()
    return start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml"))


def _hold(slot: Slot, delay: float) -> None:
    slot.delay = max(slot.delay, delay)
    slot.concurrency = 1


class PoliteThrottle(AutoThrottle):
    """Scrapy's AutoThrottle, never faster than the source file or the host's crawl-delay asks."""

    def _adjust_delay(self, slot: Slot, latency: float, response: Response) -> None:
        super()._adjust_delay(slot, latency, response)
        floor = _run(self.crawler).politeness.floor_s.get(
            urlparse_cached(response.request or response).hostname or "", 0.0
        )
        if floor:
            _hold(slot, floor)


class BackOff:
    """Waits when a host says so (429, 503, Retry-After), and leaves it alone when it refuses (403).

    The mood is read the moment an answer is in, before the next request to the host leaves.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        settings = crawler.settings
        self._base_s = settings.getfloat("LUREWATCH_BACKOFF_BASE_S", 10)
        self._longest_s = settings.getfloat("LUREWATCH_BACKOFF_LONGEST_S", 900)
        self._times = settings.getint("LUREWATCH_BACKOFF_TIMES", 4)
        self._refusals = settings.getint("LUREWATCH_REFUSALS", 3)
        crawler.signals.connect(self._downloaded, signal=signals.response_downloaded)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "BackOff":
        """Build it as Scrapy does."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Hold a request back until its host may be asked again; drop it when the host is left alone."""
        politeness: Politeness = _run(self._crawler).politeness
        host = _host(request)
        while True:
            if host in politeness.stopped:
                raise IgnoreRequest(politeness.stopped[host])
            wait = politeness.not_before.get(host, 0.0) - time.monotonic()
            if wait <= 0:
                return
            await asyncio.sleep(wait)

    def process_response(self, request: Request, response: Response) -> Response | Request:
        """Ask again for a page that we were told to wait for, unless its host is left alone."""
        stopped = _host(request) in _run(self._crawler).politeness.stopped
        if response.status not in _WAIT or stopped:
            return response
        times = int(request.meta.get("backed_off", 0)) + 1
        return request.replace(dont_filter=True, meta={**request.meta, "backed_off": times})

    def _downloaded(self, response: Response, request: Request) -> None:
        politeness: Politeness = _run(self._crawler).politeness
        host = _host(request)
        if response.status == _FORBIDDEN and not request.url.endswith("/robots.txt"):
            politeness.refusals[host] = politeness.refusals.get(host, 0) + 1
            if politeness.refusals[host] >= self._refusals:
                self._stop(request, f"{self._refusals} refusals (403) in a row")
        elif response.status in _WAIT:
            self._wait(request, response)
        elif response.status < _CLIENT_ERROR:
            politeness.refusals.pop(host, None)

    def _wait(self, request: Request, response: Response) -> None:
        run, host = _run(self._crawler), _host(request)
        times = int(request.meta.get("backed_off", 0))
        asked = retry_after_s(response.headers.get("Retry-After"), now=time.time())
        wait = asked if asked is not None else self._base_s * 2**times
        if wait > self._longest_s or times >= self._times:
            self._stop(request, f"asked us to wait ({response.status})")
            return
        run.fault(f"asked us to wait ({response.status})", request.url)
        until = time.monotonic() + wait
        run.politeness.not_before[host] = max(run.politeness.not_before.get(host, 0.0), until)
        slot = self._slot(request)
        if slot is not None and wait:
            # requests that already stand in the downloader's queue wait too
            slot.lastseen, slot.delay = until, max(slot.delay, 0.001)

    def _stop(self, request: Request, why: str) -> None:
        run, host = _run(self._crawler), _host(request)
        if host in run.politeness.stopped:
            return
        run.politeness.stopped[host] = why
        run.fault(f"left alone: {why}", request.url)
        slot = self._slot(request)
        while slot is not None and slot.queue:
            _request, waiting = slot.queue.popleft()
            waiting.errback(IgnoreRequest(why))

    def _slot(self, request: Request) -> Slot | None:
        downloader = self._crawler.engine.downloader
        slot: Slot | None = downloader.slots.get(downloader.get_slot_key(request))
        return slot


def _host(request: Request) -> str:
    return urlparse_cached(request).netloc


def retry_after_s(value: bytes | None, *, now: float) -> float | None:
    """Read a Retry-After header: seconds to wait, or None when there is none to read."""
    if not value:
        return None
    text = value.decode("latin-1").strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError):
        return None


__all__ = ["BackOff", "NoAnswer", "PoliteRobots", "PoliteThrottle", "Politeness", "retry_after_s"]
