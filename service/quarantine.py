"""`lurewatch feedback`: what was set aside because one reporter sent very much of it, for an operator to look at."""

from typing import Annotated

import typer

from service.cli import open_database, print_columns
from service.errors import InputError
from service.settings import Settings
from service.store.ids import utc_now

feedback = typer.Typer(
    no_args_is_help=True,
    help="Feedback that was set aside.\n\nExample: lurewatch feedback list",
)


@feedback.command("list")
def list_quarantined() -> None:
    """Count what was set aside, by partner and reporter.

    Example: lurewatch feedback list
    """
    from service.store.feedback import count_quarantined

    with open_database(Settings.from_environment()).reading() as session:
        rows = count_quarantined(session)
    if not rows:
        typer.echo("nothing is set aside", err=True)
        return
    shown = [(partner_id, name, reporter, str(n)) for partner_id, name, reporter, n in rows]
    print_columns([("partner id", "partner", "reporter", "items"), *shown])


@feedback.command("release")
def release(
    partner_id: Annotated[str, typer.Argument(help="The partner's id, as `feedback list` shows it.")],
) -> None:
    """Hear what was set aside of a partner's feedback, after a look at who sent it.

    Example: lurewatch feedback release par_01m7yzmhg0
    """
    from service.review.voices import release_quarantined

    with open_database(Settings.from_environment()).writing() as session:
        n_heard = release_quarantined(session, partner_id, by="operator", at=utc_now())
    if not n_heard:
        raise InputError("nothing of this partner is set aside; `lurewatch feedback list` shows what is")
    typer.echo(f"{n_heard} items are heard now", err=True)
