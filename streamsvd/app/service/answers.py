"""The reader's answers as JSON: encoded from its own values in one pass, without models in between."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from model_store import Answer, Provenance

_encode = msgspec.json.Encoder().encode


def as_json(found: Any, status: int = 200) -> Response:
    """An answer whose body is this value: dataclasses, mappings, sequences, numbers and texts."""
    return Response(_encode(found), status, media_type="application/json")


def provenance_of(found: Provenance) -> dict[str, Any]:
    """Provenance with offsets by `topic/partition`, since JSON knows no pairs as names."""
    return {
        "version": found.version,
        "offsets": {f"{topic}/{number}": offset for (topic, number), offset in found.offsets.items()},
        "event_time": found.event_time,
        "written_at": found.written_at,
        "age_seconds": found.age_seconds,
        "rmse": found.rmse,
    }


def answer_of(found: Answer) -> dict[str, Any]:
    """A recommendation."""
    return {
        "user": found.user,
        "known_user": found.known_user,
        "items": found.items,
        "provenance": provenance_of(found.provenance),
    }
