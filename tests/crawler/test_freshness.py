"""Crawled again: only what is new or changed, and a note of what is gone."""

from typing import Any

import pytest


@pytest.fixture
def changing(site: Any, make_job_page: Any) -> Any:
    """A site whose jobs are a dict that a test may change between crawls."""
    jobs = {"/job/1": "Cook", "/job/2": "Waiter", "/job/3": "Driver"}
    closed: set[str] = set()

    def answer(asked: Any) -> None:
        if asked.path == "/robots.txt":
            asked.reply("", kind="text/plain")
        elif asked.path == "/jobs":
            asked.reply("".join(f'<a href="{path}">x</a>' for path in jobs))
        elif asked.path in closed:
            asked.reply("<h1>No longer open</h1>")
        elif asked.path in jobs:
            asked.reply(make_job_page(jobs[asked.path], url=asked.path))
        else:
            asked.reply("", status=410)

    host = site(answer)
    host.jobs, host.closed = jobs, closed
    return host


def by_url(crawled: Any) -> dict[str, dict[str, Any]]:
    return {row["url"].rpartition("/job/")[2]: row for row in crawled.lines("history.jsonl")}


def test_a_changed_advert_comes_again_under_its_own_id_and_both_versions_are_kept(
    changing: Any, make_source: Any, crawl: Any
) -> None:
    source = make_source()
    first = crawl(source, changing.url)
    changing.jobs["/job/2"] = "Head waiter"
    second = crawl(source, changing.url)

    feed = second.lines()
    assert [advert["title"] for advert in feed if advert["id"] == by_url(first)["2"]["id"]] == [
        "Waiter",
        "Head waiter",
    ]
    assert (second.source["new"], second.source["changed"], second.source["unchanged"]) == (0, 1, 2)
    assert by_url(second)["2"]["versions"] == 2
    assert by_url(second)["2"]["changed_at"] is not None


def test_an_advert_that_is_no_longer_listed_is_gone_and_comes_back_when_it_is(
    changing: Any, make_source: Any, crawl: Any
) -> None:
    source = make_source()
    crawl(source, changing.url)
    driver = changing.jobs.pop("/job/3")
    second = crawl(source, changing.url)
    assert second.source["gone"] == 1
    assert by_url(second)["3"]["gone_at"] is not None
    assert by_url(second)["1"]["gone_at"] is None
    before = by_url(second)["3"]

    changing.jobs["/job/3"] = driver
    third = crawl(source, changing.url)
    assert by_url(third)["3"]["gone_at"] is None
    assert by_url(third)["3"]["first_seen"] == before["first_seen"]
    assert by_url(third)["3"]["last_seen"] > before["last_seen"]


def test_nothing_is_called_gone_after_a_run_that_could_not_see_everything(
    changing: Any, make_source: Any, crawl: Any, site: Any
) -> None:
    source = make_source()
    crawl(source, changing.url)
    port = changing.server.server_address[1]
    changing.jobs.clear()
    changing.jobs["/job/1"] = "Cook"

    second = crawl(source, f"http://127.0.0.1:{port}", "--max-pages", "1")

    assert second.source["complete"] is False
    assert all(row["gone_at"] is None for row in second.lines("history.jsonl"))


def test_pages_that_a_sitemap_calls_unchanged_are_not_fetched(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any
) -> None:
    days = {"1": "2026-08-01", "2": "2026-08-01"}

    def answer(asked: Any) -> None:
        base = f"http://{asked.headers['Host']}"
        if asked.path == "/robots.txt":
            asked.reply("", kind="text/plain")
        elif asked.path == "/sitemap.xml":
            entries = "".join(
                f"<url><loc>{base}/job/{n}</loc><lastmod>{day}</lastmod></url>" for n, day in days.items()
            )
            asked.reply(
                f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'
            )
        else:
            asked.reply(make_job_page(f"Cook {asked.path} {days[asked.path[-1]]}", url=asked.path))

    host, source = site(answer), make_source(start=["/sitemap.xml"])
    crawl(source, host.url)
    days["2"] = "2026-08-02"
    second = crawl(source, host.url)

    assert host.paths.count("/job/1") == 1
    assert host.paths.count("/job/2") == 2
    assert (second.source["changed"], second.source["unchanged"]) == (1, 1)


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ({"min": 10}, "3 adverts, expected at least 10"),
        ({"min": 0, "max": 2}, "3 adverts, expected at most 2"),
        (
            {"min": 0, "coverage": {"pay_raw": 0.5}},
            "pay_raw: in 0% of the adverts, expected 50%; has the layout changed?",
        ),
    ],
)
def test_a_run_that_is_not_as_expected_fails_loudly_and_says_why(
    changing: Any, make_source: Any, crawl: Any, expect: dict[str, Any], said: str
) -> None:
    crawled = crawl(make_source(expect=expect), changing.url)

    assert crawled.exit_code == 1
    assert said in crawled.output
    assert said in (crawled.folder / "report.html").read_text(encoding="utf-8")
    assert crawled.report["problems"] == [f"test-site: {said}"]


def test_a_field_that_disappears_between_two_runs_fails_the_second_and_is_named(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any
) -> None:
    """The source file expects nothing of the field: what the site itself showed before is the measure."""
    employer = {"hiringOrganization": {"@type": "Organization", "name": "Example Kitchens"}}

    def answer(asked: Any) -> None:
        if asked.path == "/robots.txt":
            asked.reply("", kind="text/plain")
        elif asked.path == "/jobs":
            asked.reply("".join(f'<a href="/job/{n}">x</a>' for n in range(12)))
        else:
            asked.reply(make_job_page(f"Cook {asked.path}", url=asked.path, **employer))

    host, source = site(answer), make_source()
    first = crawl(source, host.url)
    employer.clear()
    second = crawl(source, host.url)

    assert (first.exit_code, second.exit_code) == (0, 1)
    said = "employer: in 0% of the adverts, in the run before in 100%; the layout seems to have changed"
    assert second.report["problems"] == [f"test-site: {said}"]


def test_a_site_that_changed_its_layout_fails_the_run_and_its_adverts_are_not_called_gone(
    site: Any, make_source: Any, crawl: Any, make_job_page: Any
) -> None:
    """The pages still answer, only we read nothing off them; once that is mended they are asked in full."""
    new_layout = False

    def answer(asked: Any) -> None:
        if asked.path == "/robots.txt":
            asked.reply("", kind="text/plain")
        elif asked.path == "/jobs":
            asked.reply("".join(f'<a href="/job/{n}">x</a>' for n in range(12)))
        elif new_layout:
            asked.reply(f"<h1>{asked.path}</h1>", ETag='"new"')
        else:
            asked.reply(make_job_page(f"Cook {asked.path}", url=asked.path), ETag='"old"')

    host, source = site(answer), make_source()
    crawl(source, host.url)
    new_layout = True
    reports = [crawl(source, host.url).report for _run in range(2)]
    asked = [request.headers.get("If-None-Match") for request in host.log if "/job/" in request.path]
    new_layout = False
    fourth = crawl(source, host.url)

    said = "test-site: 12 adverts are no longer found on pages that still answer, 0 are: the layout seems to have changed; none is called gone"
    assert [report["problems"] for report in reports] == [[said], [said]]
    assert [report["sources"]["test-site"]["gone"] for report in reports] == [0, 0]
    assert asked == [None] * 12 + ['"old"'] * 12 + [None] * 12
    assert (fourth.exit_code, fourth.source["new"], fourth.source["unchanged"]) == (0, 0, 12)
    assert all(row["gone_at"] is None for row in fourth.lines("history.jsonl"))


def test_a_page_that_stays_but_no_longer_holds_its_advert_means_that_the_advert_is_gone(
    changing: Any, make_source: Any, crawl: Any
) -> None:
    """Many sites answer for a closed advert with an ordinary page."""
    source = make_source()
    crawl(source, changing.url)
    changing.closed.add("/job/2")

    second = crawl(source, changing.url)

    assert second.source["gone"] == 1
    assert by_url(second)["2"]["gone_at"] is not None


def test_nothing_is_called_gone_when_a_run_brings_fewer_adverts_than_its_source_states(
    changing: Any, make_source: Any, crawl: Any
) -> None:
    source = make_source(expect={"min": 2})
    crawl(source, changing.url)
    for n in (2, 3):
        del changing.jobs[f"/job/{n}"]

    second = crawl(source, changing.url)

    assert second.report["problems"] == ["test-site: 1 adverts, expected at least 2"]
    assert all(row["gone_at"] is None for row in second.lines("history.jsonl"))


def test_a_site_that_answers_nothing_but_errors_fails_the_run(
    site: Any, make_source: Any, crawl: Any
) -> None:
    host = site(
        lambda asked: asked.reply("", status=200 if asked.path == "/robots.txt" else 404, kind="text/plain")
    )

    crawled = crawl(make_source(expect={"min": 1}), host.url)

    assert crawled.exit_code == 1
    assert "no advert was read: 1 page(s) failed (answered 404)" in crawled.output
