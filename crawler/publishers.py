"""Public job APIs: from the page that a person knows to the API behind it.

The APIs are documented by their makers, or in common use, for exactly this; they spare the sites
the crawling of page after page. What they answer is read by `pages/objects.py` like any other.
Whether one may be crawled is still decided by its robots.txt, its terms and the person who reads them.
"""

import re
from dataclasses import dataclass

from crawler.source import Api, Kind

_PLAIN = Api()


@dataclass(frozen=True)
class Publisher:
    """One maker of hiring software, or one public job board with an API."""

    name: str
    page: re.Pattern[str]
    """What its public pages look like; `company` names whose jobs, other groups fill `start`."""
    start: str
    """The address of the API, with the page's groups in braces."""
    kind: Kind = Kind.API
    api: Api = _PLAIN


@dataclass(frozen=True)
class Found:
    """A publisher recognised by an address."""

    publisher: Publisher
    company: str | None
    """Whose jobs; None for a board of many employers."""
    start: str
    api: Api

    @property
    def name(self) -> str:
        """The publisher's name."""
        return self.publisher.name


def _at(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"^https?://{pattern}", re.IGNORECASE)


PUBLISHERS = (
    Publisher(
        "greenhouse",
        _at(r"(?:(?:boards|job-boards)(?:\.eu)?\.greenhouse\.io/(?:embed/job_board\?for=)?|boards-api\.greenhouse\.io/v1/boards/)(?P<company>[\w-]+)"),
        "https://boards-api.greenhouse.io/v1/boards/{company}/jobs?content=true",
    ),
    Publisher(
        "lever",
        _at(r"(?:jobs|api)\.(?P<region>eu\.)?lever\.co/(?:v0/postings/)?(?P<company>[\w-]+)"),
        "https://api.{region}lever.co/v0/postings/{company}?mode=json",
    ),
    Publisher(
        "ashby",
        _at(r"(?:jobs\.ashbyhq\.com|api\.ashbyhq\.com/posting-api/job-board)/(?P<company>[\w.%-]+)"),
        "https://api.ashbyhq.com/posting-api/job-board/{company}?includeCompensation=true",
    ),
    Publisher(
        "smartrecruiters",
        _at(r"(?:(?:careers|jobs)\.smartrecruiters\.com|api\.smartrecruiters\.com/v1/companies)/(?P<company>[\w-]+)"),
        "https://api.smartrecruiters.com/v1/companies/{company}/postings?limit=100",
        api=Api(page_by="offset", step=100, detail="/v1/companies/{company}/postings/{id}"),
    ),
    Publisher(
        "workable",
        _at(r"apply\.workable\.com/(?:api/v1/widget/accounts/)?(?P<company>[\w-]+)"),
        "https://apply.workable.com/api/v1/widget/accounts/{company}?details=true",
    ),
    Publisher("recruitee", _at(r"(?P<company>[\w-]+)\.recruitee\.com"), "https://{company}.recruitee.com/api/offers/"),
    Publisher(
        "personio",
        _at(r"(?P<company>[\w-]+)\.jobs\.personio\.(?P<land>de|com)"),
        "https://{company}.jobs.personio.{land}/xml",
        Kind.FEED,
    ),
    Publisher(
        "workday",
        _at(r"(?P<company>[\w-]+)\.(?P<part>wd\d+)\.myworkdayjobs\.com/(?:wday/cxs/[\w-]+/|[a-z]{2}-[A-Z]{2}/)?(?P<site>[\w-]+)"),
        "https://{company}.{part}.myworkdayjobs.com/wday/cxs/{company}/{site}/jobs",
        api=Api(
            post={"appliedFacets": {}, "limit": 20, "offset": 0, "searchText": ""},
            page_by="offset",
            step=20,
            detail="/wday/cxs/{company}/{site}{path}",
        ),
    ),
    Publisher(
        "hh",
        _at(r"(?:[\w-]+\.)?hh\.ru/employer/(?P<company>\d+)"),
        "https://api.hh.ru/vacancies?employer_id={company}&per_page=100",
        api=Api(page_by="page", detail="/vacancies/{id}"),
    ),
    Publisher(
        "hh",
        _at(r"(?:[\w-]+\.)?hh\.ru/(?:search/vacancy|vacancies)\?(?P<query>[^#]+)"),
        "https://api.hh.ru/vacancies?{query}",
        api=Api(page_by="page", detail="/vacancies/{id}"),
    ),
    Publisher(
        "bundesagentur",
        _at(r"(?:www\.arbeitsagentur\.de/jobsuche/suche|rest\.arbeitsagentur\.de/jobboerse/jobsuche-service/pc/v\d/jobs)\?(?P<query>[^#]+)"),
        "https://rest.arbeitsagentur.de/jobboerse/jobsuche-service/pc/v4/jobs?{query}",
        api=Api(
            # the key that the agency's own search page sends, the same for everybody
            headers={"X-API-Key": "jobboerse-jobsuche"},
            page_by="page",
            first=1,
            detail="/jobboerse/jobsuche-service/pc/v4/jobdetails/{id64}",
            page="https://www.arbeitsagentur.de/jobsuche/jobdetail/{id}",
        ),
    ),
    Publisher("arbeitnow", _at(r"(?:www\.)?arbeitnow\.com(?:/|$)"), "https://www.arbeitnow.com/api/job-board-api"),
    Publisher("remotive", _at(r"(?:www\.)?remotive\.(?:com|io)(?:/|$)"), "https://remotive.com/api/remote-jobs"),
    Publisher("telegram", _at(r"t\.me/(?:s/)?(?P<company>[A-Za-z]\w{3,31})/?$"), "https://t.me/s/{company}", Kind.TELEGRAM),
)  # fmt: skip


def publisher_of(url: str) -> Found | None:
    """Recognise a publisher's page; None for any other site."""
    for publisher in PUBLISHERS:
        match = publisher.page.match(url)
        if match:
            groups = {name: value or "" for name, value in match.groupdict().items()}
            return Found(
                publisher,
                groups.get("company") or None,
                _filled(publisher.start, groups),
                publisher.api.model_copy(update={"detail": _filled(publisher.api.detail, groups)})
                if publisher.api.detail
                else publisher.api,
            )
    return None


def _filled(template: str | None, groups: dict[str, str]) -> str:
    """Fill in what the page's address named, leaving the places that each advert fills."""
    text = template or ""
    for name, value in groups.items():
        text = text.replace("{" + name + "}", value)
    return text
