"""The service's commands: serve, work, ingest, daily, rescore, migrate, keys, users, labels, backup, restore, retain.

Each reads the settings once, does one thing in one unit of work, and says what it did.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from service.errors import InputError, SettingsError, ShortfallError
from service.settings import Settings
from service.store.database import Database
from service.store.ids import utc_now

SHOWN_FAULTS = 20
"""Bad lines that are named one by one; the rest is counted."""

keys = typer.Typer(
    no_args_is_help=True,
    help="Issue, list and revoke partner keys.\n\nExample: lurewatch keys create 'Example Jobs'",
)
users = typer.Typer(
    no_args_is_help=True, help="Console users and their login links.\n\nExample: lurewatch users add asha"
)
labels = typer.Typer(
    no_args_is_help=True, help="Decisions as training labels.\n\nExample: lurewatch labels export"
)


@labels.callback()
def _labels() -> None:
    """Turn decisions into training labels."""


def open_database(settings: Settings) -> Database:
    """Open the database at the version this code needs; raises `StoreError` naming the remedy."""
    from service.store.migrate import check_current

    database = Database(settings.database_url)
    check_current(database)
    return database


def print_columns(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns as wide as they need, cut off nowhere."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def migrate() -> None:
    """Bring the database to this version; safe to run at any time.

    Example: lurewatch migrate
    """
    from service.store.migrate import migrate as apply

    before, after = apply(Database(Settings.from_environment().database_url))
    typer.echo(f"database is at {after}" + ("" if before == after else f", was {before or 'empty'}"))


def reindex() -> None:
    """Index adverts that came before the console could search; safe to run at any time.

    Example: lurewatch reindex
    """
    from service.review.search import index_missing

    n_done = index_missing(open_database(Settings.from_environment()))
    typer.echo(f"{n_done} adverts in the queue became searchable")


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that answer requests.")] = 1,
) -> None:
    """Serve the scoring API and the review console until interrupted.

    Example: lurewatch serve --port 8700
    """
    import uvicorn

    from service.logs import configure

    settings = Settings.from_environment()
    configure(json=settings.log_json, level=settings.log_level)
    open_database(settings).dispose()
    settings.pepper()
    typer.echo(f"console and API on http://{host or settings.host}:{port or settings.port}", err=True)
    if settings.shadow_model is not None:
        typer.echo(f"{settings.shadow_model} scores in shadow wherever `lurewatch work` runs", err=True)
    uvicorn.run(
        "service.cli:make_app",
        factory=True,
        host=host or settings.host,
        port=settings.port if port is None else port,
        workers=workers,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=20,
    )


def make_app() -> object:
    """Build the app from the environment; what every worker of `lurewatch serve` runs."""
    from service.app import create_app
    from service.logs import configure

    settings = Settings.from_environment()
    configure(json=settings.log_json, level=settings.log_level)
    return create_app(settings)


def ingest(
    feed: Annotated[list[Path], typer.Argument(help="JSON-lines files that `lurewatch crawl` wrote.")],
) -> None:
    """Store and score the adverts of a feed; what is there already stays as it is.

    Example: lurewatch ingest var/crawl/feed.jsonl
    """
    from service.app import make_context
    from service.ingest import ingest as run
    from service.store.tables import CRAWLER

    settings = Settings.from_environment()
    open_database(settings).dispose()
    context = make_context(settings)
    n_bad = 0

    def tell(fault: str) -> None:
        nonlocal n_bad
        n_bad += 1
        if n_bad <= SHOWN_FAULTS:
            typer.echo(fault, err=True)

    for path in feed:
        report = run(context, path, partner_id=CRAWLER, on_bad=tell, on_batch=lambda _report: None)
        typer.echo(f"{path}: {report.n_new} new, {report.n_known} known, {len(report.bad)} unusable")
    if n_bad:
        raise ShortfallError(
            f"{n_bad} lines are no adverts; the first {min(n_bad, SHOWN_FAULTS)} are named above"
        )


@keys.command("create")
def create_key(
    partner: Annotated[str, typer.Argument(help="The partner's name; a new one is added.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="What the key may do: score, read, feedback, admin.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; default: never.")] = None,
    *,
    test: Annotated[bool, typer.Option("--test", help="A test key.")] = False,
) -> None:
    """Issue a key and show it, this once.

    Example: lurewatch keys create "Example Jobs" --days 365
    """
    from service import auth

    scopes = tuple(scope or ("score", "read"))
    if unknown := sorted(set(scopes) - set(auth.SCOPES)):
        raise SettingsError(f"unknown scope {', '.join(unknown)}; known are {', '.join(auth.SCOPES)}")
    settings, now = Settings.from_environment(), utc_now()
    with open_database(settings).writing() as session:
        key, row = auth.create_key(
            session,
            partner,
            pepper=settings.pepper(),
            scopes=scopes,
            is_test=test,
            at=now,
            expires_at=now + timedelta(days=days) if days else None,
        )
    typer.echo(f"{row.id} for {partner}, may {', '.join(scopes)}; shown this once:", err=True)
    typer.echo(key)


@keys.command("list")
def list_keys() -> None:
    """List every key by its beginning, never the key itself."""
    from service.store import partners

    rows = [("id", "partner", "begins", "scopes", "created", "state")]
    now = utc_now()
    with open_database(Settings.from_environment()).reading() as session:
        for key, partner in partners.list_keys(session):
            state = (
                "revoked"
                if key.revoked_at
                else "expired"
                if key.expires_at and key.expires_at <= now
                else "valid"
            )
            created = f"{key.created_at:%Y-%m-%d}"
            rows.append((key.id, partner.name, key.beginning + "…", key.scopes, created, state))
    print_columns(rows)


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(help="The key's id, from `lurewatch keys list`.")],
) -> None:
    """End a key now."""
    from service.store import partners
    from service.store.audit import Act, append_event
    from service.store.keyring import FRESH

    now = utc_now()
    with open_database(Settings.from_environment()).writing() as session:
        partners.revoke_key(session, key_id, at=now)
        append_event(session, Act.KEY_REVOKED, subject=key_id, actor="operator", at=now)
    typer.echo(f"{key_id} is revoked; running services refuse it within {FRESH.seconds} seconds")


@users.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="What the person is called in the console.")],
    role: Annotated[
        str, typer.Option(help="reviewer, lead, outside_reviewer, data_scientist or admin.")
    ] = "reviewer",
) -> None:
    """Add a person and print a login link."""
    from service.review.permissions import Role
    from service.store import users as store
    from service.store.audit import Act, append_event

    if role not in set(Role):
        raise InputError(f"there is no role {role}; known are {', '.join(Role)}")
    settings, now = Settings.from_environment(), utc_now()
    with open_database(settings).writing() as session:
        user = store.add_user(session, name, role=role, at=now)
        append_event(
            session, Act.USER_ADDED, subject=user.id, actor="operator", at=now, detail={"role": role}
        )
    typer.echo(f"{name} is a {role}, known outside the console as {user.pseudonym}", err=True)
    print_link(settings, name)


@users.command("link")
def link_user(name: Annotated[str, typer.Argument(help="The person's name.")]) -> None:
    """Print a login link that works once."""
    print_link(Settings.from_environment(), name)


@users.command("list")
def list_users() -> None:
    """List everybody."""
    from service.store import users as store

    rows = [("name", "pseudonym", "role", "added", "state")]
    with open_database(Settings.from_environment()).reading() as session:
        for user in store.list_users(session):
            state = "disabled" if user.disabled_at else "active"
            rows.append((user.name, user.pseudonym, user.role, f"{user.created_at:%Y-%m-%d}", state))
    print_columns(rows)


@users.command("access")
def list_access(
    name: Annotated[str, typer.Argument(help="Of this person only.")] = "",
    *,
    days: Annotated[int, typer.Option("--days", min=1, help="How far back.")] = 30,
) -> None:
    """List who was shown which adverts and contacts, and check that the log is whole.

    Exit code 1 and a message when an entry was altered or taken out.

    Example: lurewatch users access asha --days 7
    """
    from service.store import users as store
    from service.store.audit import find_break
    from service.store.audit import list_access as listed

    since = utc_now() - timedelta(days=days)
    rows = [("when", "who", "what", "of")]
    with open_database(Settings.from_environment()).reading() as session:
        names = {user.id: user.name for user in store.list_users(session)}
        actor = store.get_user(session, name).id if name else None
        rows += [
            (f"{event.at:%Y-%m-%d %H:%M}", names.get(event.actor, event.actor), event.act, event.subject)
            for event in listed(session, since=since, actor=actor)
        ]
        broken = find_break(session)
    print_columns(rows)
    if broken is not None:
        raise ShortfallError(
            f"the log does not hold from entry {broken}: it was altered, or one before it removed"
        )


@users.command("disable")
def disable_user(name: Annotated[str, typer.Argument(help="The person's name.")]) -> None:
    """Shut a person out at once; what they decided stays."""
    from service.store import users as store
    from service.store.audit import Act, append_event

    now = utc_now()
    with open_database(Settings.from_environment()).writing() as session:
        user = store.get_user(session, name)
        store.disable_user(session, user, at=now)
        append_event(session, Act.USER_DISABLED, subject=user.id, actor="operator", at=now)
    typer.echo(f"{name} is disabled; open sessions have ended")


@users.command("reset-factor")
def reset_factor(name: Annotated[str, typer.Argument(help="The person's name.")]) -> None:
    """Take away a lost second factor; the person signs in by a link and sets up a new one.

    Example: lurewatch users reset-factor asha
    """
    from service.accounts.sign_in import remove_second_factor
    from service.store import users as store

    settings = Settings.from_environment()
    with open_database(settings).writing() as session:
        remove_second_factor(session, store.get_user(session, name), at=utc_now())
    typer.echo(f"{name} has no second factor any more; open sessions have ended", err=True)
    print_link(settings, name)


def print_link(settings: Settings, name: str, *, base: str | None = None) -> str:
    """Make a login link, print it on standard output and give it."""
    from service.auth import make_login_link
    from service.store import users as store

    minutes = settings.login_link_minutes
    with open_database(settings).writing() as session:
        user = store.get_user(session, name)
        path = make_login_link(session, user, pepper=settings.pepper(), at=utc_now(), minutes=minutes)
    link = (base or settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/") + path
    typer.echo(link)
    return link


@labels.command("export")
def export_labels(
    to: Annotated[Path, typer.Option(help="Folder of label batches.")] = Path("training_data/labels"),
) -> None:
    """Write every decision that no batch holds yet to a new batch.

    Example: lurewatch labels export --to training_data/labels
    """
    from service.review.export import export_labels as run

    settings = Settings.from_environment()
    with open_database(settings).writing() as session:
        batch = run(session, to, at=utc_now(), second_look_rate=settings.second_look_rate)
    left_out = f"; {batch.n_unsure} unsure teach nothing" if batch.n_unsure else ""
    left_out += f"; {batch.n_waiting} wait for a second look" if batch.n_waiting else ""
    typer.echo(
        f"{batch.path}: {batch.n_labels} labels{left_out}"
        if batch.path
        else f"nothing new to export{left_out}"
    )


@labels.command("confirmed")
def list_confirmed() -> None:
    """Print the ids of crawled adverts that people confirmed, one a line, for `crawl --confirmed`.

    Example: lurewatch labels confirmed > confirmed.txt
    """
    from service.store import reviews
    from service.store.tables import CRAWLER

    with open_database(Settings.from_environment()).reading() as session:
        for advert_id in reviews.confirmed_ids(session, partner_id=CRAWLER):
            typer.echo(advert_id)


def backup(to: Annotated[Path, typer.Argument(help="File to write; it must not exist yet.")]) -> None:
    """Write a consistent copy of the database while the service runs.

    Example: lurewatch backup backups/2026-11-21.sqlite3
    """
    from service.store.backup import copy_database

    copy_database(Settings.from_environment().database_url, to)
    typer.echo(f"{to}: {to.stat().st_size:,} bytes")


def restore(
    backup_file: Annotated[Path, typer.Argument(help="A file that `lurewatch backup` wrote.")],
) -> None:
    """Put a backup in the place of a database that is not there, or is empty; overwrites nothing.

    Example: lurewatch restore backups/2026-11-21.sqlite3
    """
    from service.store.migrate import current, wanted
    from service.store.restore import restore_database

    url = Settings.from_environment().database_url
    restore_database(url, backup_file)
    database = Database(url)
    found = current(database)
    database.dispose()
    hint = "" if found == wanted() else f", this needs {wanted()}: run `lurewatch migrate`"
    typer.echo(f"restored; the database is at {found}{hint}")


def retain(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what is due and erase nothing.")] = False,
) -> None:
    """Erase adverts whose time is over, with all that hangs on them, and old answers, jobs and logs.

    `lurewatch serve` does so every hour. Example: lurewatch retain --dry-run
    """
    from service.retention import count_due, erase_due_in

    settings = Settings.from_environment()
    database = open_database(settings)
    if dry_run:
        with database.reading() as session:
            typer.echo(f"{count_due(session, at=utc_now())} adverts are due")
        return
    typer.echo(f"{erase_due_in(database, settings.jobs_folder, at=utc_now())} adverts erased")


def daily(
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day, today by default (UTC).")
    ] = None,
) -> None:
    """Choose the adverts that people are asked about on a day, and say what became of them.

    They are chosen from the week before the day began, once; `lurewatch serve` does so every day.
    Example: lurewatch daily --day 2026-11-22
    """
    from service.app import make_context
    from service.daily import ask_daily
    from service.review.daily import reckon

    settings = Settings.from_environment()
    open_database(settings).dispose()
    context = make_context(settings)
    today = context.clock().date()
    wanted = day.date() if day else today
    if wanted > today:
        raise InputError(f"--day {wanted}: has not begun; its set is chosen from what comes in until then")
    chosen = ask_daily(context, day=wanted)
    if not chosen.n_asked:
        typer.echo(f"{wanted}: nothing to ask; no advert from the week before is left undecided")
        return
    typer.echo(f"{wanted}: {chosen.n_asked} adverts" + (" chosen" if chosen.is_new else ", chosen before"))
    rows = [("language", "asked", "decided", "against the band")]
    with context.database.reading() as session:
        for language, effect in reckon(session, since=wanted, until=wanted).items():
            rows.append((language, str(effect.n), str(effect.n_decided), str(effect.n_surprising)))
    print_columns(rows)


def work(
    *, once: Annotated[bool, typer.Option("--once", help="Do what is due now and stop.")] = False
) -> None:
    """Run bulk jobs, send webhooks, erase what is due and score in shadow, beside `lurewatch serve`.

    Example: LUREWATCH_BACKGROUND=false lurewatch serve & lurewatch work
    """
    import signal

    from prometheus_client import start_http_server

    from service.app import make_context
    from service.logs import configure
    from service.metrics import Metrics
    from service.shadow import load_shadow
    from service.worker import Worker, drain

    settings = Settings.from_environment()
    configure(json=settings.log_json, level=settings.log_level)
    open_database(settings).dispose()
    context, metrics = make_context(settings), Metrics()
    shadow = load_shadow(context, metrics)
    if once:
        done = drain(context, shadow=shadow)
        typer.echo(
            f"{done['jobs']} jobs ended, {done['webhooks']} webhooks tried, "
            f"{done['asked']} adverts in a new daily set, {done['erased']} adverts erased"
            + (f", {done['shadow']} scored in shadow" if shadow else "")
        )
        return
    if settings.metrics_port is not None:
        start_http_server(settings.metrics_port, addr=settings.host, registry=metrics.registry)
    worker = Worker(context, shadow=shadow)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: worker.ask_to_stop())
    worker.start()
    worker.wait()
    worker.stop()


def rescore() -> None:
    """Score what is stored again with the serving release; partners hear of adverts whose band changed.

    Adverts it has scored already are passed over. Example: lurewatch rescore
    """
    from service.app import make_context
    from service.rescoring import rescore as run

    settings = Settings.from_environment()
    open_database(settings).dispose()
    report = run(make_context(settings))
    typer.echo(f"{report.n_scored} adverts scored again, {report.n_changed} in another band")
