"""Checks labelled adverts before anything is learnt from them: twins, conflicts, style, leaks, few rows.

What training must not see is a fault, and faults stop the command. A conflict is listed with both ids and
never averaged: somebody has to read the two adverts. Files of the evaluation format are counted, and
compared with the labelled rows when both are given: an advert on both sides of a measurement is a leak.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.campaigns.grouping import ALIKE, group_texts
from model.campaigns.signature import likeness, sign
from model.classifier.bands import support_of
from model.errors import InputError
from model.features.matrix import column_names
from model.indicators.registry import load_catalogue
from model.schema.assessment import Support
from model.schema.decision import Label, LabelName
from model.text.normalise import normalise
from model.training.config import load_config
from model.training.dataset import Dataset, groups_of, load_dataset
from model.training.fitting import fit_heads
from model.training.materials import matrix_of
from model.training.probes import ALLOWED_AUC, style_probes

LEAST_PER_LANGUAGE = 60
CONFLICTING = 0.9
"""Likeness from which two rows with different labels contradict each other, unless they are twins."""
_LEAST_PROBED = 50
"""With fewer rows on one side an AUC of .6 is chance."""
_LEAST_GROUPS = 10
"""Fewer cannot be spread over folds."""


@dataclass(frozen=True)
class _Case:
    """A row of an evaluation file, as far as counting needs it."""

    id: str
    text: str
    language: str
    kind: str


def check_data(files: list[Path] | None, *, noise: int = 0) -> tuple[dict[str, Any], list[str]]:
    """Give figures and faults of label files, the configured ones for None.

    `noise` asks for that many suspect labels. Raises `InputError` naming file and line of an unreadable row.
    """
    config = load_config()
    given = [Path(name) for name in config.data.labels] if files is None else [f.absolute() for f in files]
    evaluation = [path for path in _expand(given) if _is_evaluation(path)]
    labelled = [path for path in _expand(given) if path not in evaluation] if evaluation else given
    result: dict[str, Any] = {}
    faults: list[str] = []
    rows: tuple[Label, ...] = ()
    if labelled:
        data = load_dataset(labelled)
        rows = data.rows
        result, faults = check_rows(data, whole=files is None)
        if noise:
            result["label_noise_candidates"] = noise_candidates(data, most=noise)
    if evaluation:
        cases = [case for path in evaluation for case in _cases(path)]
        result["evaluation"] = _counts_of_cases(cases)
        if rows:
            leaks = find_leaks([(r.id, r.text) for r in rows], [(c.id, c.text) for c in cases])
            result["evaluation"]["rows_also_in_training"] = [list(pair) for pair in leaks]
            faults += [f"{b}: is nearly the same text as labelled row {a}; take one out" for a, b in leaks]
    return result, faults


def in_short(result: dict[str, Any]) -> dict[str, Any]:
    """Give what a person wants to know first: sums, the thinnest languages, and whatever is wrong; the rest is in the full result."""
    short: dict[str, Any] = {}
    if "by_label" in result:
        languages = {key: counts["all"] for key, counts in result["by_language"].items()}
        thinnest = sorted(languages.items(), key=lambda item: item[1])[:5]
        twins, duplicates = result["twins"], result["near_duplicates"]
        short = {
            "rows": result["rows"],
            "labels": _counted(result["by_label"]),
            "languages": f"{len(languages)}, fewest rows: {_counted(dict(thinnest))}",
            "variants": len(result["by_variant"]),
            "surfaces": _counted(result["by_surface"]),
            "label provenance": _counted(result["by_provenance"]),
            "origins": _counted(result["by_origin"]),
            "twins": f"{twins['pairs']} pairs; {twins['lures_with_twin']} of {twins['lures']} lures have one",
            "groups that no split parts": f"{result['groups']['count']}, the largest of {result['groups']['largest']} rows",
            "near-copies": f"{duplicates['pairs_of_one_label']} pairs of one label,"
            f" {len(duplicates['identical'])} of them identical",
            "conflicts": len(result["conflicts"]),
            "style_probes_auc": result["style_probes_auc"],
        }
    if "label_noise_candidates" in result:
        short["label_noise_candidates"] = result["label_noise_candidates"]
    if "evaluation" in result:
        evaluation = result["evaluation"]
        short["evaluation"] = {
            "rows": evaluation["rows"],
            "kinds": evaluation["by_kind"],
            "languages": _counted({key: part["all"] for key, part in evaluation["by_language"].items()}),
            **(
                {"also in training": len(evaluation["rows_also_in_training"])}
                if "rows_also_in_training" in evaluation
                else {}
            ),
        }
    return short


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{key} {n}" for key, n in counts.items())


def check_rows(data: Dataset, *, whole: bool = True) -> tuple[dict[str, Any], list[str]]:
    """Check rows that have been read; `whole` also demands enough rows of every language."""
    twins, faults = _twins(data.rows)
    conflicts, duplicates = find_conflicts(data.rows)
    groups = groups_of(data.rows)
    sizes = np.bincount(np.unique(groups, return_inverse=True)[1])
    probes = _probes(data, groups)
    few = {
        language: n
        for language, n in sorted(Counter(row.language for row in data.rows).items())
        if n < LEAST_PER_LANGUAGE
    }
    faults += [
        f"{c['a']} and {c['b']}: {c['likeness']:.0%} the same words, but {c['label_a']} and {c['label_b']};"
        " decide which holds, or name them as twins"
        for c in conflicts
    ]
    faults += [f"{a} and {b}: the same text twice; leave one out" for a, b in duplicates["identical"]]
    faults += [
        f"{name} alone tells deceptive from honest rows with AUC {auc:.2f} (allowed {ALLOWED_AUC:.2f});"
        " add honest rows in the style of the lures, and lures in the style of honest rows"
        for name, auc in probes.items()
        if isinstance(auc, float) and auc > ALLOWED_AUC
    ]
    if whole:
        faults += [
            f"language {key}: {n} rows; needs {LEAST_PER_LANGUAGE}"
            for key, n in few.items()
            if support_of(key) is Support.FULL
        ]
    result = {
        "rows": len(data.rows),
        "digest": data.digest,
        **_counts(data.rows),
        "twins": twins,
        "groups": {"count": len(sizes), "largest": int(sizes.max())},
        "near_duplicates": duplicates,
        "conflicts": conflicts,
        "style_probes_auc": probes,
        f"languages_under_{LEAST_PER_LANGUAGE}_rows": few,
    }
    return result, faults


def find_leaks(training: Sequence[tuple[str, str]], test: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Give (training id, test id) of near-identical texts on both sides of a split; takes (id, text)."""
    everything = [*training, *test]
    signatures = {}
    leaks = []
    for members in group_texts([text for _, text in everything], alike=ALIKE):
        left = [i for i in members if i < len(training)]
        right = [i for i in members if i >= len(training)]
        for index in [*left, *right] if left and right else []:
            signatures[index] = sign(everything[index][1])
        for b in right:
            best = max(left, key=lambda a: likeness(signatures[a], signatures[b]), default=None)
            if best is not None and likeness(signatures[best], signatures[b]) >= ALIKE:
                leaks.append((everything[best][0], everything[b][0]))
    return leaks


def noise_candidates(data: Dataset, *, most: int) -> list[dict[str, Any]]:
    """Rank rows whose label is contradicted most by folds that had not seen them; ids only, to read again."""
    config = load_config()
    groups, lures = groups_of(data.rows), data.labels == LabelName.SCAM_CENTRE
    for side in (lures, ~lures):
        if len(set(groups[side].tolist())) < config.fit.folds:
            raise InputError(
                f"suspect labels: needs lures and other rows in {config.fit.folds} groups each; give more rows"
            )
    catalogue = load_catalogue()
    names = column_names(catalogue)
    matrix = matrix_of(data.rows, catalogue, names)
    fitted = fit_heads(matrix, data, groups, names, catalogue, config)
    heads = list(fitted.out_of_fold)
    log_odds = np.column_stack([fitted.out_of_fold[head] for head in heads])
    found = []
    for row, values in zip(data.rows, log_odds.tolist(), strict=True):
        own = values[heads.index(row.label)] if row.label in heads else 0.0
        others = [(value, head) for value, head in zip(values, heads, strict=True) if head != row.label]
        best, looks_like = max(others, default=(0.0, ""))
        if row.label in heads and best < 0:
            best, looks_like = 0.0, str(LabelName.LEGITIMATE)
        if best - own > 0:
            found.append((best - own, row.id, str(row.label), looks_like))
    found.sort(key=lambda item: (-item[0], item[1]))
    return [
        {"id": key, "label": label, "looks_like": other, "log_odds_against": round(against, 2)}
        for against, key, label, other in found[:most]
    ]


def _counts(rows: Sequence[Label]) -> dict[str, Any]:
    table: dict[str, Counter[str]] = {}
    for row in rows:
        table.setdefault(row.language, Counter())[str(row.label)] += 1
    return {
        "by_label": dict(sorted(Counter(str(row.label) for row in rows).items())),
        "by_language": {
            language: {"all": counts.total(), **dict(sorted(counts.items()))}
            for language, counts in sorted(table.items())
        },
        "by_variant": dict(sorted(Counter(f"{row.label}/{row.variant or 'none'}" for row in rows).items())),
        "by_surface": dict(sorted(Counter(row.surface or "not stated" for row in rows).items())),
        "by_provenance": dict(sorted(Counter(str(row.provenance) for row in rows).items())),
        "by_origin": dict(sorted(Counter(row.origin.partition(":")[0] for row in rows).items())),
    }


def _twins(rows: Sequence[Label]) -> tuple[dict[str, Any], list[str]]:
    by_id = {row.id: row for row in rows}
    faults = []
    pairs = set()
    for row in rows:
        if row.twin is None:
            continue
        other = by_id.get(row.twin)
        if other is None:
            faults.append(f"{row.id}: its twin {row.twin} does not exist; add it or clear the field")
        elif other.twin != row.id:
            faults.append(
                f"{row.id}: its twin {row.twin} names {other.twin or 'nobody'}; twins name each other"
            )
        elif row.id == row.twin or other.label == row.label:
            faults.append(
                f"{row.id}: its twin {row.twin} has the same label; twins differ in what is offered"
            )
        elif other.language != row.language:
            faults.append(f"{row.id}: its twin {row.twin} is in {other.language}, not {row.language}")
        else:
            pairs.add(frozenset((row.id, row.twin)))
    lures = sum(row.label is LabelName.SCAM_CENTRE for row in rows)
    paired = sum(row.label is LabelName.SCAM_CENTRE and row.twin in by_id for row in rows)
    return {"pairs": len(pairs), "lures": lures, "lures_with_twin": paired}, faults


def find_conflicts(rows: Sequence[Label]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Give pairs of rows that are alike and labelled differently, and what is alike within a label.

    Twins are alike on purpose and contradict nobody.
    """
    conflicts = []
    identical: list[list[str]] = []
    n_alike = 0
    for a, b, alike, same_text in _pairs_alike(rows):
        if a.label != b.label and a.twin != b.id and b.twin != a.id and (same_text or alike >= CONFLICTING):
            conflicts.append(
                {
                    "a": a.id,
                    "b": b.id,
                    "label_a": str(a.label),
                    "label_b": str(b.label),
                    "likeness": 1.0 if same_text else round(alike, 3),
                }
            )
        elif a.label == b.label:
            n_alike += 1
            if same_text:
                identical.append([a.id, b.id])
    return conflicts, {"pairs_of_one_label": n_alike, "identical": identical}


def _pairs_alike(rows: Sequence[Label]) -> Iterator[tuple[Label, Label, float, bool]]:
    for members in group_texts([row.text for row in rows]):
        signatures = {index: sign(rows[index].text) for index in members}
        folded = {index: " ".join(normalise(rows[index].text).text.split()) for index in members}
        for a, b in combinations(members, 2):
            alike = likeness(signatures[a], signatures[b])
            if alike >= ALIKE:
                yield rows[a], rows[b], alike, folded[a] == folded[b]


def _probes(data: Dataset, groups: NDArray[np.int_]) -> dict[str, float | str]:
    honest = data.is_honest
    rows = min(int(honest.sum()), int((~honest).sum()))
    sides = min(len(set(groups[honest].tolist())), len(set(groups[~honest].tolist())))
    if rows < _LEAST_PROBED or sides < _LEAST_GROUPS:
        return {
            "not run": f"{rows} rows in {sides} groups on one side; needs {_LEAST_PROBED} in {_LEAST_GROUPS}"
        }
    return dict(style_probes(data, groups))


def _expand(paths: Sequence[Path]) -> list[Path]:
    return [file for path in paths for file in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])]


def _is_evaluation(path: Path) -> bool:
    """Tell the evaluation format (`lang`) from labels (`language`) by the first row."""
    try:
        with path.open("rb") as stream:
            first = json.loads(next((line for line in stream if line.strip()), b"null"))
    except (OSError, ValueError):
        return False
    return isinstance(first, dict) and "lang" in first and "language" not in first


def _cases(path: Path) -> Iterator[_Case]:
    seen: set[str] = set()
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path.name}:{number}"
        try:
            row = json.loads(line)
            case = _Case(str(row["id"]), str(row["text"]), str(row["lang"]), _kind(row))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{where}: is no row with id, text and lang ({error}); mend it") from error
        if case.id in seen:
            raise InputError(f"{where}: id {case.id!r} stands in this file already; give it one of its own")
        seen.add(case.id)
        yield case


def _kind(row: dict[str, Any]) -> str:
    """Name a row's label and, where it has one, its kind within it."""
    label = str(row.get("label") or "twin")
    for field, shown in (("hard_kind", "hard kind "), ("kind", ""), ("tier", "tier ")):
        if row.get(field) is not None:
            return f"{label}, {shown}{row[field]}"
    return label


def _counts_of_cases(cases: Sequence[_Case]) -> dict[str, Any]:
    table: dict[str, Counter[str]] = {}
    for case in cases:
        table.setdefault(case.language, Counter())[case.kind] += 1
    return {
        "rows": len(cases),
        "by_kind": dict(sorted(Counter(case.kind for case in cases).items())),
        "by_language": {
            language: {"all": counts.total(), **dict(sorted(counts.items()))}
            for language, counts in sorted(table.items())
        },
    }
