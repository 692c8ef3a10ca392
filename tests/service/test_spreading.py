"""Verdicts that are given together reach the linked adverts together, and as if they had come one by one."""

from collections.abc import Callable

import pytest
from sqlalchemy import event, select

from model.schema.assessment import read_assessment
from service.assessing import Context, assess_and_store
from service.review import actions, campaigns
from service.review.lifting import is_linked
from service.review.permissions import Person
from service.review.verdicts import find_choice
from service.store.audit import find_break
from service.store.tables import AssessmentRow, CampaignRow, LinkKeyRow, ReviewRow
from tests.factories import make_advert
from tests.service.test_network import partner

CONFIRM = find_choice("confirmed:scam_centre")
LOW = "Waiter for weekends in Lisbon, number {}, telegram @example_hr"
HIGH = "Office {} in Cambodia. Free flight, room and meals. Telegram @example_hr"


def fill(context: Context, owner: str, n_high: int, n_low: int) -> str:
    texts = [HIGH.format(n) for n in range(n_high)] + [LOW.format(n) for n in range(n_low)]
    adverts = [make_advert(id=text, text=text) for text in texts]
    assess_and_store(context, adverts, partner_id=owner, at=context.clock())
    with context.database.reading() as session:
        return session.scalars(select(CampaignRow.id).where(CampaignRow.partner_id == owner)).one()


def decide_all(context: Context, campaign_id: str, by: Person) -> str:
    with context.database.writing() as session:
        shown = campaigns.preview(session, campaign_id, CONFIRM, by=by, at=context.clock())
        looked_at = [review.id for review in shown.sample]
        return campaigns.decide_campaign(
            session, campaign_id, CONFIRM, by=by, at=context.clock(), seal=shown.seal, looked_at=looked_at
        ).id


def decide_each(context: Context, owner: str, by: Person) -> None:
    with context.database.writing() as session:
        query = select(ReviewRow).where(ReviewRow.partner_id == owner, ReviewRow.state == "open")
        for review in session.scalars(query.order_by(ReviewRow.priority.desc())).all():
            seen = review.assessment_id
            actions.decide(session, review.id, CONFIRM, by=by, at=context.clock(), seen=seen)


def outcome(context: Context, owner: str) -> tuple[object, ...]:
    """Give what a partner's adverts, links, campaign and queue are like by now."""
    with context.database.reading() as session:
        assert find_break(session) is None
        said = sorted(
            (one.advert_id, one.band.value, is_linked(one))
            for one in map(
                read_assessment,
                session.scalars(select(AssessmentRow.record).where(AssessmentRow.partner_id == owner)),
            )
        )
        links = session.execute(
            select(LinkKeyRow.kind, LinkKeyRow.n_adverts, LinkKeyRow.n_confirmed)
            .where(LinkKeyRow.partner_id == owner)
            .order_by(LinkKeyRow.id)
        )
        reviews = session.execute(
            select(ReviewRow.advert_id, ReviewRow.state)
            .where(ReviewRow.partner_id == owner)
            .order_by(ReviewRow.advert_id)
        )
        n_confirmed = session.scalars(
            select(CampaignRow.n_confirmed).where(CampaignRow.partner_id == owner)
        ).all()
        return said, [tuple(row) for row in links], [tuple(row) for row in reviews], n_confirmed


@pytest.mark.parametrize(("n_high", "n_low"), [(1, 3), (2, 0), (6, 5)])
def test_together_ends_where_one_by_one_ends_and_so_does_taking_back(
    context: Context, make_person: Callable[..., Person], n_high: int, n_low: int
) -> None:
    asha, bela = make_person("asha"), make_person("bela")
    alone, board = partner(context, "Alone"), partner(context, "Board")
    fill(context, alone, n_high, n_low)
    campaign_id = fill(context, board, n_high, n_low)
    before = outcome(context, board)
    assert before == outcome(context, alone)
    decide_each(context, alone, asha)
    decide_all(context, campaign_id, bela)
    assert outcome(context, board) == outcome(context, alone)
    bands = [band for _, band, _ in outcome(context, board)[0]]
    assert bands.count("review") == n_low
    with context.database.writing() as session:
        actions.undo(session, by=bela, at=context.clock(), minutes=15)
    assert outcome(context, board)[0] == before[0]
    assert outcome(context, board)[3] == [0]


def test_an_advert_is_not_its_own_company(context: Context, make_person: Callable[..., Person]) -> None:
    owner, asha = partner(context, "Board"), make_person()
    fill(context, owner, 2, 0)
    with context.database.writing() as session:
        first, second = session.scalars(select(ReviewRow).order_by(ReviewRow.id)).all()
        for review in (first, second):
            actions.decide(
                session, review.id, CONFIRM, by=asha, at=context.clock(), seen=review.assessment_id
            )
            context.clock.move(seconds=1)
    assert [linked for *_, linked in outcome(context, owner)[0]] == [True, True]
    with context.database.writing() as session:
        actions.undo(session, by=asha, at=context.clock(), minutes=15)
    said = outcome(context, owner)[0]
    assert sorted(linked for *_, linked in said) == [False, True]


def test_a_verdict_on_three_times_as_many_costs_three_times_as_much(
    context: Context, make_person: Callable[..., Person]
) -> None:
    statements: list[str] = []
    event.listen(
        context.database.engine,
        "before_cursor_execute",
        lambda _c, _cur, statement, *_: statements.append(statement),
    )
    asha, costs = make_person(), []
    for n in (20, 60):
        owner = partner(context, f"Board {n}")
        campaign_id = fill(context, owner, n, 5)
        statements.clear()
        decide_all(context, campaign_id, asha)
        costs.append(len(statements) / n)
        spread_over = [one for one in statements if "FROM advert_links" in one]
        assert len(spread_over) < 20
    assert costs[1] < costs[0] * 1.1
