"""What goes in and comes out, as the specification tells it.

Requests are checked by these models. Answers are encoded from the reader's own values (see `answers`), which is several
times faster; a test holds every answer to its model.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, model_validator

from streamsvd.ratings.event import MAX_TIMESTAMP

MOST_ITEMS = 100
"""Of one answer."""
MOST_USERS = 100
"""Of one request."""
MOST_RATINGS = 1000
"""That somebody without an account may send, or a history may show."""
MOST_EXCLUDED = 1000

_INT64 = 2**63
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}")

IdText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1000,
        description="An id. A whole number of 64 bits is an integer; `text:` before it marks a string.",
    ),
]
ItemId = Annotated[StrictInt, Field(ge=-_INT64, lt=_INT64)] | Annotated[StrictStr, Field(min_length=1, max_length=1000)]
"""In a body the type says what it is."""

Count = Annotated[int, Field(ge=1, le=MOST_ITEMS, description="How many.")]


def id_of(text: str) -> int | str:
    """The id that a text stands for.

    Examples
    --------
    >>> id_of("196"), id_of("text:196"), id_of("0042"), id_of("ann"), id_of(str(2**63))
    (196, '196', '0042', 'ann', '9223372036854775808')
    """
    if text.startswith("text:") and len(text) > 5:
        return text[5:]
    if _WHOLE.fullmatch(text) and -_INT64 <= int(text) < _INT64:
        return int(text)
    return text


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class RatingIn(_Model):
    """One user's rating of one item; it replaces an earlier rating of the same item by the same user."""

    model_config = ConfigDict(
        json_schema_extra={
            "dependentRequired": {"source": ["sequence"], "sequence": ["source"]},
            "examples": [
                {"user": 196, "item": 242, "rating": 3.0},
                {"user": "ann", "item": "heat", "rating": 5, "timestamp": 881250949, "source": "app", "sequence": 17},
            ],
        }
    )

    user: ItemId
    item: ItemId
    rating: Annotated[float, Field(strict=True, description="On the model's scale.")]
    timestamp: Annotated[
        StrictInt | None, Field(ge=0, le=MAX_TIMESTAMP, description="Event time in seconds since 1970; now by default.")
    ] = None
    source: Annotated[
        StrictStr | None,
        Field(
            min_length=1,
            max_length=200,
            description="Where the event comes from. With `sequence` it is the event's id: an event is learned only if "
            "its number is above all that came from its source before. So a source sends one after the other, and "
            "after an error the same one again.",
        ),
    ] = None
    sequence: Annotated[StrictInt | None, Field(ge=0, lt=_INT64, description="Number within the source, growing.")] = (
        None
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> RatingIn:
        if (self.source is None) != (self.sequence is None):
            raise ValueError("source and sequence belong together: give both or none")
        return self


class Place(_Model):
    """Where an event stands in the log, which has confirmed it."""

    topic: Annotated[str, Field(examples=["ratings"])]
    partition: Annotated[int, Field(ge=0, examples=[0])]
    offset: Annotated[int, Field(ge=0, description="A snapshot whose offset is above this has learned it.")]
    timestamp: Annotated[int, Field(description="The event time that it was given.")]


class Provenance(_Model):
    """What an answer was computed from."""

    version: Annotated[int, Field(description="Of the snapshot.", examples=[17])]
    offsets: Annotated[
        dict[str, int],
        Field(
            description="Next offset by `topic/partition`: everything before was learned.", examples=[{"ratings/0": 9}]
        ),
    ]
    event_time: Annotated[int | None, Field(description="Newest event learned, in seconds since 1970.")]
    written_at: Annotated[float, Field(description="When the snapshot was written.")]
    age_seconds: Annotated[float, Field(ge=0, description="How long ago that is.")]
    rmse: Annotated[float | None, Field(description="The model's rolling error at that version, in stars.")]


class Recommendation(_Model):
    """One item of an answer."""

    item: ItemId
    title: str | None
    genres: list[str]
    year: int | None
    score: Annotated[float, Field(description="Predicted rating.", examples=[4.31])]


class Answer(_Model):
    """Items, best first, and what they were computed from."""

    user: ItemId
    known_user: Annotated[bool, Field(description="False: the answer is the best for everybody.")]
    items: list[Recommendation]
    provenance: Provenance


class Check(_Model):
    """One of the things that the service needs."""

    ok: bool
    detail: str


class Readiness(_Model):
    """Whether requests can be answered now, and what is missing."""

    ready: bool
    checks: Annotated[
        dict[str, Check],
        Field(examples=[{"store": {"ok": True, "detail": "snapshot 17, 2.1 s old"}}]),
    ]


class Alive(_Model):
    """The process answers."""

    alive: bool


class FieldError(_Model):
    """One field that is not right."""

    at: Annotated[str, Field(examples=["body.rating"])]
    message: str


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: Annotated[str, Field(examples=["urn:streamsvd:problem:the-store-does-not-answer"])]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    request_id: Annotated[str | None, Field(description="Under which the journal says more.")] = None
    errors: list[FieldError] = []
