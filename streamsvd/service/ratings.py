"""Endpoints that put events onto the log: checked like in the consumer, answered when Kafka has confirmed them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response

from streamsvd.errors import SnapshotMissing, StreamSVDError
from streamsvd.ratings import Erasure, Event, Rating, Retraction, check_not_ahead, check_scale, typed_id
from streamsvd.service import requests, responses
from streamsvd.service.context import ServiceContext, context_of
from streamsvd.service.responses import as_json

router = APIRouter(tags=["ratings"])

_NOTES_SECONDS = 1.0


@router.post("/ratings", status_code=201, response_model=responses.Place, summary="Send a rating")
async def post_rating(request: Request, body: requests.RatingIn) -> Response:
    """Put one rating onto the log. 201 says that Kafka has confirmed it; the model learns it with the consumer's next
    poll, and lookups see it with its next checkpoint.

    503 says that Kafka has not confirmed it. Sent again with the same source and sequence, it is learned once."""
    context = context_of(request)
    check_scale(body.rating, await _scale(context))
    now = int(context.clock())
    timestamp = now if body.timestamp is None else body.timestamp
    check_not_ahead(timestamp, now, context.max_ahead)
    return await _put(context, Rating(body.user, body.item, body.rating, timestamp, body.source, body.sequence))


@router.delete("/ratings", status_code=202, response_model=responses.Place, summary="Retract a rating")
async def retract_rating(request: Request, query: Annotated[requests.UserItemQuery, Query()]) -> Response:
    """Put a retraction onto the log: the model forgets this user's rating of this item."""
    context = context_of(request)
    user, item = typed_id(query.user), typed_id(query.item)
    return await _put(context, Retraction(user, item, int(context.clock())), 202)


@router.delete("/users", status_code=202, response_model=responses.Place, summary="Erase a user")
async def erase_user(request: Request, query: Annotated[requests.UserQuery, Query()]) -> Response:
    """Put an erasure onto the log: the user's row, history and list of rated items go, from the model and the store."""
    context = context_of(request)
    return await _put(context, Erasure(typed_id(query.user), int(context.clock())), 202)


async def _put(context: ServiceContext, event: Event, status: int = 201) -> Response:
    assert context.log is not None, "these endpoints are served with a log only"
    kind = type(event).__name__.lower()
    try:
        (partition, offset), notes = await asyncio.gather(context.log.sender.send(event), _notes(context, event))
    except StreamSVDError:
        context.posted.labels(kind, "failed").inc()
        raise
    context.posted.labels(kind, "confirmed").inc()
    place = {"topic": context.log.topic, "partition": partition, "offset": offset, "timestamp": event.timestamp}
    return as_json({**place, "notes": notes}, status)


async def _notes(context: ServiceContext, event: Event) -> Sequence[str]:
    """What to say of the event's ids; nothing where the store does not answer soon, which is no matter of the log."""
    item = None if isinstance(event, Erasure) else event.item
    try:
        async with asyncio.timeout(_NOTES_SECONDS):
            return await context.workers.run(context.reader.other_kinds, event.user, item)
    except (StreamSVDError, HTTPException, TimeoutError):
        return ()


async def _scale(context: ServiceContext) -> tuple[float, float]:
    """Limits of the ratings: the served model's; before its first snapshot, those it will start with."""
    assert context.log is not None, "see `_put`"
    if context.scale.known is not None:
        return context.scale.known
    try:
        return await context.workers.run(context.scale.read)
    except SnapshotMissing:
        return await context.workers.run(context.log.scale)
