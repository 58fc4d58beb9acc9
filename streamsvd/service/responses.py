"""What is answered, as the specification tells it.

Answers are encoded from the reader's own values (see `answers`) and not through these models, which is faster; a test
holds every answer to its model.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from streamsvd.service.ids import Id

KnownUserFlag = Annotated[bool, Field(description="False: the model has not met the user.")]


class Response(BaseModel):
    """What all answers share: nothing that is not said here."""

    model_config = ConfigDict(extra="forbid")


class Provenance(Response):
    """What an answer was computed from."""

    version: Annotated[int, Field(description="Of the snapshot.", examples=[17])]
    offsets: Annotated[
        dict[str, int],
        Field(
            description="Next offset by `topic/partition`: everything before was learned.", examples=[{"ratings/0": 9}]
        ),
    ]
    event_time: Annotated[
        int | None, Field(description="Newest event learned, in seconds since 1970.", examples=[881250949])
    ]
    written_at: Annotated[float, Field(description="When the snapshot was written.", examples=[1795310466.77])]
    age_seconds: Annotated[float, Field(ge=0, description="How long ago that is.", examples=[1.5])]
    rmse: Annotated[
        float | None, Field(description="The model's rolling error at that version, in stars.", examples=[0.91])
    ]


class NamedItem(Response):
    """An item, with what the catalogue knows of it."""

    item: Annotated[Id, Field(examples=[242])]
    title: Annotated[str | None, Field(examples=["Kolya (1996)"])]
    genres: Annotated[list[str], Field(examples=[["Comedy"]])]
    year: Annotated[int | None, Field(examples=[1996])]


class Recommendation(NamedItem):
    """One item of an answer."""

    score: Annotated[float, Field(description="Predicted rating, within the scale.", examples=[4.31])]


class Answer(Response):
    """Items, best first."""

    user: Annotated[Id | None, Field(description="null for an anonymous user.", examples=[196])]
    items: list[Recommendation]
    known_user: Annotated[bool, Field(description="False: the answer is the best for everybody.")]
    provenance: Provenance


class Answers(Response):
    """One answer for each user, in their order, all from one snapshot."""

    answers: list[Answer]


class SimilarItem(NamedItem):
    """An item like another one."""

    similarity: Annotated[float, Field(ge=-1.001, le=1.001, description="A correlation.", examples=[0.83])]


class SimilarItems(Response):
    """Items that people like together with one, most similar first."""

    item: NamedItem
    items: list[SimilarItem]
    provenance: Provenance


class SimilarUser(Response):
    """A user like another one."""

    user: Annotated[Id, Field(examples=[305])]
    similarity: Annotated[float, Field(ge=-1.001, le=1.001, description="A correlation.", examples=[0.71])]
    ratings: Annotated[int, Field(ge=0, description="How many the user has given.", examples=[58])]


class SimilarUsers(Response):
    """Users of the same taste, most similar first."""

    user: Annotated[Id, Field(examples=[196])]
    users: list[SimilarUser]
    provenance: Provenance


class Prediction(Response):
    """The rating that a user would give."""

    user: Annotated[Id, Field(examples=[196])]
    item: NamedItem
    rating: Annotated[float, Field(description="Within the scale.", examples=[3.9])]
    deviation: Annotated[float, Field(ge=0, description="Standard deviation of the error.", examples=[0.88])]
    known_user: KnownUserFlag
    known_item: Annotated[bool, Field(description="False: the model has not met the item.")]
    provenance: Provenance


class Moved(NamedItem):
    """A rating of the user's."""

    moved: Annotated[float, Field(description="What it adds to the prediction.", examples=[0.12])]


class Explained(Response):
    """A prediction taken apart: everybody + own + what the ratings moved + rest = score."""

    user: Annotated[Id, Field(examples=[196])]
    item: NamedItem
    score: Annotated[float, Field(description="Before it is clipped to the scale.", examples=[4.2])]
    everybody: Annotated[float, Field(description="What is expected of any user and any such item.", examples=[3.6])]
    own: Annotated[float, Field(description="How much better than that the item is liked.", examples=[0.3])]
    ratings: Annotated[list[Moved], Field(description="The user's newest ratings, strongest first.")]
    rest: Annotated[float, Field(description="Drift, calibration, and older ratings.", examples=[0.1])]
    known_user: KnownUserFlag
    provenance: Provenance


class Rated(NamedItem):
    """A rating that a user gave."""

    above: Annotated[float, Field(description="How far above what was expected of anybody then.", examples=[0.7])]


class KnownUser(Response):
    """A user that the model has met."""

    user: Annotated[Id, Field(examples=[196])]
    ratings: Annotated[int, Field(ge=0, description="How many the user has given.", examples=[39])]
    mean: Annotated[float | None, Field(description="Their mean.", examples=[3.6])]
    last_time: Annotated[int | None, Field(description="When the last one was given.", examples=[881250949])]


class History(Response):
    """A user's newest ratings, newest first."""

    user: KnownUser
    newest: list[Rated]
    provenance: Provenance


class Users(Response):
    """How many users there are, and some that gave a rating lately."""

    total: Annotated[int, Field(ge=0, examples=[943])]
    users: list[KnownUser]
    provenance: Provenance


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
