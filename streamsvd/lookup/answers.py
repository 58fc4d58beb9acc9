"""What lookups answer, whatever the items come from."""

from __future__ import annotations

from dataclasses import dataclass

from streamsvd.ratings import Id


@dataclass(frozen=True, slots=True)
class NamedItem:
    """An item; title, genres and year as far as the catalogue knows them."""

    item: Id
    title: str | None
    genres: tuple[str, ...]
    year: int | None


@dataclass(frozen=True, slots=True)
class Recommendation(NamedItem):
    """A recommended item; `score` is the predicted rating, within the scale."""

    score: float


@dataclass(frozen=True, slots=True)
class SimilarItem(NamedItem):
    """An item similar to another one; `similarity` is a correlation, −1 to 1."""

    similarity: float


@dataclass(frozen=True, slots=True)
class SimilarUser:
    """A user similar to another one; `similarity` is a correlation, −1 to 1; `ratings` counts the user's."""

    user: Id
    similarity: float
    ratings: int


@dataclass(frozen=True, slots=True)
class Moved(NamedItem):
    """A rating of the user's; `moved` is what it adds to a prediction, in units of the scale."""

    moved: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A prediction taken apart, in units of the scale: `everybody + own + Σ ratings.moved + rest = score`.

    Attributes
    ----------
    item : NamedItem
    score : float
        The predicted rating before it is clipped to the scale.
    everybody : float
        What is expected of any user and any item of this content and popularity.
    own : float
        The item's bias: how much better than that it is liked.
    ratings : tuple of Moved
        What each of the user's newest ratings adds, strongest first.
    rest : float
        Drift and calibration, and what the user's row holds beyond its newest ratings.
    known_user : bool
        False: the model has not met this user.
    """

    item: NamedItem
    score: float
    everybody: float
    own: float
    ratings: tuple[Moved, ...]
    rest: float
    known_user: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """A rating of the user's that raised a prediction, and by how much, in internal stars."""

    item: Id
    title: str | None
    raised_by: float


@dataclass(frozen=True, slots=True)
class Rated(NamedItem):
    """A rating that a user gave; `above` is how far above what was expected of anybody then, in units of the scale."""

    above: float


@dataclass(frozen=True, slots=True)
class KnownUser:
    """A user that the model has met.

    Attributes
    ----------
    ratings : int
        How many the user has given.
    mean : float or None
        Their mean; None before the first.
    last_time : int or None
        When the last one was given, in seconds.
    """

    user: Id
    ratings: int
    mean: float | None
    last_time: int | None
