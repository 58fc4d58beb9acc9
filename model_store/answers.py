"""What lookups in the store answer. Every answer carries what it was computed from."""

from __future__ import annotations

from dataclasses import dataclass

from streamsvd.lookup.answers import (
    Explanation,
    KnownUser,
    NamedItem,
    Rated,
    Recommendation,
    SimilarItem,
    SimilarUser,
)
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
class Answer:
    """What `recommend` gives.

    Attributes
    ----------
    user : id or None
        None for an anonymous user.
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
class SimilarItems:
    """What `similar_items` gives: most similar first."""

    item: NamedItem
    items: tuple[SimilarItem, ...]
    provenance: Provenance


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
        Within the scale; and its standard deviation.
    known_user, known_item : bool
        False: the model has not met this one, and predicts from what is known of all users, or of all items.
    """

    user: Id
    item: NamedItem
    rating: float
    deviation: float
    known_user: bool
    known_item: bool
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Explained(Explanation):
    """What `explain` gives."""

    user: Id
    provenance: Provenance


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
