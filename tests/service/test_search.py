"""Search finds what an investigator types, however the advert wrote it; filters and views are links."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select

from service.assessing import Context, assess_and_store
from service.review import queue
from service.review.permissions import Person
from service.review.queue import Filters, list_items
from service.review.search import documents_of, index_missing
from service.store import search
from service.store.tables import CRAWLER, ReviewRow, SearchDocumentRow
from tests.factories import LURE, make_advert
from tests.service.test_review import add

Browse = Callable[..., TestClient]
MakePerson = Callable[..., Person]
SIGN = " Free flight, room and meals, Cambodia."
ADVERTS = {
    "khmer": "ត្រូវការបុគ្គលិកទៅធ្វើការនៅកម្ពុជា" + SIGN,
    "chinese": "柬埔寨高薪招聘 包机票包吃住 客服",
    "thai": "รับสมัครแอดมินเว็บ ทำงานที่ปอยเปต" + SIGN,
    "cyrillic": "Работа в колл-центре, билеты за наш счёт" + SIGN,
    "look-alikes": "Теlеgrаm ореrаtor wanted" + SIGN,
    "phone": "Call us: +855 (12) 345-678 today." + SIGN,
    "handle": "Write to Telegram @golden_office_hr" + SIGN,
    "percent": "Earn 100%_more than at home" + SIGN,
}


@pytest.fixture
def person(context: Context, make_person: MakePerson) -> Person:
    adverts = [make_advert(id=name, text=text) for name, text in ADVERTS.items()]
    assess_and_store(context, adverts, partner_id=CRAWLER, at=context.clock())
    return make_person("asha")


def found(context: Context, person: Person, query: str, **filters: str) -> set[str]:
    with context.database.reading() as session:
        items, _ = list_items(session, Filters(find=query, **filters), by=person, at=context.clock())
        return {item.review.advert_id for item in items}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("កម្ពុជា", "khmer"),
        ("高薪", "chinese"),
        ("薪", "chinese"),
        ("ปอยเปต", "thai"),
        ("КОЛЛ-ЦЕНТР", "cyrillic"),
        ("telegram operator", "look-alikes"),
        ("012 345 678", "phone"),
        ("+85512345678", "phone"),
        ("００８５５ 12345678", "phone"),
        ("golden_office", "handle"),
        ("@Golden_Office_HR", "handle"),
        ('"билеты за наш"', "cyrillic"),
        ("100%_more", "percent"),
    ],
)
def test_what_is_typed_is_found_in_every_script_and_spelling(
    context: Context, person: Person, query: str, name: str
) -> None:
    assert found(context, person, query) == {name}


WAYS = {
    "all of it is near the beginning": {"NEAR": 5000},
    "beyond that, few meet it": {"NEAR": 2},
    "beyond that, not too many meet it": {"NEAR": 2, "FEW": 0},
    "beyond that, too many meet it": {"NEAR": 2, "FEW": 0, "MANY": 0},
}


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the search take each of its ways, on a page so short that there are several."""
    for name, value in request.param.items():
        monkeypatch.setattr(search, name, value)
    monkeypatch.setattr(queue, "PAGE_SIZE", 2)


def pages(context: Context, person: Person, **filters: str) -> list[str]:
    """Turn page after page; give the advert ids as they come."""
    seen: list[str] = []
    place = None
    with context.database.reading() as session:
        while True:
            items, place = list_items(session, Filters(**filters), by=person, at=context.clock(), after=place)
            seen += [item.review.advert_id for item in items]
            if place is None:
                return seen


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({"find": "cambodia"}, set(ADVERTS) - {"chinese"}),
        ({"find": "cambodia wanted"}, {"look-alikes"}),
        ({"find": "hr"}, {"handle"}),
        ({"find": "hr office"}, {"handle"}),
        ({"find": "cambodia", "indicator": "telegram_contact"}, {"handle"}),
        ({"indicator": "telegram_contact"}, {"handle"}),
        ({"find": "operator", "indicator": "telegram_contact"}, set()),
        ({"find": "cambodia", "language": "xx"}, set()),
        ({"find": "cambodia", "state": "decided"}, set()),
        ({"find": "nowhere at all"}, set()),
    ],
)
def test_whichever_way_is_taken_the_pages_are_the_same(
    context: Context, person: Person, way: None, filters: dict[str, str], wanted: set[str]
) -> None:
    seen = pages(context, person, **filters)
    with context.database.reading() as session:
        order = select(ReviewRow.advert_id).order_by(ReviewRow.priority.desc(), ReviewRow.id.desc())
        assert seen == [advert_id for advert_id in session.scalars(order) if advert_id in wanted]


@pytest.mark.parametrize(
    "filters",
    [
        {"find": "cambodia"},
        {"find": "cambodia hr", "language": "en"},
        {"indicator": "telegram_contact", "band": "high", "source": "x"},
        {"find": "cambodia", "place": "Poipet", "state": "held"},
    ],
)
def test_no_way_reads_a_whole_table_of_words_or_tags(
    context: Context, person: Person, way: None, filters: dict[str, str]
) -> None:
    """SQLite says how it went about each statement; reading along the queue's own index is the one long way."""
    said: list[tuple[str, Any]] = []
    with context.database.reading() as session:
        note = lambda _c, _cursor, statement, values, *_: said.append((statement, values))  # noqa: E731
        event.listen(session.get_bind(), "before_cursor_execute", note)
        list_items(session, Filters(**filters), by=person, at=context.clock())
        event.remove(session.get_bind(), "before_cursor_execute", note)
        selects = [one for one in said if one[0].startswith("SELECT")]
        steps = [
            step[3]
            for statement, values in selects
            for step in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    scanned = [step for step in steps if step.startswith("SCAN") and "USING" not in step]
    inside = {"taken", "counted", "found", "ordered", "(subquery"}
    assert [
        step for step in scanned if not any(name in step for name in inside | {"VIRTUAL TABLE", "CONSTANT"})
    ] == []
    assert not any("AUTOMATIC" in step for step in steps)


@pytest.mark.parametrize(
    "query",
    ['"', '""', "%", "_", "\\", "a' OR 1=1 --", 'x" OR words:y', "NEAR(a b)", "\x00", "\ud800", "*", "()"],
)
def test_no_query_breaks_the_search_or_means_more_than_its_letters(
    context: Context, person: Person, query: str
) -> None:
    names = found(context, person, query)
    if query not in {"_", '""'}:
        assert names <= {"percent"}


def test_contacts_are_found_by_those_only_who_may_see_them(
    context: Context, person: Person, make_person: MakePerson
) -> None:
    outside = make_person("olga", role="outside_reviewer")
    for query in ("golden_office", "012 345 678", "12345678", "345-678"):
        assert found(context, outside, query) == set()
        assert found(context, person, query) != set()
    assert found(context, outside, "កម្ពុជា") == {"khmer"}


def test_contacts_beside_the_text_are_contacts_in_the_text_too() -> None:
    advert = make_advert(text="ask for daisy.2024 there", contacts=[{"kind": "other", "value": "Daisy.2024"}])
    words, contacts = documents_of(advert)
    assert "daisy" not in words
    assert "daisy.2024" in contacts


def test_other_words_take_the_place_of_what_was_indexed(context: Context, person: Person) -> None:
    advert = make_advert(id="khmer", text="Different now." + SIGN)
    assess_and_store(context, [advert], partner_id=CRAWLER, at=context.clock())
    assert found(context, person, "កម្ពុជា") == set()
    assert found(context, person, "different now") == {"khmer"}


def test_reviews_from_before_search_are_indexed_once(context: Context, person: Person) -> None:
    with context.database.writing() as session:
        for row in session.scalars(select(SearchDocumentRow)):
            session.delete(row)
    assert found(context, person, "golden_office") == set()
    assert index_missing(context.database, at_once=3) == len(ADVERTS)
    assert index_missing(context.database) == 0
    assert found(context, person, "golden_office") == {"handle"}


def test_pages_of_a_search_miss_nothing_and_repeat_nothing(context: Context, make_person: MakePerson) -> None:
    add(context, *(f"{LURE} copy {n}" for n in range(120)))
    person = make_person("asha")
    seen: list[str] = []
    place = None
    with context.database.reading() as session:
        while True:
            items, place = list_items(
                session, Filters(find="customer service"), by=person, at=context.clock(), after=place
            )
            seen += [item.review.id for item in items]
            if place is None:
                break
        wanted = select(ReviewRow.id).order_by(ReviewRow.priority.desc(), ReviewRow.id.desc())
        assert seen == list(session.scalars(wanted))


def test_a_view_is_a_link_that_is_kept_by_name_for_its_owner(browse: Browse, context: Context) -> None:
    add(context, LURE)
    asha, bela = browse("asha"), browse("bela")
    page = asha.get("/console?find=poipet&indicator=telegram_contact").text
    query = re.search(r'name="query" value="([^"]+)"', page)[1].replace("&amp;", "&")
    assert query == "find=poipet&indicator=telegram_contact"
    asha.submit("/console/views", name="Poipet by Telegram", query=query)
    assert 'href="/console?find=poipet&amp;indicator=telegram_contact"' in asha.get("/console").text
    assert "Poipet by Telegram" not in bela.get("/console").text
    asha.submit("/console/views", forget="Poipet by Telegram")
    assert "Poipet by Telegram" not in asha.get("/console").text


def test_a_saved_query_cannot_lead_away_from_the_console(browse: Browse) -> None:
    browser = browse()
    answer = browser.post(
        "/console/views",
        data={"csrf": browser.csrf(), "name": "x", "query": "find=\r\nSet-Cookie: a=b&x=//evil.example"},
        follow_redirects=False,
    )
    assert answer.headers["location"] == "/console?find=Set-Cookie%3A+a%3Db"
    assert "set-cookie" not in answer.headers
