"""Answers of lookups in the store, each with the provenance that it was computed from."""

from __future__ import annotations

from dataclasses import dataclass

from streamsvd.lookup import AnswerPart, Explanation, KnownUser, Rated, Recommendation, SimilarItem, SimilarUser
from streamsvd.ratings import CatalogueItem, Id


@dataclass(frozen=True, slots=True)
class Provenance(AnswerPart):
    """What an answer was computed from."""

    version: int
    """Of the snapshot."""
    offsets: dict[str, int]
    """Next offset to read, by `topic/partition`: everything before was learned."""
    event_time: int | None
    """Newest event learned, in seconds since 1970."""
    written_at: float
    """When the snapshot was written, in seconds since 1970."""
    age_seconds: float
    """How long ago that is."""
    rmse: float | None
    """The model's rolling error at that version; none before the first rating, or where the writer gave none."""


@dataclass(frozen=True, slots=True)
class Answer(AnswerPart):
    """Recommended items, best first."""

    user: Id | None
    """None for an anonymous user."""
    items: tuple[Recommendation, ...]
    known_user: bool
    """False: the user is unknown to the model, and the answer is the best for all users."""
    provenance: Provenance
    notes: tuple[str, ...] = ()
    """Says so where an id of the other kind, text or integer, was found in place of one that was given."""


@dataclass(frozen=True, slots=True)
class SimilarItems(AnswerPart):
    """Items liked by the same users as one, most similar first."""

    item: CatalogueItem
    items: tuple[SimilarItem, ...]
    provenance: Provenance
    notes: tuple[str, ...] = ()
    """Says so where an id of the other kind, text or integer, was found in place of one that was given."""


@dataclass(frozen=True, slots=True)
class SimilarUsers(AnswerPart):
    """Users of the same taste, most similar first."""

    user: Id
    users: tuple[SimilarUser, ...]
    provenance: Provenance
    notes: tuple[str, ...] = ()
    """Says so where an id of the other kind, text or integer, was found in place of one that was given."""


@dataclass(frozen=True, slots=True)
class Prediction(AnswerPart):
    """The rating that a user would give."""

    user: Id
    item: CatalogueItem
    rating: float
    """Within the scale."""
    deviation: float
    """Standard deviation of its error."""
    known_user: bool
    """False: the user is unknown to the model, and predicted from all users."""
    known_item: bool
    """False: the item has not been rated."""
    provenance: Provenance
    notes: tuple[str, ...] = ()
    """Says so where an id of the other kind, text or integer, was found in place of one that was given."""


@dataclass(frozen=True, slots=True)
class Explained(Explanation):
    """The parts of a prediction for a user."""

    user: Id
    provenance: Provenance
    notes: tuple[str, ...] = ()
    """Says so where an id of the other kind, text or integer, was found in place of one that was given."""


@dataclass(frozen=True, slots=True)
class History(AnswerPart):
    """A user's newest ratings, newest first."""

    user: KnownUser
    newest: tuple[Rated, ...]
    provenance: Provenance
    notes: tuple[str, ...] = ()
    """Says so where an id of the other kind, text or integer, was found in place of one that was given."""


@dataclass(frozen=True, slots=True)
class Users(AnswerPart):
    """How many users there are, and some that gave a rating lately, newest first."""

    total: int
    users: tuple[KnownUser, ...]
    provenance: Provenance
