"""Writes the evaluation report: one HTML file that needs nothing else, for a reader who was not there.

`write_report` takes the result of any protocol. Curves are drawn from its `_plots`; everything else becomes
tables, every share with its interval and count, thin slices marked. A section that is not known here is
shown all the same: no figure is lost on the way from the protocol to the page. The only texts in it are authored
training rows among the worst errors; no real advert is quoted.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from model.training.measures import expected_calibration_error
from model.training.operating import DAILY, Scored, operating_points, review_budgets
from model.training.printing import words_of
from model.training.report_figures import (
    bars_figure,
    calibration_figure,
    false_alarm_figure,
    folds_figure,
    learning_figure,
    precision_recall_figure,
    scores_figure,
)
from model.training.report_tables import (
    FEW,
    Cell,
    Table,
    all_shares,
    cell_of,
    exact_share,
    is_repeated,
    language_name,
    number_of,
    tables_of,
    with_bounds,
)

WORDS = yaml.safe_load(Path(__file__).with_name("report_words.yaml").read_text("utf-8"))
"""Headings, explanations, first lines and terms."""
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)


@dataclass(frozen=True)
class FigureBlock:
    """A drawing, what it shows and how to read it."""

    title: str
    image: str
    words: str


@dataclass(frozen=True)
class Excerpt:
    """An authored advert with the words that counted marked, and what was made of it."""

    heading: str
    pieces: tuple[tuple[str, str], ...]
    """(words, `for`, `against` or nothing), adding up to the text."""
    reasons: tuple[str, ...]
    note: str


@dataclass
class Section:
    """A part of the report."""

    key: str
    title: str
    words: str
    warning: str = ""
    tables: list[Table] = field(default_factory=list)
    figures: list[FigureBlock] = field(default_factory=list)
    excerpts: list[tuple[str, list[Excerpt]]] = field(default_factory=list)


def write_report(result: dict[str, Any]) -> str:
    """Give the page for a result of `evaluate_real`, `evaluate_labels` or `evaluate_emscad`."""
    plots = result.get("_plots")
    scored = Scored.of(plots) if plots else None
    raw = {key: value for key, value in result.items() if not key.startswith("_")}
    shown = _with_counts(raw, scored)
    facts = [
        (words_of(key), number_of(value) if not isinstance(value, str) else value)
        for key, value in shown.items()
        if not isinstance(value, (dict, list))
    ]
    sections = [_section(key, value) for key, value in shown.items() if isinstance(value, (dict, list))]
    _add_folds(sections, shown)
    _add_excerpts(sections, result.get("_worst", {}))
    curves = _curves(scored, result.get("threshold")) if scored is not None else None
    template = _ENVIRONMENT.get_template("report.html")
    return template.render(
        title=plots["title"] if plots else result.get("_title", "Evaluation"),
        facts=facts,
        curves=curves,
        sections=sections,
        thin=_thin(sections),
        few=FEW,
        terms=list(WORDS["terms"].items()),
        headlines=_headlines(shown),
        raw=json.dumps(raw, ensure_ascii=False, indent=1, default=str),
    )


def _curves(scored: Scored, threshold: float | None) -> Section:
    lures, honest = int((scored.target == 1).sum()), int((scored.target == 0).sum())
    section = Section(
        "curves",
        "The detector at every threshold",
        f"Drawn from {lures} lures and {honest} honest texts that the scoring weights were not fitted on."
        f" As the protocol weighs them, {scored.prevalence:.1%} are lures; on a live stream that share is far"
        " smaller, and precision falls with it. Recall and false alarms do not depend on it."
        f" Bands hold 95% of 300 redraws of the texts{', whole groups at a time' if scored.groups is not None else ''}.",
    )
    error, _ = expected_calibration_error(scored.scores, scored.target, scored.weights)
    images = {
        "precision_recall": precision_recall_figure(scored),
        "false_alarms": false_alarm_figure(scored),
        "scores": scores_figure(scored, threshold),
        "calibration": calibration_figure(scored),
    }
    for key, image in images.items():
        title, words = _explained(f"figure:{key}")
        section.figures.append(FigureBlock(title, image, words.format(error=error)))
    points = [(Cell(name), Cell("", share), Cell(f"{lures}")) for name, share in operating_points(scored)]
    section.tables += [
        Table("Operating points", ("measure", "value [95%]", "lures"), tuple(points)),
        _budgets(scored),
    ]
    return section


def _budgets(scored: Scored) -> Table:
    """Give what a review team would find; the share of lures in the stream is assumed, and said to be."""
    rows = tuple(
        (
            Cell(f"{base_rate:.1%}, {base_rate * DAILY:.0f} a day", is_number=True),
            Cell(f"{budget}", is_number=True),
            Cell("", share),
            Cell(f"{share['value'] * base_rate * DAILY:.0f}", is_number=True),
        )
        for base_rate, budget, share in review_budgets(scored)
    )
    head = ("lures among them (assumed)", "looked at a day", "recall [95%]", "lures found")
    return Table(f"If a team looks at the riskiest of {DAILY:,} adverts a day", head, rows)


def _with_counts(result: dict[str, Any], scored: Scored | None) -> dict[str, Any]:
    """Put counts and intervals beside shares that came without them."""
    if scored is None or "counts" not in result:
        return result
    lures = int((scored.target == 1).sum())
    shown = dict(result)
    counts = {**result["counts"], "lures": lures}
    if "at_bands" in result:
        shown["at_bands"] = {
            name: {band: exact_share(value, counts[name]) for band, value in bands.items()}
            for name, bands in result["at_bands"].items()
        }
    if "attacks" in result:
        shown["attacks"] = {
            name: {"recall": exact_share(part["recall"], lures), "drop": part["drop"]}
            if isinstance(part, dict)
            else part
            for name, part in result["attacks"].items()
        }
    return shown


def _headlines(result: dict[str, Any]) -> list[tuple[str, Cell]]:
    """Give the figures that a hurried reader should take away, where the protocol has them."""
    found = []
    for headline in WORDS["headlines"]:
        value: Any = result
        for key in headline["path"]:
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            found.append((str(headline["words"]), cell_of(value)))
    return found


def _section(key: str, value: Any) -> Section:
    title, words = _explained(key)
    section = Section(key, title, words)
    figures = dict(value) if isinstance(value, dict) else {key: value}
    section.warning = str(figures.pop("warning", ""))
    section.tables = list(tables_of("", figures))
    for name, slices in _language_slices(key, value):
        ordered = sorted(slices.items(), key=lambda pair: (-pair[1]["value"], pair[0]))
        named = [(language_name(code), with_bounds(share)) for code, share in ordered]
        what, how = _explained("figure:languages")
        label = "share flagged" if "alarm" in key or "negatives" in name or "windows" in name else "recall"
        few = sum(share["n"] < FEW for share in slices.values())
        note = f" {few} of {len(slices)} languages rest on fewer than {FEW} cases: read them together."
        heading = what if name in {key, "by_language"} else f"{what}: {words_of(name)}"
        image = bars_figure(named, label=label)
        block = FigureBlock(heading, image, how + (note if few else ""))
        section.figures.append(block)
    for name, curves_ in _learning_curves(key, value):
        what, how = _explained(f"figure:{key}")
        image = learning_figure(curves_, measure="recall_at_1.0%", label="recall at 1% false alarms")
        section.figures.append(FigureBlock(name or what, image, how))
    return section


def _learning_curves(key: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the parts of a section that are figures against the number of rows learnt from."""
    if not isinstance(value, dict) or f"figure:{key}" not in WORDS["sections"]:
        return
    curves = {
        words_of(name): part
        for name, part in value.items()
        if isinstance(part, list) and part and "share_of_rows" in part[0]
    }
    if curves:
        yield "", curves


def _add_excerpts(sections: list[Section], worst: dict[str, Any]) -> None:
    """Show the texts of the worst errors instead of their table."""
    for section in sections:
        if section.key == "worst_errors" and worst:
            section.tables = []
            section.excerpts = [
                (words_of(name).capitalize(), [_excerpt(error) for error in errors])
                for name, errors in worst.items()
            ]


def _excerpt(error: dict[str, Any]) -> Excerpt:
    return Excerpt(
        heading=f"{error['id']} · {language_name(error['language'])} · {words_of(error['kind'])}"
        f" · score {error['score_out_of_fold']:.3f}",
        pieces=tuple((words, side) for words, side in error["pieces"]),
        reasons=tuple(error["reasons"]),
        note=error["note"],
    )


def _add_folds(sections: list[Section], result: dict[str, Any]) -> None:
    """Draw the folds of every split that was repeated, side by side, in the first section that has them."""
    splits = {
        key: {
            name: part["average_precision"]["folds"]
            for name, part in value.items()
            if isinstance(part, dict) and is_repeated(part.get("average_precision"))
        }
        for key, value in result.items()
        if isinstance(value, dict)
    }
    splits = {key: models for key, models in splits.items() if models}
    if splits:
        what, how = _explained("figure:folds")
        image = folds_figure(splits, label="average precision, one dot a fold")
        first = next(section for section in sections if section.key in splits)
        first.figures.append(FigureBlock(what, image, how))


def _language_slices(key: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the parts of a section that are shares by language."""
    if not isinstance(value, dict):
        return
    if "by_language" in key and all_shares(value):
        yield key, value
    for name, part in value.items():
        if "by_language" in name.replace(" ", "_") and all_shares(part):
            yield name, part


def _thin(sections: list[Section]) -> int:
    return sum(
        cell.share is not None and cell.share["n"] < FEW
        for section in sections
        for table in section.tables
        for row in table.rows
        for cell in row
    )


def _explained(key: str) -> tuple[str, str]:
    """Give heading and explanation of a section; one that is not known here gets its own name."""
    entry = WORDS["sections"].get(key, {"title": words_of(key).capitalize(), "words": ""})
    return entry["title"], entry["words"]
