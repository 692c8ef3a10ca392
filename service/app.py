"""Joins the parts into one app: the only place that knows them all.

`create_app` refuses to start on a database at another version or a release that does not verify;
it loads and warms the release first, so that the first request is no slower than the next.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from model.schema.advert import JobAdvert
from service import console
from service.api import docs, health, jobs, own, v1, voices, webhooks
from service.assessing import Context, Detector, store_together
from service.console import routes
from service.console.pages import render_error
from service.metrics import Metrics
from service.middleware import BodyLimit, RequestFrame
from service.problems import add_handlers
from service.rates import RateLimits
from service.releases import Releases
from service.settings import Settings
from service.store.database import Database
from service.store.ids import utc_now
from service.store.keyring import Keyring
from service.store.migrate import check_current
from service.store.writer import SharedWriter
from service.worker import Worker

STATIC = Path(console.__file__).parent / "static"
PACKED_BY_NOBODY = (*DEFAULT_EXCLUDED_CONTENT_TYPES, jobs.MEDIA_TYPE)
"""Files of jobs travel as they are, so that a part of one is a part of the other."""
WARM_UP = JobAdvert(
    id="warm-up", description="Customer service, Chinese typing. Flight, room and meals paid."
)

DESCRIPTION = """Scores public job adverts for the pattern of scam-centre recruitment, with reasons.

A score judges an advert, never a person, and is not proof. Clients must tolerate new fields and
new values of `band`, `support` and reason codes."""


def create_app(
    settings: Settings, *, detector: Detector | None = None, clock: Callable[[], datetime] = utc_now
) -> FastAPI:
    """Build the app; raises `StoreError` or `model.errors.ReleaseError` when it cannot serve."""
    context = make_context(settings, detector=detector, clock=clock)
    check_current(context.database)
    context.detector.assess(WARM_UP, at=clock())
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        worker = Worker(context) if settings.background else None
        if worker is not None:
            worker.start()
        yield
        if worker is not None:
            await run_in_threadpool(worker.stop)
        context.database.dispose()

    app = FastAPI(
        title="Lurewatch",
        version=version("lurewatch"),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        middleware=[
            Middleware(RequestFrame, metrics=metrics, https=settings.secure_cookies),
            Middleware(
                GZipMiddleware, minimum_size=1024, compresslevel=5, exclude_content_types=PACKED_BY_NOBODY
            ),
            Middleware(
                BodyLimit,
                limit=settings.max_body_bytes,
                exceptions={jobs.router.prefix: settings.max_job_bytes},
            ),
        ],
    )
    app.state.context, app.state.metrics = context, metrics
    app.state.render_error = render_error
    add_handlers(app)
    app.include_router(v1.router)
    app.include_router(own.router)
    app.include_router(voices.router)
    app.include_router(jobs.router)
    app.include_router(webhooks.router)
    app.include_router(health.router)
    app.include_router(routes.router)
    app.mount("/console/static", StaticFiles(directory=STATIC), name="static")
    app.openapi = lambda: docs.describe(app)  # type: ignore[method-assign]
    return app


def make_context(
    settings: Settings, *, detector: Detector | None = None, clock: Callable[[], datetime] = utc_now
) -> Context:
    """Open the database and load the release that the settings name."""
    database = Database(settings.database_url)
    detector = detector or load_detector(settings)
    return Context(
        settings=settings,
        database=database,
        rates=RateLimits(per_minute=settings.adverts_per_minute, redis_url=settings.redis_url),
        keys=Keyring(database),
        writer=SharedWriter(database, partial(store_together, settings=settings)),
        detector=detector,
        releases=Releases(detector, lambda version: load_detector(settings, version=version)),
        clock=clock,
        pepper=settings.pepper(),
    )


def load_detector(settings: Settings, *, version: str | None = None) -> Detector:
    """Load a release, the settings' by default; raises `model.errors.ReleaseError` when it does not verify."""
    from model.classifier.assessor import Assessor

    version = version or settings.model_version
    if settings.releases is None:
        return Assessor.load(version=version)
    return Assessor.load(version=version, releases=settings.releases)
