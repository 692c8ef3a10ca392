"""Writes the evaluation report: one HTML file that needs nothing beside itself, for a reader who was not there.

`write_report` takes the result of any protocol. Curves are drawn from its `_plots`; everything else becomes tables, every
share with its interval and count, thin slices marked. A section that is not known here is shown all the same, so that no figure
is lost on the way from the protocol to the page. No advert text is in it.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel import Locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from model.training.measures import expected_calibration_error
from model.training.report_figures import (
    DAILY,
    Scored,
    bars_figure,
    calibration_figure,
    false_alarm_figure,
    operating_points,
    precision_recall_figure,
    review_budgets,
    scores_figure,
)
from model.training.report_words import SECTIONS, TERMS

FEW = 20
"""A share of fewer cases than this says little; it is shown and marked."""
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)
_NAMES = Locale("en").languages


@dataclass(frozen=True)
class Cell:
    """One cell: text, or a share that is drawn with its interval."""

    text: str
    share: dict[str, Any] | None = None
    is_number: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under a heading."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def has_few(self) -> bool:
        """Whether a row rests on fewer cases than can carry it."""
        return any(cell.share is not None and cell.share["n"] < FEW for row in self.rows for cell in row)


@dataclass(frozen=True)
class FigureBlock:
    """A drawing, what it shows and how to read it."""

    title: str
    image: str
    words: str


@dataclass
class Section:
    """A part of the report."""

    key: str
    title: str
    words: str
    tables: list[Table] = field(default_factory=list)
    figures: list[FigureBlock] = field(default_factory=list)


def write_report(result: dict[str, Any]) -> str:
    """Give the page for a result of `evaluate_real`, `evaluate_labels` or `evaluate_emscad`."""
    plots = result.get("_plots")
    shown = {key: value for key, value in result.items() if not key.startswith("_")}
    scored = Scored.of(plots) if plots else None
    facts = [
        (_words(key), _number(value) if not isinstance(value, str) else value)
        for key, value in shown.items()
        if not isinstance(value, (dict, list))
    ]
    sections = [_section(key, value) for key, value in shown.items() if isinstance(value, (dict, list))]
    curves = _curves(scored, result.get("threshold")) if scored is not None else None
    template = _ENVIRONMENT.get_template("report.html")
    return template.render(
        title=plots["title"] if plots else "Evaluation",
        facts=facts,
        curves=curves,
        sections=sections,
        thin=_thin(sections),
        few=FEW,
        terms=TERMS,
        raw=json.dumps(shown, ensure_ascii=False, indent=1, default=str),
    )


def _curves(scored: Scored, threshold: float | None) -> Section:
    lures, honest = int((scored.target == 1).sum()), int((scored.target == 0).sum())
    section = Section(
        "curves",
        "The detector at every threshold",
        f"Drawn from {lures} lures and {honest} honest texts, none of which the scoring weights were fitted on."
        f" Among them, counted as the protocol weighs them, {scored.prevalence:.1%} are lures; on a live stream the"
        " share is far smaller, and precision falls with it. Recall and false alarms do not depend on that share."
        " Bands hold 95% of 300 redraws of the texts.",
    )
    error, _ = expected_calibration_error(scored.scores, scored.target, scored.weights)
    images = {
        "precision_recall": precision_recall_figure(scored),
        "false_alarms": false_alarm_figure(scored),
        "scores": scores_figure(scored, threshold),
        "calibration": calibration_figure(scored),
    }
    for key, image in images.items():
        title, words = SECTIONS[f"figure:{key}"]
        section.figures.append(FigureBlock(title, image, words.format(error=error)))
    points = [
        (Cell(name), Cell("", {"value": value, "low": low, "high": high, "n": lures}), Cell(f"{lures}"))
        for name, value, low, high in operating_points(scored)
    ]
    section.tables += [
        Table("Operating points", ("measure", "value [95%]", "lures"), tuple(points)),
        _budgets(scored),
    ]
    return section


def _budgets(scored: Scored) -> Table:
    rows = []
    for row in review_budgets(scored):
        found = f"{row['found']:.1f}" if row["possible"] else "cannot be told from so few honest texts"
        texts = (
            f"{row['base_rate']:.1%} ({row['lures']} a day)",
            f"{row['budget']}",
            found,
            f"{row['recall']:.0%}",
        )
        rows.append(tuple(Cell(text, is_number=True) for text in texts))
    head = ("lures among them (assumed)", "looked at a day", "lures found", "recall")
    return Table(f"If a team looks at the riskiest of {DAILY:,} adverts a day", head, tuple(rows))


def _section(key: str, value: Any) -> Section:
    title, words = SECTIONS.get(key, (_words(key).capitalize(), ""))
    section = Section(key, title, words)
    section.tables = list(_tables("", value if isinstance(value, dict) else {_words(key): value}))
    for name, slices in _language_slices(key, value):
        ordered = sorted(slices.items(), key=lambda pair: (-pair[1]["value"], pair[0]))
        named = [(_language(code), share) for code, share in ordered]
        what, how = SECTIONS["figure:languages"]
        label = "share flagged" if "alarm" in key or "negatives" in name or "windows" in name else "recall"
        few = sum(share["n"] < FEW for share in slices.values())
        note = f" {few} of {len(slices)} languages rest on fewer than {FEW} cases: read them together, not alone."
        block = FigureBlock(
            f"{what}: {_words(name)}", bars_figure(named, label=label), how + (note if few else "")
        )
        section.figures.append(block)
    return section


def _language_slices(key: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the parts of a section that are shares by language."""
    if not isinstance(value, dict):
        return
    if "by_language" in key and _all_shares(value):
        yield key, value
    for name, part in value.items():
        if "by_language" in name.replace(" ", "_") and _all_shares(part):
            yield name, part


def _tables(title: str, value: dict[str, Any]) -> Iterator[Table]:
    """Turn nested figures into tables: shares, repeated measures, matrices, and what is left."""
    shares = {key: part for key, part in value.items() if _is_share(part)}
    if shares:
        yield _share_table(title, shares)
    repeated = {key: part for key, part in value.items() if _is_repeated(part)}
    if repeated:
        yield _matrix(title, {"": repeated})
    plain = {
        key: part for key, part in value.items() if not isinstance(part, dict) and not _is_list_of_dicts(part)
    }
    if plain:
        rows = tuple((Cell(_words(key)), Cell(_number(part), is_number=True)) for key, part in plain.items())
        yield Table(title, ("figure", "value"), rows)
    rest = {
        key: part for key, part in value.items() if isinstance(part, dict) and key not in shares | repeated
    }
    matrix = {key: part for key, part in rest.items() if _is_matrix_row(part)}
    if len(matrix) > 1 and len({tuple(part) for part in matrix.values()}) == 1:
        yield _matrix(title, matrix)
        rest = {key: part for key, part in rest.items() if key not in matrix}
    for key, part in value.items():
        if _is_list_of_dicts(part):
            yield _matrix(_words(key), {str(number): row for number, row in enumerate(part, 1)})
    for key, part in rest.items():
        yield from _tables(" · ".join(filter(None, (title, _words(key)))), part)


def _share_table(title: str, shares: dict[str, Any]) -> Table:
    rows = tuple(
        (Cell(_language(key) if "language" in title else _words(key)), Cell("", share), Cell(f"{share['n']}"))
        for key, share in shares.items()
    )
    return Table(title, ("slice", "share [95%]", "n"), rows)


def _matrix(title: str, rows: dict[str, dict[str, Any]]) -> Table:
    columns = tuple(dict.fromkeys(name for row in rows.values() for name in row))
    named = any(rows)
    return Table(
        title,
        (*(("",) if named else ()), *(_words(name) for name in columns)),
        tuple(
            (
                *((Cell(_words(key)),) if named else ()),
                *(Cell(_number(row.get(name)), is_number=True) for name in columns),
            )
            for key, row in rows.items()
        ),
    )


def _thin(sections: list[Section]) -> int:
    return sum(
        cell.share is not None and cell.share["n"] < FEW
        for section in sections
        for table in section.tables
        for row in table.rows
        for cell in row
    )


def _is_share(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"value", "n", "low", "high"}


def _is_repeated(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"mean", "spread", "folds"}


def _is_list_of_dicts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, dict) for part in value)


def _is_matrix_row(value: dict[str, Any]) -> bool:
    return bool(value) and all(not isinstance(part, dict) or _is_repeated(part) for part in value.values())


def _all_shares(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(map(_is_share, value.values()))


def _language(code: str) -> str:
    return f"{_NAMES[code]} ({code})" if code in _NAMES else code


def _words(key: str) -> str:
    return key.replace("_", " ")


def _number(value: Any) -> str:
    if _is_repeated(value):
        folds = " ".join(f"{fold:.2f}" for fold in value["folds"])
        return f"{value['mean']:.3f} ± {value['spread']:.3f} (folds {folds})"
    if isinstance(value, float):
        return "not measured" if math.isnan(value) else f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(map(_number, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{_words(key)} {_number(part)}" for key, part in value.items()) or "none"
    return "none" if value is None else str(value)
