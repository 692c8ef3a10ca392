"""The one command: joins the crawler's, the model's and the service's, each imported when called.

A command that fetches pages starts without scikit-learn, and one that scores without Scrapy;
the table below is all that is read until a command is named.
"""

import importlib
import sys
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS = {
    "demo": ("service.demo", "demo", "The whole pipeline on a sample job board, in one command."),
    "crawl": ("crawler.cli", "crawl", "Fetch public job adverts from registered sources."),
    "sources": ("crawler.cli", "sources", "List, check and add sources."),
    "extract": ("crawler.cli", "extract", "Read the adverts out of saved pages, feeds and API answers."),
    "evidence": ("crawler.cli", "evidence", "Verify what was published, and when."),
    "ingest": ("service.cli", "ingest", "Store and score the adverts of a crawler's feed."),
    "score": ("model.cli", "score", "Score adverts: JSON lines in, JSON lines out."),
    "serve": ("service.cli", "serve", "Serve the scoring API and the review console."),
    "work": ("service.cli", "work", "Run bulk jobs, send webhooks, erase what is due."),
    "daily": ("service.cli", "daily", "Choose the day's adverts whose labels would teach most."),
    "shadow": ("service.shadow_report", "shadow", "How a candidate differs on live traffic."),
    "rescore": ("service.cli", "rescore", "Score what is stored again with the serving release."),
    "labels": ("service.cli", "labels", "Turn agreed decisions into training labels."),
    "data": ("model.cli", "data", "Check, build, import and export training data."),
    "train": ("model.cli", "train", "Train a candidate from the repository."),
    "evaluate": ("model.cli", "evaluate", "Measure a release and write the report."),
    "compare": ("model.cli", "compare", "Compare two releases on the same adverts."),
    "promote": ("model.cli", "promote", "Make a candidate the serving release, if it is no worse."),
    "rollback": ("model.cli", "rollback", "Return to the release that served before."),
    "catalogue": ("model.cli", "catalogue", "Check and list the indicators."),
    "keys": ("service.cli", "keys", "Issue, list and revoke partner keys."),
    "feedback": ("service.quarantine", "feedback", "List and release feedback that was set aside."),
    "users": ("service.cli", "users", "Add, list and disable console users; print a login link."),
    "migrate": ("service.cli", "migrate", "Bring the database to this version."),
    "reindex": ("service.cli", "reindex", "Make adverts searchable that came before search did."),
    "backup": ("service.cli", "backup", "Write a consistent copy of the database."),
    "restore": ("service.cli", "restore", "Put a backup back where no database is."),
    "retain": ("service.cli", "retain", "Erase what its time is over for."),
    "bench-console": (
        "service.bench_console",
        "bench_console",
        "Measure the queue and its search among many adverts.",
    ),
    "bench-packages": (
        "service.packages.bench",
        "bench_packages",
        "Measure the bundles of evidence packages.",
    ),
    "bench": ("service.bench", "bench", "Measure speed and memory as ratios in one run."),
}
"""Command → module, attribute (a function or a Typer of sub-commands), line for the help page."""


class LazyGroup(TyperGroup):
    """Knows every command's name and line of help; imports a command's module when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Name the commands, in the order of an advert's way through."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Give a command for the help page, by its line alone; None for an unknown name."""
        del ctx
        return (
            typer.main.get_command(_placeholder(cmd_name, COMMANDS[cmd_name][2]))
            if cmd_name in COMMANDS
            else None
        )

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import and give the command that was called; Typer reports an unknown name."""
        name, command, rest = super().resolve_command(ctx, args)
        if name in COMMANDS:
            command = _load(name)
        return name, command, rest


def _load(name: str) -> Any:
    module, attribute, _ = COMMANDS[name]
    target = getattr(importlib.import_module(module), attribute)
    if not isinstance(target, typer.Typer):
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name=name)(target)
        target = app
    command = typer.main.get_command(target)
    command.name = name
    return command


def _placeholder(name: str, line: str) -> typer.Typer:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)

    def command() -> None:
        raise NotImplementedError

    app.command(name=name, help=line)(command)
    return app


app = typer.Typer(
    cls=LazyGroup,
    name="lurewatch",
    help="Finds public job adverts that match the pattern of scam-centre recruitment, and says why.\n\n"
    "Example: lurewatch score adverts.jsonl --table",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def _main() -> None:
    """Exit codes: 0 fine, 1 something fell short, 2 wrong usage or bad input."""


def main() -> None:
    """Run the command line; errors that carry an `exit_code` are said in one line, without a trace."""
    try:
        app()
    except Exception as error:
        exit_code = getattr(error, "exit_code", None)
        if not isinstance(exit_code, int):
            raise
        print(f"lurewatch: {error}", file=sys.stderr)
        sys.exit(exit_code)


if __name__ == "__main__":
    main()
