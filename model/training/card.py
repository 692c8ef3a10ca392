"""Writes the model card of a candidate from what was measured, never from memory."""

import hashlib
import json
from pathlib import Path
from typing import Any

from model.errors import InputError
from model.release import Release
from model.training.config import TrainConfig
from model.training.dataset import Dataset
from model.training.report_tables import with_bounds

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


_REAL_BEGIN, _REAL_END = "<!-- real:begin -->", "<!-- real:end -->"
_REAL = """{begin}
## On real adverts

**How it was measured.** `lurewatch evaluate --protocol real --data FOLDER --card` on {positives} deceptive adverts rebuilt from reported cases (tiers A and B rest on a
quotation, C on a description), {twins} honest twins of them, {negatives} real honest adverts and texts that are no adverts, and {windows} short windows of those. None was
trained on; they were looked at while the catalogue was written, so expect less on others. Data digest `{digest}`. The threshold, {threshold:.3f}, is the lowest at which {rule}.
Cases count once however many adverts were rebuilt from them; intervals are 95% bootstrap over cases, exact binomial where all cases came out alike. Most slices are small: read the intervals.

**Could style have won?** Models that see only length, punctuation and emoji tell the lures from full texts with AUC {style_full}, from windows with {style_windows}, from twins with
{style_twins}. Only the comparison with twins is free of style.
"""


def real_section(result: dict[str, Any]) -> str:
    """Give what `evaluate_real` measured as a part of the card, slice by slice."""
    counts, probes = result["counts"], result["artefact_probes"]

    def style(name: str) -> str:
        found = probes.get(name, {}).get("style")
        return "not measured" if found is None else f"{found:.2f}"

    head = _REAL.format(
        begin=_REAL_BEGIN,
        digest=result["data_digest"][:19],
        threshold=result["threshold"],
        rule=result["threshold_rule"].removesuffix(" at or above it") + " stand at or above it",
        style_full=style("lures against full texts"),
        style_windows=style("lures against short windows"),
        style_twins=style("lures against their twins"),
        **counts,
    )
    recall, alarms = result["recall"], result["false_alarms"]
    sums = {f"recall, {key}": value for key, value in recall.items() if key != "by_language"}
    sums |= {
        "a lure outscores its honest twin": result["pairs"],
        "honest twins flagged": alarms["honest twins"],
    }
    named = {
        "Recall of lures, by language": recall["by_language"],
        **{f"False alarms, {key}": value for key, value in alarms.items() if key != "honest twins"},
    }
    attacks = {key: part for key, part in result["attacks"].items() if isinstance(part, dict)}
    lines = "\n".join(
        f"| {key.replace('_', ' ')} | {part['recall']:.1%} | {-part['drop']:+.1%} |"
        for key, part in attacks.items()
    )
    return (
        head
        + _table("In sum", sums)
        + "".join(_table(title, slices) for title, slices in named.items())
        + f"\n### Under attack (recall of all lures, {result['attacks']['recall_before']:.1%} before)\n\n"
        + f"| attack | recall | change |\n|---|---|---|\n{lines}\n{_REAL_END}\n"
    )


def amend_card(folder: Path, section: str) -> Path:
    """Put the section into the card of a saved release, in place of an older one, and enter the card's new digest.

    Raises `InputError` when the folder holds no release.
    """
    card_path, manifest_path = folder / "CARD.md", folder / "manifest.json"
    try:
        card, manifest = card_path.read_text("utf-8"), json.loads(manifest_path.read_text("utf-8"))
    except OSError as error:
        raise InputError(
            f"{folder}: holds no release whose card could be written ({error.strerror})"
        ) from error
    if _REAL_BEGIN in card:
        before, _, rest = card.partition(_REAL_BEGIN)
        card = before + rest.partition(_REAL_END)[2].lstrip("\n")
    before, limits, after = card.partition("## Known limits")
    content = (before.rstrip("\n") + "\n\n" + section + "\n" + limits + after).encode()
    manifest["files"]["CARD.md"] = "sha256:" + hashlib.sha256(content).hexdigest()
    card_path.write_bytes(content)
    manifest_path.write_text(
        json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8"
    )
    return card_path


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
    shown = with_bounds(value)
    return f"{shown['value']:.1%} [{shown['low']:.1%}-{shown['high']:.1%}] of {shown['n']}"
