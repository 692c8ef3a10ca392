"""Names that people gave to filtered queues."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.store.ids import new_id
from service.store.tables import SavedViewRow


def save_view(session: Session, *, user_id: str, name: str, query: str, at: datetime) -> None:
    """Keep a view under a name of this person; the same name again takes its place."""
    remove_view(session, user_id=user_id, name=name)
    session.add(SavedViewRow(id=new_id("vue", at=at), user_id=user_id, name=name, query=query, created_at=at))
    session.flush()


def remove_view(session: Session, *, user_id: str, name: str) -> None:
    """Forget a view."""
    session.execute(delete(SavedViewRow).where(SavedViewRow.user_id == user_id, SavedViewRow.name == name))


def list_views(session: Session, user_id: str) -> list[SavedViewRow]:
    """Give a person's views in the order of their names."""
    return list(
        session.scalars(
            select(SavedViewRow).where(SavedViewRow.user_id == user_id).order_by(SavedViewRow.name)
        )
    )
