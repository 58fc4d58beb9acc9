"""The application put together: endpoints inside; around them who may, how much, how long, and what is seen."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

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
from streamsvd.service import health, lookups, ratings
from streamsvd.service.answers import as_json
from streamsvd.service.context import Log, Parts
from streamsvd.service.journal import Journal
from streamsvd.service.middleware import JsonOnly, Limits, SizeLimit, TimeLimit
from streamsvd.service.model_gauges import ModelGauges, ModelPoint
from streamsvd.service.observability import HttpMetrics, Observing
from streamsvd.service.problems import answer_error
from streamsvd.service.security import ApiKey, Guard
from streamsvd.service.served import ServedScale
from streamsvd.service.specification import specification
from streamsvd.service.workers import Workers

_DESCRIPTION = """
Recommendations from a model that learns each rating as it arrives. Every answer says what it was computed from:
snapshot, offsets, age, and the model's error then. Errors are problem documents (RFC 9457).
""".strip()
_TAGS = [
    {"name": "lookups", "description": "The reader's calls. They change nothing."},
    {"name": "ratings", "description": "Events onto the log, from which the model learns."},
    {"name": "operation", "description": "For probes and Prometheus."},
]


def create_app(
    reader: ModelReader,
    journal: Journal,
    *,
    model: str,
    log: Log | None = None,
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
    log : Log, optional
        Where posted ratings go; without it there are only lookups.
    keys : sequence of ApiKey
        Who may ask; none: whoever reaches the loopback interface.
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
    parts = Parts(reader, ServedScale(reader), Workers(limits.threads, limits.waiting), log, registry, posted, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if log is not None:
            log.posting.begin()
        yield
        if log is not None:
            await log.posting.close()
        parts.workers.close()

    app = FastAPI(
        title="streamsvd",
        version=__version__,
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        openapi_url=None,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.parts = parts
    routers = [lookups.router, *([ratings.router] if log is not None else []), health.router]
    for router in routers:
        app.include_router(router)
    app.state.methods = _methods(routers)

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi(_: Request) -> Response:
        return as_json(await parts.workers.run(app.openapi))

    def document() -> dict[str, object]:
        return specification(app, keys=bool(keys), scale=lambda: _scale(parts.scale))

    app.openapi = document  # type: ignore[method-assign]
    for kind in (StreamSVDError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer_error)
    # From the inside out.
    app.add_middleware(JsonOnly)
    app.add_middleware(TimeLimit, seconds=limits.request_seconds)
    app.add_middleware(SizeLimit, most=limits.body_bytes)
    app.add_middleware(Guard, keys=keys)
    app.add_middleware(Observing, journal=journal, metrics=HttpMetrics(registry))
    return app


def _methods(routers: Sequence[APIRouter]) -> dict[str, str]:
    """What `Allow` says of each path; the framework would name the first endpoint's methods alone."""
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
        return served.ask()
    except StreamSVDError:
        return None
