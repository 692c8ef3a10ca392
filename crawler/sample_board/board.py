"""Draws the sample board's pages the way real job boards do, with the messes that real ones make."""

import hashlib
import html
import json
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

PER_PAGE = 8
TITLE = "WorkFinder Sample Board"
_ADVERTS = Path(__file__).parent / "adverts.yaml"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#222;background:#f4f5f7}header,footer{background:#12395b;color:#fff;"
    "padding:1rem 2rem}header a,footer a{color:#cfe3f7}main{max-width:50rem;margin:1.5rem auto;background:#fff;padding:1.5rem 2rem}"
    ".job-card{border-bottom:1px solid #ddd;padding:.8rem 0}.facts{color:#555}"
)


@lru_cache(maxsize=1)
def load_adverts() -> tuple[dict[str, Any], ...]:
    """Read the board's adverts, newest first."""
    adverts = yaml.safe_load(_ADVERTS.read_text(encoding="utf-8"))
    return tuple(sorted(adverts, key=lambda advert: (advert["posted"], advert["slug"]), reverse=True))


def draw_page(path: str, *, base: str) -> tuple[int, str, bytes]:
    """Give one page: (status, content type, body). `base` is the board's address without a slash at its end."""
    path, _, query = path.partition("?")
    fixed: dict[str, Callable[[str], tuple[str, str]]] = {
        "/robots.txt": lambda at: ("text/plain", _robots(at)),
        "/sitemap.xml": lambda at: ("application/xml", _sitemap_index(at)),
        "/sitemap-jobs.xml": lambda at: ("application/xml", _sitemap(at)),
        "/about": lambda at: (
            "text/html",
            _frame("About", "<p>This board is invented; nobody is hiring.</p>", at),
        ),
        "/private/drafts": lambda at: ("text/html", _frame("Drafts", "<p>Not for crawlers.</p>", at)),
    }
    if path in fixed:
        kind, text = fixed[path](base)
        return 200, f"{kind}; charset=utf-8", text.encode()
    if path in {"/", "/jobs"}:
        return 200, "text/html; charset=utf-8", _listing(_page_number(query), base).encode()
    advert = next((advert for advert in load_adverts() if path == f"/jobs/{advert['slug']}"), None)
    if advert is None:
        return (
            404,
            "text/html; charset=utf-8",
            _frame("Not found", "<p>There is no such page.</p>", base).encode(),
        )
    return 200, "text/html; charset=utf-8", draw_advert(advert, base=base).encode()


def etag_of(body: bytes) -> str:
    """Give a page's entity tag."""
    return f'"{hashlib.sha256(body).hexdigest()[:20]}"'


def _page_number(query: str) -> int:
    digits = query.removeprefix("page=")
    return int(digits) if digits.isdigit() and digits.isascii() and len(digits) < 4 else 1  # noqa: PLR2004


def _robots(base: str) -> str:
    return f"User-agent: *\nDisallow: /private/\nCrawl-delay: 0\n\nSitemap: {base}/sitemap.xml\n"


def _sitemap_index(base: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"<sitemap><loc>{base}/sitemap-jobs.xml</loc></sitemap></sitemapindex>"
    )


def _sitemap(base: str) -> str:
    """The sitemap lags behind the listing, as they do: it knows the older half."""
    entries = "".join(
        f"<url><loc>{base}/jobs/{advert['slug']}</loc><lastmod>{advert['posted'].isoformat()}</lastmod></url>"
        for advert in load_adverts()[len(load_adverts()) // 2 :]
    )
    about = f"<url><loc>{base}/about</loc></url>"
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}{about}</urlset>'


def _frame(title: str, body: str, base: str, *, lang: str = "en", head: str = "") -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}"><head><meta charset="utf-8"><title>{html.escape(title)} | {TITLE}</title>'
        f'<style>{_STYLE}</style>{head}</head>\n<body><header><a href="{base}/jobs">{TITLE}</a></header>\n<main>{body}</main>\n'
        f'<footer><a href="{base}/about">About</a> <a href="{base}/private/drafts">Drafts</a></footer></body></html>\n'
    )


def _listing(number: int, base: str) -> str:
    adverts = load_adverts()
    shown = adverts[(number - 1) * PER_PAGE : number * PER_PAGE]
    cards = "".join(
        f'<article class="job-card"><h2><a href="{base}/jobs/{advert["slug"]}">{html.escape(advert["title"])}</a></h2>'
        f'<p class="facts">{html.escape(" · ".join(part for part in (advert["employer"], *advert["place"]) if part))}</p></article>'
        for advert in shown
    )
    following = (
        f'<a rel="next" href="{base}/jobs?page={number + 1}">Next</a>'
        if number * PER_PAGE < len(adverts)
        else ""
    )
    return _frame(
        f"Jobs, page {number}",
        f"<h1>Latest jobs</h1>{cards or '<p>No more jobs.</p>'}<nav>{following}</nav>",
        base,
    )


def draw_advert(advert: dict[str, Any], *, base: str) -> str:
    """Draw one advert's page with its structured data, in the manner that `markup` names."""
    markup = advert["markup"]
    shown = advert["text"] if advert["text"].startswith("<") else f"<p>{html.escape(advert['text'])}</p>"
    facts = html.escape(
        " · ".join(part for part in (advert["employer"], *advert["place"], _pay_words(advert)) if part)
    )
    body = f'<h1>{html.escape(advert["title"])}</h1><p class="facts">{facts}</p><div class="job-description">{shown}</div>'
    if markup == "microdata":
        return _frame(advert["title"], _microdata(advert, shown), base, lang=advert["lang"])
    head = f'<link rel="canonical" href="{base}/jobs/{advert["slug"]}">' + _scripts(advert, base)
    return _frame(advert["title"], body, base, lang=advert["lang"], head=head)


def _pay_words(advert: dict[str, Any]) -> str:
    if not advert["pay"]:
        return ""
    low, high, currency, unit = advert["pay"]
    return (
        f"{low:,} - {high:,} {currency} / {unit.lower()}"
        if low != high
        else f"{low:,} {currency} / {unit.lower()}"
    )


def _posting(advert: dict[str, Any], base: str) -> dict[str, Any]:
    locality, region, country = advert["place"]
    posting: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "JobPosting",
        "title": advert["title"],
        "description": advert["text"],
        "identifier": {"@type": "PropertyValue", "name": TITLE, "value": advert["slug"].rpartition("-")[2]},
        "datePosted": advert["posted"].isoformat(),
        "validThrough": (advert["posted"] + timedelta(days=30)).isoformat(),
        "url": f"{base}/jobs/{advert['slug']}",
        "hiringOrganization": {"@type": "Organization", "name": advert["employer"]},
        "jobLocation": {
            "@type": "Place",
            "address": {
                "@type": "PostalAddress",
                "addressLocality": locality,
                "addressRegion": region,
                "addressCountry": country,
            },
        },
    }
    if advert["type"]:
        posting["employmentType"] = advert["type"]
    if advert["pay"]:
        low, high, currency, unit = advert["pay"]
        amount = {"@type": "QuantitativeValue", "minValue": low, "maxValue": high, "unitText": unit}
        posting["baseSalary"] = {"@type": "MonetaryAmount", "currency": currency, "value": amount}
    return posting


def _scripts(advert: dict[str, Any], base: str) -> str:
    posting, markup = _posting(advert, base), advert["markup"]
    site = {"@context": "https://schema.org", "@type": "WebSite", "name": TITLE, "url": base}
    if markup == "escaped":
        posting["description"] = html.escape(posting["description"])
    if markup == "minimal":
        posting = {
            name: posting[name]
            for name in ("@type", "title", "description", "datePosted", "jobLocation", "url")
        }
    if markup == "graph":
        employer = {"@type": "Organization", "@id": f"{base}/#employer", "name": advert["employer"]}
        posting["hiringOrganization"] = {"@id": employer["@id"]}
        return _script(
            json.dumps(
                {"@context": "https://schema.org", "@graph": [site, employer, posting]}, ensure_ascii=False
            )
        )
    text = json.dumps(posting, ensure_ascii=False)
    messes = {
        "raw_newlines": text.replace("\\n", "\n"),
        "trailing_comma": f"{text[:-1]},}};",
        "several": json.dumps(site),
        "broken_beside": "{ 'this': is not JSON, ",
    }
    extra = _script(text) if markup in {"several", "broken_beside"} else ""
    return _script(messes.get(markup, text)) + extra


def _script(text: str) -> str:
    return f'<script type="application/ld+json">{text.replace("</", "<" + chr(92) + "/")}</script>'


def _microdata(advert: dict[str, Any], shown: str) -> str:
    locality, _region, country = advert["place"]
    low, high, currency, unit = advert["pay"]
    return (
        '<article itemscope itemtype="https://schema.org/JobPosting">'
        f'<h1 itemprop="title">{html.escape(advert["title"])}</h1>'
        f'<meta itemprop="datePosted" content="{advert["posted"].isoformat()}"><meta itemprop="employmentType" content="{advert["type"]}">'
        f'<p itemprop="hiringOrganization" itemscope itemtype="https://schema.org/Organization"><b itemprop="name">{html.escape(advert["employer"])}</b></p>'
        '<p itemprop="jobLocation" itemscope itemtype="https://schema.org/Place"><span itemprop="address" itemscope '
        f'itemtype="https://schema.org/PostalAddress"><span itemprop="addressLocality">{html.escape(locality)}</span>, '
        f'<span itemprop="addressCountry">{country}</span></span></p>'
        f'<p itemprop="baseSalary" itemscope itemtype="https://schema.org/MonetaryAmount"><meta itemprop="currency" content="{currency}">'
        f'<span itemprop="value" itemscope itemtype="https://schema.org/QuantitativeValue"><span itemprop="minValue">{low}</span> - '
        f'<span itemprop="maxValue">{high}</span> <meta itemprop="unitText" content="{unit}"></span></p>'
        f'<div itemprop="description">{shown}</div></article>'
    )
