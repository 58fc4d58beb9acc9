"""Answers as JSON, encoded from the dataclasses themselves in one pass."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

_encode = msgspec.json.Encoder().encode


def as_json(found: Any, status: int = 200) -> Response:
    """An answer whose body is this value: dataclasses, mappings, sequences, numbers and texts."""
    return Response(_encode(found), status, media_type="application/json")
