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
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from model.schema.advert import JobAdvert
from service import console
from service.api import docs, health, v1
from service.assessing import Context, Detector, store_together
from service.console import routes
from service.console.pages import render_error
from service.metrics import Metrics
from service.middleware import BodyLimit, RequestFrame
from service.problems import add_handlers
from service.rates import RateLimits
from service.settings import Settings
from service.store.database import Database
from service.store.ids import utc_now
from service.store.keyring import Keyring
from service.store.migrate import check_current
from service.store.writer import SharedWriter

STATIC = Path(console.__file__).parent / "static"
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
        yield
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
            Middleware(GZipMiddleware, minimum_size=1024, compresslevel=5),
            Middleware(BodyLimit, limit=settings.max_body_bytes),
        ],
    )
    app.state.context, app.state.metrics = context, metrics
    app.state.render_error = render_error
    add_handlers(app)
    app.include_router(v1.router)
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
    return Context(
        settings=settings,
        database=database,
        rates=RateLimits(per_minute=settings.adverts_per_minute, redis_url=settings.redis_url),
        keys=Keyring(database),
        writer=SharedWriter(database, partial(store_together, settings=settings)),
        detector=detector or load_detector(settings),
        clock=clock,
        pepper=settings.pepper(),
    )


def load_detector(settings: Settings) -> Detector:
    """Load the release; raises `model.errors.ReleaseError` when it is missing or does not verify."""
    from model.classifier.assessor import Assessor

    if settings.releases is None:
        return Assessor.load(version=settings.model_version)
    return Assessor.load(version=settings.model_version, releases=settings.releases)
