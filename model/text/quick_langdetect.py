"""langdetect with its inner loop compiled: the same answers to the last bit, for a small part of the time.

langdetect (Shuyo's naive Bayes over character n-grams) draws about a thousand n-grams for one short text and
multiplies the chances of 55 languages for each, in plain Python: 9 ms for an advert that takes 1 ms altogether
otherwise.
"""

from functools import cache, partial
from threading import Lock
from typing import Any

from langdetect import detector_factory
from langdetect.detector import Detector
from langdetect.lang_detect_exception import ErrorCode, LangDetectException
from langdetect.language import Language

from model.text.loops import compiled

_LOCK = Lock()
"""langdetect reads its profiles on first use, not safely for threads."""


def detect_languages(text: str, *, seed: int) -> list[Language]:
    """Give `langdetect.detect_langs(text)` as it answers with that seed; raises `LangDetectException` when it cannot say."""
    with _LOCK:
        factory = _factory()
    detector = Detector(factory) if compiled is None else _QuickDetector(factory)
    detector.seed = seed
    detector.append(text)
    ranked: list[Language] = detector.get_probabilities()
    return ranked


@cache
def _factory() -> Any:
    detector_factory.init_factory()
    return detector_factory._factory  # noqa: SLF001 - the package has no other way to its profiles


class _QuickDetector(Detector):  # type: ignore[misc]
    def _detect_block(self) -> None:
        """Do the work of `Detector._detect_block`: the same draws, products, checks and means."""
        self.cleaning_text()
        ngrams = self._extract_ngrams()
        if not ngrams:
            raise LangDetectException(ErrorCode.CantDetectError, "No features in text.")
        odds = [self.word_lang_prob_map[ngram] for ngram in ngrams]
        choose = partial(self.random.choice, range(len(ngrams)))
        self.langprob = [0.0] * len(self.langlist)
        self.random.seed(self.seed)
        for _ in range(self.n_trial):
            alpha = self.alpha + self.random.gauss(0.0, 1.0) * self.ALPHA_WIDTH
            chances = compiled.weigh(
                odds,
                self._init_probability(),
                alpha / self.BASE_FREQ,
                choose,
                self.CONV_THRESHOLD,
                self.ITERATION_LIMIT,
            )
            for place, chance in enumerate(chances):
                self.langprob[place] += chance / self.n_trial
