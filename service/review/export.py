"""Decisions into labels: a batch file for `training_data/labels`, every decision in one batch only.

Unsure teaches nothing, and what was drawn for a second look waits until two people agree.
Contacts become fictional. A batch is named by its content, so that a run
that was killed between writing the file and noting it writes the same file again.
"""

import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from model.schema.advert import JobAdvert
from model.schema.decision import Label, LabelName, Provenance, Verdict
from service.review.masking import fictional_contacts
from service.review.second_look import agreed
from service.store import labels, reviews
from service.store.agreement import find_looks
from service.store.audit import Act, append_event
from service.store.ids import new_id
from service.store.tables import AdvertRow, AssessmentRow, DecisionRow, LabelBatchRow

VERDICT_LABELS = {Verdict.LEGITIMATE: LabelName.LEGITIMATE, Verdict.NOT_AN_ADVERT: LabelName.NOT_AN_ADVERT}


@dataclass(frozen=True)
class Batch:
    """What an export wrote."""

    path: Path | None
    """The file; None when there was nothing to export."""
    n_labels: int
    """How many labels it holds."""
    n_unsure: int
    """How many decisions teach nothing."""
    n_waiting: int = 0
    """How many wait until two people agree."""


def label_of(verdict: Verdict, pattern: LabelName | None) -> LabelName | None:
    """Give the label that a decision amounts to; None for one that teaches nothing."""
    return pattern if verdict is Verdict.CONFIRMED else VERDICT_LABELS.get(verdict)


def export_labels(session: Session, folder: Path, *, at: datetime, second_look_rate: float = 0) -> Batch:
    """Write the standing decisions that no batch holds yet to a new batch file, and note them."""
    found = reviews.unexported_decisions(session)
    looks = find_looks(session, [decision.id for decision, _, _ in found])
    rows = [row for row in found if agreed(row[0], looks.get(row[0].id, []), rate=second_look_rate)]
    n_waiting = len(found) - len(rows)
    made = [(decision, _label(decision, advert, assessment)) for decision, advert, assessment in rows]
    kept = [(decision, label) for decision, label in made if label is not None]
    if not kept:
        return Batch(None, 0, len(made), n_waiting)
    content = "".join(label.to_line() + "\n" for _, label in kept).encode()
    sha256 = hashlib.sha256(content).hexdigest()
    name = f"console-{sha256[:12]}.jsonl"
    _write(folder / name, content)
    batch = LabelBatchRow(
        id=new_id("lab", at=at), name=name, sha256=sha256, n_labels=len(kept), exported_at=at
    )
    labels.record_batch(session, batch, [decision.id for decision, _ in kept])
    detail = {"name": name, "sha256": sha256, "n": len(kept)}
    append_event(session, Act.LABELS_EXPORTED, subject=batch.id, actor="operator", at=at, detail=detail)
    return Batch(folder / name, len(kept), len(made) - len(kept), n_waiting)


def _label(decision: DecisionRow, row: AdvertRow, assessment: AssessmentRow) -> Label | None:
    name = label_of(Verdict(decision.verdict), LabelName(decision.pattern) if decision.pattern else None)
    if name is None:
        return None
    advert = JobAdvert.from_json(row.record)
    known = [contact.value for contact in advert.contacts]
    title = fictional_contacts(advert.title, known=known) if advert.title else None
    text = fictional_contacts(advert.description, known=known) if advert.description else title or ""
    return Label(
        id=f"console-{row.digest[:16]}",
        text=text,
        title=title if advert.description else None,
        label=name,
        language=assessment.language,
        employer=_employer(advert),
        posted_on=advert.posted_on.isoformat() if advert.posted_on else None,
        provenance=Provenance.HUMAN,
        origin="console",
        note=decision.reason_code,
    )


def _employer(advert: JobAdvert) -> str | None:
    """Give a name for grouped splits that names nobody."""
    name = (advert.employer.name if advert.employer else None) or advert.source
    return "emp_" + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:12] if name else None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
