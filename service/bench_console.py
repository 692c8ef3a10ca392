"""`lurewatch bench-console`: how long the queue's first page and a search take among many adverts.

The adverts are made up and written straight into the tables; what is measured is the real app over HTTP,
signed in, one request after the other. Each figure is the median of the turns, in milliseconds.
"""

import http.client
import json
import random
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from service.errors import InputError, ShortfallError

BATCH = 2000
BAR_FIRST_PAGE_MS = 150.0
BAR_SEARCH_MS = 300.0
SEED = 7
SYLLABLES = "ka lo mi ra tu ven sho pel dor gan bi fu nes tal wer yo zin cha".split()
WORDS = {
    "en": "customer service free flight room and meals no experience needed office abroad salary weekly".split(),
    "km": "ត្រូវការ បុគ្គលិក ធ្វើការ នៅ កម្ពុជា ប្រាក់ខែ ស្នាក់នៅ".split(),
    "zh": "ː高ːː薪ːː招ːː聘ːː 客ːː服ːː 包ːː吃ːː住ːː 机ːː票ːː".removeprefix("ː").split(),
    "th": "รับสมัคร แอดมิน เว็บ เงินเดือน ที่พัก ฟรี ตั๋วเครื่องบิน".split(),
    "vi": "tuyển nhân viên lương cao bao ăn ở vé máy bay".split(),
}
"""Folded as `service.review.search` folds them."""
QUERIES: Mapping[str, str] = {
    "first page": "",
    "one language": "language=km",
    "one place": "place=Bavet",
    "search: a common word": "find=customer",
    "search: a rare word": "find=needle",
    "search: a Khmer word": "find=" + quote("កម្ពុជា"),
    "search: two Chinese characters": "find=" + quote("高薪"),
    "search: a phone number": "find=" + quote("012 300 777"),
    "search: two words and a language": "find=" + quote("salary weekly") + "&language=en",
    "search: nothing": "find=" + quote("not there at all"),
}


@dataclass(frozen=True)
class Figure:
    """What one kind of request took."""

    what: str
    median_ms: float
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
        _build(url, adverts)
        built_s = time.perf_counter() - begun
        figures = _measure(url, Path(folder), turns=turns)
    if as_json:
        told = {"adverts": adverts, "built_s": round(built_s, 1)}
        typer.echo(json.dumps(told | {f.what: f.median_ms for f in figures}))
    else:
        typer.echo(f"{adverts:,} adverts, built in {built_s:.0f} s; medians of {turns} requests")
        for figure in figures:
            typer.echo(f"{figure.what:34} {figure.median_ms:8.1f} ms   bar {figure.bar_ms:.0f} ms")
    if missed := [figure.what for figure in figures if figure.median_ms > figure.bar_ms]:
        raise ShortfallError(f"above the bar: {', '.join(missed)}")


def _build(url: str, n: int) -> None:
    from service.store.database import Database
    from service.store.ids import utc_now
    from service.store.migrate import current, migrate
    from service.store.tables import Table

    database = Database(url)
    if current(database) is not None:
        raise InputError("the bench wants an empty database and leaves its adverts in it; name another")
    migrate(database)
    now, rng = utc_now(), random.Random(SEED)
    vocabulary = ["".join(rng.choices(SYLLABLES, k=rng.randint(2, 4))) for _ in range(20_000)]
    for start in range(0, n, BATCH):
        with database.writing() as session:
            _write(session, range(start, min(n, start + BATCH)), rng, vocabulary, now=now, n=n)
    with database.engine.connect() as connection:
        autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
        for table in ("reviews", "review_tags", "search_documents", "adverts", "assessments", "queue_places"):
            if table in Table.metadata.tables:
                autocommit.execute(text(f"ANALYZE {table}"))
    database.dispose()


def _write(
    session: Session, numbers: range, rng: random.Random, vocabulary: list[str], *, now: datetime, n: int
) -> None:
    from service.store import tables

    rows: dict[type[tables.Table], list[dict[str, Any]]] = {
        kind: []
        for kind in (
            tables.AdvertRow,
            tables.AssessmentRow,
            tables.ReviewRow,
            tables.QueuePlaceRow,
            tables.SearchDocumentRow,
            tables.ReviewTagRow,
        )
    }
    for number in numbers:
        for kind, made in _advert(number, rng, vocabulary, now=now, n=n):
            rows[kind].append(made)
    for kind, batch in rows.items():
        session.execute(insert(kind.__table__), batch)  # type: ignore[arg-type]


def _advert(
    number: int, rng: random.Random, vocabulary: list[str], *, now: datetime, n: int
) -> Iterator[tuple[Any, dict[str, Any]]]:
    from service.review.place import Standing
    from service.store import tables

    language = rng.choices(list(WORDS), weights=(60, 3, 15, 12, 10))[0]
    words = [*rng.choices(WORDS[language], k=12), *rng.choices(vocabulary, k=14)]
    rng.shuffle(words)
    if number % max(1, n // 20) == 0:
        words.append("needle")
    said, heading = " ".join(words), " ".join(words[:6])
    score, opened = rng.uniform(0.5, 1), now - timedelta(minutes=rng.randint(0, 60 * 24 * 60))
    standing = Standing(score, rng.choice((0, 0, 0, 1, 5, 30)))
    key, review, band = f"adv_{number:09}", f"rev_{number:09}", "high" if score > 0.9 else "review"  # noqa: PLR2004
    source = f"board-{number % 40}.example"
    record = {"id": str(number), "source": source, "description": said}
    yield tables.AdvertRow, {
        "key": key, "partner_id": tables.CRAWLER, "advert_id": str(number), "digest": f"{number:064x}", "source": source,
        "heading": heading, "received_at": opened, "expires_at": now + timedelta(days=365), "record": record, "kept": "full",
    }  # fmt: skip
    yield tables.AssessmentRow, {
        "id": f"asm_{number:09}", "partner_id": tables.CRAWLER, "advert_key": key, "score": score, "band": band,
        "language": language, "model_version": "bench", "catalogue_version": "bench", "assessed_at": opened, "record": {},
    }  # fmt: skip
    yield tables.ReviewRow, {
        "id": review, "partner_id": tables.CRAWLER, "advert_id": str(number), "advert_key": key,
        "assessment_id": f"asm_{number:09}", "state": "open", "cause": "band", "signs": "Made up for measuring",
        "priority": standing.priority(opened_at=opened), "band": band, "language": language, "source": source,
        "opened_at": opened, "changed_at": opened, "version": 1,
    }  # fmt: skip
    yield (
        tables.QueuePlaceRow,
        {"review_id": review, "risk": score, "n_linked": standing.n_linked, "n_confirmed": 0},
    )
    phone = f"8551230{number % 100_000:05}"
    yield (
        tables.SearchDocumentRow,
        {"review_id": review, "words": said, "contacts": f"+{phone} {phone} @user{number:07}"},
    )
    for kind, value in (
        ("place", rng.choices(("Poipet", "Bavet", "Dubai"), weights=(80, 2, 18))[0]),
        ("indicator", f"sign_{rng.randint(1, 90)}"),
        ("indicator", "common_sign"),
    ):
        yield tables.ReviewTagRow, {"kind": kind, "value": value, "review_id": review}


def _measure(url: str, folder: Path, *, turns: int) -> list[Figure]:
    with _served(url, folder) as (port, cookie):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        figures = []
        for what, query in QUERIES.items():
            took = [_get(connection, f"/console?{query}", cookie) for _ in range(turns + 2)][2:]
            bar = BAR_SEARCH_MS if what.startswith("search") else BAR_FIRST_PAGE_MS
            figures.append(Figure(what, round(statistics.median(took), 1), bar))
        connection.close()
    return figures


def _get(connection: http.client.HTTPConnection, path: str, cookie: str) -> float:
    begun = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    answer.read()
    if answer.status != http.HTTPStatus.OK:
        raise ShortfallError(f"{path} answered {answer.status}")
    return (time.perf_counter() - begun) * 1000


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
