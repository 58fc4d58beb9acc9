"""The ASGI application: endpoints, and the middlewares around them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry, Counter, PlatformCollector, ProcessCollector
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from model_store import ModelReader
from streamsvd import __version__
from streamsvd.errors import StreamSVDError
from streamsvd.ratings import MAX_AHEAD
from streamsvd.service import health, lookups, ratings
from streamsvd.service.context import ServedScale, ServiceContext
from streamsvd.service.journal import Journal
from streamsvd.service.middleware import JsonOnly, SizeLimit, TimeLimit
from streamsvd.service.model_gauges import ModelGauges, ModelPoint
from streamsvd.service.observability import Observability
from streamsvd.service.problems import answer_error
from streamsvd.service.rating_log import RatingLog
from streamsvd.service.responses import as_json
from streamsvd.service.security import ApiKey, Guard
from streamsvd.service.specification import specification
from streamsvd.service.workers import Workers

_DESCRIPTION = """
Recommendations from a model that learns each rating as it arrives. Every answer holds its provenance: snapshot,
offsets, age, and the model's error then. Errors are problem documents (RFC 9457).
""".strip()
_TAGS = [
    {"name": "lookups", "description": "The reader's calls. They change nothing."},
    {"name": "ratings", "description": "Events onto the log, from which the model learns."},
    {"name": "operation", "description": "For probes and Prometheus."},
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one request, and of how many there may be.

    Attributes
    ----------
    body_bytes : int
    request_seconds : float
        From the end of its headers to the end of its answer.
    threads, waiting : int
        See `Workers`.
    delivery_seconds : float
        Within which Kafka has to confirm a rating; below `request_seconds`.
    max_ahead : int
        Seconds that a rating's timestamp may be ahead of the clock.
    """

    body_bytes: int = 256 << 10
    request_seconds: float = 10.0
    threads: int = 8
    waiting: int = 256
    delivery_seconds: float = 5.0
    max_ahead: int = MAX_AHEAD


def create_app(
    reader: ModelReader,
    journal: Journal,
    *,
    model: str,
    log: RatingLog | None = None,
    keys: Sequence[ApiKey] = (),
    limits: Limits | None = None,
    clock: Callable[[], float] = time.time,
) -> FastAPI:
    """The service as an ASGI application.

    Parameters
    ----------
    reader : ModelReader
    journal : Journal
        From `json_journal`.
    model : str
        Name of the model, for the metrics.
    log : RatingLog, optional
        Where ratings are sent; without it there are only lookups.
    keys : sequence of ApiKey
        Without any, every local request is answered.
    limits : Limits, optional
    clock : callable
        Seconds since 1970.
    """
    limits = limits or Limits()
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(ModelGauges(model, lambda: _point(reader), clock))
    posted = Counter("streamsvd_ratings_posted", "Events sent to the log", ["kind", "outcome"], registry=registry)
    workers = Workers(limits.threads, limits.waiting)
    context = ServiceContext(reader, ServedScale(reader), workers, log, registry, posted, clock, limits.max_ahead)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if log is not None:
            log.sender.begin()
        yield
        if log is not None:
            await log.sender.close()
        workers.close()

    app = FastAPI(
        title="streamsvd",
        version=__version__,
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        openapi_url=None,
        docs_url=None,  # its page loads scripts from other hosts
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.context = context
    routers = [lookups.router, *([ratings.router] if log is not None else []), health.router]
    for router in routers:
        app.include_router(router)
    app.state.methods = _methods(routers)

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi(_: Request) -> Response:
        return as_json(await workers.run(app.openapi))

    def document() -> dict[str, object]:
        return specification(app, keys=bool(keys), scale=lambda: _scale(context.scale))

    app.openapi = document  # type: ignore[method-assign]
    for kind in (StreamSVDError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer_error)
    # The last one is the outermost.
    app.add_middleware(JsonOnly)
    app.add_middleware(TimeLimit, seconds=limits.request_seconds)
    app.add_middleware(SizeLimit, most=limits.body_bytes)
    app.add_middleware(Guard, keys=keys)
    app.add_middleware(Observability, journal=journal, registry=registry)
    return app


def _methods(routers: Sequence[APIRouter]) -> dict[str, str]:
    """The `Allow` header of each path; the framework would name only the first endpoint's methods."""
    found: dict[str, set[str]] = {}
    for route in (route for router in routers for route in router.routes if isinstance(route, APIRoute)):
        found.setdefault(route.path, set()).update(route.methods or ())
    return {path: ", ".join(sorted(methods)) for path, methods in found.items()}


def _point(reader: ModelReader) -> ModelPoint | None:
    try:
        found = reader.status()
    except StreamSVDError:
        return None
    return ModelPoint(found.version, found.written_at, found.event_time, found.rmse)


def _scale(served: ServedScale) -> tuple[float, float] | None:
    try:
        return served.read()
    except StreamSVDError:
        return None
