"""`lurewatch bench-console`: how long the queue's first page and a search take among many adverts.

The adverts are made up and written straight into the tables; what is measured is the real app over HTTP,
signed in, one request after the other. A bar is met by the median of the turns.
"""

import http.client
import json
import os
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from service.bench_adverts import DAYS, ONCE, SELDOM, build
from service.errors import ShortfallError
from service.review.place import Standing
from service.store.ids import utc_now

BAR_FIRST_PAGE_MS = 150.0
BAR_SEARCH_MS = 300.0
WARM_UP = 2
QUERIES: Mapping[str, str] = {
    "first page": "",
    "a page in the middle": "after={middle}",
    "one language": "language=km",
    "a common place": "place=Poipet",
    "a seldom place": f"place={SELDOM}",
    "a place of long ago": f"place={ONCE}",
    "a place and an indicator": f"place={SELDOM}&indicator=sign_5",
    "a seldom place, in the middle": f"place={SELDOM}&after={{middle}}",
    "search: a common word": "find=customer",
    "search: a rare word": "find=needle",
    "search: a word of one in 200": "find=michatu",
    "search: a Khmer word": "find=" + quote("កម្ពុជា"),
    "search: two Chinese characters": "find=" + quote("高薪"),
    "search: a phone number": "find=" + quote("012 300 777"),
    "search: two words and a language": "find=" + quote("salary weekly") + "&language=en",
    "search: a Khmer word, in the middle": "find=" + quote("កម្ពុជា") + "&after={middle}",
    "search: a word in a seldom place": f"find=customer&place={SELDOM}",
    "search: a word in a place of long ago": f"find=customer&place={ONCE}",
    "search: two words never together": "find=" + quote("salary កម្ពុជា"),
    "search: nothing": "find=" + quote("not there at all"),
}


@dataclass(frozen=True)
class Figure:
    """What one kind of request took."""

    what: str
    median_ms: float
    processor_ms: float
    """The median of what this process computed, its own database included; a busy machine does not change it much."""
    bar_ms: float


def bench_console(
    adverts: Annotated[int, typer.Option(min=1, help="How many adverts wait in the queue.")] = 100_000,
    database: Annotated[
        str | None,
        typer.Option(help="An empty database to build them in; default: an SQLite file that is removed."),
    ] = None,
    turns: Annotated[int, typer.Option(min=3, help="Requests per figure.")] = 15,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Measure the console's queue and search; exits 1 when a bar is missed.

    Example: lurewatch bench-console --adverts 1000000
    """
    with tempfile.TemporaryDirectory(prefix="lurewatch-bench-") as folder:
        url = database or f"sqlite:///{folder}/bench.sqlite3"
        begun = time.perf_counter()
        build(url, adverts)
        built_s = time.perf_counter() - begun
        figures = _measure(url, Path(folder), turns=turns)
    load = round(os.getloadavg()[0], 1)
    if as_json:
        told = {"adverts": adverts, "built_s": round(built_s, 1), "load": load}
        typer.echo(json.dumps(told | {f.what: f.median_ms for f in figures}))
    else:
        typer.echo(
            f"{adverts:,} adverts, built in {built_s:.0f} s; {turns} requests each; load average {load}"
        )
        for figure in figures:
            typer.echo(
                f"{figure.what:38} {figure.median_ms:7.1f} ms   bar {figure.bar_ms:.0f} ms   "
                f"processor {figure.processor_ms:6.1f} ms"
            )
    if missed := [figure.what for figure in figures if figure.median_ms > figure.bar_ms]:
        raise ShortfallError(f"above the bar: {', '.join(missed)}")


def _measure(url: str, folder: Path, *, turns: int) -> list[Figure]:
    with _served(url, folder) as (port, cookie):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        figures = []
        for what, query in QUERIES.items():
            path = f"/console?{query.format(middle=_middle())}"
            took = [_get(connection, path, cookie) for _ in range(turns + WARM_UP)][WARM_UP:]
            passed, computed = (round(statistics.median(turn), 1) for turn in zip(*took, strict=True))
            bar = BAR_SEARCH_MS if what.startswith("search") else BAR_FIRST_PAGE_MS
            figures.append(Figure(what, passed, computed, bar))
        connection.close()
    return figures


def _middle() -> str:
    """Give the cursor of a page in the middle of the queue."""
    return f"{Standing(0.75).priority(opened_at=utc_now() - timedelta(days=DAYS / 2))!r}~"


def _get(connection: http.client.HTTPConnection, path: str, cookie: str) -> tuple[float, float]:
    """Give the milliseconds that passed, and those that this process computed."""
    begun, computed = time.perf_counter(), time.process_time()
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    answer.read()
    if answer.status != http.HTTPStatus.OK:
        raise ShortfallError(f"{path} answered {answer.status}")
    return (time.perf_counter() - begun) * 1000, (time.process_time() - computed) * 1000


@contextmanager
def _served(url: str, folder: Path) -> Iterator[tuple[int, str]]:
    """Serve the app and sign a reviewer in; gives the port and the cookie."""
    import uvicorn

    from service.app import create_app
    from service.auth import COOKIE, make_login_link, sign_in
    from service.logs import configure
    from service.settings import Settings
    from service.store import users

    configure(json=True, level="WARNING")
    settings = Settings(database_url=url, secret_file=folder / "secret")
    app = create_app(settings)
    context = app.state.context
    with context.database.writing() as session:
        user = users.add_user(session, "bench", role="reviewer", at=context.clock())
        link = make_login_link(session, user, pepper=context.pepper, at=context.clock(), minutes=5)
        token = sign_in(session, link.rpartition("/")[2], pepper=context.pepper, at=context.clock(), hours=10)
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        try:
            yield listener.getsockname()[1], f"{COOKIE}={token}"
        finally:
            server.should_exit = True
            thread.join()
            context.database.dispose()
