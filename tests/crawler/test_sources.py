"""The register: nothing is crawled without a complete entry, and a new entry is one command."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from crawler.errors import SourceError
from crawler.publishers import publisher_of
from crawler.source import FILL_IN, check_crawlable, find_source, load_register, load_source


def test_every_bundled_source_file_is_complete() -> None:
    assert "sample-board" in {source.name for source in load_register()}


@pytest.mark.parametrize("missing", ["owner", "terms", "contact", "languages", "kind", "base_url", "start"])
def test_an_entry_without_one_of_its_facts_is_refused_by_name(make_source: Any, missing: str) -> None:
    path = make_source()
    entry = yaml.safe_load(path.read_text())
    del entry[missing]
    path.write_text(yaml.safe_dump(entry))

    with pytest.raises(SourceError, match=rf"test-site\.yaml: {missing}: Field required"):
        load_source(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"nmae": "x"}, "nmae: Extra inputs are not permitted"),
        ({"detail": "("}, "detail: .*not a regular expression"),
        ({"base_url": "ftp://x"}, "base_url must begin with http"),
        ({"kind": "classifieds"}, "needs selectors.title or selectors.description"),
        ({"delay_s": -1}, "delay_s: .*greater than or equal to 0"),
        ({"name": "other"}, "rename the file to other.yaml"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_place_and_the_remedy(
    make_source: Any, change: dict[str, Any], said: str
) -> None:
    path = make_source()
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **change}))

    with pytest.raises(SourceError, match=said):
        load_source(path)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"robots_checked_on": None}, "nobody has checked its robots.txt"),
        ({"owner": FILL_IN}, "owner still to be filled in"),
    ],
)
def test_an_unchecked_source_is_not_crawled_at_all(
    site: Any, make_source: Any, crawl: Any, fields: dict[str, Any], said: str
) -> None:
    host = site(lambda asked: asked.reply(""))
    path = make_source(**fields)

    with pytest.raises(SourceError, match=said):
        check_crawlable(load_source(path))
    crawled = crawl(path, host.url)

    assert crawled.exit_code == 2
    assert said in crawled.output
    assert host.log == []


def test_an_unknown_source_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(SourceError, match=r"nowhere: no such source; known are .*sample-board"):
        find_source("nowhere")


def test_nobody_crawls_other_peoples_servers_without_saying_who_they_are(
    make_source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crawler.cli import _contact

    monkeypatch.delenv("LUREWATCH_CONTACT", raising=False)
    with pytest.raises(SourceError, match="LUREWATCH_CONTACT"):
        _contact(None, [load_source(make_source(base_url="https://jobs.example.com"))], None)


def test_loopback_is_refused_without_the_explicit_allowance(
    site: Any, make_source: Any, lurewatch: Any, tmp_path: Path
) -> None:
    host = site(lambda asked: asked.reply(""))

    done = lurewatch("crawl", str(make_source()), "--base-url", host.url, "-o", str(tmp_path / "out"))

    assert host.log == []
    assert done.returncode in {0, 1}
    assert '"private address": 1' in (tmp_path / "out" / "report.json").read_text()


@pytest.mark.parametrize(
    ("page", "kind", "detail"),
    [
        ("/", "job_postings", "/jobs/[^/?#]+$"),
        ("/sitemap-jobs.xml", "job_postings", "/jobs/[^/?#]+$"),
        ("/jobs/barista-4103", "job_postings", "/jobs/[^/?#]+$"),
    ],
)
def test_a_new_source_is_one_command_that_tells_its_kind(
    board: str, lurewatch: Any, tmp_path: Path, page: str, kind: str, detail: str
) -> None:
    register, tests = tmp_path / "register", tmp_path / "pages"

    done = lurewatch(
        "sources", "new", board + page, "--register", str(register), "--tests", str(tests), "--allow-loopback"
    )

    assert done.returncode == 0, done.stdout
    [path] = register.glob("*.yaml")
    entry = yaml.safe_load(path.read_text())
    assert (entry["kind"], entry["detail"], entry["owner"]) == (kind, detail, FILL_IN)
    [case] = tests.glob("*/first")
    assert {file.name.partition(".")[0] for file in case.iterdir()} == {"page", "meta", "adverts"}


def test_a_new_source_once_filled_in_is_crawled(
    board: str, lurewatch: Any, crawl: Any, tmp_path: Path
) -> None:
    register = tmp_path / "register"
    lurewatch(
        "sources",
        "new",
        f"{board}/jobs",
        "--register",
        str(register),
        "--tests",
        str(tmp_path / "pages"),
        "--allow-loopback",
    )
    [path] = register.glob("*.yaml")
    entry = yaml.safe_load(path.read_text())
    facts = {
        "owner": "Us",
        "terms": "https://example.org",
        "contact": "us@example.org",
        "robots_checked_on": "2026-11-01",
        "delay_s": 0,
        "concurrency": 4,
    }
    path.write_text(yaml.safe_dump({**entry, **facts}))

    assert crawl(path, board).source["adverts"] == 52


@pytest.mark.parametrize(
    ("page", "detail", "said"),
    [
        ("/ads", "/ad/[^/?#]+$", "0 adverts on the page, 7 links like /ad/[^/?#]+$"),
        ("/menu", None, "no links to adverts told apart: state their shape as `detail`"),
        ("/job/1", "/job/[^/?#]+$", "taken to be one advert: `start` is a guess"),
    ],
)
def test_a_new_source_says_which_links_it_would_follow(
    site: Any, make_job_page: Any, lurewatch: Any, tmp_path: Path, page: str, detail: str | None, said: str
) -> None:
    """Most links of one shape are followed even where no word in them tells of jobs; a site's menu is not."""

    def answer(asked: Any) -> None:
        menu = "".join(f'<a href="/{name}">x</a>' for name in ("a", "b", "c", "d", "e", "f"))
        pages = {
            "/robots.txt": "",
            "/menu": menu,
            "/ads": menu + "".join(f'<a href="/ad/{n}">x</a>' for n in range(7)),
            "/job/1": make_job_page("Cook", url="/job/1"),
        }
        asked.reply(pages[asked.path], kind="text/plain" if asked.path == "/robots.txt" else "text/html")

    register, tests = tmp_path / "register", tmp_path / "pages"
    done = lurewatch(
        "sources", "new", site(answer).url + page, "--register", str(register), "--tests", str(tests), "--allow-loopback"
    )  # fmt: skip

    [path] = register.glob("*.yaml")
    assert said in done.stdout
    assert yaml.safe_load(path.read_text()).get("detail") == detail
    assert f"lurewatch crawl {path}" in done.stdout


def test_a_site_that_forbids_us_gets_no_source_file(site: Any, lurewatch: Any, tmp_path: Path) -> None:
    host = site(lambda asked: asked.reply("User-agent: *\nDisallow: /\n", kind="text/plain"))

    done = lurewatch(
        "sources",
        "new",
        f"{host.url}/jobs",
        "--register",
        str(tmp_path / "r"),
        "--tests",
        str(tmp_path / "p"),
        "--allow-loopback",
    )

    assert done.returncode == 1
    assert "forbidden by robots.txt" in done.stdout
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("url", "name", "start"),
    [
        ("https://boards.greenhouse.io/acme/jobs/1", "greenhouse", "https://boards-api.greenhouse.io/v1/boards/acme/jobs?content=true"),
        ("https://job-boards.greenhouse.io/acme", "greenhouse", "https://boards-api.greenhouse.io/v1/boards/acme/jobs?content=true"),
        ("https://jobs.lever.co/acme/ab", "lever", "https://api.lever.co/v0/postings/acme?mode=json"),
        ("https://jobs.eu.lever.co/acme", "lever", "https://api.eu.lever.co/v0/postings/acme?mode=json"),
        ("https://jobs.ashbyhq.com/acme", "ashby", "https://api.ashbyhq.com/posting-api/job-board/acme?includeCompensation=true"),
        ("https://careers.smartrecruiters.com/Acme1", "smartrecruiters", "https://api.smartrecruiters.com/v1/companies/Acme1/postings?limit=100"),
        ("https://apply.workable.com/acme/", "workable", "https://apply.workable.com/api/v1/widget/accounts/acme?details=true"),
        ("https://acme.recruitee.com/o/x", "recruitee", "https://acme.recruitee.com/api/offers/"),
        ("https://acme.jobs.personio.de/", "personio", "https://acme.jobs.personio.de/xml"),
        ("https://acme.wd5.myworkdayjobs.com/en-US/Careers", "workday", "https://acme.wd5.myworkdayjobs.com/wday/cxs/acme/Careers/jobs"),
        ("https://acme.wd1.myworkdayjobs.com/External/job/Hull/Cook_R1", "workday", "https://acme.wd1.myworkdayjobs.com/wday/cxs/acme/External/jobs"),
        ("https://hh.ru/employer/1455", "hh", "https://api.hh.ru/vacancies?employer_id=1455&per_page=100"),
        ("https://kazan.hh.ru/search/vacancy?text=оператор&area=88", "hh", "https://api.hh.ru/vacancies?text=оператор&area=88"),
        ("https://www.arbeitsagentur.de/jobsuche/suche?was=Koch&wo=Berlin", "bundesagentur",
         "https://rest.arbeitsagentur.de/jobboerse/jobsuche-service/pc/v4/jobs?was=Koch&wo=Berlin"),
        ("https://www.arbeitnow.com/", "arbeitnow", "https://www.arbeitnow.com/api/job-board-api"),
        ("https://remotive.com/remote-jobs", "remotive", "https://remotive.com/api/remote-jobs"),
        ("https://t.me/s/example_jobs", "telegram", "https://t.me/s/example_jobs"),
    ],
)  # fmt: skip
def test_a_page_of_hiring_software_leads_to_its_public_api(url: str, name: str, start: str) -> None:
    found = publisher_of(url)

    assert found is not None
    assert (found.name, found.start) == (name, start)
    assert "{company}" not in (found.api.detail or "")


def test_an_ordinary_site_is_no_publisher() -> None:
    assert publisher_of("https://jobs.example.com/greenhouse.io/acme") is None
