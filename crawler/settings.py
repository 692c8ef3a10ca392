"""Scrapy settings of a crawl: manners, limits, and the order of what stands between page and advert."""

from typing import Any

from crawler.middlewares.manners import ROBOTS_NAME
from crawler.source import Source

MAX_BYTES = 10_000_000
"""Largest page, after unpacking too."""
REDIRECTS = 5
DEPTH = 40
MAX_URL = 2_000
VERSION = "0.1"
SHARED_IDLE_S = 15.0
"""How long a process with a shared frontier waits for work that others may still find."""


def user_agent(contact: str) -> str:
    """Who we are and how to reach whoever runs this crawler."""
    return f"{ROBOTS_NAME}/{VERSION} (public job adverts, research against human trafficking; +{contact})"


def process_settings(*, allow_loopback: bool) -> dict[str, Any]:
    """Give the settings of the whole process: Scrapy reads the resolver from these, not from a crawl's."""
    return {
        "LOG_LEVEL": "ERROR",
        "TWISTED_DNS_RESOLVER": "crawler.guard.GuardedResolver",
        "DNS_TIMEOUT": 20,
        "LUREWATCH_ALLOW_LOOPBACK": allow_loopback,
    }


def scrapy_settings(
    source: Source, *, contact: str, allow_loopback: bool = False, budget: int | None = None
) -> dict[str, Any]:
    """Give Scrapy's settings for one source; `contact` is a web or mail address of the operator."""
    return {
        "BOT_NAME": ROBOTS_NAME,
        "USER_AGENT": user_agent(contact),
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": ROBOTS_NAME,
        "LUREWATCH_ALLOW_LOOPBACK": allow_loopback,
        "DOWNLOAD_DELAY": source.delay_s,
        "DOWNLOAD_DELAY_JITTER": 0,
        "CONCURRENT_REQUESTS": max(source.concurrency, 2),
        "CONCURRENT_REQUESTS_PER_DOMAIN": source.concurrency,
        "AUTOTHROTTLE_ENABLED": source.delay_s > 0,
        "AUTOTHROTTLE_START_DELAY": source.delay_s,
        "AUTOTHROTTLE_MAX_DELAY": 120,
        "DOWNLOAD_TIMEOUT": source.timeout_s,
        "DOWNLOAD_MAXSIZE": MAX_BYTES,
        "DOWNLOAD_WARNSIZE": 0,
        "REDIRECT_MAX_TIMES": REDIRECTS,
        "METAREFRESH_ENABLED": False,
        "RETRY_TIMES": 2,
        "RETRY_HTTP_CODES": [500, 502, 504, 408],
        "DEPTH_LIMIT": DEPTH,
        "URLLENGTH_LIMIT": MAX_URL,
        "CLOSESPIDER_PAGECOUNT": budget or source.budget_pages,
        "COOKIES_ENABLED": False,
        "HTTPPROXY_ENABLED": False,
        "DOWNLOAD_HANDLERS": {"ftp": None, "s3": None, "data": None, "file": None},
        "REFERRER_POLICY": "no-referrer",
        "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "ERROR",
        "LOG_FORMATTER": "crawler.run.QuietFormatter",
        "EXTENSIONS": {
            "scrapy.extensions.throttle.AutoThrottle": None,
            "crawler.middlewares.manners.PoliteThrottle": 0,
        },
        "DOWNLOADER_MIDDLEWARES": {
            "crawler.guard.GuardMiddleware": 40,
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            "crawler.middlewares.manners.PoliteRobots": 100,
            "crawler.middlewares.manners.BackOff": 545,
            "crawler.middlewares.archiving.Archiving": 995,
        },
    }
