"""Towards other people's servers, proven from the server's own log."""

import time
from email.utils import formatdate
from itertools import pairwise
from typing import Any

import pytest

from crawler.middlewares.manners import retry_after_s

LISTING = "".join(f'<a href="/job/{n}">job {n}</a>' for n in range(4))


def serve(asked: Any, make_job_page: Any, *, robots: str = "User-agent: *\nAllow: /\n") -> None:
    if asked.path == "/robots.txt":
        asked.reply(robots, kind="text/plain")
    elif asked.path == "/jobs":
        asked.reply(LISTING)
    else:
        asked.reply(make_job_page(f"Cook {asked.path}"))


def test_what_robots_txt_forbids_is_never_asked_for(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any
) -> None:
    host = site(lambda asked: serve(asked, make_job_page, robots="User-agent: *\nDisallow: /job/2\n"))

    crawled = crawl(make_source(), host.url)

    assert "/job/2" not in host.paths
    assert {"/job/0", "/job/1", "/job/3"} <= set(host.paths)
    assert crawled.source["refused"] == {"forbidden by robots.txt": 1}


def test_a_group_for_our_own_name_is_obeyed_before_the_one_for_all(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any
) -> None:
    robots = "User-agent: *\nAllow: /\n\nUser-agent: Lurewatch\nDisallow: /\n"
    host = site(lambda asked: serve(asked, make_job_page, robots=robots))

    crawl(make_source(), host.url)

    assert host.paths == ["/robots.txt"]


def test_the_crawl_delay_of_robots_txt_stands_between_any_two_requests(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any
) -> None:
    host = site(lambda asked: serve(asked, make_job_page, robots="User-agent: *\nCrawl-delay: 0.6\n"))

    crawl(make_source(), host.url)

    at = [asked.at for asked in host.log if asked.path != "/robots.txt"]
    gaps = [later - earlier for earlier, later in pairwise(at)]
    assert len(at) == 5
    # A busy machine may log one request late and the next in time; their mean cannot fall below the delay.
    assert sum(gaps) / len(gaps) >= 0.55, gaps
    assert min(gaps) >= 0.3, gaps


def test_the_delay_of_the_source_file_holds_where_robots_txt_states_none(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any
) -> None:
    host = site(lambda asked: serve(asked, make_job_page))

    crawl(make_source(delay_s=0.4, concurrency=1), host.url)

    at = [asked.at for asked in host.log if asked.path != "/robots.txt"]
    assert min(later - earlier for earlier, later in pairwise(at)) >= 0.35


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (200, "text/html", "<!DOCTYPE html><html><body>Please enable JavaScript</body></html>"),
        (503, "text/plain", ""),
        (403, "text/plain", ""),
    ],
)
def test_a_robots_txt_that_gives_no_answer_is_no_permission(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any, status: int, kind: str, body: str
) -> None:
    def answer(asked: Any) -> None:
        if asked.path == "/robots.txt":
            asked.reply(body, status=status, kind=kind, Retry_After="0")
        else:
            serve(asked, make_job_page)

    host = site(answer)
    crawled = crawl(make_source(), host.url)

    assert set(host.paths) == {"/robots.txt"}
    assert crawled.source["adverts"] == 0
    assert crawled.source["faults"]


def test_a_missing_robots_txt_forbids_nothing(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any
) -> None:
    def answer(asked: Any) -> None:
        if asked.path == "/robots.txt":
            asked.reply("gone", status=404)
        else:
            serve(asked, make_job_page)

    assert crawl(make_source(), site(answer).url).source["adverts"] == 4


def test_retry_after_is_waited_out_and_the_page_is_not_lost(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any
) -> None:
    def answer(asked: Any) -> None:
        if asked.path == "/job/1" and asked.nth == 0:
            asked.reply("slow down", status=429, Retry_After="2")
        else:
            serve(asked, make_job_page)

    host = site(answer)
    crawled = crawl(make_source(concurrency=1, delay_s=0.2), host.url)

    first, second = host.times("/job/1")
    assert second - first >= 1.9
    assert [asked.path for asked in host.log if first < asked.at < first + 1.9] == []
    assert crawled.source["adverts"] == 4
    assert crawled.source["faults"]["asked us to wait (429)"] == 1


def test_a_host_that_refuses_three_times_is_left_alone(site: Any, make_source: Any, crawl: Any) -> None:
    links = "".join(f'<a href="/job/{n}">j</a>' for n in range(12))

    def answer(asked: Any) -> None:
        if asked.path == "/robots.txt":
            asked.reply("", kind="text/plain")
        elif asked.path == "/jobs":
            asked.reply(links)
        else:
            asked.reply("no", status=403)

    host = site(answer)
    crawled = crawl(make_source(concurrency=1, delay_s=0.2), host.url)

    assert sum(1 for path in host.paths if path.startswith("/job/")) == 3
    assert crawled.exit_code == 1
    assert "left alone, 3 refusals (403) in a row" in crawled.output


def test_a_storm_of_429_ends_the_crawl_instead_of_hammering(site: Any, make_source: Any, crawl: Any) -> None:
    def answer(asked: Any) -> None:
        if asked.path == "/robots.txt":
            asked.reply("", kind="text/plain")
        else:
            asked.reply("", status=429, Retry_After="3600")

    host = site(answer)
    crawled = crawl(make_source(), host.url)

    assert host.paths.count("/jobs") == 1
    assert "left alone, asked us to wait (429)" in crawled.output


def test_unchanged_pages_are_asked_for_with_their_etag_and_answered_304(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any
) -> None:
    def answer(asked: Any) -> None:
        if asked.path.startswith("/job/") and asked.headers.get("If-None-Match") == '"v1"':
            asked.reply(status=304, ETag='"v1"')
        elif asked.path.startswith("/job/"):
            asked.reply(
                make_job_page(f"Cook {asked.path}"),
                ETag='"v1"',
                Last_Modified="Sat, 01 Aug 2026 00:00:00 GMT",
            )
        else:
            serve(asked, make_job_page)

    host, source = site(answer), make_source()
    crawl(source, host.url)
    second = crawl(source, host.url)

    asked_again = [asked for asked in host.log if asked.path == "/job/0"]
    assert asked_again[1].headers["If-None-Match"] == '"v1"'
    assert asked_again[1].headers["If-Modified-Since"] == "Sat, 01 Aug 2026 00:00:00 GMT"
    assert (second.source["unchanged"], second.source["new"], second.source["not_modified"]) == (4, 0, 4)


def test_who_we_are_and_how_to_reach_us_is_in_every_request_and_no_cookie_is(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any
) -> None:
    def answer(asked: Any) -> None:
        if asked.path == "/jobs":
            asked.reply(LISTING, Set_Cookie="track=1; Path=/")
        else:
            serve(asked, make_job_page)

    host = site(answer)
    crawl(make_source(), host.url)

    assert all(asked.headers["User-Agent"].startswith("Lurewatch/") for asked in host.log)
    assert all("+https://example.org/us" in asked.headers["User-Agent"] for asked in host.log)
    assert not any("Cookie" in asked.headers or "Referer" in asked.headers for asked in host.log)


@pytest.mark.parametrize(
    ("header", "seconds"), [(b"120", 120.0), (b" 5 ", 5.0), (None, None), (b"soon", None), (b"", None)]
)
def test_retry_after_is_read_as_seconds(header: bytes | None, seconds: float | None) -> None:
    assert retry_after_s(header, now=0.0) == seconds


def test_retry_after_is_read_as_a_date() -> None:
    now = time.time()

    assert retry_after_s(formatdate(now + 90, usegmt=True).encode(), now=now) == pytest.approx(90, abs=1.5)
    assert retry_after_s(formatdate(now - 90, usegmt=True).encode(), now=now) == 0.0


def test_changed_rules_are_obeyed_in_mid_run(
    site: Any, make_source: Any, make_job_page: Any, tmp_path: Any, lurewatch: Any
) -> None:
    """The rules are read again when they are old; what they then forbid is no longer asked for."""

    def answer(asked: Any) -> None:
        if asked.path == "/robots.txt":
            asked.reply("User-agent: *\nDisallow: /job/\n" if asked.nth else "", kind="text/plain")
        else:
            serve(asked, make_job_page)

    host = site(answer)
    lurewatch(
        "crawl", str(make_source(delay_s=0.5, concurrency=1)), "--base-url", host.url, "--allow-loopback", "-o", str(tmp_path / "out"),
        "--robots-max-age", "0.8",
    )  # fmt: skip

    assert host.paths.count("/robots.txt") >= 2
    assert 1 <= sum(1 for path in host.paths if path.startswith("/job/")) < 4
