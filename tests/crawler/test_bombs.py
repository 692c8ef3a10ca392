"""Pages built to cost much: each is read within its share of time, or refused with a word about it."""

import json
import time

import pytest

from crawler.pages.advert import read_advert
from crawler.pages.draft import MAX_DRAFTS
from crawler.pages.reader import read_page
from crawler.parse.dates import Patience

LONGEST_S = 12.0
"""Far above what each takes, far below what unbounded work would."""


def in_strings(depth: int) -> str:
    """A job in a string in an object in a string, over and over: each layer doubles the escapes."""
    inner = '{"@type":"JobPosting","title":"Cook"}'
    for _layer in range(depth):
        inner = json.dumps({"title": "x", "JobPosting": inner})
    return inner


BOMBS = {
    "strings in strings": f'<script type="application/json">{in_strings(16)}</script>',
    "sixty thousand jobs in strings": '<script type="application/json">{"jobs":['
    + ",".join(json.dumps({"title": "o", "m": in_strings(0)}) for _n in range(60_000))
    + "]}</script>",
    "objects in objects": '{"jobs":' + '{"a":' * 900 + '{"title":"x","company":"y"}' + "}" * 901,
    "lists in lists": '<script type="application/ld+json">' + "[" * 900 + "1" + "]" * 900 + "</script>",
    "headings": "<html><body>" + "".join(f'<h2><a href="/job/{n}">x</a></h2><p>Salary: 5</p>' for n in range(30_000)),
    "cards": "<html><body>" + "".join(f'<div class="job-card"><h2><a href="/job/{n}">x</a></h2></div>' for n in range(30_000)),
    "captions": "<html><body>" + "<dt>Salary</dt><dd>5 USD</dd>" * 30_000,
    "items that refer to one another": '<div itemscope itemtype="http://schema.org/JobPosting" itemref="a"><p itemprop="title">x</p></div>' * 3_000
    + '<div id="a">' + "<p itemprop=skills>x</p>" * 3_000 + "</div>",
    "fifty thousand odd jobs": json.dumps(
        [{"title": f"Cook {n}", "date": f"sometime {n}", "location": [f"x{n}"], "company": "c"} for n in range(50_000)]
    ),
    "colons without values": "<html><body>" + "<p>Salary:</p>" * 60_000,
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_page_built_to_cost_much_is_read_in_time(name: str) -> None:
    started = time.process_time()
    page = read_page(BOMBS[name].encode())
    patience = Patience()
    for draft in page.drafts:
        read_advert(draft, page_url="https://jobs.example.com/", patience=patience)

    assert time.process_time() - started < LONGEST_S
    assert len(page.drafts) <= MAX_DRAFTS


def test_a_page_with_more_adverts_than_any_honest_one_is_cut_and_says_so() -> None:
    postings = ",".join(f'{{"@type":"JobPosting","title":"Job {n}"}}' for n in range(MAX_DRAFTS + 500))

    page = read_page(f'<script type="application/ld+json">[{postings}]</script>'.encode())

    assert len(page.drafts) == MAX_DRAFTS
    assert page.faults == (f"{MAX_DRAFTS} adverts or more on one page: the rest was not read",)
