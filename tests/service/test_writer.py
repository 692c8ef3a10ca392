import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.assessing import Context, Submission, store_together
from service.store.assessments import find_assessment
from service.store.tables import PartnerRow
from service.store.writer import SharedWriter
from tests.factories import LURE, make_advert
from tests.fakes import Clock


def names(context: Context) -> set[str]:
    with context.database.reading() as session:
        return set(session.scalars(select(PartnerRow.id))) - {"crawler"}


def together(context: Context, clock: Clock, wanted: list[str]) -> tuple[list[object], list[list[str]]]:
    """Hand in items while another is being written; give outcomes, and what was written at once."""
    begun, go_on, batches = Event(), Event(), []

    def write(session: Session, items: Sequence[str]) -> list[str]:
        batches.append(list(items))
        if "slow" in items:
            begun.set()
            go_on.wait(10)
        for name in items:
            session.add(PartnerRow(id=name, name=name, created_at=clock()))
            session.flush()
        return [name.upper() for name in items]

    writer = SharedWriter(context.database, write)
    with ThreadPoolExecutor(len(wanted) + 1) as pool:
        first = pool.submit(writer.do, lambda: "slow")
        begun.wait(10)
        rest = [pool.submit(writer.do, partial(str, name)) for name in wanted]
        while len(writer._waiting) < len(wanted):
            time.sleep(0.001)
        go_on.set()
        outcomes = [future.exception() or future.result() for future in (first, *rest)]
    return outcomes, batches


def test_items_that_arrive_together_share_a_transaction_and_each_gets_its_own_answer(
    context: Context, clock: Clock
) -> None:
    wanted = [f"p{number}" for number in range(12)]
    outcomes, batches = together(context, clock, wanted)
    assert outcomes == ["SLOW", *(name.upper() for name in wanted)]
    assert names(context) == {"slow", *wanted}
    assert [len(batch) for batch in batches] == [1, 12]


def test_an_item_that_fails_spoils_no_other(context: Context, clock: Clock) -> None:
    outcomes, _ = together(context, clock, ["a", "b", "a", "c"])
    assert [type(outcome).__name__ for outcome in outcomes].count("IntegrityError") == 1
    assert names(context) == {"slow", "a", "b", "c"}


def test_submissions_of_several_partners_are_told_apart(context: Context, clock: Clock) -> None:
    with context.database.writing() as session:
        session.add(PartnerRow(id="board", name="Board", created_at=clock()))
    adverts = [make_advert(id=str(n), text=f"{LURE} {n}") for n in range(5)]
    shares = [("crawler", adverts[:2]), ("board", adverts[2:3]), ("crawler", []), ("crawler", adverts[3:])]
    submissions = [
        Submission(partner, tuple(some), tuple(context.detector.assess_many(some, at=clock())), clock())
        for partner, some in shares
    ]
    with context.database.writing() as session:
        stored = store_together(session, submissions, settings=context.settings)
    assert [[one.assessment.advert_id for one in share] for share in stored] == [
        ["0", "1"],
        ["2"],
        [],
        ["3", "4"],
    ]
    with context.database.reading() as session:
        assert [
            find_assessment(session, share[0].id, partner_id="board") is not None for share in stored if share
        ] == [
            False,
            True,
            False,
        ]


def test_a_transaction_waits_for_what_is_being_prepared(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.store.writer.PATIENCE_S", 10)
    batches: list[list[str]] = []

    def write(_session: Session, items: Sequence[str]) -> list[str]:
        batches.append(list(items))
        return list(items)

    def prepare_slowly() -> str:
        preparing.set()
        ready.wait(10)
        return "slow"

    writer, preparing, ready = SharedWriter(context.database, write), Event(), Event()
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(writer.do, prepare_slowly)
        preparing.wait(10)
        quick = pool.submit(writer.do, lambda: "quick")
        while not writer._waiting:
            time.sleep(0.001)
        ready.set()
        assert (slow.result(), quick.result()) == ("slow", "quick")
    assert sorted(batches[0]) == ["quick", "slow"]


def test_what_is_never_prepared_holds_nobody_up(context: Context) -> None:
    def fail() -> str:
        raise ValueError("no such item")

    writer = SharedWriter(context.database, lambda _session, items: list(items))
    with pytest.raises(ValueError, match="no such item"):
        writer.do(fail)
    for n in range(50):
        assert writer.do(partial(str, n)) == str(n)
    assert writer._n_coming == 0
