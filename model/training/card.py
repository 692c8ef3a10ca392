"""Writes the model card of a candidate from what was measured, never from memory."""

from typing import Any

from model.release import Release
from model.training.config import TrainConfig
from model.training.dataset import Dataset

_HEAD = """# Model card: Lurewatch {version}

**What it is for.** It scores public job adverts by how closely they match the pattern of scam-centre recruitment, with reasons, for job boards and
investigators. It judges adverts, never persons: who posts an advert may be a captive. A person decides; a score is never evidence by itself.

**What it must not be used for.** Accusing, profiling or ranking people; decisions without review; any text that is not public; claims about a nationality,
sex, age or schooling, none of which is scored.

**How it works.** Text is folded with an exact map back, matched against {n_indicators} cited indicators in {n_languages} languages (catalogue {catalogue}), facts
are read (pay against the going rate, places as seen from the readers' country, contacts), and {n_columns} language-independent columns are weighed by a
logistic model whose weights start from the strength each indicator's sources give it. No n-grams, no length, no tone, no language: reasons sum to the score in log-odds.

**Trained on.** {n_rows} authored adverts ({labels}); labels digest `{digest}`. See `training_data/README.md` for how they were written and what they lack.

**What a score means.** The probability of scam-centre recruitment if {base_rate:.0%} of the adverts scored were such. `review` begins at {review:.3f}, `high` at {high:.3f}.

## Out of fold on the training rows
Twins, campaigns and near-copies of a row are never on the side that fitted the weights it is measured with.

{figures}
"""

_LIMITS = """
## Known limits
- One-liners with neither place nor pay nor perk carry almost no signal and stay low.
- The training rows were written, not collected; what real posters will invent next is not in them.
- Pay is compared with one going rate per country; expatriate and commission work is easily mistaken for far-above-market pay.
- Burmese in Zawgyi encoding is recognised only where it still contains indicator wording after folding.
- Languages marked `partial` have a small word list and few training rows.
- Text inside images is not read.
"""


def write_card(release: Release, data: Dataset, config: TrainConfig) -> str:
    """Give the card as Markdown."""
    labels = ", ".join(f"{count} {label}" for label, count in release.manifest["labels_count"].items())
    head = _HEAD.format(
        version=release.version,
        n_indicators=len(release.catalogue.indicators),
        n_languages=len(release.catalogue.languages),
        catalogue=release.catalogue.version,
        n_columns=len(release.columns),
        n_rows=len(data.rows),
        labels=labels,
        digest=data.digest[:19],
        base_rate=config.calibration.base_rate,
        review=release.thresholds["review"],
        high=release.thresholds["high"],
        figures=_figures(release.metrics),
    )
    return (
        head
        + _table("Recall of lures at `review`, by language", release.metrics["recall_by_language"])
        + _table(
            "False alarms at `review`, by language",
            release.metrics["false_alarms_by_language"],
        )
        + _table("Recall by variant", release.metrics["recall_by_variant"])
        + _table(
            "False alarms by kind of honest text",
            release.metrics["false_alarms_by_variant"],
        )
        + _LIMITS
    )


def _figures(metrics: dict[str, Any]) -> str:
    lines = ["| measure | value |", "|---|---|"]
    for name, value in metrics["out_of_fold"].items():
        shown = _share(value) if isinstance(value, dict) else f"{value}"
        lines.append(f"| {name.replace('_', ' ')} | {shown} |")
    for label, value in metrics["pattern_heads"].items():
        lines.append(f"| average precision, {label} ({value['rows']} rows) | {value['average_precision']} |")
    return "\n".join(lines)


def _table(title: str, slices: dict[str, Any]) -> str:
    rows = "\n".join(f"| {key} | {_share(value)} |" for key, value in slices.items())
    return f"\n### {title}\n\n| slice | share [95%] of n |\n|---|---|\n{rows}\n"


def _share(value: dict[str, Any]) -> str:
    return f"{value['value']:.1%} [{value['low']:.1%}-{value['high']:.1%}] of {value['n']}"
