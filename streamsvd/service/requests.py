"""Models of the requests, by which they are validated, with their limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, StrictStr, model_validator

from streamsvd.lookup import DEFAULT_RANKING, RANKINGS, Options
from streamsvd.ratings import MAX_ID_LENGTH, MAX_TIMESTAMP

MOST_ITEMS = 100
"""Of one answer."""
MOST_USERS = 100
"""Of one request."""
MOST_RATINGS = 1000
"""Of an anonymous user, in one request."""
MOST_EXCLUDED = 1000
"""Of one request with a body."""
MOST_EXCLUDED_IN_ADDRESS = 50
"""Of one query string: a URL has at most 64 kB."""

_MOST_GENRES = 50
_VISIBLE = r"[^\s\x1c-\x1f\x85]"
"""A character that is no white space, for Python and for JSON Schema."""
_INT64 = 2**63


def _left_out(schema: dict[str, Any]) -> None:
    """A schema without the default null: a parameter may be left out, but null is not a value of it."""
    schema.pop("default", None)


IdText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_ID_LENGTH,
        pattern=_VISIBLE,
        description="An id. What an integer of 64 bits prints is that integer, all else a string without the white "
        "space around it; `text:` before it marks a string.",
        examples=["196"],
    ),
]
"""An id in a query string, for `typed_id`."""
Id = (
    Annotated[StrictInt, Field(ge=-_INT64, lt=_INT64)]
    | Annotated[StrictStr, Field(min_length=1, max_length=MAX_ID_LENGTH, pattern=_VISIBLE), AfterValidator(str.strip)]
)
"""An id in a body: the JSON type decides between integer and string; a string loses the white space around it."""
Count = Annotated[int, Field(ge=1, le=MOST_ITEMS, description="Number of items or users.")]
Year = Annotated[int, Field(ge=0, le=9999, json_schema_extra=_left_out)]


class RequestModel(BaseModel):
    """Base of all requests; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Body(RequestModel):
    """Base of all bodies: a string is not a number, and 3.0 is an integer, as in JSON Schema."""

    model_config = ConfigDict(strict=True)

    @model_validator(mode="before")
    @classmethod
    def _whole_numbers(cls, found: Any) -> Any:
        return {name: _whole(value) for name, value in found.items()} if isinstance(found, dict) else found


def _whole(value: Any) -> Any:
    """A field's value, or each of a list's; no field is nested deeper."""
    return [_whole_number(each) for each in value] if isinstance(value, list) else _whole_number(value)


def _whole_number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


class RecommendOptions(RequestModel):
    """Which items may be recommended, and how they are ranked."""

    n: Count = 10
    exclude_seen: Annotated[bool, Field(description="Leave out items that the user has rated.")] = True
    genres: Annotated[
        list[Annotated[str, Field(max_length=100)]],
        Field(max_length=_MOST_GENRES, description="Only items of at least one of these.", examples=[["Drama"]]),
    ] = []
    year_from: Annotated[Year, Field(description="Only items from this year on.", examples=[1990])] = None  # type: ignore[assignment]
    year_to: Annotated[Year, Field(description="Only items up to this year.", examples=[1999])] = None  # type: ignore[assignment]
    min_ratings: Annotated[int, Field(ge=0, lt=_INT64, description="Only items with at least this many ratings.")] = 0
    rank_by: Annotated[
        Literal[tuple(RANKINGS)],  # type: ignore[valid-type]
        Field(description="Order of the items; `score` is the predicted rating in either case."),
    ] = DEFAULT_RANKING
    explore: Annotated[
        Literal["upper", "sampled"],
        Field(
            description="Rank items with few ratings by what their score may be: by its upper confidence bound, or "
            "sampled from its distribution, which needs a seed.",
            json_schema_extra=_left_out,
        ),
    ] = None  # type: ignore[assignment]
    seed: Annotated[
        int, Field(ge=0, lt=_INT64, description="Seed of the random numbers of `sampled`.", json_schema_extra=_left_out)
    ] = None  # type: ignore[assignment]

    def options(self, exclude: Sequence[int | str]) -> Options:
        """The reader's arguments; `exclude` as ids, which a query string holds as texts."""
        return Options(
            exclude=exclude,
            exclude_seen=self.exclude_seen,
            genres=self.genres,
            years=None if self.year_from is self.year_to is None else (self.year_from, self.year_to),
            min_ratings=self.min_ratings,
            rank_by=self.rank_by,
            explore=self.explore,
            seed=self.seed,
        )


class RecommendQuery(RecommendOptions):
    """Parameters of GET /recommend."""

    user: IdText
    exclude: Annotated[
        list[IdText], Field(max_length=MOST_EXCLUDED_IN_ADDRESS, description="Leave these items out.")
    ] = []


class RecommendBody(RecommendOptions, Body):
    """What both bodies share."""

    exclude: Annotated[list[Id], Field(max_length=MOST_EXCLUDED, description="Leave these items out.")] = []


class ForMany(RecommendBody):
    """Recommendations for several users."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"users": [196, "ann"], "n": 3}]})

    users: Annotated[list[Id], Field(min_length=1, max_length=MOST_USERS)]


class RatingOf(Body):
    """A rating by an anonymous user."""

    item: Id
    rating: Annotated[float, Field(description="On the model's scale.")]


class ForRatings(RecommendBody):
    """Recommendations for an anonymous user."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ratings": [{"item": 242, "rating": 5.0}], "n": 5, "genres": ["Comedy"]}]},
    )

    ratings: Annotated[
        list[RatingOf],
        Field(min_length=1, max_length=MOST_RATINGS, description="If an item is given twice, the last rating counts."),
    ]


class UserQuery(RequestModel):
    """Parameters that name a user."""

    user: IdText


class UserListQuery(UserQuery):
    """Parameters that name a user, and how many."""

    n: Count = 10


class ItemListQuery(RequestModel):
    """Parameters that name an item, and how many."""

    item: IdText
    n: Count = 10


class UserItemQuery(UserQuery):
    """Parameters that name a user and an item."""

    item: IdText


class ListQuery(RequestModel):
    """Parameters that say how many."""

    n: Count = 10


class RatingIn(Body):
    """One user's rating of one item; it replaces an earlier rating of the same item by the same user."""

    model_config = ConfigDict(
        json_schema_extra={
            "dependentRequired": {"source": ["sequence"], "sequence": ["source"]},
            "examples": [
                {"user": 196, "item": 242, "rating": 3.0},
                {"user": "ann", "item": "heat", "rating": 5, "timestamp": 881250949, "source": "app", "sequence": 17},
            ],
        },
    )

    user: Id
    item: Id
    rating: Annotated[float, Field(description="On the model's scale.")]
    timestamp: Annotated[
        int,
        Field(
            ge=0,
            le=MAX_TIMESTAMP,
            description="Event time in seconds since 1970, at most `serve --max-ahead` ahead of the current time; by "
            "default the current time.",
            json_schema_extra=_left_out,
        ),
    ] = None  # type: ignore[assignment]
    source: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            description="Where the event comes from. With `sequence` it is the event's id: an event is learned only if "
            "its number is above all that came from its source before. So a source sends one after the other, and "
            "after an error the same one again.",
            json_schema_extra=_left_out,
        ),
    ] = None  # type: ignore[assignment]
    sequence: Annotated[
        int,
        Field(ge=0, lt=_INT64, description="Number within the source, growing.", json_schema_extra=_left_out),
    ] = None  # type: ignore[assignment]

    @model_validator(mode="after")
    def _both_or_none(self) -> RatingIn:
        if (self.source is None) != (self.sequence is None):
            raise ValueError("source and sequence belong together: give both or none")
        return self
