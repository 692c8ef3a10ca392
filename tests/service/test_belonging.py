"""What a person takes out of a campaign stays out, what a person joins stays joined; both can be taken back."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from service.assessing import Context, assess_and_store, read_again
from service.errors import ConflictError, ForbiddenError, NotFoundError
from service.retention import erase_due_in
from service.review import belonging, campaigns
from service.review.permissions import Person
from service.store import campaign_pages
from service.store.assessments import StoredAssessment
from service.store.audit import find_break, list_events
from service.store.tables import (
    CRAWLER,
    CampaignMergeRow,
    CampaignRow,
    CampaignSplitRow,
    LinkKeyRow,
)
from tests.factories import make_advert
from tests.service.test_campaign_pages import campaign
from tests.service.test_network import partner
from tests.service.test_review import CONFIRM, add, decide

Browse = Callable[..., TestClient]
MakePerson = Callable[..., Person]
LINKS = select(LinkKeyRow.id, LinkKeyRow.campaign_id).order_by(LinkKeyRow.id)


def send(context: Context, *texts: str, owner: str = CRAWLER, **ids: str) -> dict[str, StoredAssessment]:
    """Store adverts under their own words, or under the ids given by name."""
    context.clock.move(seconds=1)
    given = {text: text for text in texts} | ids
    adverts = [make_advert(id=name, text=text) for name, text in given.items()]
    stored = assess_and_store(context, adverts, partner_id=owner, at=context.clock())
    return dict(zip(given, stored, strict=True))


def together(context: Context) -> list[list[str]]:
    """Give the campaigns of two adverts or more as sorted lists of advert ids, in order."""
    with context.database.reading() as session:
        found = []
        for summary in campaign_pages.list_campaigns(session, limit=50):
            family = campaign_pages.family_of(session, summary.id)
            members = campaign_pages.list_members(session, family, limit=100)
            names = sorted(member.advert.advert_id for member in members)
            assert summary.n_adverts == len(names)
            found.append(names)
        return sorted(found)


def roots(context: Context) -> list[str]:
    with context.database.reading() as session:
        query = select(CampaignRow.id).where(CampaignRow.merged_into.is_(None), CampaignRow.n_adverts > 0)
        return list(session.scalars(query.order_by(CampaignRow.id)))


def split(context: Context, stored: StoredAssessment, by: Person, campaign_id: str | None = None) -> None:
    with context.database.writing() as session:
        belonging.split_advert(
            session, campaign_id or roots(context)[0], stored.advert_key, by=by, at=context.clock()
        )


def put_back(context: Context, by: Person) -> None:
    with context.database.writing() as session:
        row = session.scalars(select(CampaignSplitRow).order_by(CampaignSplitRow.id.desc())).first()
        belonging.put_back(session, row.campaign_id, row.id, by=by, at=context.clock())


def merge(context: Context, one: str, other: str, by: Person) -> str:
    with context.database.writing() as session:
        return belonging.merge(session, one, other, by=by, at=context.clock())


@pytest.fixture
def asha(make_person: MakePerson) -> Person:
    return make_person("asha")


def test_a_split_advert_does_not_come_back_by_the_next_ingest(context: Context, asha: Person) -> None:
    sent = send(context, a="A @example_a", b="B @example_a", x="X @example_a +44 7700 900001")
    assert together(context) == [["a", "b", "x"]]
    split(context, sent["x"], asha)
    assert together(context) == [["a", "b"]]
    send(context, x="X @example_a +44 7700 900001")
    again = send(context, x="X in other words @example_a +44 7700 900001")["x"]
    assert again.assessment.linked.campaign is None
    later = send(context, c="C @example_a")["c"]
    assert later.assessment.linked.adverts == 2
    assert together(context) == [["a", "b", "c"]]


def test_what_only_the_split_advert_carried_brings_nobody_into_the_campaign(
    context: Context, asha: Person
) -> None:
    sent = send(context, a="A @example_a", b="B @example_a", x="X @example_a +44 7700 900001")
    split(context, sent["x"], asha)
    friend = send(context, y="Y asks to ring +44 7700 900001")["y"]
    assert friend.assessment.linked.adverts == 1
    assert together(context) == [["a", "b"], ["x", "y"]]


def test_a_bridge_that_comes_later_neither_gathers_nor_merges_what_was_split(
    context: Context, asha: Person
) -> None:
    sent = send(context, a="A @example_a", b="B @example_a", x="X @example_a +44 7700 900001")
    split(context, sent["x"], asha)
    send(context, bridge="Bridge @example_a +44 7700 900001")
    assert together(context) == [["a", "b", "bridge"]]
    sent = send(context, c="C @example_c", d="D @example_c +44 7700 900002")
    split(context, sent["d"], asha, campaign_id=roots(context)[-1])
    send(context, e="E +44 7700 900002")
    send(context, f="F @example_c +44 7700 900002")
    assert ["d", "e"] in together(context)
    assert all(not {"c", "d"} <= set(names) for names in together(context))


def test_a_split_holds_after_the_campaign_has_become_part_of_another(context: Context, asha: Person) -> None:
    sent = send(context, a="A @example_a", b="B @example_a", x="X @example_a @example_z")
    split(context, sent["x"], asha)
    send(context, p="P @example_p", q="Q @example_p")
    send(context, bridge="Bridge @example_a @example_p")
    assert together(context) == [["a", "b", "bridge", "p", "q"]]
    send(context, x="X now writes @example_p @example_z")
    assert together(context) == [["a", "b", "bridge", "p", "q"]]


def test_putting_back_restores_members_counts_and_links(context: Context, asha: Person) -> None:
    sent = send(context, a="A @example_a", b="B @example_a", x="X @example_a +44 7700 900001")
    campaign_id = roots(context)[0]
    with context.database.reading() as session:
        before = [tuple(row) for row in session.execute(LINKS)]
    split(context, sent["x"], asha)
    with context.database.reading() as session:
        freed = session.scalars(
            select(LinkKeyRow.kind).where(LinkKeyRow.campaign_id.is_(None), LinkKeyRow.n_adverts > 0)
        ).all()
    assert freed == ["phone"]
    put_back(context, asha)
    assert together(context) == [["a", "b", "x"]]
    with context.database.reading() as session:
        assert [tuple(row) for row in session.execute(LINKS)] == before
        acts = [(event.act, event.actor) for event in list_events(session, campaign_id)]
        assert acts == [("campaign_split_undone", asha.id), ("campaign_split", asha.id)]
        assert find_break(session) is None
    with pytest.raises(ConflictError, match="put back already"):
        put_back(context, asha)
    assert send(context, x="X once more @example_a")["x"].assessment.linked.adverts == 2


def test_an_advert_that_found_another_campaign_stays_there_when_it_is_put_back(
    context: Context, asha: Person
) -> None:
    sent = send(context, a="A @example_a", b="B @example_a", x="X @example_a +44 7700 900001")
    split(context, sent["x"], asha)
    send(context, y="Y +44 7700 900001")
    put_back(context, asha)
    assert together(context) == [["a", "b"], ["x", "y"]]
    merge(context, *roots(context), asha)
    assert together(context) == [["a", "b", "x", "y"]]


def test_a_split_takes_the_confirmed_with_it_and_the_rule_of_company_stays(
    context: Context, asha: Person
) -> None:
    ids = add(context, *(f"Cambodia. Free flight, room and meals. {n} Telegram @example_a" for n in range(3)))
    decide(context, ids[0], CONFIRM, asha)
    with context.database.reading() as session:
        row = session.scalars(select(CampaignRow)).one()
        campaign_id, n_confirmed = row.id, row.n_confirmed
    assert n_confirmed == 1
    with context.database.writing() as session:
        members = campaign_pages.list_members(session, [campaign_id], limit=9)
        decided = next(member for member in members if member.review.state == "decided")
        belonging.split_advert(session, campaign_id, decided.advert.key, by=asha, at=context.clock())
    with context.database.reading() as session:
        assert session.scalars(select(CampaignRow.n_confirmed)).one() == 0
    late = send(context, late="Waiter in Lisbon, telegram @example_a")["late"]
    assert late.assessment.band == "review"


def test_a_verdict_on_the_whole_leaves_out_what_was_split(context: Context, asha: Person) -> None:
    campaign_id = campaign(context, 6)
    with context.database.reading() as session:
        member = campaign_pages.list_members(session, [campaign_id], limit=9)[2]
    with context.database.writing() as session:
        belonging.split_advert(session, campaign_id, member.advert.key, by=asha, at=context.clock())
    with context.database.reading() as session:
        shown = campaigns.preview(session, campaign_id, CONFIRM, by=asha, at=context.clock())
    assert len(shown.due) == 5
    assert member.review.id not in {review.id for review in shown.due}


def test_reading_an_assessment_again_tells_of_the_split(context: Context, asha: Person) -> None:
    owner = partner(context, "Board")
    sent = send(context, a="A @example_a", b="B @example_a", owner=owner)
    split(context, sent["b"], asha)
    again = read_again(context, sent["b"].id, partner_id=owner)
    assert again.assessment.linked.campaign is None


def test_two_campaigns_are_merged_by_hand_and_parted_again(context: Context, asha: Person) -> None:
    send(context, a="A @example_a", b="B @example_a")
    send(context, c="C @example_c", d="D @example_c")
    first, second = roots(context)
    assert merge(context, second, first, asha) == first
    assert together(context) == [["a", "b", "c", "d"]]
    assert send(context, e="E @example_c")["e"].assessment.linked.campaign == first
    with context.database.writing() as session:
        row = session.scalars(select(CampaignMergeRow)).one()
        assert (row.via, row.merged_by, row.link_id) == ("a person", asha.id, None)
        belonging.part(session, first, row.id, by=asha, at=context.clock())
    assert together(context) == [["a", "b"], ["c", "d", "e"]]
    assert merge(context, first, second, asha) == first
    with context.database.reading() as session:
        acts = [event.act for event in list_events(session, first)]
        assert acts == ["campaigns_merged", "campaigns_parted", "campaigns_merged"]


def test_what_cannot_be_merged_or_split_is_refused(
    context: Context, asha: Person, make_person: MakePerson
) -> None:
    sent = send(context, a="A @example_a", b="B @example_a", x="X @example_a +44 7700 900001")
    send(context, "M1 @example_m", "M2 @example_m", owner=partner(context, "Board"))
    first, theirs = roots(context)
    for one, other, wrong in (
        (first, first, "one campaign already"),
        (first, theirs, "different owners"),
    ):
        with pytest.raises(ConflictError, match=wrong):
            merge(context, one, other, asha)
    with pytest.raises(NotFoundError):
        merge(context, first, "cmp_none", asha)
    split(context, sent["x"], asha)
    with pytest.raises(ConflictError, match="not in this campaign"):
        split(context, sent["x"], asha)
    with pytest.raises(NotFoundError):
        split(context, StoredAssessment(None, "adv_none", sent["x"].assessment, None, "full"), asha)
    send(context, y="Y +44 7700 900001")
    with pytest.raises(ConflictError, match="put it back first"):
        merge(context, first, roots(context)[-1], asha)
    dana = make_person("dana", role="data_scientist")
    with pytest.raises(ForbiddenError):
        split(context, sent["a"], dana)
    with pytest.raises(ForbiddenError):
        merge(context, first, theirs, dana)


def test_nothing_is_kept_of_a_split_when_the_advert_is_erased(context: Context, asha: Person) -> None:
    sent = send(context, a="A @example_a", b="B @example_a", x="X @example_a")
    split(context, sent["x"], asha)
    context.clock.move(days=4000)
    erase_due_in(context.database, context.settings.jobs_folder, at=context.clock())
    with context.database.reading() as session:
        assert session.scalars(select(CampaignSplitRow)).all() == []


def test_the_pages_split_put_back_merge_and_part(context: Context, browse: Browse) -> None:
    campaign_id, browser = campaign(context, 4), browse()
    send(context, c="C @example_c", d="D @example_c")
    page = browser.get(f"/console/campaigns/{campaign_id}").text
    advert = re.search(r'name="advert" value="(\w+)"', page)[1]
    page = browser.submit(f"/console/campaigns/{campaign_id}/split", advert=advert).text
    assert "3 adverts share words or contacts" in page
    taken = re.search(r'name="split" value="(\w+)"', page)[1]
    page = browser.submit(f"/console/campaigns/{campaign_id}/put-back", split=taken).text
    assert "4 adverts share words or contacts" in page
    assert "put back" in page
    offered = browser.get(f"/console/campaigns/{campaign_id}/merge").text
    other = re.search(r'name="other" value="(\w+)"', offered)[1]
    assert f'value="{campaign_id}"' not in offered
    for given in ({"other": other}, {"typed": f"https://lurewatch.example.org/console/campaigns/{other}"}):
        page = browser.submit(f"/console/campaigns/{campaign_id}/merge", **given).text
        assert "6 adverts share words or contacts" in page
        joined = re.search(r'name="merge" value="(\w+)"', page)[1]
        page = browser.submit(f"/console/campaigns/{campaign_id}/part", merge=joined).text
        assert re.search("[24] adverts share words or contacts", page)


@pytest.mark.parametrize("path", ["split", "put-back", "merge", "part"])
def test_arranging_needs_the_sessions_own_token(context: Context, browse: Browse, path: str) -> None:
    campaign_id = campaign(context, 3)
    data = {"csrf": "0" * 64, "advert": "x", "split": "x", "other": "x", "merge": "x"}
    assert browse().post(f"/console/campaigns/{campaign_id}/{path}", data=data).status_code == 403
