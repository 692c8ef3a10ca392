"""The command that says what the shadow found: how a promotion would change live traffic, and who was right.

A command of its own and not a flag of `lurewatch compare`: that one belongs to the model, which knows no database.
The figures are the same ones, reckoned by `model.training.shadow`.
"""

import json
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from model.schema.decision import LabelName, Verdict
from service.errors import SettingsError, ShortfallError
from service.releases import folder_of_releases, labels_behind
from service.review.export import label_of
from service.settings import Settings
from service.store import shadow as store
from service.store.database import Database
from service.store.ids import utc_now


def shadow(
    version: Annotated[
        str | None,
        typer.Argument(help="The candidate; by default the one that LUREWATCH_SHADOW_MODEL names."),
    ] = None,
    *,
    against: Annotated[
        str | None, typer.Option("--against", help="The release that answered; by default the serving one.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="How many days of traffic to compare.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures as JSON.")] = False,
) -> None:
    """Say how a candidate (B) differs from the serving release (A) on live traffic: numbers and ids, no words.

    `lurewatch work` scores in the background while LUREWATCH_SHADOW_MODEL names the candidate. Each version of an
    advert counts once, by the band that its score gave; adverts whose words were not kept are counted apart.

    Example: lurewatch shadow --days 7
    """
    from model.release import promoted_version
    from model.training.printing import lines_of
    from service.cli import open_database

    settings = Settings.from_environment()
    candidate = version or settings.shadow_model
    if candidate is None:
        raise SettingsError("name a candidate, or set LUREWATCH_SHADOW_MODEL to it")
    serving = against or settings.model_version or promoted_version(folder_of_releases(settings.releases))
    database = open_database(settings)
    found = report(
        database,
        serving=serving,
        candidate=candidate,
        since=utc_now() - timedelta(days=days),
        trained_on=labels_behind((serving, candidate), releases=settings.releases),
    )
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for line in lines_of(found):
        typer.echo(line)


def report(
    database: Database, *, serving: str, candidate: str, since: datetime, trained_on: Collection[str]
) -> dict[str, Any]:
    """Give the differences on adverts assessed since a moment; raises `ShortfallError` when none was scored by both.

    Verdicts in batches of labels that either was trained on decide nothing: what is measured on is never trained on.
    """
    from model.training.shadow import Compared, shadow_differences

    pair = store.Pair(serving, candidate, since)
    with database.reading() as session:
        said = store.list_said(session, pair)
        judged = store.list_judged(session, pair)
        unscored = store.count_unscored(session, pair)
    if not said:
        raise ShortfallError(
            f"no advert was scored by {serving} and {candidate}; {unscored.waiting} wait: "
            f"run `lurewatch work` with LUREWATCH_SHADOW_MODEL={candidate}"
        )
    fresh = {
        one.advert_key: _is_lure(one.verdict, one.pattern)
        for one in judged
        if one.batch_sha256 not in trained_on
    }
    pairs = [
        Compared(
            id=one.assessment_id,
            language=one.language,
            scores=(one.serving_score, one.shadow_score),
            bands=(one.serving_band, one.shadow_band),
            is_lure=fresh.get(one.advert_key),
        )
        for one in said
    ]
    return {
        "a": serving,
        "b": candidate,
        "since": f"{since:%Y-%m-%d %H:%M}",
        "still_to_be_scored": unscored.waiting,
        "words_not_kept": unscored.words_not_kept,
        "decided_but_trained_on": sum(one.batch_sha256 in trained_on for one in judged),
        **shadow_differences(pairs),
    }


def _is_lure(verdict: str, pattern: str | None) -> bool | None:
    """Tell a lure of a scam centre from an honest advert; another deception is neither."""
    label = label_of(Verdict(verdict), LabelName(pattern) if pattern else None)
    if label is LabelName.SCAM_CENTRE:
        return True
    return False if label in {LabelName.LEGITIMATE, LabelName.NOT_AN_ADVERT} else None
