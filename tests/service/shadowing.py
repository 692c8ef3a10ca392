"""A worker that scores in shadow, in a process of its own which a test may kill at any moment."""

import json
import sys
import time
from collections.abc import Sequence
from datetime import datetime

from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment, Band
from service.app import make_context
from service.logs import configure
from service.metrics import Metrics
from service.settings import Settings
from service.shadow import Shadow
from service.worker import Worker
from tests.fakes import PhraseDetector

SLOW_S = 0.02


class Bolder(PhraseDetector):
    """Flags whatever names a flight, and is sure of nothing."""

    model_version = "fake-2"

    def assess(self, advert: JobAdvert, *, at: datetime) -> Assessment:
        said = super().assess(advert, at=at)
        bold = "flight" in (advert.description or "").lower()
        return said.model_copy(
            update={
                "model_version": self.model_version,
                "score": 0.7 if bold else 0.2,
                "band": Band.REVIEW if bold else Band.LOW,
            }
        )


class Slow(Bolder):
    """Takes its time."""

    def assess_many(self, adverts: Sequence[JobAdvert], *, at: datetime) -> list[Assessment]:
        time.sleep(SLOW_S * len(adverts))
        return super().assess_many(adverts, at=at)


def main(said: str) -> None:
    configure(json=False, level="WARNING")
    context = make_context(Settings(**json.loads(said)), detector=PhraseDetector())
    worker = Worker(context, shadow=Shadow(context, Slow(), Metrics()))
    worker.start()
    sys.stdout.write("scoring\n")
    sys.stdout.flush()
    worker.wait()


if __name__ == "__main__":
    main(sys.argv[1])
