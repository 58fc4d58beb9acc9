"""What lookups answer. Every answer carries what it was computed from."""

from __future__ import annotations

from dataclasses import dataclass

from streamsvd.ratings import Id


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an answer was computed from.

    Attributes
    ----------
    version : int
        Of the snapshot.
    offsets : dict of (topic, partition) to int
        Next offsets to read at that version: everything before was learned.
    event_time : int or None
        Newest event learned, in seconds.
    written_at, age_seconds : float
        When the snapshot was written, and how long ago that is.
    rmse : float or None
        The rolling error at that version; None before the first rating, and where the writer gave none.
    """

    version: int
    offsets: dict[tuple[str, int], int]
    event_time: int | None
    written_at: float
    age_seconds: float
    rmse: float | None


@dataclass(frozen=True, slots=True)
class NamedItem:
    """An item; title, genres and year as far as the catalogue knows them."""

    item: Id
    title: str | None
    genres: tuple[str, ...]
    year: int | None


@dataclass(frozen=True, slots=True)
class Recommendation(NamedItem):
    """One item of an answer; `score` is the predicted rating, within the scale."""

    score: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What `recommend` gives.

    Attributes
    ----------
    user : id or None
        None for somebody without an account.
    items : tuple of Recommendation
        Best first.
    known_user : bool
        False: the model has not met this user, and the answer is the best for everybody.
    """

    user: Id | None
    items: tuple[Recommendation, ...]
    known_user: bool
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class SimilarItem(NamedItem):
    """An item like another one; `similarity` is a correlation, −1 to 1."""

    similarity: float


@dataclass(frozen=True, slots=True)
class SimilarItems:
    """What `similar_items` gives: most similar first."""

    item: NamedItem
    items: tuple[SimilarItem, ...]
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class SimilarUser:
    """A user like another one; `similarity` is a correlation, −1 to 1; `ratings` is how many the user has given."""

    user: Id
    similarity: float
    ratings: int


@dataclass(frozen=True, slots=True)
class SimilarUsers:
    """What `similar_users` gives: most similar first."""

    user: Id
    users: tuple[SimilarUser, ...]
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Prediction:
    """What `predict` gives.

    Attributes
    ----------
    rating, deviation : float
        Within the scale; and how far off it may be, as a standard deviation.
    known_user, known_item : bool
        False: the model has not met this one, and predicts from what is known of everybody, or of every item.
    """

    user: Id
    item: NamedItem
    rating: float
    deviation: float
    known_user: bool
    known_item: bool
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Moved(NamedItem):
    """A rating of the user's; `moved` is what it adds to a prediction, in units of the scale."""

    moved: float


@dataclass(frozen=True, slots=True)
class Explained:
    """A prediction taken apart: `everybody + own + Σ ratings.moved + rest = score`.

    Attributes
    ----------
    score : float
        The predicted rating before it is clipped to the scale.
    everybody : float
        What is expected of any user and any item of this content and popularity.
    own : float
        The item's own part: how much better than that it is liked.
    ratings : tuple of Moved
        What each of the user's newest ratings adds, strongest first.
    rest : float
        Drift and calibration, and what the user's row holds beyond its newest ratings.
    """

    user: Id
    item: NamedItem
    score: float
    everybody: float
    own: float
    ratings: tuple[Moved, ...]
    rest: float
    known_user: bool
    provenance: Provenance


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


@dataclass(frozen=True, slots=True)
class History:
    """What `history` gives; `newest` is newest first."""

    user: KnownUser
    newest: tuple[Rated, ...]
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Users:
    """What `users` gives: how many there are, and some that gave a rating lately, newest first."""

    total: int
    users: tuple[KnownUser, ...]
    provenance: Provenance
