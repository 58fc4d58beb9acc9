"""Whether the service lives, whether it can answer, and its figures for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import PlainTextResponse, Response

from streamsvd.errors import StreamSVDError
from streamsvd.service import responses
from streamsvd.service.answers import as_json
from streamsvd.service.context import Parts, parts_of
from streamsvd.service.problems import kind_of

router = APIRouter(tags=["operation"])

_PATIENCE_SECONDS = 3.0  # probes are impatient too


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
    Needs no key. A snapshot that is old is told, and no reason to be unready: it still serves."""
    parts = parts_of(request)
    asked = {"store": _store}
    if parts.log is not None:
        asked["log"] = _log
    outcomes = await asyncio.gather(*(_outcome(parts, check) for check in asked.values()))
    checks = dict(zip(asked, outcomes, strict=True))
    ready = all(bool(each["ok"]) for each in outcomes)
    return as_json({"ready": ready, "checks": checks}, 200 if ready else 503)


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    summary="Figures for Prometheus",
)
async def metrics(request: Request) -> Response:
    """The service's and the served model's figures, in Prometheus' text format."""
    parts = parts_of(request)
    text = await parts.workers.run(generate_latest, parts.registry)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _store(parts: Parts) -> str:
    found = parts.reader.status()
    return f"snapshot {found.version}, {found.age_seconds:.1f} s old"


def _log(parts: Parts) -> str:
    assert parts.log is not None, "asked with a log only"
    parts.log.check()
    return f"topic {parts.log.topic} answers"


async def _outcome(parts: Parts, check: Callable[[Parts], str]) -> dict[str, object]:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return {"ok": True, "detail": await parts.workers.run(check, parts)}
    except TimeoutError:
        return {"ok": False, "detail": f"no answer within {_PATIENCE_SECONDS:g} s"}
    except StreamSVDError as error:
        return {"ok": False, "detail": kind_of(error).title}
