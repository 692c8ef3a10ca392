"""The daily set: a few adverts that people are asked about because their answers teach most.

Chosen once a day from the adverts judged in the week before that day began, by the aims of `model.asking`: the
detector is unsure, few labelled adverts carry one of the signs, few in the language are labelled. One advert stands
for its campaign; what was decided, or asked about on another day, is never asked again. The random sample of
`queue` stays apart: it measures what the detector misses, and a chosen set cannot.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from babel import Locale
from sqlalchemy.orm import Session

from model.asking import Aim, Asked, Asking, Labelled, Question
from model.schema.assessment import Assessment, read_assessment
from model.schema.decision import LabelName, Verdict
from service.review.actions import Finding, open_review
from service.review.queue import DUE_BANDS, LINKED
from service.review.states import Cause, ReviewState
from service.store import daily
from service.store.audit import SYSTEM, Act, append_event
from service.store.reviews import find_reviews
from service.store.tables import AdvertRow, AssessmentRow, DailyQuestionRow, ReviewRow

WINDOW = timedelta(days=7)
"""How far back before its day a set reaches: what comes in over a weekend is not lost."""
MOST_READ = 10_000
"""Of more adverts, as many are drawn by lot: they are read one by one."""
EFFECT_DAYS = 28
NOT_SIGNS = frozenset({"baseline", LINKED})
"""Reasons that say nothing of what an advert contains."""
_NAMES = Locale("en").languages


@dataclass(frozen=True)
class Picked:
    """What a day's set is to be, before it is recorded."""

    day: date
    n_considered: int
    asked: tuple[Asked, ...]


@dataclass(frozen=True)
class Effect:
    """What became of the adverts asked about: how many were decided, and decided against the band."""

    n: int
    n_decided: int
    n_surprising: int


def pick(session: Session, *, day: date, size: int, learnt_from: Labelled) -> Picked:
    """Choose a day's set; reads only. The same store gives the same set, whenever on that day it is asked.

    Both what the release was trained on (`learnt_from`) and what people have decided since counts as labelled.
    """
    until = datetime.combine(day, time(), UTC)
    since = until - WINDOW
    n_assessed = daily.count_assessed(session, since=since, until=until)
    labelled = learnt_from + Labelled(*daily.count_labelled(session))
    asking, n_considered = Asking(labelled, size=size), 0
    pages = daily.pages_to_ask(
        session, since=since, until=until, drawn=lambda key: lot(day, key) * n_assessed < MOST_READ
    )
    for rows in pages:
        for question in _questions(session, rows, labelled, day):
            asking.consider(question)
            n_considered += 1
    return Picked(day, n_considered, tuple(asking.choose()))


def record(session: Session, picked: Picked, *, at: datetime) -> int | None:
    """Record a set and open the reviews it needs; gives how many adverts it holds, None when the day has one."""
    if not daily.begin_set(session, picked.day, n_considered=picked.n_considered, at=at):
        return None
    n_asked = sum(_ask(session, picked.day, asked, at=at) for asked in picked.asked)
    detail = {"n": n_asked, "considered": picked.n_considered}
    append_event(
        session, Act.DAILY_SET_CHOSEN, subject=picked.day.isoformat(), actor=SYSTEM, at=at, detail=detail
    )
    return n_asked


def reckon(session: Session, *, since: date, until: date) -> dict[str, Effect]:
    """Give language → what became of what was asked on these days, most asked first."""
    by_language: dict[str, list[daily.Answer]] = defaultdict(list)
    for answer in daily.list_answers(session, since=since, until=until):
        by_language[answer.language].append(answer)
    ordered = sorted(by_language.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return {
        language: Effect(
            n=len(answers),
            n_decided=sum(answer.verdict is not None for answer in answers),
            n_surprising=sum(map(is_surprising, answers)),
        )
        for language, answers in ordered
    }


def total(effects: dict[str, Effect]) -> Effect:
    """Give the sum over languages."""
    parts = effects.values()
    return Effect(
        sum(part.n for part in parts),
        sum(part.n_decided for part in parts),
        sum(part.n_surprising for part in parts),
    )


def is_surprising(answer: daily.Answer) -> bool:
    """Tell whether a verdict goes against the band: a flagged advert is cleared, or one below the line is a lure.

    The band speaks of scam-centre recruitment alone: that an advert below the line is a fee fraud is no surprise.
    """
    is_flagged = answer.band in DUE_BANDS
    if answer.verdict in {Verdict.LEGITIMATE, Verdict.NOT_AN_ADVERT}:
        return is_flagged
    return answer.verdict == Verdict.CONFIRMED and answer.pattern == LabelName.SCAM_CENTRE and not is_flagged


def lot(day: date, key: str) -> float:
    """Give what a key draws on a day, evenly spread over 0-1."""
    digest = hashlib.blake2b(f"{day.isoformat()}\x1f{key}".encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 256**6


def _questions(
    session: Session, rows: Sequence[tuple[AssessmentRow, AdvertRow]], labelled: Labelled, day: date
) -> Iterator[Question]:
    campaigns = daily.campaigns_of(session, [advert.key for _, advert in rows])
    spent = daily.spent_campaigns(session, sorted(set(campaigns.values())))
    for assessment, advert in rows:
        campaign = campaigns.get(advert.key, advert.key)
        if campaign in spent:
            continue
        said = read_assessment(assessment.record)
        yield Question(
            key=assessment.id,
            campaign=campaign,
            language=assessment.language,
            sign=labelled.rarest({reason.code for reason in said.reasons} - NOT_SIGNS),
            margin=abs(_log_odds(said.score) - _log_odds(said.thresholds.review)),
            lot=lot(day, advert.digest),
        )


def _ask(session: Session, day: date, asked: Asked, *, at: datetime) -> bool:
    """Put one advert into the set, unless somebody decided it, or it changed, since it was chosen."""
    row = session.get(AssessmentRow, asked.question.key)
    if row is None:
        return False
    advert, said = session.get_one(AdvertRow, row.advert_key), read_assessment(row.record)
    known = find_reviews(session, partner_id=advert.partner_id, advert_ids=[advert.advert_id])
    review = known.get(advert.advert_id) or _open(session, row, advert, said, at=at)
    if review is None or review.advert_key != advert.key or review.state == ReviewState.DECIDED:
        return False
    about, words = _because(asked, said)
    session.add(DailyQuestionRow(review_id=review.id, day=day, aim=asked.aim.value, about=about, why=words))
    return True


def _open(
    session: Session, row: AssessmentRow, advert: AdvertRow, said: Assessment, *, at: datetime
) -> ReviewRow | None:
    finding = Finding.of_stored(advert, row.id, said, Cause.DAILY)
    return open_review(session, finding, None, at=at, sample_rate=1.0)


def _because(asked: Asked, said: Assessment) -> tuple[str, str]:
    """Give what few labelled adverts have, and why that makes one ask, in words."""
    n, language, sign = asked.n_labelled, asked.question.language, asked.question.sign
    if asked.aim is Aim.LANGUAGE:
        name = _NAMES.get(language, language)
        few = f"few {name} adverts have been labelled ({n})" if n else f"no {name} advert has been labelled"
        return language, f"asked of a person because {few}"
    if asked.aim is Aim.SIGN and sign is not None:
        title = next(reason.title for reason in said.reasons if reason.code == sign)
        few = f"few labelled adverts show “{title}” ({n})" if n else f"no labelled advert shows “{title}”"
        return sign, f"asked of a person because {few}"
    return language, "asked of a person because its score stands near the review line"


def _log_odds(score: float) -> float:
    bounded = min(max(score, 1e-12), 1 - 1e-12)
    return math.log(bounded / (1 - bounded))
