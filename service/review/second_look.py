"""A second person looks without knowing what the first one said; only what agrees becomes a label.

Which decisions get a second look is drawn by their id: a share of all, a setting, so that agreement can be
measured. Where the two disagree, a lead gives a third. A decision outside the draw stands by itself, until
somebody wants to use it against someone: what leaves the console with contacts needs a second person's word,
and that look is asked for.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from service.errors import ConflictError
from service.review.permissions import Permission, Person, check
from service.review.verdicts import Choice
from service.store import agreement
from service.store.agreement import Looks
from service.store.audit import Act, append_event
from service.store.ids import new_id
from service.store.tables import DecisionRow, SecondLookRow

SECOND, THIRD = 2, 3
LEAST_FOR_KAPPA = 10
"""Fewer shared adverts say nothing about agreement."""
_STRIDE = 500


@dataclass(frozen=True)
class Agreement:
    """How far two people, or all people in one language, agree."""

    who: str
    n: int
    share: float
    """Of adverts on which both said the same."""
    kappa: float | None
    """Cohen's kappa; None for too few adverts, or when everybody always said the same thing."""


class Lack(StrEnum):
    """Why an advert may not leave the console with contacts yet."""

    UNDECIDED = "nobody has decided it"
    UNASKED = "only one person has looked"
    WAITING = "waits for its second look"
    DISAGREED = "the second look says something else"


def is_drawn(decision_id: str, *, rate: float) -> bool:
    """Tell whether a decision gets a blind second look."""
    return int(hashlib.sha256(decision_id.encode()).hexdigest()[:8], 16) < rate * 16**8


def next_decision(session: Session, *, by: Person, turn: int, rate: float) -> DecisionRow | None:
    """Give the oldest decision that waits for this person's second look, or third."""
    check(by, Permission.LEAD if turn == THIRD else Permission.DECIDE)
    after = ""
    while True:
        rows = agreement.without_look(session, turn=turn, but_by=by.id, after=after, limit=_STRIDE)
        asked = agreement.asked_for(session, [decision.review_id for decision, _ in rows])
        for decision, second in rows:
            if is_due(decision, second, turn=turn, rate=rate, asked=asked):
                return decision
        if len(rows) < _STRIDE:
            return None
        after = rows[-1][0].id


def is_due(
    decision: DecisionRow,
    second: SecondLookRow | None,
    *,
    turn: int,
    rate: float,
    asked: Collection[str] = (),
) -> bool:
    """Tell whether a decision waits for this look: the second by draw or request, the third by disagreement."""
    if turn == SECOND:
        return is_drawn(decision.id, rate=rate) or decision.id in asked
    return second is not None and not _same(decision, second)


def give_look(
    session: Session, decision_id: str, choice: Choice, *, by: Person, at: datetime, turn: int, rate: float
) -> SecondLookRow:
    """Record what a second or third person says; raises when it does not wait for them."""
    check(by, Permission.LEAD if turn == THIRD else Permission.DECIDE)
    decision = session.get(DecisionRow, decision_id, with_for_update=True)
    looks = agreement.find_looks(session, [decision_id]).get(decision_id, [])
    second = next((look for look in looks if look.turn == SECOND), None)
    if (
        decision is None
        or decision.undone_at is not None
        or by.id in {decision.decided_by, *(look.given_by for look in looks)}
        or any(look.turn == turn for look in looks)
        or not is_due(
            decision,
            second,
            turn=turn,
            rate=rate,
            asked=agreement.asked_for(session, [decision.review_id]),
        )
    ):
        raise ConflictError("this advert does not wait for a look of yours")
    look = SecondLookRow(
        id=new_id("sec", at=at),
        decision_id=decision.id,
        turn=turn,
        verdict=choice.verdict.value,
        pattern=choice.pattern.value if choice.pattern else None,
        given_by=by.id,
        given_at=at,
    )
    session.add(look)
    session.flush()
    detail = {"decision": decision.id, "turn": turn}
    append_event(
        session, Act.SECOND_LOOK_GIVEN, subject=decision.review_id, actor=by.id, at=at, detail=detail
    )
    return look


def agreed(decision: DecisionRow, looks: Sequence[SecondLookRow], *, rate: float) -> bool:
    """Tell whether a decision may become a label: not drawn, or two of those who looked say what it says."""
    second = next((look for look in looks if look.turn == SECOND), None)
    if second is None:
        return not is_drawn(decision.id, rate=rate)
    return any(_same(decision, look) for look in looks)


def find_lacking(session: Session, review_ids: Sequence[str], *, rate: float) -> dict[str, Lack]:
    """Give review → what it lacks until two people say the same of it; those that lack nothing are left out."""
    decisions = agreement.standing_decisions(session, review_ids)
    looks = agreement.find_looks(session, [decision.id for decision in decisions.values()])
    asked = agreement.asked_for(session, review_ids)
    found = {}
    for review_id in review_ids:
        decision = decisions.get(review_id)
        lack = _lack(decision, looks.get(decision.id, []) if decision else [], rate=rate, asked=asked)
        if lack is not None:
            found[review_id] = lack
    return found


def ask_for_looks(
    session: Session, review_ids: Sequence[str], *, by: Person, at: datetime, rate: float
) -> int:
    """Ask for a second look at every decision that will get none otherwise; gives how many that were."""
    check(by, Permission.EXPORT_FULL)
    lacking = find_lacking(session, review_ids, rate=rate)
    unasked = [review_id for review_id, lack in lacking.items() if lack is Lack.UNASKED]
    for review_id, decision in agreement.standing_decisions(session, unasked).items():
        detail = {"decision": decision.id}
        append_event(session, Act.SECOND_LOOK_ASKED, subject=review_id, actor=by.id, at=at, detail=detail)
    return len(unasked)


def _lack(
    decision: DecisionRow | None, looks: Sequence[SecondLookRow], *, rate: float, asked: Collection[str]
) -> Lack | None:
    if decision is None:
        return Lack.UNDECIDED
    if any(_same(decision, look) for look in looks):
        return None
    if looks:
        return Lack.DISAGREED
    drawn = is_drawn(decision.id, rate=rate)
    return Lack.WAITING if drawn or decision.id in asked else Lack.UNASKED


def only_drawn(looks: Iterable[Looks], *, rate: float) -> list[Looks]:
    """Leave out the looks that were asked for: those adverts were chosen, and would bend the figures."""
    return [look for look in looks if is_drawn(look.decision.id, rate=rate)]


def measure(looks: Iterable[Looks], *, names: Mapping[str, str]) -> tuple[list[Agreement], list[Agreement]]:
    """Give agreement per pair of people and per language, most shared adverts first."""
    by_pair: dict[str, list[tuple[str, str]]] = defaultdict(list)
    by_language: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for look in looks:
        said = sorted(
            (
                (names.get(look.decision.decided_by, "unknown"), _said(look.decision)),
                (names.get(look.second.given_by, "unknown"), _said(look.second)),
            ),
            key=lambda pair: pair[0],
        )
        answers = (said[0][1], said[1][1])
        by_pair[f"{said[0][0]} and {said[1][0]}"].append(answers)
        by_language[look.language].append(answers)
    return _agreements(by_pair), _agreements(by_language)


def _agreements(answers: Mapping[str, Sequence[tuple[str, str]]]) -> list[Agreement]:
    rows = [
        Agreement(who, len(pairs), sum(a == b for a, b in pairs) / len(pairs), _kappa(pairs))
        for who, pairs in answers.items()
    ]
    return sorted(rows, key=lambda row: (-row.n, row.who))


def _kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    first, second = zip(*pairs, strict=True)
    if len(pairs) < LEAST_FOR_KAPPA or len({*first, *second}) == 1:
        return None
    from sklearn.metrics import cohen_kappa_score  # slow to load, and no service needs it to start

    return float(cohen_kappa_score(first, second))


def _same(decision: DecisionRow, look: SecondLookRow) -> bool:
    return _said(decision) == _said(look)


def _said(row: DecisionRow | SecondLookRow) -> str:
    return f"{row.verdict}:{row.pattern or ''}"
