"""A campaign is shown, decided and taken back as one."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from service.assessing import Context
from service.console.slots import pieces_of
from service.errors import ConflictError, ForbiddenError
from service.review import actions, campaigns
from service.review.permissions import Person
from service.review.verdicts import find_choice
from service.store.audit import find_break, list_events
from service.store.tables import AuditEventRow, CampaignRow, DecisionRow, ReviewRow
from tests.service.test_review import CONFIRM, LEGITIMATE, add, claim, decide, undo

Browse = Callable[..., TestClient]
MakePerson = Callable[..., Person]
NAMES = "Anna Bela Cora Dina Elsa Fara Gita Hana Iris Jana".split()


def text(n: int) -> str:
    return (
        f"Customer service for our Cambodia office in building {n}. Free flight, room and meals for everybody "
        f"who starts this month. No experience needed, ask for {NAMES[n % 10]} or write to "
        "Telegram @golden_office_hr today."
    )


def campaign(context: Context, n: int = 30) -> str:
    add(context, *(text(i) for i in range(n)))
    with context.database.reading() as session:
        return session.scalars(select(CampaignRow.id).where(CampaignRow.merged_into.is_(None))).one()


def preview(context: Context, campaign_id: str, by: Person, choice=CONFIRM) -> campaigns.Preview:  # noqa: ANN001
    with context.database.reading() as session:
        return campaigns.preview(session, campaign_id, choice, by=by, at=context.clock())


def decide_all(context: Context, campaign_id: str, by: Person, **changed: object):  # noqa: ANN201
    shown = preview(context, campaign_id, by)
    given = {"seal": shown.seal, "looked_at": [review.id for review in shown.sample], **changed}
    with context.database.writing() as session:
        return campaigns.decide_campaign(session, campaign_id, CONFIRM, by=by, at=context.clock(), **given)


def standing(context: Context) -> int:
    with context.database.reading() as session:
        query = select(func.count()).select_from(DecisionRow).where(DecisionRow.undone_at.is_(None))
        return session.scalar(query)


def states(context: Context) -> set[str]:
    with context.database.reading() as session:
        return set(session.scalars(select(ReviewRow.state)))


def test_a_campaign_of_thirty_is_decided_and_taken_back_as_one(
    context: Context, make_person: MakePerson
) -> None:
    asha, campaign_id = make_person("asha"), campaign(context)
    row = decide_all(context, campaign_id, asha)
    assert (row.n_decided, standing(context), states(context)) == (30, 30, {"decided"})
    undo(context, asha)
    assert (standing(context), states(context)) == (0, {"open"})
    with pytest.raises(ConflictError, match="nothing left to undo"):
        undo(context, asha)
    with context.database.reading() as session:
        assert find_break(session) is None
        acts = [event.act for event in list_events(session, campaign_id)]
        assert acts == ["campaign_decision_undone", "campaign_decided"]


def test_a_campaign_counts_as_one_of_the_ten_that_can_be_undone(
    context: Context, make_person: MakePerson
) -> None:
    asha, campaign_id = make_person("asha"), campaign(context, 12)
    decide_all(context, campaign_id, asha)
    context.clock.move(seconds=1)
    single = add(context, "Typist wanted. Free flight, room and meals.", start=100)
    decide(context, single[-1], LEGITIMATE, asha)
    undo(context, asha)
    assert standing(context) == 12
    undo(context, asha)
    assert standing(context) == 0


def test_nothing_is_decided_until_the_sample_has_been_looked_at(
    context: Context, make_person: MakePerson
) -> None:
    asha, campaign_id = make_person("asha"), campaign(context, 12)
    sample = [review.id for review in preview(context, campaign_id, asha).sample]
    assert len(sample) == len(set(sample)) == 5
    for looked_at in ([], sample[:4], [*sample[:4], "rev_other"]):
        with pytest.raises(ConflictError, match="look at the sample first"):
            decide_all(context, campaign_id, asha, looked_at=looked_at)
    assert standing(context) == 0


def test_a_campaign_that_grew_since_it_was_shown_is_not_decided(
    context: Context, make_person: MakePerson
) -> None:
    asha, campaign_id = make_person("asha"), campaign(context, 6)
    seal = preview(context, campaign_id, asha).seal
    add(context, text(77), start=77)
    with pytest.raises(ConflictError, match="has changed since"):
        decide_all(context, campaign_id, asha, seal=seal)
    assert standing(context) == 0


def test_the_seal_of_one_answer_does_not_open_another(context: Context, make_person: MakePerson) -> None:
    asha, campaign_id = make_person("asha"), campaign(context, 6)
    with pytest.raises(ConflictError, match="has changed since"):
        decide_all(
            context,
            campaign_id,
            asha,
            seal=preview(context, campaign_id, asha, find_choice("legitimate")).seal,
        )


def test_what_others_have_or_decided_is_left_out_and_said(context: Context, make_person: MakePerson) -> None:
    asha, bela, campaign_id = make_person("asha"), make_person("bela"), campaign(context, 8)
    first, second = (review.id for review in preview(context, campaign_id, asha).due[:2])
    claim(context, first, bela)
    decide(context, second, LEGITIMATE, bela)
    shown = preview(context, campaign_id, asha)
    assert len(shown.due) == 6
    assert {review.id for review, _ in shown.left_out} == {first, second}
    assert decide_all(context, campaign_id, asha).n_decided == 6
    undo(context, asha)
    with context.database.reading() as session:
        assert session.get_one(ReviewRow, first).state == "claimed"
        assert session.get_one(ReviewRow, second).state == "decided"


def test_one_verdict_has_a_cap_and_the_rest_comes_next(
    context: Context, make_person: MakePerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaigns, "CAP", 7)
    asha, campaign_id = make_person("asha"), campaign(context, 10)
    assert preview(context, campaign_id, asha).n_later == 3
    assert [decide_all(context, campaign_id, asha).n_decided for _ in range(2)] == [7, 3]


def test_another_reviewer_cannot_take_back_what_a_lead_can(context: Context, make_person: MakePerson) -> None:
    asha, bela, lena = make_person("asha"), make_person("bela"), make_person("lena", role="lead")
    row = decide_all(context, campaign(context, 6), asha)
    with pytest.raises(ForbiddenError), context.database.writing() as session:
        actions.undo_campaign(session, session.merge(row), by=bela, at=context.clock())
    with context.database.writing() as session:
        assert actions.undo_campaign(session, session.merge(row), by=lena, at=context.clock()) == 6


def test_the_page_shows_template_contacts_and_leads_to_the_decision(context: Context, browse: Browse) -> None:
    campaign_id = campaign(context, 12)
    browser = browse()
    assert f'href="/console/campaigns/{campaign_id}"' in browser.get("/console/campaigns").text
    page = browser.get(f"/console/campaigns/{campaign_id}").text
    slots = re.findall(r'<mark class="slot">([^<]*)</mark>', page)
    assert any(slot.strip().isdigit() for slot in slots)
    assert any(slot.strip() in NAMES for slot in slots)
    assert re.search(r'<span class="fixed">[^<]*Free flight, room and meals', page)
    contact = re.search(r'href="(/console/contacts/\d+)">telegram <bdi>golden_office_hr</bdi>', page)[1]
    assert browser.get(contact).text.count('href="/console/reviews/') == 12
    form = browser.get(f"/console/campaigns/{campaign_id}/decide?answer=confirmed:scam_centre").text
    looked_at = re.findall(r'name="looked_at" value="(\w+)"', form)
    seal = re.search(r'name="seal" value="(\w+)"', form)[1]
    answer = browser.submit(
        f"/console/campaigns/{campaign_id}/decide",
        answer="confirmed:scam_centre",
        seal=seal,
        looked_at=looked_at,
    )
    assert answer.status_code == 200
    assert standing(context) == 12
    taken = re.search(r'name="decision" value="(\w+)"', answer.text)[1]
    browser.submit(f"/console/campaigns/{campaign_id}/undo", decision=taken)
    assert standing(context) == 0


def test_an_outside_reviewer_sees_no_contact_of_a_campaign(context: Context, browse: Browse) -> None:
    campaign_id = campaign(context, 6)
    browser, inside = browse("olga", role="outside_reviewer"), browse("asha")
    contact = re.search(r"/console/contacts/\d+", inside.get(f"/console/campaigns/{campaign_id}").text)[0]
    for path in (
        "/console/campaigns",
        f"/console/campaigns/{campaign_id}",
        f"/console/campaigns/{campaign_id}/decide?answer=legitimate",
    ):
        page = browser.get(path)
        assert page.status_code == 200
        assert "golden_office" not in page.text
    assert browser.get(contact).status_code == 403


@pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999999999", "9223372036854775807"])
def test_a_contact_nobody_carries_is_not_found(browse: Browse, number: str) -> None:
    assert browse().get(f"/console/contacts/{number}").status_code == 404


@pytest.mark.parametrize("path", ["decide", "undo", "part"])
def test_acts_on_a_campaign_need_the_sessions_own_token(context: Context, browse: Browse, path: str) -> None:
    campaign_id = campaign(context, 6)
    data = {"csrf": "0" * 64, "answer": "legitimate", "seal": "x", "decision": "x", "merge": "x"}
    assert browse().post(f"/console/campaigns/{campaign_id}/{path}", data=data).status_code == 403


def test_slots_are_found_in_a_script_without_spaces() -> None:
    texts = [
        f"柬埔寨招聘客服，月薪{n}元，包机票包吃住，联系{name}"
        for n, name in ((8000, "小王"), (9500, "小李"), (12000, "老张"))
    ]
    pieces = pieces_of(texts)
    assert "".join(piece.text for piece in pieces) == texts[0]
    assert [piece.text for piece in pieces if piece.is_slot] == ["8000", "小王"]
    assert dict(pieces[1].fillings) == {"8000": 1, "9500": 1, "12000": 1}


@pytest.mark.parametrize(
    "texts", [["alone"], ["", ""], ["a b c", ""], ["same words here", "same words here"], ["x", "y"]]
)
def test_every_character_of_the_advert_comes_out_once(texts: list[str]) -> None:
    assert "".join(piece.text for piece in pieces_of(texts)) == texts[0]


def test_who_saw_contacts_of_a_campaign_and_which_adverts_of_the_sample_is_on_record(
    context: Context, browse: Browse
) -> None:
    campaign_id = campaign(context, 7)
    browse("olu", "outside_reviewer").get(f"/console/campaigns/{campaign_id}")
    assert seen(context) == []
    browser = browse()
    browser.get(f"/console/campaigns/{campaign_id}")
    assert seen(context) == [("contact_viewed", campaign_id)]
    page = browser.get(f"/console/campaigns/{campaign_id}/decide?answer=unsure").text
    sample = re.findall(r'name="looked_at" value="(\w+)"', page)
    assert len(sample) == 5
    assert seen(context)[1:] == [("review_viewed", review_id) for review_id in sample]


def seen(context: Context) -> list[tuple[str, str]]:
    with context.database.reading() as session:
        rows = session.scalars(select(AuditEventRow).order_by(AuditEventRow.seq))
        return [(row.act, row.subject) for row in rows if row.act.endswith("_viewed")]
