"""What lookups answer.

The strings below fields are the descriptions in the service's specification, which is made from these classes.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamsvd.ratings import CatalogueItem, Id


class AnswerPart:
    """What parts of answers share: how a specification is made of them."""

    __slots__ = ()
    __pydantic_config__ = CatalogueItem.__pydantic_config__


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation(CatalogueItem):
    """A recommended item."""

    score: float
    """Predicted rating, within the scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarItem(CatalogueItem):
    """An item similar to another one."""

    similarity: float
    """A correlation, −1 to 1."""


@dataclass(frozen=True, slots=True)
class SimilarUser(AnswerPart):
    """A user similar to another one."""

    user: Id
    similarity: float
    """A correlation, −1 to 1."""
    ratings: int
    """How many the user has given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(CatalogueItem):
    """A rating of the user's, and its part of a prediction."""

    moved: float
    """What it adds to the prediction, in units of the scale."""


@dataclass(frozen=True, slots=True)
class Explanation(AnswerPart):
    """A prediction taken apart, in units of the scale: everybody + own + Σ ratings.moved + rest = score."""

    item: CatalogueItem
    score: float
    """The predicted rating before it is clipped to the scale."""
    everybody: float
    """What is expected of any user and any item of this content and popularity."""
    own: float
    """The item's bias: how much better than that it is liked."""
    ratings: tuple[Moved, ...]
    """The user's newest ratings, strongest first."""
    rest: float
    """Drift and calibration, and what the user's row holds beyond its newest ratings."""
    known_user: bool
    """False: the model has not met the user."""


@dataclass(frozen=True, slots=True)
class Reason(AnswerPart):
    """A rating of the user's that raised a prediction."""

    item: Id
    title: str | None
    raised_by: float
    """By how much, in internal stars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated(CatalogueItem):
    """A rating that a user gave."""

    above: float
    """How far above the rating expected of any user at that time, in units of the scale."""


@dataclass(frozen=True, slots=True)
class KnownUser(AnswerPart):
    """A user that the model has met."""

    user: Id
    ratings: int
    """How many the user has given."""
    mean: float | None
    """Mean of the ratings that the user has: those replaced or taken back do not count. None without a rating."""
    last_time: int | None
    """When the last one was given, in seconds."""
