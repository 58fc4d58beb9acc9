"""What is answered beside lookups, whose answers are described by their own dataclasses (`model_store.answers`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from model_store import Answer


class Response(BaseModel):
    """What all of them share: nothing that is not said here."""

    model_config = ConfigDict(extra="forbid")


class Answers(Response):
    """One answer for each user, in their order, all from one snapshot."""

    answers: list[Answer]


class Place(Response):
    """Where an event stands in the log, which has confirmed it."""

    topic: Annotated[str, Field(examples=["ratings"])]
    partition: Annotated[int, Field(ge=0, examples=[0])]
    offset: Annotated[
        int, Field(ge=0, description="A snapshot whose offset is above this has learned it.", examples=[100003])
    ]
    timestamp: Annotated[int, Field(description="The event time that it was given.", examples=[881250949])]


class Check(Response):
    """One of the things that the service needs."""

    ok: bool
    detail: Annotated[str, Field(examples=["snapshot 17, 2.1 s old"])]


class Readiness(Response):
    """Whether requests can be answered now, and what is missing."""

    ready: bool
    checks: dict[str, Check]


class Alive(Response):
    """The process answers."""

    alive: bool


class FieldError(Response):
    """One field that is not right."""

    at: Annotated[str, Field(examples=["body.rating"])]
    message: str


class Problem(Response):
    """An error, as RFC 9457 has it."""

    type: Annotated[str, Field(examples=["urn:streamsvd:problem:the-store-does-not-answer"])]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    request_id: Annotated[str, Field(description="Under which the journal says more.")]
    errors: list[FieldError] = []
