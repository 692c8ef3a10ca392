"""Public job APIs, each played by a server in the shape that its maker answers in, page by page."""

# ruff: noqa: S603 - the script is ours
import json
import subprocess
import sys
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml

from crawler.errors import SourceError
from crawler.pages.advert import read_advert
from crawler.pages.draft import Draft
from crawler.publishers import publisher_of
from crawler.source import load_source
from crawler.spiders.api import address_of

N_JOBS = 45


def listing_of(asked: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(asked.path).query).items()}


def posted_to(asked: Any) -> Any:
    return json.loads(asked.handler.rfile.read(int(asked.headers.get("Content-Length", 0))))


@pytest.fixture
def api(site: Any, make_source: Any, crawl: Any) -> Any:
    """Crawl the API behind a publisher's page, played by a function from path and request to an answer."""

    def run(page: str, play: Any, **source: Any) -> tuple[Any, Any]:
        found = publisher_of(page)
        assert found is not None

        def answer(asked: Any) -> None:
            if asked.path == "/robots.txt":
                asked.reply("", kind="text/plain")
                return
            value = play(urlsplit(asked.path).path, asked)
            if value is None:
                asked.reply("{}", status=404, kind="application/json")
            else:
                asked.reply(json.dumps(value), kind="application/json")

        host = site(answer)
        parts = urlsplit(found.start)
        start = parts.path + (f"?{parts.query}" if parts.query else "")
        entry = {
            "kind": "api",
            "start": [start],
            "detail": None,
            "api": found.api.model_dump(mode="json", exclude_defaults=True),
        }
        return crawl(make_source(**entry, **source), host.url), host

    return run


def test_workday_is_asked_by_post_page_by_page_and_each_advert_by_its_path(api: Any) -> None:
    offsets = []

    def play(path: str, asked: Any) -> Any:
        if path == "/wday/cxs/acme/Careers/jobs":
            offset = posted_to(asked)["offset"]
            offsets.append(offset)
            jobs = [
                {
                    "title": f"Cook {n}", "externalPath": f"/job/Hull/Cook-{n}_R-{n:04}", "locationsText": "2 Locations",
                    "postedOn": "Posted 3 Days Ago", "bulletFields": [f"R-{n:04}"],
                }
                for n in range(offset, min(offset + 20, N_JOBS))
            ]  # fmt: skip
            # its later pages state a total of nothing
            return {"total": 0 if offset else N_JOBS, "jobPostings": jobs}
        n = int(path.rpartition("_R-")[2])
        info = {
            "id": "0f3c", "title": f"Cook {n}", "jobDescription": f"<p>We need a cook &amp; baker, number {n}.</p>", "location": "Hull",
            "postedOn": "Posted 3 Days Ago", "timeType": "Full time", "jobReqId": f"R-{n:04}", "country": {"descriptor": "United Kingdom"},
            "externalUrl": f"https://acme.wd5.myworkdayjobs.com/Careers{path.removeprefix('/wday/cxs/acme/Careers')}",
        }  # fmt: skip
        return {
            "jobPostingInfo": info,
            "hiringOrganization": {"name": "Acme Ltd", "url": ""},
            "similarJobs": [],
        }

    crawled, host = api("https://acme.wd5.myworkdayjobs.com/en-US/Careers", play)

    adverts = sorted(crawled.lines(), key=lambda advert: advert["url"])
    assert len(adverts) == N_JOBS
    assert offsets == [0, 20, 40]
    first = adverts[0]
    assert first["url"] == "https://acme.wd5.myworkdayjobs.com/Careers/job/Hull/Cook-0_R-0000"
    assert (first["title"], first["description"]) == ("Cook 0", "We need a cook & baker, number 0.")
    assert (first["employer"]["name"], first["places"], first["employment_type"]) == (
        "Acme Ltd",
        ["Hull"],
        "Full time",
    )
    assert first["posted_on"] is not None
    assert crawled.source["faults"] == {}
    asked = [
        line["posted"] for line in crawled.lines("evidence/test-site-manifest.jsonl") if "posted" in line
    ]
    assert [json.loads(body)["offset"] for body in asked] == offsets
    assert host.paths.count("/wday/cxs/acme/Careers/jobs") == 3


def test_hh_is_read_page_by_page_and_the_whole_text_comes_from_each_vacancy(api: Any) -> None:
    def vacancy(n: int) -> dict[str, Any]:
        return {
            "id": str(9000 + n), "name": f"Повар {n}", "area": {"id": "1", "name": "Казань"}, "employer": {"id": "1455", "name": "ООО Ромашка"},
            "salary": {"from": 50000, "to": None, "currency": "RUR", "gross": False}, "published_at": "2026-11-05T09:00:00+0300",
            "alternate_url": f"https://hh.ru/vacancy/{9000 + n}", "url": f"https://api.hh.ru/vacancies/{9000 + n}?host=hh.ru",
        }  # fmt: skip

    def play(path: str, asked: Any) -> Any:
        if path == "/vacancies":
            query = listing_of(asked)
            page = int(query["page"])
            chosen = range(page * 20, min(page * 20 + 20, N_JOBS))
            items = [
                {**vacancy(n), "snippet": {"requirement": "Опыт", "responsibility": "Готовить"}}
                for n in chosen
            ]
            return {"items": items, "found": N_JOBS, "pages": 3, "page": page, "per_page": 20}
        n = int(path.rpartition("/")[2]) - 9000
        return {
            **vacancy(n),
            "description": f"<p>Нужен <b>повар</b> номер {n}.</p>",
            "employment": {"name": "Полная занятость"},
        }

    crawled, host = api("https://hh.ru/employer/1455", play)

    [first] = [advert for advert in crawled.lines() if advert["url"] == "https://hh.ru/vacancy/9000"]
    assert len(crawled.lines()) == N_JOBS
    assert first["description"] == "Нужен повар номер 0."
    assert (first["places"], first["employment_type"]) == (["Казань"], "Полная занятость")
    assert first["pay"] == {"min": 50000.0, "max": None, "currency": "RUB", "period": None}
    assert first["posted_on"] == "2026-11-05"
    assert sum(1 for path in host.paths if path.startswith("/vacancies?")) == 3
    assert {line["proof"] for line in crawled.lines("readings.jsonl")} == {"id"}


def test_the_bundesagentur_gets_its_published_key_and_adverts_their_public_address(api: Any) -> None:
    def play(path: str, asked: Any) -> Any:
        if asked.headers.get("X-Api-Key") != "jobboerse-jobsuche":
            return None
        place = {"plz": "10115", "ort": "Berlin", "region": "Berlin", "land": "Deutschland"}
        if path.endswith("/jobs"):
            page = int(listing_of(asked)["page"])
            jobs = [
                {"refnr": f"10000-{n:03}-S", "titel": f"Koch {n}", "beruf": "Koch/Köchin", "arbeitgeber": "Beispiel GmbH", "arbeitsort": place,
                 "aktuelleVeroeffentlichungsdatum": "2026-11-05"}
                for n in range((page - 1) * 25, min(page * 25, N_JOBS))
            ]  # fmt: skip
            return {"stellenangebote": jobs, "maxErgebnisse": N_JOBS, "page": page, "size": 25}
        for n in range(N_JOBS):
            if unquote(path).endswith(f"/jobdetails/{b64encode(f'10000-{n:03}-S'.encode()).decode()}"):
                return {
                    "refnr": f"10000-{n:03}-S", "titel": f"Koch {n}", "arbeitgeber": "Beispiel GmbH", "arbeitsorte": [place],
                    "stellenbeschreibung": f"Wir suchen Koch Nummer {n}.", "aktuelleVeroeffentlichungsdatum": "2026-11-05",
                    "arbeitszeitmodelle": ["VOLLZEIT"], "verguetung": "Tarif",
                }  # fmt: skip
        return None

    crawled, _host = api("https://www.arbeitsagentur.de/jobsuche/suche?was=Koch&wo=Berlin", play)

    adverts = {advert["url"]: advert for advert in crawled.lines()}
    assert len(adverts) == N_JOBS
    first = adverts["https://www.arbeitsagentur.de/jobsuche/jobdetail/10000-000-S"]
    assert (first["title"], first["description"]) == ("Koch 0", "Wir suchen Koch Nummer 0.")
    assert (first["employer"]["name"], first["posted_on"], first["employment_type"]) == (
        "Beispiel GmbH",
        "2026-11-05",
        "VOLLZEIT",
    )
    assert first["places"] == ["Berlin, Deutschland"]
    assert {line["proof"] for line in crawled.lines("readings.jsonl")} == {"id"}


def test_smartrecruiters_is_read_by_offset_with_the_text_of_each_posting(api: Any) -> None:
    def play(path: str, asked: Any) -> Any:
        if path == "/v1/companies/Acme1/postings":
            offset = int(listing_of(asked)["offset"])
            content = [
                {"id": f"744{n:03}", "uuid": f"u-{n}", "name": f"Cook {n}", "company": {"name": "Acme"}, "releasedDate": "2026-11-05T01:00:00.000Z",
                 "location": {"city": "Hull", "country": "gb"}, "ref": f"https://api.smartrecruiters.com/v1/companies/Acme1/postings/744{n:03}"}
                for n in range(offset, min(offset + 100, 130))
            ]  # fmt: skip
            return {"offset": offset, "limit": 100, "totalFound": 130, "content": content}
        identifier = path.rpartition("/")[2]
        sections = {
            "jobDescription": {"title": "Job", "text": "<p>Cook for us.</p>"},
            "qualifications": {"title": "You", "text": "<p>Can cook.</p>"},
        }
        return {
            "id": identifier, "name": f"Cook {identifier}", "company": {"name": "Acme"}, "location": {"city": "Hull", "country": "gb"},
            "postingUrl": f"https://jobs.smartrecruiters.com/Acme1/{identifier}-cook", "jobAd": {"sections": sections},
            "typeOfEmployment": {"label": "Full-time"}, "releasedDate": "2026-11-05T01:00:00.000Z",
        }  # fmt: skip

    crawled, _host = api("https://careers.smartrecruiters.com/Acme1", play)

    assert len(crawled.lines()) == 130
    first = next(advert for advert in crawled.lines() if advert["url"].endswith("744000-cook"))
    assert "Can cook." in first["description"]
    assert first["employment_type"] == "Full-time"


def test_arbeitnow_is_followed_by_the_link_beside_its_list(api: Any) -> None:
    def play(path: str, asked: Any) -> Any:
        page = int(listing_of(asked).get("page", 1))
        jobs = [
            {"slug": f"cook-{page}-{n}", "company_name": "Acme GmbH", "title": f"Cook {page}-{n}", "description": "<p>Cook.</p>", "remote": False,
             "url": f"https://www.arbeitnow.com/jobs/acme/cook-{page}-{n}", "tags": [], "job_types": ["full time"], "location": "Berlin",
             "created_at": 1793836800}
            for n in range(5)
        ]  # fmt: skip
        following = f"http://{asked.headers['Host']}{path}?page={page + 1}" if page < 3 else None
        return {"data": jobs, "links": {"first": None, "next": following}, "meta": {"current_page": page}}

    crawled, _host = api("https://www.arbeitnow.com/", play)

    assert len(crawled.lines()) == 15
    assert crawled.lines()[0]["posted_on"] == "2026-11-05"


def test_an_api_that_repeats_its_page_for_ever_is_left(api: Any) -> None:
    job = {
        "id": "1",
        "name": "Cook",
        "employer": {"name": "Acme"},
        "area": {"name": "Hull"},
        "alternate_url": "https://hh.ru/vacancy/1",
    }

    def play(path: str, _asked: Any) -> Any:
        return {"items": [job], "found": 10**9} if path == "/vacancies" else {**job, "description": "Cook."}

    crawled, host = api("https://hh.ru/employer/1455", play)

    assert len(crawled.lines()) == 1
    assert sum(1 for path in host.paths if path.startswith("/vacancies?")) <= 7
    assert crawled.source["faults"]["feed left: pages without new adverts"] == 1


def test_a_second_run_over_an_api_brings_nothing_new_and_calls_gone_what_is_no_longer_listed(
    site: Any, make_source: Any, crawl: Any
) -> None:
    listed = list(range(6))

    def answer(asked: Any) -> None:
        path = urlsplit(asked.path).path
        if path == "/robots.txt":
            asked.reply("", kind="text/plain")
        elif path == "/vacancies":
            items = [
                {"id": str(n), "name": f"Cook {n}", "employer": {"name": "Acme"}, "area": {"name": "Hull"}}
                for n in listed
            ]
            asked.reply(json.dumps({"items": items, "found": len(items)}), kind="application/json")
        else:
            n = path.rpartition("/")[2]
            vacancy = {
                "id": n,
                "name": f"Cook {n}",
                "employer": {"name": "Acme"},
                "area": {"name": "Hull"},
                "description": "Cook.",
            }
            asked.reply(json.dumps(vacancy), kind="application/json")

    host = site(answer)
    source = make_source(
        kind="api", start=["/vacancies"], detail=None, api={"page_by": "page", "detail": "/vacancies/{id}"}
    )
    crawl(source, host.url)
    listed.remove(3)
    second = crawl(source, host.url)

    assert (second.source["new"], second.source["unchanged"], second.source["gone"]) == (0, 5, 1)


@pytest.mark.parametrize(
    ("template", "draft", "address"),
    [
        ("/v/{id}", {"identifier": "a b/c"}, "/v/a%20b%2Fc"),
        ("/v/{id}", {}, None),
        ("/w{path}", {"url": "/job/Hull/Cook_R1"}, "/w/job/Hull/Cook_R1"),
        ("/w{path}", {"url": "https://evil.example.com/x"}, None),
        ("/w{path}", {"url": "/../../admin"}, None),
        ("/w{path}", {"url": "/ok/../admin"}, None),
    ],
)
def test_what_a_list_states_cannot_lead_out_of_the_api(
    template: str, draft: dict[str, str], address: str | None
) -> None:
    assert address_of(template, Draft(reader="api", **draft)) == address


def test_a_source_file_with_the_headers_of_a_login_is_refused(make_source: Any) -> None:
    with pytest.raises(SourceError, match="a crawler does not log in"):
        load_source(make_source(kind="api", api={"headers": {"authorization": "Bearer x"}}))


NEW = """
import re, sys
from pathlib import Path
from crawler import publishers
from crawler.new_source import make_source
from crawler.publishers import Publisher
from crawler.source import Api
base = sys.argv[1]
publishers.PUBLISHERS = (Publisher("made-up", re.compile(re.escape(base) + "/company/(?P<company>.+)"), base + "/api/{company}",
    api=Api(post={"offset": 0}, page_by="offset", step=1, detail="/api/one/{id}")),)
make_source(base + "/company/acme", register=Path(sys.argv[2]), tests=Path(sys.argv[3]), contact="x@example.org", allow_loopback=True)
"""


def test_a_new_source_of_an_api_keeps_how_it_is_asked_and_records_a_list_and_an_advert(
    site: Any, tmp_path: Path
) -> None:
    job = {"id": "77", "jobTitle": "Cook", "companyName": "Acme", "location": "Hull"}

    def answer(asked: Any) -> None:
        if asked.path == "/robots.txt":
            asked.reply("", kind="text/plain")
        elif asked.path == "/api/acme" and posted_to(asked) == {"offset": 0}:
            asked.reply(json.dumps({"jobs": [job]}), kind="application/json")
        else:
            asked.reply(json.dumps({**job, "description": "Cook for us."}), kind="application/json")

    register, tests = tmp_path / "register", tmp_path / "pages"
    done = subprocess.run(
        [sys.executable, "-c", NEW, site(answer).url, str(register), str(tests)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    [path] = register.glob("*.yaml")
    entry = yaml.safe_load(path.read_text())
    assert entry["kind"] == "api"
    assert entry["api"] == {"post": {"offset": 0}, "page_by": "offset", "detail": "/api/one/{id}"}
    assert [case.name for case in sorted(tests.glob("*/*"))] == ["detail", "first"]
    [advert] = json.loads(next(tests.glob("*/detail/adverts.json")).read_text())
    assert advert["description"] == "Cook for us."


def test_a_slug_in_an_answer_names_the_advert_and_makes_no_address() -> None:
    """Joined to the API's own address it would be a page that does not exist."""
    address = "https://api.example.com/v1/jobs"
    draft = Draft(reader="api", title="Cook", url="cook-in-hull")

    reading = read_advert(draft, page_url=address)
    other = read_advert(replace(draft, url="cook-in-leeds"), page_url=address)

    assert reading.advert.url == other.advert.url == address
    assert reading.advert.id != other.advert.id
    assert reading.raw["url"] == "cook-in-hull"
    assert read_advert(replace(draft, reader="page"), page_url=address).advert.url.endswith(
        "/v1/cook-in-hull"
    )
