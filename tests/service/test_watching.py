"""A watched contact, campaign or search raises one alert for each advert that has it, for its owner alone."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from service.assessing import Context, assess_and_store
from service.errors import ConflictError, ForbiddenError, InvalidFieldsError, NotFoundError
from service.retention import erase_due_in
from service.review import watching
from service.review.permissions import Person
from service.store import users, watches
from service.store.audit import find_break
from service.store.tables import CRAWLER, AlertRow, AuditEventRow, CampaignRow, LinkKeyRow, WatchRow
from service.store.watches import WatchKind
from tests.factories import LURE, make_advert
from tests.service.test_campaign_pages import campaign, text
from tests.service.test_review import add

Browse = Callable[..., TestClient]
MakePerson = Callable[..., Person]
PLAIN = "Waiter for weekends at the harbour cafe in Lisbon, {}"


def watch(context: Context, kind: WatchKind, target: str, by: Person, name: str = "mine") -> WatchRow:
    with context.database.writing() as session:
        return watching.watch(session, kind, target, name=name, by=by, at=context.clock())


def watch_written(context: Context, written: str, by: Person) -> list[WatchRow]:
    with context.database.writing() as session:
        return watching.watch_written(
            session, written, name="", by=by, at=context.clock(), pepper=context.pepper
        )


def send(context: Context, *texts: str) -> None:
    context.clock.move(seconds=1)
    adverts = [make_advert(id=text[:180], text=text) for text in texts]
    assess_and_store(context, adverts, partner_id=CRAWLER, at=context.clock())


def alerts(context: Context, person: Person, *, seen: bool = False) -> list[str]:
    with context.database.reading() as session:
        listed = watches.list_alerts(session, person.id, seen=seen, limit=100)
        return [alert.advert.heading for alert in listed]


def acts(context: Context) -> list[str]:
    with context.database.reading() as session:
        assert find_break(session) is None
        rows = session.scalars(select(AuditEventRow.act).order_by(AuditEventRow.seq))
        return [act for act in rows if act.startswith(("watch", "alert"))]


def test_a_contact_that_no_advert_has_carried_yet_is_recognised_however_it_is_written(
    context: Context, make_person: MakePerson
) -> None:
    asha, bela = make_person("asha"), make_person("bela")
    watch_written(context, "+44 7700 900123", asha)
    send(context, PLAIN.format("call +44 7700 900123"), PLAIN.format("ring 020 7946 0123"))
    send(context, "Chat job, ring 07700-900 123")
    assert alerts(context, asha) == ["Chat job, ring 07700-900 123", PLAIN.format("call +44 7700 900123")]
    assert alerts(context, bela) == []
    assert acts(context) == ["watch_set", "alerts_raised", "alerts_raised"]
    with context.database.reading() as session:
        kept = " ".join(f"{row.target} {row.name}" for row in session.scalars(select(WatchRow)))
    assert "900123" not in kept


def test_a_link_is_watched_like_a_contact(context: Context, make_person: MakePerson) -> None:
    asha = make_person()
    watch_written(context, "https://jobs.example.com/apply", asha)
    send(
        context, PLAIN.format("see https://jobs.example.com/apply"), PLAIN.format("see https://example.org/x")
    )
    assert alerts(context, asha) == [PLAIN.format("see https://jobs.example.com/apply")]


def test_the_same_advert_again_is_no_news_and_other_words_are(
    context: Context, make_person: MakePerson
) -> None:
    asha = make_person()
    send(context, "Old one, telegram @example_hr")
    watch_written(context, "Telegram @example_hr", asha)
    send(context, "Old one, telegram @example_hr")
    assert alerts(context, asha) == []
    for words in (
        "New one, telegram @example_hr",
        "New one, telegram @example_hr",
        "Newer, telegram @example_hr",
    ):
        context.clock.move(seconds=1)
        assess_and_store(context, [make_advert(id="n", text=words)], partner_id=CRAWLER, at=context.clock())
    assert alerts(context, asha) == ["Newer, telegram @example_hr", "New one, telegram @example_hr"]


def test_a_campaign_is_watched_with_all_that_it_became_part_of(
    context: Context, make_person: MakePerson
) -> None:
    asha = make_person()
    send(context, "A1 @example_a", "A2 @example_a")
    send(context, "B1 @example_b", "B2 @example_b")
    with context.database.reading() as session:
        first, second = session.scalars(select(CampaignRow.id).order_by(CampaignRow.id))
    watch(context, WatchKind.CAMPAIGN, second, asha)
    send(context, "A3 @example_a", "B3 @example_b")
    assert alerts(context, asha) == ["B3 @example_b"]
    send(context, "Bridge @example_a @example_b")
    send(context, "A4 @example_a")
    assert alerts(context, asha) == ["A4 @example_a", "Bridge @example_a @example_b", "B3 @example_b"]
    assert first < second


@pytest.mark.parametrize(
    ("query", "n"),
    [
        ("find=Poipet", 1),
        ("find=Lisbon", 0),
        ("band=high&language=en", 1),
        ("band=review", 0),
        ("language=km", 0),
        ("source=elsewhere", 0),
        ("indicator=telegram_contact", 1),
        ("indicator=telegram_contact&find=nothing", 0),
        ("find=example_hr", 1),
        ("place=Poipet", 0),
        ("state=decided&find=Poipet", 1),
    ],
)
def test_a_search_is_watched_by_every_filter_it_has(
    context: Context, make_person: MakePerson, query: str, n: int
) -> None:
    asha = make_person()
    watch(context, WatchKind.SEARCH, query, asha)
    send(context, LURE, PLAIN.format("telegram @example_hr"))
    assert alerts(context, asha) == [LURE] * n


def test_a_search_within_a_campaign_is_watched(context: Context, make_person: MakePerson) -> None:
    asha, campaign_id = make_person(), campaign(context, 4)
    watch(context, WatchKind.SEARCH, f"campaign={campaign_id}&find=building+77", asha)
    send(context, text(77), text(78), LURE)
    assert alerts(context, asha) == [text(77)[:160]]


def test_who_may_not_see_contacts_neither_watches_nor_finds_by_one(
    context: Context, make_person: MakePerson
) -> None:
    olga, asha = make_person("olga", role="outside_reviewer"), make_person("asha")
    with pytest.raises(ForbiddenError):
        watch_written(context, "Telegram @example_hr", olga)
    with pytest.raises(ForbiddenError):
        watch(context, WatchKind.CONTACT, "12345", olga)
    watch(context, WatchKind.SEARCH, "find=example_hr", olga)
    watch_written(context, "Telegram @example_hr", asha)
    with context.database.writing() as session:
        users.get_user(session, "asha").role = "data_scientist"
    send(context, LURE)
    assert (alerts(context, olga), alerts(context, asha)) == ([], [])


@pytest.mark.parametrize("role", ["outside_reviewer", "data_scientist", "reviewer"])
def test_nobody_is_told_after_the_account_was_closed(
    context: Context, make_person: MakePerson, role: str
) -> None:
    gone, stays = make_person("gone", role=role), make_person("stays", role=role)
    for person in (gone, stays):
        watch(context, WatchKind.SEARCH, "band=high", person)
    with context.database.writing() as session:
        users.get_user(session, "gone").disabled_at = context.clock()
    send(context, LURE)
    assert (alerts(context, gone), alerts(context, stays)) == ([], [LURE])


def test_what_cannot_be_watched_is_refused(
    context: Context, make_person: MakePerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    asha = make_person()
    with pytest.raises(InvalidFieldsError, match="no contact was found"):
        watch_written(context, "nothing of the kind", asha)
    with pytest.raises(NotFoundError):
        watch(context, WatchKind.CAMPAIGN, "cmp_none", asha)
    with pytest.raises(NotFoundError):
        watch(context, WatchKind.SEARCH, "campaign=cmp_none", asha)
    for query in ("", "state=held", "nonsense=1"):
        with pytest.raises(ConflictError, match="choose a filter"):
            watch(context, WatchKind.SEARCH, query, asha)
    with pytest.raises(ConflictError, match="no such contact"):
        watch(context, WatchKind.CONTACT, "1 OR 1=1", asha)
    monkeypatch.setattr(watching, "MOST_WATCHES", 1)
    first = watch(context, WatchKind.SEARCH, "band=high", asha)
    assert watch(context, WatchKind.SEARCH, "band=high", asha).id == first.id
    with pytest.raises(ConflictError, match="end one first"):
        watch(context, WatchKind.SEARCH, "band=review", asha)


def test_alerts_are_marked_as_seen_and_end_with_their_watch_and_their_advert(
    context: Context, make_person: MakePerson
) -> None:
    asha, bela = make_person("asha"), make_person("bela")
    row = watch(context, WatchKind.SEARCH, "band=high", asha)
    other = watch(context, WatchKind.SEARCH, "band=high", bela)
    send(context, LURE, LURE + " again")
    with context.database.writing() as session:
        mine = session.scalars(select(AlertRow.id).where(AlertRow.watch_id == row.id)).all()
        theirs = session.scalars(select(AlertRow.id).where(AlertRow.watch_id == other.id)).all()
        assert watching.see(session, [mine[0], *theirs], by=asha, at=context.clock()) == 1
        assert watching.see(session, [mine[0]], by=asha, at=context.clock()) == 0
        assert (watches.count_unseen(session, asha.id), watches.count_unseen(session, bela.id)) == (1, 2)
    assert (len(alerts(context, asha)), len(alerts(context, asha, seen=True))) == (1, 1)
    with pytest.raises(NotFoundError), context.database.writing() as session:
        watching.unwatch(session, other.id, by=asha, at=context.clock())
    with context.database.writing() as session:
        watching.unwatch(session, row.id, by=asha, at=context.clock())
    assert alerts(context, asha) == alerts(context, asha, seen=True) == []
    assert acts(context)[-2:] == ["alerts_seen", "watch_ended"]
    context.clock.move(days=4000)
    erase_due_in(context.database, context.settings.jobs_folder, at=context.clock())
    with context.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(AlertRow)) == 0


@pytest.mark.parametrize(("n_watched", "n_queries"), [(0, 1), (30, 2)])
def test_storing_costs_two_small_queries_however_much_is_watched(
    context: Context, make_person: MakePerson, n_watched: int, n_queries: int
) -> None:
    from sqlalchemy import event

    asha = make_person()
    for n in range(n_watched):
        watch_written(context, f"Telegram @example_{n}x", asha)
    statements: list[str] = []
    event.listen(
        context.database.engine,
        "before_cursor_execute",
        lambda _c, _cur, statement, *_: statements.append(statement),
    )
    send(context, PLAIN.format("telegram @example_hr"))
    assert len([s for s in statements if "watches" in s]) == n_queries


def test_the_page_lists_alerts_counts_them_in_the_header_and_marks_them(
    context: Context, browse: Browse
) -> None:
    browser = browse()
    review_id = add(context, LURE)[0]
    page = browser.get(f"/console/reviews/{review_id}").text
    target, name = re.search(
        r'name="target" value="(\d+)"><input type="hidden" name="name" value="([^"]+)"', page
    ).groups()
    assert "example_hr" not in name
    back = f"/console/reviews/{review_id}"
    answer = browser.submit("/console/watches", kind="contact", target=target, name=name, back=back)
    assert answer.url.path == back
    assert "telegram: watched" in answer.text
    send(context, PLAIN.format("telegram @example_hr"))
    assert re.search(r'Alerts <span class="count new">1<', browser.get("/console").text)
    listed = browser.get("/console/alerts").text
    assert "Waiter for weekends" in listed
    assert f"/console/contacts/{target}" in listed
    alert = re.search(r'name="alert" value="(\w+)"', listed)[1]
    assert "Nothing new" in browser.submit("/console/alerts/seen", alert=alert).text
    assert "Waiter for weekends" in browser.get("/console/alerts?seen=1").text
    ended = re.search(r'name="watch" value="(\w+)"', browser.get("/console/alerts").text)[1]
    assert "Nothing yet" in browser.submit("/console/watches/end", watch=ended).text


def test_a_campaign_a_contact_and_a_search_have_their_button(context: Context, browse: Browse) -> None:
    campaign_id, browser = campaign(context, 4), browse()
    with context.database.reading() as session:
        contact = session.scalar(select(LinkKeyRow.id).where(LinkKeyRow.kind == "telegram"))
    for path in (
        f"/console/campaigns/{campaign_id}",
        f"/console/contacts/{contact}",
        "/console?find=Cambodia&band=high",
    ):
        form = re.search(r'action="/console/watches"(.*?)</form>', browser.get(path).text)[1]
        fields = dict(re.findall(r'name="(kind|target|name|back)" value="([^"]*)"', form))
        assert "golden_office" not in fields["name"]
        fields = {key: value.replace("&amp;", "&") for key, value in fields.items()}
        assert "watched" in browser.submit("/console/watches", **fields).text
    send(context, text(50))
    assert browser.get("/console/alerts").text.count('name="alert"') == 3


@pytest.mark.parametrize(
    "back", ["https://elsewhere.example.com/", "//elsewhere.example.com", "/console//x", "/console\\x", "/v1"]
)
def test_a_watch_leads_back_into_the_console_only(context: Context, browse: Browse, back: str) -> None:
    browser = browse()
    browser.follow_redirects = False
    answer = browser.submit("/console/watches", kind="search", target="band=high", back=back)
    assert answer.headers["location"] == "/console"


@pytest.mark.parametrize("path", ["watches", "watches/contact", "watches/end", "alerts/seen"])
def test_forms_of_the_watch_list_need_the_sessions_own_token(browse: Browse, path: str) -> None:
    data = {"csrf": "0" * 64, "kind": "search", "target": "band=high", "contact": "@example_hr", "watch": "x"}
    assert browse().post(f"/console/{path}", data=data).status_code == 403


def test_an_outside_reviewer_sees_no_contact_in_the_alerts(context: Context, browse: Browse) -> None:
    browser = browse("olga", role="outside_reviewer")
    browser.submit("/console/watches", kind="search", target="band=high", name="all high")
    send(context, "Telegram @example_hr, Cambodia. Free flight, room and meals")
    page = browser.get("/console/alerts").text
    assert "Free flight" in page
    assert "example_hr" not in page
    assert "/console/watches/contact" not in page
