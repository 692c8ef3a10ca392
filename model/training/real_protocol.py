"""Measures a release on adverts it has not seen: recall where false alarms are rare, pairs, slices, reasons, attacks.

The protocol `real` reads a folder with `positives*.jsonl`, `negatives*.jsonl`, `negatives_short*.jsonl` and `twins*.jsonl`. The threshold is
the lowest at which at most 1% of legitimate adverts, of full texts and of length-matched windows each, and at most 3% of the honest
twins are flagged; every share stands with its count and a bootstrap interval over cases.
"""

import functools
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.classifier.assessor import Assessor
from model.errors import InputError
from model.features.matrix import column_names
from model.indicators.registry import load_catalogue
from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment, Band
from model.schema.decision import Label, LabelName
from model.training.attacks import ATTACKS
from model.training.config import load_config
from model.training.dataset import load_dataset
from model.training.drift import LEAST_DRIFT, drift_of
from model.training.materials import Progress, materials_of
from model.training.measures import Share, by_slice, share_of, threshold_at
from model.training.probes import probe_texts
from model.training.versions import config_of, load_assessor

LEGIT_ALLOWED, TWINS_ALLOWED = 0.01, 0.03
_AT = datetime(2000, 1, 1, tzinfo=UTC)
_HARD_KINDS = {
    "1": "call centre, multilingual",
    "2": "hospitality, casino",
    "3": "overseas placement",
    "4": "no experience, tech, commission",
    "5": "informal",
    "6": "NGO, press, police jobs",
    "7": "ordinary",
    "8": "warnings and news",
}
_DELETION_SAMPLE = 150
_PATTERNS = ("positives*.jsonl", "twins*.jsonl", "negatives*.jsonl")


@dataclass(frozen=True)
class Case:
    """One text to measure on, with what is known of it."""

    id: str
    text: str
    language: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class RealSet:
    """The four files of the `real` protocol."""

    positives: list[Case]
    twins: list[Case]
    negatives: list[Case]
    windows: list[Case]


def load_real(folder: Path) -> RealSet:
    """Read the protocol's files; raises `InputError` naming what is missing."""
    return RealSet(
        positives=_cases(folder, "positives*.jsonl"),
        twins=_cases(folder, "twins*.jsonl"),
        negatives=_cases(folder, "negatives*.jsonl", but="negatives_short"),
        windows=_cases(folder, "negatives_short*.jsonl"),
    )


def _cases(folder: Path, pattern: str, *, but: str = "\0") -> list[Case]:
    files = [path for path in sorted(folder.glob(pattern)) if not path.name.startswith(but)]
    if not files:
        raise InputError(f"{folder}: holds no {pattern}; point --data at a folder of the `real` protocol")
    cases = []
    for path in files:
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                cases.append(Case(str(row["id"]), row["text"], row["lang"], row))
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(
                    f"{path.name}:{number}: is no case with id, text and lang ({error})"
                ) from error
    return cases


def evaluate_folder(*, data: Path, version: str | None, progress: Progress | None = None) -> dict[str, Any]:
    """Measure a release or candidate on a folder of the protocol; raises `InputError` or `ReleaseError`."""
    result = evaluate_real(load_assessor(version), load_real(data), progress=progress)
    return {"data_digest": _digest_of(data), **result}


def _digest_of(folder: Path) -> str:
    """Digest the files of the protocol, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _PATTERNS for path in folder.glob(pattern)}):
        digest.update(path.read_bytes())
    return "sha256:" + digest.hexdigest()


def evaluate_real(assessor: Assessor, data: RealSet, *, progress: Progress | None = None) -> dict[str, Any]:
    """Give every figure of the protocol as JSON values."""
    scored = {
        name: _assess(assessor, cases, name, progress)
        for name, cases in (
            ("positives", data.positives),
            ("twins", data.twins),
            ("negatives", data.negatives),
            ("windows", data.windows),
        )
    }
    scores = {name: np.array([a.score for a in found]) for name, found in scored.items()}
    legit = np.array([case.facts.get("label") == "legit" for case in data.negatives])
    legit_windows = np.array([case.facts.get("label") == "legit" for case in data.windows])
    threshold = threshold_at(
        [
            (scores["negatives"][legit], LEGIT_ALLOWED),
            (scores["windows"][legit_windows], LEGIT_ALLOWED),
            (scores["twins"], TWINS_ALLOWED),
        ],
    )
    flagged = {name: values >= threshold for name, values in scores.items()}
    return {
        "model_version": assessor.model_version,
        "threshold": round(threshold, 6),
        "threshold_rule": "at most 1% of legitimate full texts, 1% of legitimate windows and 3% of honest twins at or above it",
        "counts": {name: len(values) for name, values in scores.items()},
        "recall": _recall(data, flagged["positives"]),
        "pairs": _pairs(data, scores).to_json(),
        "false_alarms": _false_alarms(data, flagged),
        "at_bands": _at_bands(data, scored),
        "other_patterns": _other_patterns(data, scored["positives"]),
        "reasons": _reasons(assessor, data, scored),
        "attacks": _attacks(assessor, data, scores["positives"], threshold, progress),
        "probes": _probes(data, scores, threshold),
        "artefact_probes": _artefact_probes(data),
        "drift": _drift(assessor, data, progress),
        "_plots": _plots(data, scores),
    }


def _assess(
    assessor: Assessor, cases: Sequence[Case], name: str, progress: Progress | None
) -> list[Assessment]:
    found = []
    for number, case in enumerate(cases, 1):
        found.append(assessor.assess(JobAdvert(id=case.id, description=case.text), at=_AT))
        if progress and (number % 50 == 0 or number == len(cases)):
            progress(f"scoring {name}", number, len(cases))
    return found


def _recall(data: RealSet, flagged: NDArray[np.bool_]) -> dict[str, Any]:
    lures = np.array([case.facts.get("label") == "scam_centre" for case in data.positives])
    groups = [str(case.facts.get("group") or case.id) for case in data.positives]

    def recall(mask: NDArray[np.bool_]) -> Share:
        chosen = mask & lures
        return share_of(flagged[chosen], [g for g, keep in zip(groups, chosen.tolist(), strict=True) if keep])

    tier = np.array([str(case.facts.get("tier")) for case in data.positives])
    kind = np.array([str(case.facts.get("set", "rebuilt")) for case in data.positives])
    return {
        "tiers A+B": recall(np.isin(tier, ["A", "B"]) & (kind == "rebuilt")).to_json(),
        "tier C rebuilt": recall((tier == "C") & (kind == "rebuilt")).to_json(),
        "extra languages": recall(kind == "extra_lang").to_json(),
        "all": recall(np.ones(len(flagged), dtype=bool)).to_json(),
        "by_language": {
            k: v.to_json() for k, v in by_slice([c.language for c in data.positives], recall).items() if v.n
        },
    }


def _pairs(data: RealSet, scores: dict[str, NDArray[np.float64]]) -> Share:
    of_lure = {
        case.id: score for case, score in zip(data.positives, scores["positives"].tolist(), strict=True)
    }
    wins = [
        of_lure[c.facts["of"]] > s
        for c, s in zip(data.twins, scores["twins"].tolist(), strict=True)
        if c.facts.get("of") in of_lure
    ]
    return share_of(np.array(wins, dtype=bool))


def _false_alarms(data: RealSet, flagged: dict[str, NDArray[np.bool_]]) -> dict[str, Any]:
    result: dict[str, Any] = {"honest twins": share_of(flagged["twins"]).to_json()}
    for name, cases in (("negatives", data.negatives), ("windows", data.windows)):
        kinds = [_HARD_KINDS.get(str(case.facts.get("hard_kind")), "other") for case in cases]
        hits = flagged[name]
        result[name] = {
            k: v.to_json() for k, v in by_slice(kinds, functools.partial(_share_where, hits)).items()
        }
        languages = [case.language for case in cases]
        result[f"{name} by language"] = {
            k: v.to_json() for k, v in by_slice(languages, functools.partial(_share_where, hits)).items()
        }
    kinds = [str(case.facts.get("kind")) for case in data.twins]
    result["twins by kind"] = {
        k: v.to_json() for k, v in by_slice(kinds, functools.partial(_share_where, flagged["twins"])).items()
    }
    return result


def _share_where(hits: NDArray[np.bool_], mask: NDArray[np.bool_]) -> Share:
    return share_of(hits[mask])


def _at_bands(data: RealSet, scored: dict[str, list[Assessment]]) -> dict[str, Any]:
    """Give what a partner with the default thresholds would see."""
    lures = [
        a
        for case, a in zip(data.positives, scored["positives"], strict=True)
        if case.facts.get("label") == "scam_centre"
    ]
    result = {}
    for name, found in (
        ("lures", lures),
        ("twins", scored["twins"]),
        ("negatives", scored["negatives"]),
        ("windows", scored["windows"]),
    ):
        result[name] = {
            str(band): round(sum(a.band == band for a in found) / max(1, len(found)), 4) for band in Band
        }
    return result


def _other_patterns(data: RealSet, scored: list[Assessment]) -> dict[str, Any]:
    """Give how often another deception's own head is the strongest pattern."""
    result: dict[str, Any] = {}
    for label in sorted({str(case.facts.get("label")) for case in data.positives}):
        found = [
            a for case, a in zip(data.positives, scored, strict=True) if case.facts.get("label") == label
        ]
        hits = np.array([max(a.patterns, key=a.patterns.__getitem__) == label for a in found])
        if label in found[0].patterns:
            result[label] = share_of(hits).to_json()
    return result


def _reasons(assessor: Assessor, data: RealSet, scored: dict[str, list[Assessment]]) -> dict[str, Any]:
    every = [a for found in scored.values() for a in found]
    worst = max(abs(sum(r.log_odds for r in a.reasons) - math.log(a.score / (1 - a.score))) for a in every)
    high = [a for a in every if a.band is Band.HIGH]
    several = np.array(
        [sum(r.log_odds > 0 and r.code != "baseline" for r in a.reasons) > 1 for a in high], dtype=bool
    )
    cases = [case for group in (data.positives, data.twins, data.negatives, data.windows) for case in group]
    flagged = [(case, a) for case, a in zip(cases, every, strict=True) if a.band in {Band.HIGH, Band.REVIEW}][
        :_DELETION_SAMPLE
    ]
    lower = []
    for case, assessment in flagged:
        shorter = without_spans(case.text, assessment)
        if shorter.strip():
            lower.append(
                assessor.assess(JobAdvert(id=case.id, description=shorter), at=_AT).score < assessment.score
            )
    return {
        "largest_gap_between_sum_and_score": float(f"{worst:.2e}"),
        "high_with_two_or_more": share_of(several).to_json(),
        "deleting_spans_lowers_score": share_of(np.array(lower, dtype=bool)).to_json(),
    }


def without_spans(text: str, assessment: Assessment) -> str:
    """Cut the stretches that the reasons for the score name out of the description."""
    kept = list(text)
    for reason in assessment.reasons:
        if reason.log_odds > 0:
            for span in reason.spans:
                kept[span.start : span.end] = [""] * (span.end - span.start)
    return "".join(kept)


def _attacks(
    assessor: Assessor,
    data: RealSet,
    plain: NDArray[np.float64],
    threshold: float,
    progress: Progress | None,
) -> dict[str, Any]:
    lures = [
        (case, score)
        for case, score in zip(data.positives, plain.tolist(), strict=True)
        if case.facts.get("label") == "scam_centre"
    ]
    before = float(np.mean([score >= threshold for _, score in lures]))
    result: dict[str, Any] = {"recall_before": round(before, 4)}
    drops = []
    for number, (name, attack) in enumerate(ATTACKS.items(), 1):
        hits = [
            assessor.assess(JobAdvert(id=c.id, description=attack(c.text)), at=_AT).score >= threshold
            for c, _ in lures
        ]
        drops.append(before - float(np.mean(hits)))
        result[name] = {"recall": round(float(np.mean(hits)), 4), "drop": round(drops[-1], 4)}
        if progress:
            progress("attacks", number, len(ATTACKS))
    result["mean_drop"] = round(float(np.mean(drops)), 4)
    return result


def _artefact_probes(data: RealSet) -> dict[str, dict[str, float]]:
    """Give how well lures could be told from each honest file without reading the offer; a twin stays with its lure."""
    lures = [case for case in data.positives if case.facts.get("label") == "scam_centre"]
    found = {}
    for name, honest in (
        ("lures against full texts", data.negatives),
        ("lures against short windows", data.windows),
        ("lures against their twins", data.twins),
    ):
        cases = [*lures, *honest]
        keys = [str(case.facts.get("group") or case.facts.get("of") or case.id) for case in cases]
        groups = np.unique(keys, return_inverse=True)[1]
        target = np.array([1] * len(lures) + [0] * len(honest))
        found[name] = probe_texts(
            [case.text for case in cases], [case.language for case in cases], target, groups
        )
    return found


def _drift(assessor: Assessor, data: RealSet, progress: Progress | None) -> dict[str, Any]:
    """Compare the lures and windows with the training rows: both are short, as live posts are."""
    rows = load_dataset(load_config(config_of(assessor.model_version)).data.labels).rows
    cases = [*data.positives, *data.twins, *data.windows]
    if len(cases) < LEAST_DRIFT:
        return {"not run": f"needs {LEAST_DRIFT} adverts"}
    new = tuple(
        Label(id=case.id, text=case.text, label=LabelName.LEGITIMATE, language=case.language)
        for case in cases
    )
    catalogue = load_catalogue()
    names = column_names(catalogue)
    both = materials_of((*rows, *new), catalogue, names, progress=progress)
    return drift_of(both, len(rows), (*rows, *new), names)


def _plots(data: RealSet, scores: dict[str, NDArray[np.float64]]) -> dict[str, Any]:
    """Give what the report draws: scores of lures and of honest texts."""
    lures = np.array([case.facts.get("label") == "scam_centre" for case in data.positives])
    honest = np.concatenate([scores["negatives"], scores["windows"], scores["twins"]])
    return {
        "scores": np.concatenate([scores["positives"][lures], honest]).tolist(),
        "target": [1] * int(lures.sum()) + [0] * len(honest),
        "title": "Real lures against honest adverts, windows and twins",
    }


def _probes(data: RealSet, scores: dict[str, NDArray[np.float64]], threshold: float) -> dict[str, Any]:
    """Say whether the score could be style in disguise: how it goes with length among honest texts."""
    lengths = np.array([len(case.text) for case in data.negatives], dtype=np.float64)
    logits = np.log(scores["negatives"] / (1 - scores["negatives"]))
    return {
        "correlation_of_score_with_log_length_of_honest_texts": round(
            float(np.corrcoef(np.log(lengths), logits)[0, 1]), 3
        ),
        "threshold_in_log_odds": round(float(np.log(threshold / (1 - threshold))), 3)
        if 0 < threshold < 1
        else None,
    }
