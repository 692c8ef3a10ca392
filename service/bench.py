"""`lurewatch bench`: speed as ratios of things measured in the same run, because machines differ.

With `--http` the real app is served by one worker on a socket of this machine, and beside it an
endpoint that only parses and validates the same bodies. Eight clients keep one connection each
and send real requests; the two endpoints take turns, so that a noisy machine hurts both alike.
With `--workers 2` two processes that share a database take turns with the one, each with half of the
connections, as behind a load balancer. `--steady` sends at a bounded rate and watches the memory.
"""

import asyncio
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import psutil
import typer

from service.errors import InputError, ShortfallError

if TYPE_CHECKING:
    from service.settings import Settings

BAR_P95_MS = 10.0
BAR_RATIO = 0.5
BAR_PER_WORKER = 0.85
"""Of each worker beside the others: two do 1.7 times the work of one."""
BAR_GROWTH = 0.05
"""Share by which a worker's memory may grow in the last four fifths of a steady run."""
BAR_KEPT_UP = 0.95
START_SECONDS = 60
MB = 1 << 20


@dataclass(frozen=True)
class Measured:
    """What one endpoint did in its turns."""

    requests_per_s: float
    """Median over the turns."""
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    """Processor time of the workers per request: unlike the rate it does not depend on free processors."""
    n_requests: int


@dataclass(frozen=True)
class HttpFigures:
    """The API beside an endpoint that only parses, in the same run."""

    score: Measured
    parse_only: Measured
    ratio: float
    """Requests/s of the first over the second, median over the turns."""
    clients: int
    workers: int
    score_by_all: Measured | None
    """The API by all workers, where there are several."""
    speed_up: float | None
    """Requests/s of all workers over those of one, median over the turns."""
    processors: int


@dataclass(frozen=True)
class Memory:
    """One worker's memory in a steady run, in megabytes."""

    start: float
    """Median over the second fifth of the run; in the first, pools and caches fill."""
    end: float
    """Median over the last fifth."""

    @property
    def growth(self) -> float:
        """By which share it grew."""
        return self.end / self.start - 1


@dataclass(frozen=True)
class SteadyFigures:
    """A run at a bounded rate."""

    n_requests: int
    requests_per_s: float
    p95_ms: float
    memory: tuple[Memory, ...]
    """One per worker."""


@dataclass(frozen=True)
class Serving:
    """A running service: processes that share a database, each on a port of its own."""

    processes: tuple[psutil.Process, ...]
    ports: tuple[int, ...]
    key: str

    def cpu_s(self) -> float:
        """Give the processor time that they have taken so far."""
        return sum(sum(process.cpu_times()[:2]) for process in self.processes)

    def memory_mb(self) -> list[float]:
        """Give the memory that each holds now."""
        return [process.memory_info().rss / MB for process in self.processes]


@dataclass(frozen=True)
class Turn:
    """What came of sending for some seconds."""

    took_ms: list[float]
    cpu_s: float


def bench(
    adverts: Annotated[
        Path | None, typer.Option(help="JSON-lines adverts to send; default: made-up ones.")
    ] = None,
    clients: Annotated[int, typer.Option(min=1, help="Connections that send at once.")] = 8,
    seconds: Annotated[float, typer.Option(min=0.2, help="Length of one turn.")] = 3.0,
    turns: Annotated[int, typer.Option(min=1, help="Turns of each endpoint.")] = 5,
    workers: Annotated[int, typer.Option(min=1, help="Processes beside the one, with --http.")] = 1,
    steady: Annotated[float | None, typer.Option(min=1, help="Seconds to send at a bounded rate.")] = None,
    rate: Annotated[float, typer.Option(min=1, help="Requests a second, with --steady.")] = 50.0,
    *,
    http: Annotated[bool, typer.Option("--http", help="Measure the scoring API.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Measure speed; with `--http` exit 1 when the API misses its bars, with `--steady` when memory grows.

    Example: lurewatch bench --http
    """
    if steady is not None:
        watched = measure_steady(
            _bodies(adverts), clients=clients, seconds=steady, rate=rate, workers=workers
        )
        typer.echo(json.dumps(asdict(watched)) if as_json else _told_steady(watched))
        check_steady(watched, rate=rate)
        return
    if not http:
        from model.bench import run, shown

        detector = run()
        typer.echo(json.dumps(detector) if as_json else shown(detector))
        return
    figures = measure_http(_bodies(adverts), clients=clients, seconds=seconds, turns=turns, workers=workers)
    typer.echo(json.dumps(asdict(figures)) if as_json else _told(figures))
    if figures.ratio < BAR_RATIO or figures.score.p95_ms > BAR_P95_MS:
        raise ShortfallError(f"the bars are {BAR_RATIO} of parse-only and p95 {BAR_P95_MS} ms")
    if figures.speed_up is not None and figures.speed_up < workers * BAR_PER_WORKER:
        raise ShortfallError(f"the bar is {workers * BAR_PER_WORKER:.2g} times one worker")


def measure_http(
    bodies: list[bytes], *, clients: int, seconds: float, turns: int, workers: int = 1
) -> HttpFigures:
    """Serve, send, and give the figures of both endpoints, and of several workers, with their ratios."""
    with ExitStack() as stack:
        one = stack.enter_context(serving(workers=1))
        plans = [_Plan(one, "/v1/score"), _Plan(one, "/parse-only")]
        if workers > 1:
            plans.append(_Plan(stack.enter_context(serving(workers=workers)), "/v1/score"))
        sender = Sender(bodies, clients=clients)
        for plan in plans:
            sender.send(plan, seconds=1.0)
        rounds = [[sender.send(plan, seconds=seconds) for plan in plans] for _ in range(turns)]
    score, parse, *more = (_summary([turn[place] for turn in rounds], seconds) for place in range(len(plans)))
    return HttpFigures(
        score=score,
        parse_only=parse,
        ratio=_ratio(rounds, 0, 1),
        clients=clients,
        workers=workers,
        score_by_all=more[0] if more else None,
        speed_up=_ratio(rounds, 2, 0) if more else None,
        processors=os.cpu_count() or 1,
    )


def measure_steady(
    bodies: list[bytes], *, clients: int, seconds: float, rate: float, workers: int = 1
) -> SteadyFigures:
    """Serve, send at a bounded rate, and give what the workers' memory did meanwhile."""
    samples: list[list[float]] = []
    with serving(workers=workers) as served:
        sender, begun = Sender(bodies, clients=clients), time.perf_counter()
        turn = sender.send(
            _Plan(served, "/v1/score"),
            seconds=seconds,
            rate=rate,
            watch=lambda: samples.append(served.memory_mb()),
        )
        took_s = time.perf_counter() - begun
    summed = _summary([turn], took_s)
    memory = tuple(remembered(of_one) for of_one in zip(*samples, strict=True))
    return SteadyFigures(summed.n_requests, summed.requests_per_s, summed.p95_ms, memory)


def remembered(samples: Sequence[float]) -> Memory:
    """Give where a worker's memory began and ended, from samples at even distances."""
    fifth = max(1, len(samples) // 5)
    start, end = statistics.median(samples[fifth : 2 * fifth] or samples), statistics.median(samples[-fifth:])
    return Memory(round(start, 1), round(end, 1))


def check_steady(figures: SteadyFigures, *, rate: float) -> None:
    """Raise `ShortfallError` when memory grew, or the service did not keep up so that nothing is shown."""
    if figures.requests_per_s < rate * BAR_KEPT_UP:
        raise ShortfallError(f"only {figures.requests_per_s} requests/s of {rate:g} were done; lower --rate")
    if max(memory.growth for memory in figures.memory) > BAR_GROWTH:
        raise ShortfallError(f"memory may grow by {BAR_GROWTH:.0%}")


@contextmanager
def serving(*, workers: int) -> Iterator[Serving]:
    """Serve a new database with some workers until the block ends."""
    with tempfile.TemporaryDirectory(prefix="lurewatch-bench-") as folder:
        key = _prepare(folder)
        code = "import sys; from service.bench import serve; serve(sys.argv[1])"
        started = [
            subprocess.Popen([sys.executable, "-c", code, folder], stdout=subprocess.PIPE)  # noqa: S603 - our own
            for _ in range(workers)
        ]
        try:
            ports = [process.stdout.readline() if process.stdout else b"" for process in started]
            if not all(ports):
                raise ShortfallError("the service did not start; `lurewatch serve` says why")
            processes = tuple(psutil.Process(process.pid) for process in started)
            yield Serving(processes, tuple(int(port) for port in ports), key)
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(timeout=START_SECONDS)
                if process.stdout:
                    process.stdout.close()


def serve(folder: str) -> None:
    """Serve the app and the parse-only endpoint from one process; prints its port."""
    import socket

    import uvicorn
    from fastapi import Request, Response

    from service.api.v1 import Body
    from service.api.wire import read_request
    from service.app import create_app
    from service.logs import configure

    configure(json=True, level="WARNING")
    app = create_app(_settings(folder))

    def parse_only(_request: Request, raw: Body) -> Response:
        advert, _ = read_request(raw)
        return Response(json.dumps({"id": advert.id}), media_type="application/json")

    app.post("/parse-only")(parse_only)
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:  # else asyncio leaves Nagle on: 40 ms a reply
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listener])


def _settings(folder: str) -> "Settings":
    from service.settings import Settings

    chosen = Settings.from_environment()
    return Settings(
        database_url=f"sqlite:///{folder}/bench.sqlite3",
        secret_file=Path(folder) / "secret",
        releases=chosen.releases,
        model_version=chosen.model_version,
        adverts_per_minute=0,
    )


def _prepare(folder: str) -> str:
    """Make the database; gives a key to it."""
    from service.auth import create_key
    from service.store.database import Database
    from service.store.ids import utc_now
    from service.store.migrate import migrate

    settings = _settings(folder)
    database = Database(settings.database_url)
    migrate(database)
    with database.writing() as session:
        key, _ = create_key(
            session,
            "Bench",
            pepper=settings.pepper(),
            scopes=("score",),
            is_test=False,
            at=utc_now(),
            expires_at=None,
        )
    database.dispose()
    return key


@dataclass(frozen=True)
class _Plan:
    served: Serving
    path: str


class Sender:
    """Clients that keep one connection each and send bodies, every one under an id of its own."""

    def __init__(self, bodies: list[bytes], *, clients: int) -> None:
        self._bodies = bodies
        self._clients = clients
        self._numbers = itertools.count()

    def send(
        self,
        plan: _Plan,
        *,
        seconds: float,
        rate: float | None = None,
        watch: Callable[[], None] | None = None,
    ) -> Turn:
        """Send for some seconds, as fast as it goes or at a rate; `watch` is called a hundred times meanwhile."""
        before = plan.served.cpu_s()
        took = asyncio.run(self._send(plan, seconds, rate, watch))
        return Turn(took, plan.served.cpu_s() - before)

    async def _send(
        self, plan: _Plan, seconds: float, rate: float | None, watch: Callable[[], None] | None
    ) -> list[float]:
        took: list[float] = []
        moments = _moments(time.perf_counter(), seconds, rate)
        ports = itertools.islice(itertools.cycle(plan.served.ports), self._clients)
        work = [self._client(port, plan, moments, took) for port in ports]
        if watch is not None:
            work.append(_watch(watch, seconds))
        await asyncio.gather(*work)
        return took

    async def _client(self, port: int, plan: _Plan, moments: Iterator[float], took: list[float]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for begun in moments:
                await asyncio.sleep(begun - time.perf_counter())
                writer.write(self._request(plan))
                head = await reader.readuntil(b"\r\n\r\n")
                if not head.startswith(b"HTTP/1.1 200"):
                    raise ShortfallError(f"{plan.path} answered {head.split(b' ', 2)[1].decode()}")
                await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
                took.append((time.perf_counter() - begun) * 1000)
        finally:
            writer.close()
            await writer.wait_closed()

    def _request(self, plan: _Plan) -> bytes:
        turn, place = divmod(next(self._numbers), len(self._bodies))
        body = numbered(self._bodies[place], turn)
        head = f"POST {plan.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {plan.served.key}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


def numbered(body: bytes, turn: int) -> bytes:
    """Give a body an id of its own at every turn: an advert that is known already is not what boards send."""
    return body.replace(b'{"id": "', b'{"id": "%d-' % turn, 1)


def _moments(begun: float, seconds: float, rate: float | None) -> Iterator[float]:
    """Give when to send next: at once, or at even distances; all clients draw from one such row."""
    for number in itertools.count():
        now = time.perf_counter()
        moment = now if rate is None else begun + number / rate
        if max(now, moment) > begun + seconds:
            return
        yield moment


async def _watch(watch: Callable[[], None], seconds: float) -> None:
    for _ in range(100):
        await asyncio.sleep(seconds / 100)
        watch()


def _summary(turns: Sequence[Turn], seconds: float) -> Measured:
    took = sorted(ms for turn in turns for ms in turn.took_ms)
    rate = statistics.median(len(turn.took_ms) / seconds for turn in turns)
    return Measured(
        requests_per_s=round(rate, 1),
        p50_ms=round(took[len(took) // 2], 2),
        p95_ms=round(took[int(len(took) * 0.95)], 2),
        cpu_ms=round(1000 * sum(turn.cpu_s for turn in turns) / len(took), 2),
        n_requests=len(took),
    )


def _ratio(rounds: Sequence[Sequence[Turn]], one: int, other: int) -> float:
    """Give the requests of one plan over those of another, median over the rounds."""
    shares = (len(turns[one].took_ms) / len(turns[other].took_ms) for turns in rounds)
    return round(statistics.median(shares), 3)


def _bodies(path: Path | None) -> list[bytes]:
    """Give request bodies: the given adverts, or made-up ones of common length; each begins with its id."""
    if path is None:
        texts = [MADE_UP.format(n=n) for n in range(2000)]
        return [json.dumps({"id": str(n), "description": text}).encode() for n, text in enumerate(texts)]
    try:
        rows = [json.loads(line) for line in path.read_bytes().split(b"\n") if line.strip()]
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as JSON lines ({type(error).__name__})") from None
    if not rows:
        raise InputError(f"{path}: holds no advert")
    fields = ("title", "description", "text")
    return [
        json.dumps({"id": str(n), **{name: row[name] for name in fields if row.get(name)}}).encode()
        for n, row in enumerate(rows)
    ]


def _told(figures: HttpFigures) -> str:
    named = [("score", figures.score), ("parse only", figures.parse_only)]
    if figures.score_by_all is not None:
        named.append((f"{figures.workers} workers", figures.score_by_all))
    lines = [
        f"{name:10} {measured.requests_per_s:8.1f} requests/s   p50 {measured.p50_ms:6.2f} ms"
        f"   p95 {measured.p95_ms:6.2f} ms   cpu {measured.cpu_ms:6.2f} ms   ({measured.n_requests} requests)"
        for name, measured in named
    ]
    lines.append(f"score is {figures.ratio} of parse only, {figures.clients} clients, one worker")
    if figures.speed_up is not None:
        lines.append(
            f"{figures.workers} workers do {figures.speed_up} times the work of one, "
            f"on {figures.processors} processors that clients use too"
        )
    return "\n".join(lines)


def _told_steady(figures: SteadyFigures) -> str:
    lines = [
        f"worker {number}   {memory.start:7.1f} MB at the start {memory.end:7.1f} MB at the end {memory.growth:+7.1%}"
        for number, memory in enumerate(figures.memory, 1)
    ]
    told = f"{figures.n_requests} requests, {figures.requests_per_s} a second, p95 {figures.p95_ms} ms"
    return "\n".join([*lines, told])


MADE_UP = """Warehouse assistant number {n} for our depot in Harbourtown. You pick and pack orders, load vans
and keep the aisles clean. Shifts of eight hours, early or late, five days a week; overtime is paid extra. We
give you boots, a jacket and two weeks of paid training. A forklift licence helps and is not needed. Apply in
person at the depot, Monday to Friday between nine and four, or write to jobs{n}@example.com."""
