"""`lurewatch sources new URL`: one page in, a source file and a recorded-page test out.

The page is fetched by an ordinary crawl with a budget of one page, so robots.txt, the guard and
the evidence hold here too. What a person must know (owner, terms, whom to write to) is left to be
filled in, and until it is, the source is not crawled.
"""

import gzip
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import yaml
from scrapy import Selector

from crawler.crawl import Options, crawl_sources
from crawler.errors import CrawlerError, FellShortError
from crawler.evidence.verify_evidence import payload_of
from crawler.pages.advert import read_advert
from crawler.pages.decode import decode_page
from crawler.pages.reader import Page, read_page
from crawler.publishers import publisher_of
from crawler.source import FILL_IN, Api, Kind, Source
from crawler.spiders.links import sitemap_links

_JOB_PATH = re.compile(
    r"job|vacanc|career|position|offer|oferta|vaga|empleo|viec|lowongan|loker|stelle|vakans|annonce|emploi|work|advert",
    re.IGNORECASE,
)
_MIN_ALIKE, _MANY_ALIKE = 2, 5
"""Links of one shape that are enough to follow them: with words such as `job` in it, and without."""
_OK = 200
_TOP = 2
"""How many strokes the shape of a page at the top of a site holds."""
_SUFFIXES = {"api": "json", "feed": "xml", "sitemap": "xml"}


def make_source(
    url: str, *, register: Path, tests: Path, contact: str, allow_loopback: bool = False
) -> list[str]:
    """Write a source file and a recorded page for a site; gives what was written and what is left to do.

    Raises `CrawlerError` when the page cannot be had, is forbidden, or the source exists already.
    """
    known = publisher_of(url)
    start = known.start if known else url
    name = _name(start if known and not known.company else url, known.company if known else None)
    path = register / f"{name}.yaml"
    if path.exists():
        raise CrawlerError(f"{path}: exists already; edit it, or take another page of the site")
    api = known.api if known else Api()
    (_address, body), *details = fetch(start, contact=contact, allow_loopback=allow_loopback, api=api)
    page = read_page(body)
    entry = _entry(name, start, body, page, known.publisher.kind if known else None)
    if api != Api():
        entry["api"] = api.model_dump(mode="json", exclude_defaults=True)
    _write_entry(path, entry)
    Source.model_validate({**entry, "owner": "x", "terms": "x", "contact": "x"})
    case = record_page(tests / name / "first", body, url=start, source=name)
    for address, answer in details[:1]:
        record_page(tests / name / "detail", answer, url=address, source=name)
    return [
        f"kind: {entry['kind']}, {len(page.drafts)} adverts on the page" + _leads(entry, start, body),
        f"wrote {path}: fill in owner, terms and contact, read robots.txt, then set robots_checked_on",
        f"wrote {case}: check the expected adverts by eye; the recorded-page test reads them from now on",
        f"then try it: lurewatch crawl {path} --max-pages 10 -o try",
    ]


def _leads(entry: dict[str, object], url: str, body: bytes) -> str:
    """What a person should know of where the crawl would begin, and which links it would follow."""
    if entry["kind"] != Kind.JOB_POSTINGS:
        return ""
    if urljoin(url, str(entry["start"][0])) != url:  # type: ignore[index]
        return "; taken to be one advert: `start` is a guess, name the site's sitemap or listing"
    detail = entry.get("detail")
    if detail is None:
        return "; no links to adverts told apart: state their shape as `detail`, a regular expression"
    alike = sum(1 for link in _links(body, str(entry["base_url"])) if re.search(str(detail), link))
    return f", {alike} links like {detail}"


def fetch(url: str, *, contact: str, allow_loopback: bool, api: Api) -> list[tuple[str, bytes]]:
    """Fetch one page politely, and with it one advert where a list of an API leaves out the text.

    Gives (address, body) of each; raises `FellShortError` when the page is forbidden or fails.
    """
    source = Source(
        name="one-page", title="one page", owner="unknown", terms="unknown", contact="unknown",
        languages=("und",), kind=Kind.API if api.detail else Kind.FEED, base_url=url, start=(url,), bundled=True,
        delay_s=0, concurrency=1, budget_pages=3, api=api.model_copy(update={"page_by": None}),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        report = crawl_sources(
            [source], Options(folder=Path(folder), contact=contact, allow_loopback=allow_loopback)
        )
        found = [
            (str(entry["url"]), body)
            for entry, body in _archived(Path(folder))
            if entry["status"] == _OK and not str(entry["url"]).endswith("/robots.txt")
        ]
    if found:
        return found
    state = report["sources"]["one-page"]
    why = ", ".join([*state["refused"], *state["faults"]]) or "no answer"
    raise FellShortError(f"{url}: the page could not be had ({why})")


def _archived(folder: Path) -> Iterator[tuple[dict[str, Any], bytes]]:
    for line in (folder / "evidence" / "one-page-manifest.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        with (folder / "evidence" / entry["file"]).open("rb") as warc:
            warc.seek(entry["offset"])
            record = gzip.decompress(warc.read(entry["length"]))
        head, body = record.split(b"\r\n\r\n", 2)[1].lower(), payload_of(record)
        yield entry, gzip.decompress(body) if b"content-encoding: gzip" in head else body


def _name(url: str, company: str | None) -> str:
    host = (urlsplit(url).hostname or "site").removeprefix("www.")
    words = f"{host.rpartition('.')[0] or host}-{company}" if company else host
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:60] or "site"


def _entry(name: str, url: str, body: bytes, page: Page, kind: Kind | None) -> dict[str, object]:
    parts = urlsplit(url)
    base = f"{parts.scheme}://{parts.netloc}"
    start = urljoin(base, url).removeprefix(base) or "/"
    found = kind or _kind(page, body, base)
    entry: dict[str, object] = {
        "name": name, "title": name, "owner": FILL_IN, "terms": FILL_IN, "contact": FILL_IN,
        "languages": _languages(body), "kind": found.value, "base_url": base, "start": [start],
        "delay_s": 2.0, "expect": {"min": max(1, len(page.drafts) // 2)},
    }  # fmt: skip
    if found is Kind.JOB_POSTINGS:
        detail = _detail(body, base)
        is_detail = len(page.drafts) == 1 and page.kind == "html"
        entry["start"] = ["/sitemap.xml"] if is_detail else [start]
        entry["detail"] = _pattern(url) if is_detail else detail or _many_alike(body, base)
    elif found is Kind.CLASSIFIEDS:
        entry["selectors"] = {"title": "h1::text", "description": "main"}
    return {key: value for key, value in entry.items() if value is not None}


def _kind(page: Page, body: bytes, base: str) -> Kind:
    by_page = {"feed": Kind.FEED, "api": Kind.API, "telegram": Kind.TELEGRAM, "sitemap": Kind.JOB_POSTINGS}
    if page.kind in by_page:
        return by_page[page.kind]
    if _detail(body, base) is not None:
        return Kind.JOB_POSTINGS
    structured = any(draft.reader in {"json_ld", "microdata", "rdfa", "state"} for draft in page.drafts)
    listing = b"<a " in body and not page.drafts
    return Kind.JOB_POSTINGS if structured or listing else Kind.CLASSIFIEDS


def _languages(body: bytes) -> list[str]:
    stated = re.search(rb"""<html[^>]{0,300}?\blang\s*=\s*["']?([a-zA-Z]{2,3})""", body)
    return [stated.group(1).decode().lower() if stated else "und"]


def _detail(body: bytes, base: str) -> str | None:
    """The shape that most of a page's links to adverts share, as far as their words tell."""
    return next((shape for shape in _shapes(body, base, _MIN_ALIKE) if _JOB_PATH.search(shape)), None)


def _many_alike(body: bytes, base: str) -> str | None:
    """The shape of a listing's links where no word in them tells of jobs; not that of the site's top pages."""
    return next((shape for shape in _shapes(body, base, _MANY_ALIKE) if shape.count("/") > _TOP), None)


def _links(body: bytes, base: str) -> list[str]:
    """The links of a page or a sitemap to its own site, each once."""
    listed = sitemap_links(body)
    if listed is not None:
        links = [] if listed.is_index else [entry.url for entry in listed.entries]
    else:
        links = [
            urljoin(base, link) for link in Selector(text=decode_page(body)).css("a::attr(href)").getall()
        ]
    return [link for link in dict.fromkeys(links) if link.startswith(base)]


def _shapes(body: bytes, base: str, enough: int) -> list[str]:
    """The shapes that at least so many of a page's links share, commonest first."""
    shapes = Counter(shape for link in _links(body, base) if (shape := _pattern(link)) is not None)
    return [shape for shape, n in shapes.most_common() if n >= enough]


def _pattern(url: str) -> str | None:
    """The address with what changes from advert to advert left open."""
    segments = [segment for segment in urlsplit(url).path.split("/") if segment]
    if not segments:
        return None
    return "".join(f"/{re.escape(segment)}" for segment in segments[:-1]) + "/[^/?#]+$"


def _write_entry(path: Path, entry: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = "# Written by `lurewatch sources new`; what says FILL IN a person must look up.\n"
    path.write_text(
        head + yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8"
    )


def record_page(folder: Path, body: bytes, *, url: str, source: str) -> Path:
    """Keep a page with what is read off it today; the recorded-page test compares from now on."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC).replace(microsecond=0)
    (folder / f"page.{_SUFFIXES.get(read_page(body).kind, 'html')}").write_bytes(body)
    (folder / "meta.json").write_text(
        json.dumps({"url": url, "source": source, "fetched_at": now.isoformat()}, indent=1) + "\n",
        encoding="utf-8",
    )
    (folder / "adverts.json").write_text(
        json.dumps(expected_of(body, url=url, source=source, fetched_at=now), indent=1, ensure_ascii=False)
        + "\n",
        encoding="utf-8",
    )
    return folder


def expected_of(body: bytes, *, url: str, source: str, fetched_at: datetime) -> list[dict[str, object]]:
    """What is read off a recorded page, as its `adverts.json` holds it."""
    readings = (
        read_advert(draft, source=source, page_url=url, fetched_at=fetched_at)
        for draft in read_page(body).drafts
    )
    return [reading.advert.to_json() for reading in readings if reading is not None]
