"""Which decisions have become labels, and in which batch."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from service.store.tables import ExportedDecisionRow, LabelBatchRow


def record_batch(session: Session, batch: LabelBatchRow, decision_ids: Sequence[str]) -> None:
    """Note a batch and its decisions."""
    session.add(batch)
    session.flush()
    session.add_all(
        ExportedDecisionRow(decision_id=decision_id, batch_id=batch.id) for decision_id in decision_ids
    )
    session.flush()
