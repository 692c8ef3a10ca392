"""Shadow mode: a candidate scores the adverts that the serving release has answered for, and nobody acts on it.

`lurewatch work` does it, in a process of its own and after the answer: no answer waits for it, and none can change.
What is still to be scored is read from the database, every assessment that lacks the candidate's score, so a flood
or a kill only delays it. Adverts whose words were not kept, and whatever a test key sent, are not there to be scored.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from service.assessing import Context, Detector, assess
from service.logs import get_logger
from service.metrics import Metrics
from service.releases import load_candidate
from service.settings import Settings
from service.store.ids import first_id
from service.store.partners import find_thresholds
from service.store.shadow import Waiting, list_waiting, record_scores

AT_ONCE = 100
"""Adverts scored in one go: one reading, one short transaction."""
SETTLED = timedelta(minutes=1)
"""Ids are given before the commit; younger ones are looked for again."""


class Shadow:
    """A candidate and how far it has come."""

    def __init__(self, context: Context, candidate: Detector, metrics: Metrics) -> None:
        self._context = context
        self._candidate = candidate
        self._scored = metrics.shadow_scored
        self._after = ""

    def score_waiting(self, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
        """Score what waits, some at a time; gives how many."""
        n_scored = 0
        while not is_stopping():
            n_now = self._score_some()
            n_scored += n_now
            if n_now < AT_ONCE:
                break
        return n_scored

    def _score_some(self) -> int:
        context = self._context
        settled = first_id("asm", at=context.clock() - SETTLED)
        with context.database.reading() as session:
            rows = list_waiting(
                session,
                serving=context.detector.model_version,
                shadow=self._candidate.model_version,
                after=self._after,
                at=context.clock(),
                limit=AT_ONCE,
            )
        for partner_id in sorted({row.partner_id for row in rows}):
            self._score([row for row in rows if row.partner_id == partner_id])
        self._after = min(settled, rows[-1].assessment_id) if len(rows) == AT_ONCE else settled
        return len(rows)

    def _score(self, rows: Sequence[Waiting]) -> None:
        """Score one partner's adverts as a promotion would: by its own thresholds where it has set any."""
        context, at = self._context, self._context.clock()
        with context.database.reading() as session:
            thresholds = find_thresholds(session, rows[0].partner_id)
        adverts = [row.advert for row in rows]
        said = assess(context, adverts, at=at, thresholds=thresholds, detector=self._candidate)
        with context.database.writing() as session:
            record_scores(
                session,
                [(row.assessment_id, one) for row, one in zip(rows, said, strict=True)],
                at=at,
            )
        for row, one in zip(rows, said, strict=True):
            self._scored.labels(row.band, one.band.value).inc()


def load_shadow(context: Context, metrics: Metrics) -> Shadow | None:
    """Load the candidate that the settings name; None when they name none, or the one that serves by now."""
    settings: Settings = context.settings
    if settings.shadow_model is None:
        return None
    if settings.shadow_model == context.detector.model_version:
        get_logger().warning("shadow mode is off: the candidate serves", release=settings.shadow_model)
        return None
    return Shadow(context, load_candidate(settings.shadow_model, releases=settings.releases), metrics)
