"""`lurewatch bench`: speed as ratios of things measured in the same run, because machines differ.

With `--http` the real app is served by one worker on a socket of this machine, and beside it an
endpoint that only parses and validates the same bodies. Eight clients keep one connection each
and send real requests; the two endpoints take turns, so that a noisy machine hurts both alike.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from service.errors import InputError, ShortfallError

BAR_P95_MS = 10.0
BAR_RATIO = 0.5
START_SECONDS = 60


@dataclass(frozen=True)
class Measured:
    """What one endpoint did in its turns."""

    requests_per_s: float
    """Median over the turns."""
    p50_ms: float
    p95_ms: float
    n_requests: int


@dataclass(frozen=True)
class HttpFigures:
    """The API beside an endpoint that only parses, in the same run."""

    score: Measured
    parse_only: Measured
    ratio: float
    """Requests/s of the first over the second, median over the turns."""
    clients: int


def bench(
    adverts: Annotated[
        Path | None, typer.Option(help="JSON-lines adverts to send; default: made-up ones.")
    ] = None,
    clients: Annotated[int, typer.Option(min=1, help="Connections that send at once.")] = 8,
    seconds: Annotated[float, typer.Option(min=0.2, help="Length of one turn.")] = 3.0,
    turns: Annotated[int, typer.Option(min=1, help="Turns of each endpoint.")] = 5,
    *,
    http: Annotated[bool, typer.Option("--http", help="Measure the scoring API.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Measure speed; with `--http` exit 1 when the API misses its bars.

    Example: lurewatch bench --http
    """
    if not http:
        from model.bench import run, shown

        detector = run()
        typer.echo(json.dumps(detector) if as_json else shown(detector))
        return
    figures = measure_http(_bodies(adverts), clients=clients, seconds=seconds, turns=turns)
    typer.echo(json.dumps(asdict(figures)) if as_json else _told(figures))
    if figures.ratio < BAR_RATIO or figures.score.p95_ms > BAR_P95_MS:
        raise ShortfallError(f"the bars are {BAR_RATIO} of parse-only and p95 {BAR_P95_MS} ms")


def measure_http(bodies: list[bytes], *, clients: int, seconds: float, turns: int) -> HttpFigures:
    """Serve, send, and give both endpoints' figures with their ratio."""
    with tempfile.TemporaryDirectory(prefix="lurewatch-bench-") as folder:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-c", "import sys; from service.bench import serve; serve(sys.argv[1])", folder],
            stdout=subprocess.PIPE,
        )
        try:
            line = process.stdout.readline().decode() if process.stdout else ""
            if not line:
                raise ShortfallError("the service did not start; `lurewatch serve` says why")
            port, key = line.split()
            send = _sender(int(port), key, bodies, clients=clients)
            for path in ("/v1/score", "/parse-only"):
                asyncio.run(send(path, 1.0))
            rounds = [
                [asyncio.run(send(path, seconds)) for path in ("/v1/score", "/parse-only")]
                for _ in range(turns)
            ]
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)
            if process.stdout:
                process.stdout.close()
    score, parse = (_summary([turn[place] for turn in rounds], seconds) for place in (0, 1))
    ratio = statistics.median(len(a) / len(b) for a, b in rounds)
    return HttpFigures(score, parse, round(ratio, 3), clients)


def serve(folder: str) -> None:
    """Serve the app and the parse-only endpoint from one process; prints its port and a key."""
    import socket

    import uvicorn
    from fastapi import Request, Response

    from service.api.v1 import Body
    from service.api.wire import read_request
    from service.app import create_app
    from service.auth import create_key
    from service.logs import configure
    from service.settings import Settings
    from service.store.database import Database
    from service.store.ids import utc_now
    from service.store.migrate import migrate

    chosen = Settings.from_environment()
    settings = Settings(
        database_url=f"sqlite:///{folder}/bench.sqlite3",
        secret_file=Path(folder) / "secret",
        releases=chosen.releases,
        model_version=chosen.model_version,
        adverts_per_minute=0,
    )
    configure(json=True, level="WARNING")
    migrate(Database(settings.database_url))
    app = create_app(settings)
    context = app.state.context

    def parse_only(_request: Request, raw: Body) -> Response:
        advert, _ = read_request(raw)
        return Response(json.dumps({"id": advert.id}), media_type="application/json")

    app.post("/parse-only")(parse_only)
    with context.database.writing() as session:
        key, _ = create_key(
            session,
            "Bench",
            pepper=context.pepper,
            scopes=("score",),
            is_test=False,
            at=utc_now(),
            expires_at=None,
        )
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:  # else asyncio leaves Nagle on: 40 ms a reply
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        sys.stdout.write(f"{listener.getsockname()[1]} {key}\n")
        sys.stdout.flush()
        uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listener])


def _sender(port: int, key: str, bodies: list[bytes], *, clients: int) -> Callable:  # type: ignore[type-arg]
    """Give a coroutine that sends to a path for some seconds and gives each request's milliseconds."""
    counter = iter(range(sys.maxsize))

    def request(path: str) -> bytes:
        body = bodies[next(counter) % len(bodies)]
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    async def client(path: str, until: float, took: list[float]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (begun := time.perf_counter()) < until:
            writer.write(request(path))
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise ShortfallError(f"{path} answered {head.split(b' ', 2)[1].decode()}")
            await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
            took.append((time.perf_counter() - begun) * 1000)
        writer.close()
        await writer.wait_closed()

    async def send(path: str, seconds: float) -> list[float]:
        took: list[float] = []
        until = time.perf_counter() + seconds
        await asyncio.gather(*(client(path, until, took) for _ in range(clients)))
        return took

    return send


def _summary(turns: list[list[float]], seconds: float) -> Measured:
    took = sorted(ms for turn in turns for ms in turn)
    rate = statistics.median(len(turn) / seconds for turn in turns)
    return Measured(
        requests_per_s=round(rate, 1),
        p50_ms=round(took[len(took) // 2], 2),
        p95_ms=round(took[int(len(took) * 0.95)], 2),
        n_requests=len(took),
    )


def _bodies(path: Path | None) -> list[bytes]:
    """Give request bodies: the given adverts, made distinct by id, or made-up ones of common length."""
    if path is None:
        texts = [MADE_UP.format(n=n) for n in range(2000)]
        return [json.dumps({"id": str(n), "description": text}).encode() for n, text in enumerate(texts)]
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as JSON lines ({type(error).__name__})") from None
    if not rows:
        raise InputError(f"{path}: holds no advert")
    fields = ("title", "description", "text")
    return [
        json.dumps({"id": f"{turn}-{n}", **{name: row[name] for name in fields if row.get(name)}}).encode()
        for turn in range(max(1, 2000 // len(rows)))
        for n, row in enumerate(rows)
    ]


def _told(figures: HttpFigures) -> str:
    lines = [
        f"{name:10} {measured.requests_per_s:8.1f} requests/s   p50 {measured.p50_ms:6.2f} ms"
        f"   p95 {measured.p95_ms:6.2f} ms   ({measured.n_requests} requests)"
        for name, measured in (("score", figures.score), ("parse only", figures.parse_only))
    ]
    return "\n".join(
        [*lines, f"score is {figures.ratio} of parse only, {figures.clients} clients, one worker"]
    )


MADE_UP = """Warehouse assistant number {n} for our depot in Harbourtown. You pick and pack orders, load vans
and keep the aisles clean. Shifts of eight hours, early or late, five days a week; overtime is paid extra. We
give you boots, a jacket and two weeks of paid training. A forklift licence helps and is not needed. Apply in
person at the depot, Monday to Friday between nine and four, or write to jobs{n}@example.com."""
