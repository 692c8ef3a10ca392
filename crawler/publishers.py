"""Job boards of hiring software: from a company's public page to the public API behind it.

The APIs are documented by their makers for exactly this use; they spare the sites the crawling of
page after page. What they answer is read by `pages/objects.py` like any other.
"""

import re
from dataclasses import dataclass

from crawler.source import Kind


@dataclass(frozen=True)
class Publisher:
    """One maker of hiring software."""

    name: str
    page: re.Pattern[str]
    """What a company's public page looks like; its first group is the company."""
    start: str
    """The address of the API, `{}` for the company."""
    kind: Kind = Kind.API


def _at(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"^https?://{pattern}", re.IGNORECASE)


PUBLISHERS = (
    Publisher(
        "greenhouse",
        _at(r"(?:boards|job-boards)(?:\.eu)?\.greenhouse\.io/(?:embed/job_board\?for=)?([\w-]+)"),
        "https://boards-api.greenhouse.io/v1/boards/{}/jobs?content=true",
    ),
    Publisher("lever", _at(r"jobs\.lever\.co/([\w-]+)"), "https://api.lever.co/v0/postings/{}?mode=json"),
    Publisher(
        "ashby",
        _at(r"jobs\.ashbyhq\.com/([\w.%-]+)"),
        "https://api.ashbyhq.com/posting-api/job-board/{}?includeCompensation=true",
    ),
    Publisher(
        "smartrecruiters",
        _at(r"(?:careers|jobs)\.smartrecruiters\.com/([\w-]+)"),
        "https://api.smartrecruiters.com/v1/companies/{}/postings?limit=100",
    ),
    Publisher(
        "workable",
        _at(r"apply\.workable\.com/([\w-]+)"),
        "https://apply.workable.com/api/v1/widget/accounts/{}?details=true",
    ),
    Publisher("recruitee", _at(r"([\w-]+)\.recruitee\.com"), "https://{}.recruitee.com/api/offers/"),
    Publisher(
        "personio", _at(r"([\w-]+)\.jobs\.personio\.(?:de|com)"), "https://{}.jobs.personio.de/xml", Kind.FEED
    ),
    Publisher("telegram", _at(r"t\.me/(?:s/)?([A-Za-z]\w{3,31})/?$"), "https://t.me/s/{}", Kind.TELEGRAM),
)


def publisher_of(url: str) -> tuple[Publisher, str] | None:
    """Recognise a company's page: (publisher, company), or None."""
    for publisher in PUBLISHERS:
        match = publisher.page.match(url)
        if match:
            return publisher, match.group(1)
    return None
