"""Measures the detector's speed and memory as ratios in one run, because machines differ.

Each stage is timed on the same texts, beside scikit-learn's character n-grams with logistic regression: what one would write in
three lines. Cost against length and corpus size is printed too; both should be straight lines.
"""

import functools
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from model.classifier.assessor import Assessor
from model.facts.contacts import find_contacts
from model.facts.pay import find_pay
from model.schema.advert import JobAdvert
from model.text.language import guess_language
from model.text.loops import compiled
from model.text.normalise import normalise
from model.text.tokens import tokenise
from model.training.config import load_config
from model.training.dataset import load_dataset

LENGTH = 2400
"""Bytes of UTF-8: what an advert on a job board has on average (EMSCAD's 17,880 have 2.4 kB)."""
_LEAST = 900
"""Bytes from which a labelled advert counts as a full one; one-liners glued together would be no advert at all."""
_N_TEXTS = 300
_ROUNDS = 5
_AT = datetime(2000, 1, 1, tzinfo=UTC)
_COLD = (
    "import time; started = time.perf_counter()\n"
    "from datetime import UTC, datetime\n"
    "from model.classifier.assessor import Assessor\n"
    "from model.schema.advert import read_advert\n"
    "Assessor.load().assess(read_advert({'text': 'Admin online, gaji 15 juta'})[0], at=datetime.now(UTC))\n"
    "peak = [line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')]\n"
    "print(time.perf_counter() - started, *peak)"
)


def run() -> dict[str, Any]:
    """Give every figure as JSON values; takes about a minute."""
    assessor = Assessor.load()
    texts = _texts(LENGTH)
    adverts = [JobAdvert(id=str(number), description=text) for number, text in enumerate(texts)]
    at_first_sight = _rate(lambda: assessor.assess_many(adverts, at=_AT), len(adverts), rounds=1)
    ours = _rate(lambda: assessor.assess_many(adverts, at=_AT), len(adverts))
    reference = _reference(texts)
    return {
        "texts": f"{len(texts)} of {LENGTH} bytes, made of full labelled adverts",
        "compiled_loops": compiled is not None,
        "adverts_per_second_per_core": round(ours, 1),
        "right_after_the_start": round(at_first_sight, 1),
        "reference_per_second": round(reference, 1),
        "ratio_to_reference": round(ours / reference, 2),
        "stages_microseconds_per_advert": _stages(assessor, texts, adverts),
        "microseconds_by_length": _by_length(assessor),
        "microseconds_by_corpus_size": _by_size(assessor, adverts),
        **_cold_start(),
    }


def _texts(length: int) -> list[str]:
    """Make texts of one length in bytes of full labelled adverts, each lengthened by others of its language."""
    rows = [row for row in load_dataset(load_config().data.labels).rows if len(row.text.encode()) >= _LEAST]
    by_language: dict[str, list[bytes]] = {}
    for row in rows:
        by_language.setdefault(row.language, []).append(row.text.encode())
    pieces = []
    for _, texts in sorted(by_language.items()):
        for number, text in enumerate(texts):
            others = itertools.cycle([*texts[number + 1 :], *texts[: number + 1]])
            while len(text) < length:
                text += b"\n\n" + next(others)  # noqa: PLW2901
            pieces.append(text[:length].decode(errors="ignore"))
    order = np.random.default_rng(0).permutation(len(pieces))[:_N_TEXTS]
    return [pieces[index] for index in order]


def _rate(work: Callable[[], object], count: int, *, rounds: int = _ROUNDS) -> float:
    """Give the best rate of some rounds, per second of processor time: the least disturbed one."""
    best = 0.0
    for _ in range(rounds):
        started = time.process_time()
        work()
        best = max(best, count / max(time.process_time() - started, 1e-9))
    return best


def _reference(texts: Sequence[str]) -> float:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5))
    matrix = vectorizer.fit_transform(texts)
    model = LogisticRegression(max_iter=200).fit(matrix, [number % 2 for number in range(len(texts))])
    return _rate(lambda: model.predict_proba(vectorizer.transform(texts)), len(texts))


def _stages(assessor: Assessor, texts: Sequence[str], adverts: Sequence[JobAdvert]) -> dict[str, float]:
    folded = [normalise(text) for text in texts]
    readings = [assessor.columns(advert)[0] for advert in adverts]
    stages: dict[str, Callable[[], object]] = {
        "normalise": lambda: [normalise(text) for text in texts],
        "contacts": lambda: [find_contacts(text) for text in folded],
        "tokenise": lambda: [tokenise(text.text) for text in folded],
        "language": lambda: [guess_language(r.text.text, r.words) for r in readings],
        "pay": lambda: [
            find_pay(r.text, language=r.language.code, script=r.language.script) for r in readings
        ],
        "reading and columns": lambda: [assessor.columns(advert) for advert in adverts],
        "all, with reasons": lambda: assessor.assess_many(adverts, at=_AT),
    }
    return {name: round(1e6 / _rate(work, len(texts)), 1) for name, work in stages.items()}


def _by_length(assessor: Assessor) -> dict[str, float]:
    figures = {}
    for length in (300, 600, 1200, 2400, 4800):
        adverts = [JobAdvert(id=str(n), description=text) for n, text in enumerate(_texts(length)[:100])]
        assessor.assess_many(adverts, at=_AT)
        figures[f"{length} bytes"] = round(
            1e6 / _rate(functools.partial(assessor.assess_many, adverts, at=_AT), len(adverts)), 1
        )
    return figures


def _by_size(assessor: Assessor, adverts: Sequence[JobAdvert]) -> dict[str, float]:
    figures = {}
    for times in (1, 4):
        corpus = list(adverts) * times
        figures[f"{len(corpus)} adverts"] = round(
            1e6 / _rate(functools.partial(assessor.assess_many, corpus, at=_AT), len(corpus)), 1
        )
    return figures


def _cold_start() -> dict[str, float]:
    """Start a fresh interpreter three times: seconds to the first assessment, and peak memory."""
    runs = [
        subprocess.run(  # noqa: S603
            [sys.executable, "-c", _COLD], capture_output=True, check=True, text=True
        ).stdout.split()
        for _ in range(3)
    ]
    return {
        "first_assessment_from_cold_start_s": round(min(float(run[0]) for run in runs), 2),
        "peak_memory_mb": round(min(int(run[1]) for run in runs) / 1024, 1),
    }


def shown(figures: dict[str, Any]) -> str:
    """Give the figures as indented JSON: readable, and readable by machines."""
    return json.dumps(figures, indent=1, ensure_ascii=False)
