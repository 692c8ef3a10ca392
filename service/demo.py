"""`lurewatch demo`: the whole pipeline on a sample job board served from this machine.

Board and crawl run as commands of their own, as they would in production: the process that reads
pages has no database, and this one reads only the feed it wrote.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment
from service.errors import InputError, ShortfallError
from service.review.queue import show_score
from service.settings import PREFIX, Settings

SHOWN_ADVERTS = 12
SHOWN_REASONS = 3
EXCERPT = 100
"""Cells of an advert's words in the table; a Chinese character takes two."""
PIPED_WIDTH = 110
START_SECONDS = 30
BAND_STYLES = {"high": "bold red", "review": "yellow", "low": "green"}
NAME = "demo"


def demo(
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Folder to work in and keep; default: a temporary one.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the console; 0 takes a free one.")] = 8700,
    *,
    exit_: Annotated[bool, typer.Option("--exit", help="Stop after the table of results.")] = False,
    browser: Annotated[
        bool, typer.Option(help="Open the console in the browser, where there is one.")
    ] = True,
) -> None:
    """Crawl a sample job board, score its adverts, show the riskiest with reasons, open the console.

    Example: lurewatch demo --exit
    """
    console = _console()
    with _work_folder(folder) as work:
        settings = _settings(work)
        _crawl(work, console)
        _ingest(settings, work / "crawl" / "adverts.jsonl", console)
        console.print(_table(_riskiest(settings)))
        if not exit_:
            _serve(settings, console, port=port, browser=browser)


def _console() -> Console:
    """Write as wide as the terminal is; into a file or pipe as wide as reads well."""
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPED_WIDTH
    return console


@contextmanager
def _work_folder(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    made = Path(tempfile.mkdtemp(prefix="lurewatch-demo-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _settings(work: Path) -> Settings:
    """Keep to the demo's own folder, whatever database the environment names; the release may be chosen."""
    chosen = Settings.from_environment()
    return Settings(
        releases=chosen.releases,
        model_version=chosen.model_version,
        database_url=f"sqlite:///{work / 'lurewatch.sqlite3'}",
        secret_file=work / "secret",
        sample_rate=0.05,
        log_level="WARNING",
    )


def _crawl(work: Path, console: Console) -> None:
    """Crawl the sample board; raises `ShortfallError` when the crawl says it fell short."""
    with _board(work) as address:
        console.print(f"sample job board on {address}")
        command = [
            "crawl",
            "sample-board",
            "--base-url",
            address,
            "--allow-loopback",
            "-o",
            str(work / "crawl"),
        ]
        with (work / "crawl.log").open("wb") as log:
            done = subprocess.run(  # noqa: S603 - our own command
                [sys.executable, "-m", "lurewatch", *command],
                stdout=log,
                stderr=log,
                check=False,
                env=_environment(),
            )
    if done.returncode not in {0, 1} or not (work / "crawl" / "adverts.jsonl").exists():
        raise ShortfallError(f"the crawl failed: {_last_line(work / 'crawl.log')}")


@contextmanager
def _board(work: Path) -> Iterator[str]:
    """Serve the sample board for as long as the block lasts; gives its address.

    A folder keeps its board's port: an advert is known by its address, the second time too.
    """
    kept = work / "board.port"
    port = kept.read_text(encoding="ascii") if kept.exists() else "0"
    with (work / "board.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "crawler.sample_board", "--port", port],
            stdout=subprocess.PIPE,
            stderr=log,
            env=_environment(),
        )
        try:
            line = process.stdout.readline().decode().strip() if process.stdout else ""
            address = next((word for word in line.split() if word.startswith("http://127.0.0.1:")), None)
            if address is None:
                raise ShortfallError(f"the sample board did not start: {_last_line(work / 'board.log')}")
            kept.write_text(address.rpartition(":")[2].strip("/"), encoding="ascii")
            yield address.rstrip("/")
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)
            if process.stdout:
                process.stdout.close()


def _environment() -> dict[str, str]:
    """The crawler and the board get no setting of the service: no database, no secret."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def _ingest(settings: Settings, feed: Path, console: Console) -> None:
    from service.app import make_context
    from service.ingest import ingest
    from service.store.database import Database
    from service.store.migrate import migrate
    from service.store.tables import CRAWLER

    migrate(Database(settings.database_url))
    context = make_context(settings)
    report = ingest(
        context,
        feed,
        partner_id=CRAWLER,
        on_bad=console.print,
        on_batch=lambda _report: None,
    )
    console.print(f"{report.n_new} adverts read and scored, {report.n_known} known already")
    context.database.dispose()


def _riskiest(settings: Settings) -> list[tuple[JobAdvert, Assessment]]:
    from service.store.assessments import list_riskiest
    from service.store.database import Database

    with Database(settings.database_url).reading() as session:
        return list_riskiest(session, limit=SHOWN_ADVERTS)


def _table(rows: list[tuple[JobAdvert, Assessment]]) -> Table:
    table = Table(
        title="The riskiest adverts, and why",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 1, 0),
        expand=True,
    )
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("band", no_wrap=True)
    table.add_column("lang", no_wrap=True)
    table.add_column("advert", ratio=2, overflow="fold")
    table.add_column("strongest reasons", ratio=3)
    for advert, assessment in rows:
        table.add_row(
            show_score(assessment.score),
            Text(assessment.band.value, style=BAND_STYLES.get(assessment.band.value, "")),
            assessment.language.code,
            Text(_excerpt(advert)),
            Text("\n".join(_reasons(assessment))),
        )
    return table


def _excerpt(advert: JobAdvert) -> str:
    words = " – ".join(" ".join(text.split()) for _, text in advert.texts)
    return words if cell_len(words) <= EXCERPT else set_cell_size(words, EXCERPT - 1).rstrip() + "…"


def _reasons(assessment: Assessment) -> list[str]:
    strongest = [r for r in assessment.reasons if r.code != "baseline" and r.log_odds > 0][:SHOWN_REASONS]
    return [f"{reason.log_odds:+.1f} {reason.title}" for reason in strongest]


def _serve(settings: Settings, console: Console, *, port: int, browser: bool) -> None:
    import socket

    import uvicorn

    from service.app import create_app
    from service.logs import configure

    configure(json=False, level=settings.log_level)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, port))
        listener.listen(128)
    except OSError as error:
        raise InputError(f"port {port} is taken ({error.strerror}); choose another with --port") from None
    address = f"http://{settings.host}:{listener.getsockname()[1]}"
    link = address + _login_path(settings)
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_config=None, access_log=False))
    console.print(
        f"\nreview console: [bold]{address}[/bold]\nlogin link (works once): {link}\nCtrl-C stops it.",
        soft_wrap=True,
    )
    if browser and _has_browser():
        threading.Thread(target=_open_when_up, args=(server, link), daemon=True).start()
    with listener, suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def _login_path(settings: Settings) -> str:
    from service.auth import make_login_link
    from service.review.permissions import Role
    from service.store import users
    from service.store.audit import Act, append_event
    from service.store.database import Database
    from service.store.ids import utc_now

    now = utc_now()
    with Database(settings.database_url).writing() as session:
        user = users.find_user(session, NAME)
        if user is None:
            user = users.add_user(session, NAME, role=Role.LEAD, at=now)
            append_event(
                session, Act.USER_ADDED, subject=user.id, actor="operator", at=now, detail={"role": user.role}
            )
        return make_login_link(session, user, pepper=settings.pepper(), at=now, minutes=24 * 60)


def _has_browser() -> bool:
    """Tell whether somebody sits before this machine: macOS, Windows, or a display."""
    return sys.platform in {"darwin", "win32"} or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _open_when_up(server: object, link: str) -> None:
    for _ in range(START_SECONDS * 10):
        if getattr(server, "started", False):
            webbrowser.open(link)
            return
        time.sleep(0.1)


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
