"""Working through a filtered queue: the filters stay in the address from the queue to the last advert."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from service.assessing import Context
from service.review.permissions import Person
from service.review.queue import Filters, next_item, previous_item
from service.store import search
from service.store.tables import ReviewRow
from tests.factories import LURE, UNCERTAIN
from tests.service.conftest import Browser
from tests.service.test_review import add

Browse = Callable[..., Browser]
VIEW = "language=km&band=high"


@pytest.fixture
def mixed(context: Context) -> list[str]:
    """Six high adverts in the queue's order, every second of them in Khmer; and a Khmer one that is lower."""
    ids = add(context, *(f"{LURE} {n}" for n in range(6)), UNCERTAIN)
    with context.database.writing() as session:
        khmer = [*ids[1:6:2], ids[6]]
        session.execute(update(ReviewRow).where(ReviewRow.id.in_(khmer)).values(language="km"))
    return ids


def forms_of(page: str, act: str) -> dict[str, str]:
    """Give the hidden fields of the form that does something."""
    form = re.search(rf'<form[^>]*action="[^"]*/{act}"[^>]*>(.*?)</form>', page, re.DOTALL)
    pairs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[1])
    return {name: value.replace("&amp;", "&") for name, value in pairs}


def send(browser: Browser, page: str, path: str, **more: str) -> tuple[str, str]:
    """Send a form of a page as a browser does, some seconds later; gives the end of the address and the page."""
    browser.app.state.context.clock.move(seconds=5)
    fields = forms_of(page, path.rpartition("/")[2])
    answer = browser.post(path, data=fields | more)
    assert answer.status_code == 200, answer.text
    return answer.url.path.rpartition("/")[2], answer.text


def test_start_decide_hold_and_undo_stay_within_the_filters(browse: Browse, mixed: list[str]) -> None:
    browser = browse()
    first, second, third = mixed[1], mixed[3], mixed[5]
    queue = browser.get(f"/console?{VIEW}").text
    assert re.findall(r'href="/console/reviews/(\w+)\?band=high&amp;language=km"', queue) == [
        first,
        second,
        third,
    ]
    at, page = send(browser, queue, "/console/next")
    assert at == first
    assert 'href="/console?band=high&amp;language=km"' in page
    at, page = send(browser, page, f"/console/reviews/{at}/decide", answer="legitimate")
    assert at == second
    at, page = send(browser, page, f"/console/reviews/{at}/hold", days="1")
    assert at == third
    at, page = send(browser, page, "/console/undo")
    assert at == first
    assert "Taken back" in page
    at, page = send(browser, page, f"/console/reviews/{at}/escalate", reason="second_opinion")
    assert at == third
    at, page = send(browser, page, f"/console/reviews/{at}/decide", answer="unsure")
    assert at == "console"
    assert '<option value="km" selected>' in page


def test_next_and_previous_links_lead_within_the_view_and_without_one_through_everything(
    browse: Browse, mixed: list[str]
) -> None:
    browser = browse()
    page = browser.get(f"/console/reviews/{mixed[3]}?{VIEW}").text
    assert f'href="/console/reviews/{mixed[5]}?band=high&amp;language=km" data-keys="j"' in page
    assert f'href="/console/reviews/{mixed[1]}?band=high&amp;language=km" data-keys="k"' in page
    page = browser.get(f"/console/reviews/{mixed[3]}").text
    assert f'href="/console/reviews/{mixed[4]}" data-keys="j"' in page
    assert f'href="/console/reviews/{mixed[2]}" data-keys="k"' in page


@pytest.mark.parametrize("near", [1, 5000])
def test_a_search_is_stepped_through_both_ways_near_and_far(
    context: Context, make_person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch, near: int
) -> None:
    monkeypatch.setattr(search, "NEAR", near)
    ids = add(context, *(f"{LURE} {'giraffe' if n % 3 == 0 else 'zebra'} {n}" for n in range(12)))
    asha, filters, now = make_person("asha"), Filters(find="giraffe"), context.clock()
    with context.database.reading() as session:
        rows = {row.id: row for row in session.scalars(select(ReviewRow))}
        expected = search.find_ids(
            session, conditions=[], narrowings=[search.Words(("giraffe",))], after=None, limit=12
        )
        assert len(expected) == 4
        forward = [next_item(session, filters, by=asha, at=now).id]
        while len(forward) < 4:
            forward.append(next_item(session, filters, by=asha, at=now, after=rows[forward[-1]]).id)
        assert forward == expected == [review_id for review_id in ids if review_id in expected]
        back = [expected[-1]]
        while found := previous_item(session, filters, by=asha, at=now, before=rows[back[-1]]):
            back.append(found.id)
        assert back == expected[::-1]


def test_decided_ones_are_stepped_through_and_none_is_taken(browse: Browse, mixed: list[str]) -> None:
    browser = browse()
    page = browser.get(f"/console/reviews/{mixed[0]}").text
    for review_id in mixed[:2]:
        page = browser.get(f"/console/reviews/{review_id}").text
        send(browser, page, f"/console/reviews/{review_id}/decide", answer="legitimate")
    page = browser.get(f"/console/reviews/{mixed[0]}?state=decided").text
    assert f'href="/console/reviews/{mixed[1]}?state=decided" data-keys="j"' in page
    at, page = send(browser, page, "/console/undo")
    assert at == mixed[1]
    at, page = send(browser, page, f"/console/reviews/{at}/decide", answer="legitimate")
    assert at == "console"


@pytest.mark.parametrize(
    ("query", "address"),
    [
        ("language=km&x=1&csrf=2", "language=km"),
        ("state=nonsense&daily=yesterday&band=+", ""),
        ("state=waiting&band=high", "band=high"),
        ("find=" + "a" * 900, "find=" + "a" * 200),
        ("find=%0d%0aSet-Cookie:%20a", "find=Set-Cookie%3A+a"),
    ],
)
def test_of_an_address_only_filters_are_kept(query: str, address: str) -> None:
    assert Filters.of_query(query).address == address
    assert Filters.of_query(address) == Filters.of_query(query)
