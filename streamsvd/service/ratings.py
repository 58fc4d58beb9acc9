"""Ratings onto the log: checked as the consumer would check them, answered when Kafka has confirmed them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from streamsvd.errors import SnapshotMissing, StreamSVDError
from streamsvd.ratings import Erasure, Event, Rating, Retraction, check_scale
from streamsvd.ratings.id_text import parse_id
from streamsvd.service import requests, responses
from streamsvd.service.answers import as_json
from streamsvd.service.context import Parts, parts_of

router = APIRouter(tags=["ratings"])


@router.post("/ratings", status_code=201, response_model=responses.Place, summary="Send a rating")
async def post_rating(request: Request, body: requests.RatingIn) -> Response:
    """Put one rating onto the log. 201 says that Kafka has confirmed it; the model learns it with the consumer's next
    poll, and lookups see it with its next checkpoint.

    503 says that it is not known to be in the log. Sent again with the same source and sequence, it is learned once."""
    parts = parts_of(request)
    check_scale(body.rating, await _scale(parts))
    timestamp = int(parts.clock()) if body.timestamp is None else body.timestamp
    return await _put(parts, Rating(body.user, body.item, body.rating, timestamp, body.source, body.sequence))


@router.delete("/ratings", status_code=202, response_model=responses.Place, summary="Take a rating back")
async def retract_rating(request: Request, query: Annotated[requests.Pair, Query()]) -> Response:
    """Put a retraction onto the log: the model forgets what this user gave this item."""
    parts = parts_of(request)
    user, item = parse_id(query.user), parse_id(query.item)
    return await _put(parts, Retraction(user, item, int(parts.clock())), 202)


@router.delete("/users", status_code=202, response_model=responses.Place, summary="Erase a user")
async def erase_user(request: Request, query: Annotated[requests.OneUser, Query()]) -> Response:
    """Put an erasure onto the log: the user's row, history and list of rated items go, from the model and the store."""
    parts = parts_of(request)
    return await _put(parts, Erasure(parse_id(query.user), int(parts.clock())), 202)


async def _put(parts: Parts, event: Event, status: int = 201) -> Response:
    assert parts.log is not None, "these endpoints are served with a log only"
    kind = type(event).__name__.lower()
    try:
        partition, offset = await parts.log.posting.post(event)
    except StreamSVDError:
        parts.posted.labels(kind, "failed").inc()
        raise
    parts.posted.labels(kind, "confirmed").inc()
    place = {"topic": parts.log.topic, "partition": partition, "offset": offset, "timestamp": event.timestamp}
    return as_json(place, status)


async def _scale(parts: Parts) -> tuple[float, float]:
    """Limits of the ratings: the served model's; before its first snapshot, those it will start with."""
    assert parts.log is not None, "see above"
    if parts.scale.known is not None:
        return parts.scale.known
    try:
        return await parts.workers.run(parts.scale.ask)
    except SnapshotMissing:
        return await parts.workers.run(parts.log.scale)
