"""Bodies of answers: their JSON, and models of those that are no lookups.

The answers to lookups are dataclasses of `model_store.answers`; they are encoded as they are, in one pass.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from model_store import Answer

_encode = msgspec.json.Encoder().encode


def as_json(found: Any, status: int = 200) -> Response:
    """An answer whose body is this value: dataclasses, mappings, sequences, numbers and strings."""
    return Response(_encode(found), status, media_type="application/json")


class ResponseModel(BaseModel):
    """Base of the models; other fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Answers(ResponseModel):
    """One answer for each user, in their order, all from one snapshot."""

    answers: list[Answer]


class Place(ResponseModel):
    """Where an event stands in the log, which has confirmed it."""

    topic: Annotated[str, Field(examples=["ratings"])]
    partition: Annotated[int, Field(ge=0, examples=[0])]
    offset: Annotated[
        int, Field(ge=0, description="A snapshot whose offset is above this has learned it.", examples=[100003])
    ]
    timestamp: Annotated[int, Field(description="The event time that it was given.", examples=[881250949])]
    notes: Annotated[
        list[str],
        Field(description="Says so where the model does not know an id, but knows the one of the other kind."),
    ]


class Check(ResponseModel):
    """One server that the service needs."""

    ok: bool
    detail: Annotated[str, Field(examples=["snapshot 17, 2.1 s old"])]


class Readiness(ResponseModel):
    """Whether requests can be answered now, and what is missing."""

    ready: bool
    checks: dict[str, Check]


class Alive(ResponseModel):
    """The process answers."""

    alive: bool


class FieldError(ResponseModel):
    """One field that is wrong."""

    at: Annotated[str, Field(examples=["body.rating"])]
    message: str


class Problem(ResponseModel):
    """An error, as RFC 9457 has it."""

    type: Annotated[str, Field(examples=["urn:streamsvd:problem:the-store-does-not-answer"])]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    request_id: Annotated[str, Field(description="Under which the journal says more.")]
    errors: list[FieldError] = []
