"""Makes a candidate the serving release when it is no worse, and undoes that; every change is written down.

The gate compares both on the training rows out of fold: recall where false alarms are rare, pairs, false alarms in every slice of
honest adverts and of lures. A candidate that falls behind by more than the configuration allows is refused, slice by slice; so is
one that changes what partners' own thresholds mean, for the better or the worse.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from model.errors import GateError, InputError, ReleaseError
from model.release import RELEASES, load_release, promoted_version
from model.training.config import GateConfig, load_config
from model.training.dataset import load_dataset
from model.training.printing import words_of
from model.training.scores import SCORES, RowScores, load_scores
from model.training.slice_gate import LEAST_ROWS, slice_faults
from model.training.stability import stability_of, unstable
from model.training.versions import CANDIDATES, HISTORY, folder_of, promotions


def compare_versions(
    a: str, b: str, *, candidates: Path = CANDIDATES, releases: Path = RELEASES
) -> dict[str, Any]:
    """Give the out-of-fold figures of two versions side by side, and their differences."""
    first, second = (_metrics(version, candidates, releases) for version in (a, b))
    rows: dict[str, Any] = {}
    for name, value in second["out_of_fold"].items():
        before, after = _value(first["out_of_fold"].get(name)), _value(value)
        rows[name] = _difference(before, after)
    result: dict[str, Any] = {"a": a, "b": b, "out_of_fold": rows}
    for section in (
        "recall_by_language",
        "false_alarms_by_language",
        "recall_by_variant",
        "false_alarms_by_variant",
    ):
        slices = sorted(set(first.get(section, {})) | set(second.get(section, {})))
        result[section] = {
            key: _difference(
                _value(first.get(section, {}).get(key)), _value(second.get(section, {}).get(key))
            )
            for key in slices
        }
    return result


def promote_version(
    version: str,
    *,
    force: bool,
    reason: str,
    at: datetime,
    candidates: Path = CANDIDATES,
    releases: Path = RELEASES,
) -> list[str]:
    """Copy a candidate into the releases and name it as serving; raises `GateError` with every reason it is refused for."""
    source = folder_of(version, candidates=candidates, releases=releases)
    load_release(source.name, source.parent)
    before = _present(releases)
    faults = []
    stability = None
    if before is not None and before != version:
        # The repository's gate, not the candidate's own: nobody loosens the gate they are to pass.
        config = load_config()
        metrics = [_metrics(one, candidates, releases) for one in (before, version)]
        scores = _scores(before, version, candidates, releases)
        if scores is None:
            faults = gate(metrics[0], metrics[1], config.gate)
        else:
            stability = stability_of(*scores)
            faults = [
                *_overall_faults(metrics[0], metrics[1], config.gate),
                *slice_faults(*scores, _slices_of_rows(config.data.labels), config.gate),
                *unstable(stability, config.gate),
            ]
    if faults and not force:
        raise GateError(
            f"{version} is not promoted:\n  "
            + "\n  ".join(faults)
            + "\n(--force --reason WHY promotes it all the same)"
        )
    if source.parent != releases:
        shutil.copytree(source, releases / version, dirs_exist_ok=True)
    _name(version, releases)
    _record(
        releases,
        {
            "at": at.isoformat(),
            "release": version,
            "before": before,
            "forced": bool(faults),
            "reason": reason,
            "faults": faults,
            "stability": stability,
        },
    )
    lines = [f"serving release: {version} (was {before or 'none'})", *_told(before, stability)]
    return lines + [f"although: {fault}" for fault in faults]


def roll_back(*, at: datetime, releases: Path = RELEASES) -> str:
    """Name the release that served before the present one; raises `InputError` when there is none."""
    present = promoted_version(releases)
    before = next(
        (
            entry["before"]
            for entry in reversed(promotions(releases))
            if entry["release"] == present and entry["before"] not in {None, present}
        ),
        None,
    )
    if before is None:
        raise InputError(f"{present} is the first release on record; there is nothing to go back to")
    load_release(before, releases)
    _name(before, releases)
    _record(
        releases,
        {
            "at": at.isoformat(),
            "release": before,
            "before": None,
            "forced": False,
            "reason": f"rollback from {present}",
            "faults": [],
        },
    )
    return f"serving release: {before} (was {present})"


def gate(serving: dict[str, Any], candidate: dict[str, Any], bars: GateConfig) -> list[str]:
    """Name everything in which a candidate's figures are worse than the serving release's by more than the bars allow.

    For releases from before out-of-fold scores were kept; with them, `slice_faults` looks at the rows themselves.
    """
    return [*_overall_faults(serving, candidate, bars), *_slice_faults(serving, candidate, bars)]


def _overall_faults(serving: dict[str, Any], candidate: dict[str, Any], bars: GateConfig) -> Iterator[str]:
    for name, allowed in (
        ("recall_at_review", bars.recall_drop),
        ("average_precision", bars.recall_drop),
        ("lure_outscores_twin", bars.pair_drop),
    ):
        before, after = _value(serving["out_of_fold"].get(name)), _value(candidate["out_of_fold"].get(name))
        if before is not None and after is not None and after < before - allowed:
            yield f"{words_of(name)} falls from {before:.1%} to {after:.1%} (at most {allowed:.1%} is allowed)"
    for name in ("precision_at_review", "precision_at_high"):
        before, after = _value(serving["out_of_fold"].get(name)), _value(candidate["out_of_fold"].get(name))
        if before is not None and after is not None and abs(after - before) > bars.precision_move:
            yield (
                f"{words_of(name)} moves from {before:.1%} to {after:.1%}"
                f" (at most {bars.precision_move:.1%} either way is allowed)"
            )


def _slice_faults(serving: dict[str, Any], candidate: dict[str, Any], bars: GateConfig) -> Iterator[str]:
    for section in ("false_alarms_by_language", "false_alarms_by_variant"):
        for key, before, after, n in _slices(serving, candidate, section):
            if after > before + bars.slice_false_alarm_rise:
                yield f"{words_of(section)}: {key} rises from {before:.1%} to {after:.1%} of {n}"
    for section in ("recall_by_language", "recall_by_variant"):
        for key, before, after, n in _slices(serving, candidate, section):
            if after < before - bars.slice_recall_drop:
                yield f"{words_of(section)}: {key} falls from {before:.1%} to {after:.1%} of {n}"


def _slices(
    serving: dict[str, Any], candidate: dict[str, Any], section: str
) -> Iterator[tuple[str, float, float, int]]:
    """Give (slice, before, after, rows) of slices that both have and that rest on enough rows."""
    for key, value in candidate.get(section, {}).items():
        before, after = _value(serving.get(section, {}).get(key)), _value(value)
        if before is not None and after is not None and value["n"] >= LEAST_ROWS:
            yield key, before, after, int(value["n"])


def _metrics(version: str, candidates: Path, releases: Path) -> dict[str, Any]:
    folder = folder_of(version, candidates=candidates, releases=releases)
    return load_release(folder.name, folder.parent).metrics


def _scores(
    before: str, version: str, candidates: Path, releases: Path
) -> tuple[RowScores, RowScores] | None:
    """Give both releases' out-of-fold scores; None where either comes from before they were kept."""
    folders = [folder_of(one, candidates=candidates, releases=releases) for one in (before, version)]
    if not all((folder / SCORES).is_file() for folder in folders):
        return None
    first, second = (load_scores(folder) for folder in folders)
    return first, second


def _slices_of_rows(labels: Sequence[str]) -> dict[str, dict[str, str]]:
    rows = load_dataset(labels).rows
    return {
        "language": {row.id: row.language for row in rows},
        "variant": {row.id: row.variant or "none" for row in rows},
    }


def _told(before: str | None, stability: dict[str, Any] | None) -> Iterator[str]:
    if stability is not None:
        changed = stability["bands_changed"]
        yield f"at unchanged thresholds {changed['value']:.1%} of {changed['n']} authored adverts change band"
    elif before is not None:
        yield "at unchanged thresholds: not measured, because one of the two keeps no out-of-fold scores"


def _present(releases: Path) -> str | None:
    try:
        return promoted_version(releases)
    except ReleaseError:
        return None


def _value(figure: Any) -> float | None:
    if isinstance(figure, dict):
        return float(figure["value"])
    return None if figure is None else float(figure)


def _difference(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return f"{_shown(before)} -> {_shown(after)}"
    return f"{_shown(before)} -> {_shown(after)}  ({after - before:+.4f})"


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"


def _name(version: str, releases: Path) -> None:
    text = "# The serving release. Editing this line is the promotion; `lurewatch promote` checks first.\n"
    (releases / "promoted.toml").write_text(f'{text}release = "{version}"\n', "utf-8")


def _record(releases: Path, entry: dict[str, Any]) -> None:
    with (releases / HISTORY).open("a", encoding="utf-8") as history:
        history.write(json.dumps(entry, ensure_ascii=False) + "\n")
