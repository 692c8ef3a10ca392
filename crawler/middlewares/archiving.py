"""Hands every response to the archive as it came in, before it is unpacked, redirected or read."""

from scrapy.crawler import Crawler
from scrapy.http import Request, Response


class Archiving:
    """Stands nearest to the downloader, so that what is kept is what was sent."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Archiving":
        """Build it as Scrapy does."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response:
        """Keep the response; its digest travels on with the request."""
        run = self._crawler.spider.run  # type: ignore[union-attr]
        request.meta["fetched_at"], request.meta["page_digest"] = run.keep_response(
            response, posted=request.body
        )
        return response
