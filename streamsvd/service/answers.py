"""The reader's answers as JSON: encoded from its own values in one pass, without models in between."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any

import msgspec
from starlette.responses import Response

from model_store import Provenance

_encode = msgspec.json.Encoder().encode


def as_json(found: Any, status: int = 200) -> Response:
    """An answer whose body is this value: dataclasses, mappings, sequences, numbers and texts."""
    return Response(_encode(found), status, media_type="application/json")


def body_of(found: Any) -> dict[str, Any]:
    """What is encoded of one of the reader's answers: its fields as they are, but for the offsets.

    Offsets are kept by topic and partition; JSON knows no pairs as names, so they become `topic/partition`.

    Examples
    --------
    >>> body_of(Provenance(7, {("ratings", 0): 9}, None, 1.0, 0.5, None))["offsets"]
    {'ratings/0': 9}
    """
    kind: Any = type(found)
    body = {name: getattr(found, name) for name in _names(kind)}
    if isinstance(found, Provenance):
        body["offsets"] = {f"{topic}/{number}": offset for (topic, number), offset in found.offsets.items()}
    else:
        body["provenance"] = body_of(found.provenance)
    return body


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
