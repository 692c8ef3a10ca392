"""Blind second looks: which decisions wait for one, and what two people said of the same advert."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from service.store.audit import Act
from service.store.tables import AuditEventRow, DecisionRow, ReviewRow, SecondLookRow

_IN_ONE_QUERY = 500


@dataclass(frozen=True)
class Looks:
    """One advert that two people looked at, or three."""

    decision: DecisionRow
    language: str
    second: SecondLookRow
    third: SecondLookRow | None


def standing() -> ColumnElement[bool]:
    """Select decisions that nobody has taken back or replaced."""
    later = aliased(DecisionRow)
    replaced = select(later.id).where(later.supersedes == DecisionRow.id, later.undone_at.is_(None)).exists()
    return DecisionRow.undone_at.is_(None) & ~replaced


def without_look(
    session: Session, *, turn: int, but_by: str, after: str, limit: int
) -> list[tuple[DecisionRow, SecondLookRow | None]]:
    """Give standing decisions, with their second look, that lack the look of this turn, in order.

    Left out is what this person had a part in.
    """
    second, wanted = aliased(SecondLookRow), aliased(SecondLookRow)
    query = (
        select(DecisionRow, second)
        .outerjoin(second, (second.decision_id == DecisionRow.id) & (second.turn == 2))  # noqa: PLR2004
        .outerjoin(wanted, (wanted.decision_id == DecisionRow.id) & (wanted.turn == turn))
        .where(
            standing(),
            wanted.id.is_(None),
            DecisionRow.decided_by != but_by,
            func.coalesce(second.given_by, "") != but_by,
            DecisionRow.id > after,
        )
        .order_by(DecisionRow.id)
        .limit(limit)
    )
    return [(decision, look) for decision, look in session.execute(query)]


def find_looks(session: Session, decision_ids: Sequence[str]) -> dict[str, list[SecondLookRow]]:
    """Give decision → its second and third look."""
    looks: dict[str, list[SecondLookRow]] = {}
    for start in range(0, len(decision_ids), _IN_ONE_QUERY):
        part = decision_ids[start : start + _IN_ONE_QUERY]
        query = select(SecondLookRow).where(SecondLookRow.decision_id.in_(part))
        for look in session.scalars(query.order_by(SecondLookRow.turn)):
            looks.setdefault(look.decision_id, []).append(look)
    return looks


def asked_for(session: Session, review_ids: Sequence[str]) -> set[str]:
    """Give those decisions on these reviews for which somebody has asked for a second look."""
    asked: set[str] = set()
    for start in range(0, len(review_ids), _IN_ONE_QUERY):
        query = select(AuditEventRow.detail).where(
            AuditEventRow.subject.in_(review_ids[start : start + _IN_ONE_QUERY]),
            AuditEventRow.act == Act.SECOND_LOOK_ASKED.value,
        )
        asked |= {str(detail["decision"]) for detail in session.scalars(query)}
    return asked


def standing_decisions(session: Session, review_ids: Sequence[str]) -> dict[str, DecisionRow]:
    """Give review → the decision that stands on it."""
    decisions: dict[str, DecisionRow] = {}
    for start in range(0, len(review_ids), _IN_ONE_QUERY):
        part = review_ids[start : start + _IN_ONE_QUERY]
        query = select(DecisionRow).where(DecisionRow.review_id.in_(part), standing())
        for decision in session.scalars(query.order_by(DecisionRow.id)):
            decisions[decision.review_id] = decision
    return decisions


def list_looks(session: Session, *, limit: int) -> list[Looks]:
    """Give every standing decision that two people or more looked at, newest first."""
    second, third = aliased(SecondLookRow), aliased(SecondLookRow)
    query = (
        select(DecisionRow, ReviewRow.language, second, third)
        .join(ReviewRow, ReviewRow.id == DecisionRow.review_id)
        .join(second, (second.decision_id == DecisionRow.id) & (second.turn == 2))  # noqa: PLR2004
        .outerjoin(third, (third.decision_id == DecisionRow.id) & (third.turn == 3))  # noqa: PLR2004
        .where(standing())
        .order_by(DecisionRow.id.desc())
        .limit(limit)
    )
    return [Looks(*row) for row in session.execute(query)]
