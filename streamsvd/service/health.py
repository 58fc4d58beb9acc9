"""Endpoints for probes and Prometheus: liveness, readiness, metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import PlainTextResponse, Response

from streamsvd.errors import StreamSVDError
from streamsvd.service import responses
from streamsvd.service.context import ServiceContext, context_of
from streamsvd.service.problems import problem_type
from streamsvd.service.responses import as_json

router = APIRouter(tags=["operation"])

_CHECK_SECONDS = 3.0  # a probe waits a few seconds


@router.get("/livez", response_model=responses.Alive, summary="Is the process alive?")
async def livez() -> Response:
    """200 whenever the process answers at all. Needs no key."""
    return as_json({"alive": True})


@router.get(
    "/readyz",
    response_model=responses.Readiness,
    responses={503: {"model": responses.Readiness, "description": "Something that requests need does not answer."}},
    summary="Can requests be answered?",
)
async def readyz(request: Request) -> Response:
    """200 when Redis answers and holds a snapshot and, where ratings can be sent, Kafka answers and holds the topic.
    Needs no key. The age of the snapshot is reported; an old one still serves, so the service stays ready."""
    context = context_of(request)
    checks = {"store": _store}
    if context.log is not None:
        checks["log"] = _log
    outcomes = await asyncio.gather(*(_outcome(context, check) for check in checks.values()))
    ready = all(bool(each["ok"]) for each in outcomes)
    return as_json({"ready": ready, "checks": dict(zip(checks, outcomes, strict=True))}, 200 if ready else 503)


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    summary="Figures for Prometheus",
)
async def metrics(request: Request) -> Response:
    """The service's and the served model's figures, in Prometheus' text format."""
    context = context_of(request)
    text = await context.workers.run(generate_latest, context.registry)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _store(context: ServiceContext) -> str:
    found = context.reader.status()
    return f"snapshot {found.version}, {found.age_seconds:.1f} s old"


def _log(context: ServiceContext) -> str:
    assert context.log is not None, "checked with a log only"
    context.log.check()
    return f"topic {context.log.topic} answers"


async def _outcome(context: ServiceContext, check: Callable[[ServiceContext], str]) -> dict[str, object]:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return {"ok": True, "detail": await context.workers.run(check, context)}
    except TimeoutError:
        return {"ok": False, "detail": f"no answer within {_CHECK_SECONDS:g} s"}
    except StreamSVDError as error:
        return {"ok": False, "detail": problem_type(error).title}
