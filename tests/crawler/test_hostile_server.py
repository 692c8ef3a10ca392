"""A server that does its worst: the crawl ends, honours its limits, keeps what was served whole, reports the rest."""

# ruff: noqa: E501 - hostile pages read best unbroken
import contextlib
import gzip
import os
import socket
import time
import zlib
from typing import Any

import pytest

GOOD = [f"/job/good-{n}" for n in range(6)]


def listing(*links: str) -> str:
    return "".join(f'<a href="{link}">job</a>' for link in (*links, *GOOD))


@pytest.fixture
def hostile(site: Any, make_source: Any, crawl: Any, make_job_page: Any) -> Any:
    """Crawl a site whose listing links to good pages and to bad ones that a function answers."""

    def run(bad: dict[str, Any], *, start: list[str] | None = None, **source: Any) -> tuple[Any, Any]:
        def answer(asked: Any) -> None:
            path = asked.path.partition("?")[0]
            if path == "/robots.txt":
                asked.reply("", kind="text/plain")
            elif path in bad:
                bad[path](asked)
            elif path == "/jobs":
                asked.reply(listing(*(link for link in bad if link.startswith("/job/"))))
            elif path.startswith("/job/good"):
                asked.reply(make_job_page(f"Cook {path}", url=path))
            else:
                asked.reply("nothing here", status=404)

        host = site(answer)
        return crawl(make_source(start=start or ["/jobs"], **source), host.url), host

    return run


def good_ones(crawled: Any) -> int:
    return sum(1 for advert in crawled.lines() if "/job/good" in (advert["url"] or ""))


def test_a_circle_of_redirects_is_left_after_five(hostile: Any) -> None:
    crawled, host = hostile(
        {
            "/job/circle": lambda asked: asked.reply(
                status=302, Location=f"/job/circle?n={len(asked.path)}{asked.at}"
            )
        }
    )

    assert good_ones(crawled) == len(GOOD)
    assert sum(1 for path in host.paths if path.startswith("/job/circle")) == 6
    assert crawled.source["faults"] == {"redirects without end": 1}


def test_an_honest_redirect_is_followed(hostile: Any, make_job_page: Any) -> None:
    def moved(asked: Any) -> None:
        if asked.path == "/job/old":
            asked.reply(status=301, Location="/job/old?v=2")
        else:
            asked.reply(make_job_page("Moved job"))

    crawled, _host = hostile({"/job/old": moved})

    assert [advert["title"] for advert in crawled.lines() if "old" in advert["url"]] == ["Moved job"]


def test_a_redirect_to_another_host_is_not_followed_and_reported(hostile: Any) -> None:
    away = "https://elsewhere.example.com/job/1"

    crawled, _host = hostile({"/job/away": lambda asked: asked.reply(status=302, Location=away)})

    assert good_ones(crawled) == len(GOOD)
    assert crawled.source["refused"] == {"leads to another host": 1}


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data/", "private address"),
        ("http://10.0.0.1/", "private address"),
        ("http://192.168.1.1/admin", "private address"),
        ("http://[::ffff:10.0.0.1]/", "private address"),
        ("http://2130706433:22/", "unusual port"),
        ("http://user:secret@127.0.0.1/", "address with a user name"),
        ("file:///etc/passwd", None),
        ("ftp://127.0.0.1/", None),
    ],
)
def test_a_redirect_into_a_private_network_is_not_followed(
    hostile: Any, target: str, reason: str | None
) -> None:
    crawled, _host = hostile({"/job/evil": lambda asked: asked.reply(status=302, Location=target)})

    assert good_ones(crawled) == len(GOOD) == len(crawled.lines())
    assert {line["url"].partition("/job")[0] for line in crawled.lines("evidence/test-site-manifest.jsonl")} <= {
        _host.url, f"{_host.url}/robots.txt", f"{_host.url}/jobs"
    }  # fmt: skip
    if reason:
        assert crawled.source["faults"] == {reason: 1}


def test_a_bomb_that_unpacks_to_more_than_the_limit_is_not_unpacked(hostile: Any) -> None:
    bomb = gzip.compress(b"<html>" + b" " * 60_000_000)

    crawled, _host = hostile({"/job/bomb": lambda asked: asked.reply(bomb, Content_Encoding="gzip")})

    assert good_ones(crawled) == len(GOOD)
    assert crawled.source["faults"].get("unpacks to more than the limit") == 1


def test_a_page_of_fifty_megabytes_is_cut_off(hostile: Any) -> None:
    def flood(asked: Any) -> None:
        asked.handler.send_response(200)
        asked.handler.send_header("Content-Type", "text/html")
        asked.handler.end_headers()
        asked.handler.close_connection = True
        with contextlib.suppress(OSError):
            for _n in range(50):
                asked.handler.wfile.write(b"x" * 1_000_000)

    crawled, _host = hostile({"/job/flood": flood})

    assert good_ones(crawled) == len(GOOD)
    assert crawled.source["bytes"] < 12_000_000
    assert crawled.source["failed"] == 1


def test_a_connection_reset_in_mid_page_costs_only_that_page(hostile: Any) -> None:
    def reset(asked: Any) -> None:
        asked.handler.send_response(200)
        asked.handler.send_header("Content-Length", "1000")
        asked.handler.end_headers()
        asked.handler.wfile.write(b"half")
        asked.handler.wfile.flush()
        asked.handler.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
        )
        os.close(asked.handler.connection.detach())

    crawled, host = hostile({"/job/reset": reset})

    assert good_ones(crawled) == len(GOOD)
    assert host.paths.count("/job/reset") == 3
    assert crawled.source["failed"] == 1


def test_a_slow_drip_ends_with_the_time_limit(hostile: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def drip(asked: Any) -> None:
        asked.handler.send_response(200)
        asked.handler.end_headers()
        with contextlib.suppress(OSError):
            for _n in range(300):
                asked.handler.wfile.write(b" ")
                asked.handler.wfile.flush()
                time.sleep(0.1)

    started = time.monotonic()
    crawled, _host = hostile({"/job/drip": drip}, timeout_s=1)

    assert good_ones(crawled) == len(GOOD)
    assert time.monotonic() - started < 15
    assert crawled.source["failed"] == 1


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe\x00broken \x80\x81 bytes",
        b'<script type="application/ld+json">' + b"[" * 300_000 + b"</script>",
        b'<script type="application/ld+json">' + b'{"a":' * 100_000 + b"</script>",
        b'<script type="application/ld+json">{"@type":"JobPosting","title":' + b'"' * 200_000 + b"</script>",
        b"<div>" * 200_000,
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><rss><channel><item><title>&b;</title></item></channel></rss>',
        b'{"jobs": ' + b'[{"title":"x","company":' * 50_000,
        b"\x1f\x8b not really gzip",
        b"",
    ],
    ids=["bytes", "brackets", "braces", "quotes", "divs", "entities", "json", "gzip", "nothing"],
)
def test_content_made_to_break_a_reader_costs_only_itself(hostile: Any, body: bytes) -> None:
    crawled, _host = hostile({"/job/odd": lambda asked: asked.reply(body)})

    assert good_ones(crawled) == len(GOOD)
    assert crawled.source["seconds"] < 20
    assert crawled.exit_code in {0, 1}
    assert "Traceback" not in crawled.output


def test_a_broken_content_encoding_costs_only_its_page(hostile: Any) -> None:
    crawled, _host = hostile(
        {"/job/packed": lambda asked: asked.reply(zlib.compress(b"x" * 100)[:-9], Content_Encoding="gzip")}
    )

    assert good_ones(crawled) == len(GOOD)


def test_a_calendar_without_end_is_left_when_it_brings_nothing_new(hostile: Any) -> None:
    def calendar(asked: Any) -> None:
        n = int(asked.path.partition("month=")[2] or 0)
        asked.reply(listing() + f'<a rel="next" href="/calendar?month={n + 1}">next</a>')

    crawled, host = hostile({"/calendar": calendar}, start=["/calendar"])

    assert good_ones(crawled) == len(GOOD)
    assert sum(1 for path in host.paths if path.startswith("/calendar")) <= 7
    assert crawled.source["faults"]["listing left: pages without new adverts"] == 1


def test_a_trap_that_makes_up_ever_deeper_addresses_is_not_entered(hostile: Any) -> None:
    deep = "/job/a/job/a/job/a/job/a/x"
    crawled, host = hostile({deep: lambda asked: asked.reply("")})

    assert deep not in host.paths
    assert crawled.source["faults"]["address like a trap"] >= 1
    assert good_ones(crawled) == len(GOOD)


def test_a_trap_of_endless_new_pages_ends_with_the_budget(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any
) -> None:
    def answer(asked: Any) -> None:
        if asked.path == "/robots.txt":
            asked.reply("", kind="text/plain")
        elif asked.path.startswith("/jobs"):
            n = int(asked.path.partition("p=")[2] or 0)
            asked.reply(f'<a href="/job/{n}">x</a><a rel="next" href="/jobs?p={n + 1}">next</a>')
        else:
            asked.reply(make_job_page(f"Cook {asked.path}"))

    host = site(answer)
    crawled = crawl(make_source(budget_pages=30), host.url)

    assert len(host.paths) <= 40
    assert crawled.source["ended"] == "closespider_pagecount"
    assert crawled.source["complete"] is False


def test_links_to_other_hosts_are_not_followed(hostile: Any, site: Any) -> None:
    other = site(lambda asked: asked.reply("other"))
    elsewhere = other.url.replace("127.0.0.1", "localhost") + "/job/elsewhere"

    hostile({"/jobs": lambda asked: asked.reply(listing(elsewhere))})

    assert other.log == []


def test_a_calendar_that_makes_up_a_page_for_every_day_is_left_by_its_yield(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any
) -> None:
    """Every page links to new ones with addresses like those of adverts, and none holds an advert of its own."""

    def answer(asked: Any) -> None:
        if asked.path == "/robots.txt":
            asked.reply("", kind="text/plain")
        elif asked.path.startswith("/jobs"):
            n = int(asked.path.partition("day=")[2] or 0)
            links = "".join(f'<a href="/job/{n}-{hour}">x</a>' for hour in range(10))
            asked.reply(
                f'{listing() if n == 0 else ""}{links}<a rel="next" href="/jobs?day={n + 1}">next</a>'
            )
        elif asked.path.startswith("/job/good"):
            asked.reply(make_job_page(f"Cook {asked.path}", url=asked.path))
        else:
            asked.reply("<h1>Nothing on this day</h1>")

    host = site(answer)
    crawled = crawl(make_source(budget_pages=5_000), host.url)

    assert good_ones(crawled) == len(GOOD)
    assert len(host.paths) < 150
    assert crawled.source["faults"]["source left: pages in a row without an advert of their own"] >= 1
    assert crawled.exit_code == 1
    assert "ended early: pages without adverts" in crawled.output
    assert crawled.source["complete"] is False


def test_a_pagination_that_shows_the_same_adverts_under_ever_new_addresses_is_left_by_its_yield(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any
) -> None:
    def answer(asked: Any) -> None:
        if asked.path == "/robots.txt":
            asked.reply("", kind="text/plain")
        elif asked.path.startswith("/jobs"):
            n = int(asked.path.partition("p=")[2] or 0)
            links = "".join(f'<a href="/job/{job}?from={n}">x</a>' for job in range(5))
            asked.reply(f'{links}<a rel="next" href="/jobs?p={n + 1}">next</a>')
        else:
            asked.reply(
                make_job_page(f"Cook {asked.path.partition('?')[0]}", url=asked.path.partition("?")[0])
            )

    host = site(answer)
    crawled = crawl(make_source(budget_pages=5_000), host.url)

    assert len(crawled.lines()) == 5
    assert len(host.paths) < 150


def test_a_trap_of_cookies_and_redirects_is_left_because_no_cookie_is_sent(hostile: Any) -> None:
    def trap(asked: Any) -> None:
        crumbs = f"visit={asked.nth}; Path=/"
        if "Cookie" in asked.headers:
            asked.reply("you are known now")
        else:
            asked.reply(status=302, Location=f"/job/cookie?n={asked.at}", Set_Cookie=crumbs)

    crawled, host = hostile({"/job/cookie": trap})

    assert good_ones(crawled) == len(GOOD)
    assert not any("Cookie" in asked.headers for asked in host.log)
    assert crawled.source["faults"] == {"redirects without end": 1}
