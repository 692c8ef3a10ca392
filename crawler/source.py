"""The register of sources: one YAML file per site, saying whose it is and how to treat it politely.

Nothing is crawled that has no complete entry. `load_source` refuses with a message that names
the file and the missing line; `check_sources` reads the whole register.
"""

import re
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

import yaml
from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator

from crawler.errors import SourceError
from model.schema.record import Record

REGISTER = Path(__file__).parent / "sources"
"""The folder of the bundled source files."""
FILL_IN = "FILL IN"
"""Stands in a new source file where a person must look something up."""


class Kind(StrEnum):
    """How a source publishes its adverts, hence which way the spider goes."""

    JOB_POSTINGS = "job_postings"
    """Sitemap or listing pages → detail pages with schema.org JobPosting."""
    FEED = "feed"
    """RSS, Atom or job XML; every item is an advert."""
    API = "api"
    """A public job API that answers with JSON."""
    TELEGRAM = "telegram"
    """The preview pages of a public Telegram channel."""
    CLASSIFIEDS = "classifieds"
    """Pages without structured data, read by the selectors in the source file."""


WHOLE = frozenset({Kind.JOB_POSTINGS, Kind.CLASSIFIEDS, Kind.API})
"""Kinds that list everything they have: what a complete run does not meet there is gone.

A feed or a channel shows its newest; what it no longer shows may still be there.
"""


class Expected(Record):
    """What a complete run should bring; `monitors.py` compares."""

    min: int = 1
    """Fewer adverts than this fail the run."""
    max: int | None = None
    """More than this fail the run."""
    coverage: dict[str, Annotated[float, Field(ge=0, le=1)]] | None = None
    """Field → smallest share of adverts that must carry it; unless stated, 90% a title, a channel's posts a text."""


class Selectors(Record):
    """CSS selectors of a site without structured data; `::text` and `::attr()` as in Scrapy."""

    item: str | None = None
    """One advert on a listing page; without it each detail page is one advert."""
    link: str | None = None
    """The detail page's address, within an item or on a listing page."""
    title: str | None = None
    description: str | None = None
    employer: str | None = None
    place: str | None = None
    pay: str | None = None
    employment_type: str | None = None
    posted: str | None = None
    valid_through: str | None = None
    contact: str | None = None


_SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization"}


class Api(Record):
    """How a job API is asked, where a plain request for `start` is not enough."""

    headers: dict[str, str] = Field(default_factory=dict)
    """Headers that it asks of everybody, such as a published key; never those of a login."""
    post: dict[str, Any] | None = None
    """What is posted to `start` for a list; without it the list is simply fetched."""
    page_by: str | None = None
    """The value that turns the page, in `post` or else in the query: `page`, `offset`."""
    first: Annotated[int, Field(ge=0)] = 0
    """Its value for the first page."""
    step: Annotated[int, Field(ge=1)] = 1
    """What it grows by from page to page."""
    detail: str | None = None
    """Address of one advert's own answer, where the list leaves out the text: `/vacancies/{id}`.

    `{id}` is the list entry's id, `{id64}` the same in base 64, `{path}` the path that it states.
    """
    page: str | None = None
    """Address of the advert's public page, where the API does not state it."""

    @field_validator("headers")
    @classmethod
    def _no_login(cls, value: dict[str, str]) -> dict[str, str]:
        if _SECRET_HEADERS & {name.lower() for name in value}:
            raise ValueError("a crawler does not log in: no Authorization or Cookie")
        return value


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,60}$")]


class Source(Record):
    """One site: whose it is, what its rules are, and how its adverts are found."""

    name: Name
    """Short name; also the file's name."""
    title: str
    """What the site is called."""
    owner: str
    """Who runs it."""
    terms: str
    """Link to its terms of use, which were read before this entry was made."""
    robots_checked_on: date | None = None
    """When a person last read its robots.txt; without it nothing is fetched."""
    contact: str
    """How to reach its owner about our crawling."""
    cadence_hours: Annotated[float, Field(gt=0)] = 24
    """How often it may be crawled."""
    languages: tuple[str, ...]
    """Languages its adverts are in, as ISO 639 codes."""
    kind: Kind
    """How it publishes its adverts."""
    base_url: str
    """Its address; relative addresses below start there."""
    start: tuple[str, ...] = Field(min_length=1)
    """Where to begin: sitemaps, listing pages, feeds, API calls or a channel's preview page."""
    detail: str | None = None
    """Regular expression for the addresses of detail pages."""
    next: str | None = None
    """CSS selector of the link to the next listing page; `rel="next"` is always followed."""
    selectors: Selectors = Selectors()
    """For `classifieds`."""
    api: Api = Api()
    """For a job API: headers, turning pages, addresses of single adverts."""
    employer: str | None = None
    """Who hires, where a company's own job API does not say it."""
    delay_s: Annotated[float, Field(ge=0, le=120)] = 2.0
    """Least time between two requests; a longer crawl-delay in robots.txt wins."""
    concurrency: Annotated[int, Field(ge=1, le=16)] = 1
    """How many requests at a time."""
    timeout_s: Annotated[float, Field(gt=0, le=180)] = 30.0
    """Longest time one page may take, slow drips included."""
    budget_pages: Annotated[int, Field(ge=1, le=200_000)] = 500
    """Most pages fetched in one run."""
    follow_hosts: tuple[str, ...] = ()
    """Hosts beside its own on which its pages lie."""
    expect: Expected = Expected()
    """What a complete run should bring."""
    bundled: bool = False
    """A site that runs on this machine, for the demo and for tests."""

    @property
    def expected_coverage(self) -> dict[str, float]:
        """Field → smallest share of adverts that must carry it, as stated or as its kind has it."""
        if self.expect.coverage is not None:
            return self.expect.coverage
        return {"description" if self.kind is Kind.TELEGRAM else "title": 0.9}

    @field_validator("detail")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        if urlsplit(self.base_url).scheme not in {"http", "https"}:
            raise ValueError("base_url must begin with http:// or https://")
        if self.kind is Kind.CLASSIFIEDS and not (self.selectors.title or self.selectors.description):
            raise ValueError("a classifieds source needs selectors.title or selectors.description")
        return self


def load_source(path: Path) -> Source:
    """Read one source file; raises `SourceError` naming the file, the line's name and the remedy."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: is not YAML; {error}") from error
    if not isinstance(raw, dict):
        raise SourceError(f"{path}: holds no entry; a source file is `name: value` lines")
    try:
        source = Source.model_validate(raw)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'entry'}: {e['msg']}" for e in error.errors())
        raise SourceError(f"{path}: {problems}") from error
    if source.name != path.stem:
        raise SourceError(f"{path}: its name is {source.name}; rename the file to {source.name}.yaml")
    return source


def find_source(name: str, *, register: Path = REGISTER) -> Source:
    """Find a source by its name in the register, or by the path of its file."""
    path = Path(name)
    if path.suffix in {".yaml", ".yml"}:
        return load_source(path)
    path = register / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in register.glob("*.yaml"))) or "none"
        raise SourceError(
            f"{name}: no such source; known are {known}. Add one with `lurewatch sources new URL`"
        )
    return load_source(path)


def load_register(register: Path = REGISTER) -> tuple[Source, ...]:
    """Read every source file of a register by name; raises `SourceError` listing all that are wrong."""
    sources, wrong = [], []
    for path in sorted(register.glob("*.yaml")):
        try:
            sources.append(load_source(path))
        except SourceError as error:
            wrong.append(str(error))
    if wrong:
        raise SourceError("\n".join(wrong))
    return tuple(sources)


def check_crawlable(source: Source) -> None:
    """Raise `SourceError` when a source may not be crawled yet."""
    open_fields = [name for name in ("owner", "terms", "contact") if getattr(source, name) == FILL_IN]
    if open_fields:
        raise SourceError(
            f"{source.name}: {', '.join(open_fields)} still to be filled in; "
            "look them up and write them into its file"
        )
    if source.robots_checked_on is None and not source.bundled:
        raise SourceError(
            f"{source.name}: nobody has checked its robots.txt and terms; "
            "read both, then set robots_checked_on in its file"
        )
