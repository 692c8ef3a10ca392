"""Each kind of source, crawled from a server: feeds, job APIs, channels, classifieds, sitemaps."""

# ruff: noqa: FBT001 - pages read best unbroken; cases are taken by name
import gzip
import json
from typing import Any

import pytest


def with_robots(answer: Any) -> Any:
    def both(asked: Any) -> None:
        if asked.path == "/robots.txt":
            asked.reply("", kind="text/plain")
        else:
            answer(asked)

    return both


def titles(crawled: Any) -> list[str]:
    return sorted(advert["title"] for advert in crawled.lines())


def test_an_rss_feed_gives_its_items_and_what_it_drops_is_not_called_gone(
    site: Any, make_source: Any, crawl: Any
) -> None:
    items = ["Cook", "Waiter"]

    def answer(asked: Any) -> None:
        entries = "".join(
            f"<item><title>{t}</title><link>https://feed.example.com/{t}</link><description>x</description></item>"
            for t in items
        )
        asked.reply(
            f'<?xml version="1.0"?><rss><channel>{entries}</channel></rss>', kind="application/rss+xml"
        )

    host, source = site(with_robots(answer)), make_source(kind="feed", start=["/rss"], detail=None)
    assert titles(crawl(source, host.url)) == ["Cook", "Waiter"]

    items[:] = ["Driver"]
    second = crawl(source, host.url)
    assert titles(second) == ["Cook", "Driver", "Waiter"]
    assert second.source["gone"] == 0


def test_a_job_api_is_read_page_by_page_and_its_company_comes_from_the_source_file(
    site: Any, make_source: Any, crawl: Any
) -> None:
    def answer(asked: Any) -> None:
        page = int(asked.path.partition("page=")[2] or 1)
        jobs = [
            {
                "id": page * 10 + n,
                "title": f"Job {page}-{n}",
                "absolute_url": f"https://jobs.example.com/{page}/{n}",
                "location": {"name": "Hull"},
            }
            for n in range(3)
        ]
        more = {"next": f"/api?page={page + 1}"} if page < 3 else {}
        asked.reply(json.dumps({"jobs": jobs, **more}), kind="application/json")

    crawled = crawl(
        make_source(kind="api", start=["/api"], detail=None, employer="Acme Ltd"),
        site(with_robots(answer)).url,
    )

    assert len(crawled.lines()) == 9
    assert {advert["employer"]["name"] for advert in crawled.lines()} == {"Acme Ltd"}
    assert crawled.source["faults"] == {}


def test_a_channel_is_read_back_to_what_is_known_and_an_edited_post_is_a_new_version(
    site: Any, make_source: Any, crawl: Any
) -> None:
    posts = {n: f"Post {n}" for n in range(1, 10)}

    def answer(asked: Any) -> None:
        before = int(asked.path.partition("before=")[2] or 99)
        shown = [n for n in sorted(posts) if n < before][-3:]
        bubbles = "".join(
            f'<div class="tgme_widget_message" data-post="example_jobs/{n}"><div class="tgme_widget_message_text">{posts[n]}</div>'
            f'<a class="tgme_widget_message_date" href="https://t.me/example_jobs/{n}"><time datetime="2026-11-01T08:00:00+00:00"></time></a></div>'
            for n in shown
        )
        older = (
            f'<link rel="prev" href="/s/example_jobs?before={shown[0]}">' if shown and shown[0] > 1 else ""
        )
        asked.reply(f"<html><head>{older}</head><body>{bubbles}</body></html>")

    host = site(with_robots(answer))
    source = make_source(
        kind="telegram",
        start=["/s/example_jobs"],
        detail=None,
        expect={"min": 0},
    )
    first = crawl(source, host.url)
    assert sorted(advert["description"] for advert in first.lines()) == [f"Post {n}" for n in range(1, 10)]
    assert first.exit_code == 0

    n_asked = len(host.log)
    posts[10] = "Post 10"
    posts[9] = "Post 9, edited"
    second = crawl(source, host.url)
    assert [advert["description"] for advert in second.lines()[9:]] == ["Post 9, edited", "Post 10"]
    assert (second.source["new"], second.source["changed"], second.source["gone"]) == (1, 1, 0)
    assert len(host.log) - n_asked <= 4


def test_classifieds_need_only_selectors_in_their_source_file(
    site: Any, make_source: Any, crawl: Any
) -> None:
    def answer(asked: Any) -> None:
        if asked.path == "/ads":
            asked.reply(
                '<a class="ad" href="/ad/1">1</a><a class="ad" href="/ad/2">2</a><a href="/other">x</a>'
            )
        else:
            asked.reply(
                f'<h3 class="t">Maid {asked.path[-1]}</h3><div class="b"><p>Live in.</p></div><i class="w">Doha</i><b class="p">QAR 1,800 monthly</b>'
                '<span class="d">04/11/2026</span><a class="c" href="https://wa.me/97400000000">chat</a>'
            )

    selectors = {
        "link": "a.ad::attr(href)", "title": ".t::text", "description": ".b", "place": ".w::text", "pay": ".p::text",
        "posted": ".d::text", "contact": "a.c::attr(href)",
    }  # fmt: skip
    host = site(with_robots(answer))
    crawled = crawl(
        make_source(kind="classifieds", start=["/ads"], detail=None, selectors=selectors), host.url
    )

    assert titles(crawled) == ["Maid 1", "Maid 2"]
    advert = crawled.lines()[0]
    assert (advert["description"], advert["places"], advert["posted_on"]) == (
        "Live in.",
        ["Doha"],
        "2026-11-04",
    )
    assert advert["pay"] == {"min": 1800.0, "max": 1800.0, "currency": "QAR", "period": "month"}
    assert advert["contacts"] == [{"kind": "whatsapp", "value": "+97400000000"}]
    assert "/other" not in host.paths


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_sitemap_index_leads_to_sitemaps_and_these_to_adverts(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any, packed: bool
) -> None:
    ns = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'

    def answer(asked: Any) -> None:
        base = f"http://{asked.headers['Host']}"
        if asked.path == "/index.xml":
            asked.reply(
                f'<?xml version="1.0"?><sitemapindex {ns}><sitemap><loc>{base}/jobs.xml.gz</loc></sitemap></sitemapindex>'
            )
        elif asked.path == "/jobs.xml.gz":
            links = "".join(f"<url><loc>{base}{path}</loc></url>" for path in ("/job/1", "/job/2", "/about"))
            text = f'<?xml version="1.0"?><urlset {ns}>{links}</urlset>'.encode()
            asked.reply(gzip.compress(text) if packed else text, kind="application/octet-stream")
        else:
            asked.reply(make_job_page(f"Cook {asked.path}", url=asked.path))

    host = site(with_robots(answer))
    crawled = crawl(make_source(start=["/index.xml"]), host.url)

    assert titles(crawled) == ["Cook /job/1", "Cook /job/2"]
    assert "/about" not in host.paths


def test_every_record_says_how_its_page_names_it_and_a_page_that_names_another_is_reported(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any
) -> None:
    pages = {
        "/job/1": make_job_page("Own address", url="/job/1"),
        "/job/22222": make_job_page("Own number", url="/somewhere", identifier="22222"),
        "/job/3": make_job_page("States nothing"),
        "/job/4": make_job_page("Somebody else's", url="/job/999"),
    }
    listing = "".join(f'<a href="{path}">x</a>' for path in pages)
    host = site(with_robots(lambda asked: asked.reply(pages.get(asked.path, listing))))

    crawled = crawl(make_source(), host.url)

    titles_by_id = {advert["id"]: advert["title"] for advert in crawled.lines()}
    proofs = {titles_by_id[line["advert_id"]]: line["proof"] for line in crawled.lines("readings.jsonl")}
    assert proofs == {
        "Own address": "url",
        "Own number": "id",
        "States nothing": "page",
        "Somebody else's": None,
    }
    assert crawled.source["faults"]["the page does not name its advert"] == 1


def test_the_report_says_what_was_met_in_figures_for_people_and_for_prometheus(
    board: str, crawl: Any
) -> None:
    crawled = crawl("sample-board", board)

    metrics = (crawled.folder / "metrics.prom").read_text()
    assert 'lurewatch_crawl_adverts{source="sample-board"} 52' in metrics
    assert 'lurewatch_crawl_new{source="sample-board"} 52' in metrics
    page = (crawled.folder / "report.html").read_text()
    assert "<td>52</td>" in page
    assert "<script" not in page


def test_no_words_of_an_advert_are_in_the_report_or_the_output(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any
) -> None:
    page = make_job_page("Secretword", datePosted="Neverwhen", employmentType="Oddtype", url="/job/9")
    host = site(
        with_robots(lambda asked: asked.reply(page if asked.path != "/jobs" else '<a href="/job/1">x</a>'))
    )

    crawled = crawl(make_source(), host.url)

    said = (
        crawled.output
        + (crawled.folder / "report.json").read_text()
        + (crawled.folder / "report.html").read_text()
    )
    assert crawled.source["signals"] == {
        "posted_on: date not understood": 1,
        "employment_type: not a schema.org value": 1,
    }
    assert not any(word in said for word in ("Secretword", "Neverwhen", "Oddtype"))
