"""Lookups in the store, as rows for the lookup card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import redis

from evaluation.metrics import RMSE
from model_store import ModelReader, Provenance
from streamsvd.dashboard.formats import age, count, difference, moment
from streamsvd.errors import StoreError, UnknownId
from streamsvd.lookup import Reason
from streamsvd.ratings import CatalogueItem, Id

_SHOWN = 10
_FOUND = 8


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item of an answer.

    Attributes
    ----------
    item : int or str
    title : str
        The id where there is no title.
    about : str
        Genres, or the reasons.
    figure : str
    """

    item: Id
    title: str
    about: str
    figure: str = ""


@dataclass(frozen=True, slots=True)
class UserAnswer:
    """The answer for a user.

    Attributes
    ----------
    user : int or str
    headline, source : str
        About the user, and the provenance.
    history : list of ItemRow or None
        None for an unknown user.
    recommended : list of ItemRow
    """

    user: Id
    headline: str
    source: str
    history: list[ItemRow] | None
    recommended: list[ItemRow]


@dataclass(frozen=True, slots=True)
class SimilarAnswer:
    """The answer for an item: its title, similar items, and the provenance."""

    title: str
    similar: list[ItemRow]
    source: str


class Lookups:
    """Lookups of one model; safe in threads.

    Every method raises `StoreError` when the store has no answer.
    """

    def __init__(self, client: redis.Redis, model: str) -> None:
        self._reader = ModelReader(client, model)

    def warm_up(self) -> bool:
        """Read all items and compile the kernels before the first lookup; whether that was possible."""
        try:
            last = self.last_user()
            if last is not None:
                self.user(last)
        except StoreError:
            return False
        return last is not None

    def user(self, user: Id) -> UserAnswer:
        """A user's newest ratings, and recommendations with reasons."""
        answer = self._reader.recommend(user, _SHOWN)
        user = user if answer.user is None else answer.user  # as the model knows it
        why = self._reader.reasons(user, [item.item for item in answer.items])
        rows = [ItemRow(i.item, title(i), _because(why[i.item]) or _genres(i), f"{i.score:.2f}") for i in answer.items]
        source = _source(answer.provenance, answer.notes)
        try:
            history = self._reader.history(user, _SHOWN)
        except UnknownId:
            headline = f"The model has no ratings of user {user}: these are the best items for all users."
            return UserAnswer(user, headline, source, None, rows)
        known = history.user
        mean = "" if known.mean is None else f", {known.mean:.1f} stars on average"
        headline = f"User {user}: {count(known.ratings)} ratings{mean}, the last one at {moment(known.last_time)}."
        newest = [ItemRow(one.item, title(one), _genres(one), difference(one.above, 2)) for one in history.newest]
        return UserAnswer(user, headline, source, newest, rows)

    def last_user(self) -> Id | None:
        """The user who gave the newest rating; None before the first."""
        users = self._reader.users(1).users
        return users[0].user if users else None

    def item(self, item: Id) -> SimilarAnswer:
        """Items that the same users like.

        Raises
        ------
        UnknownId
        """
        answer = self._reader.similar_items(item, _SHOWN)
        rows = [ItemRow(one.item, title(one), _genres(one), f"{one.similarity:.2f}") for one in answer.items]
        return SimilarAnswer(title(answer.item), rows, _source(answer.provenance, answer.notes))

    def find(self, text: str) -> list[ItemRow]:
        """Items whose title has these words, the most rated first."""
        return [ItemRow(one.item, title(one), _genres(one)) for one in self._reader.find(text, _FOUND)]


def title(item: CatalogueItem) -> str:
    """The title, or the id where there is none."""
    return item.title or str(item.item)


def _genres(item: CatalogueItem) -> str:
    return ", ".join(item.genres)


def _because(found: Sequence[Reason]) -> str:
    said = ", ".join(f"{reason.title or reason.item} (+{reason.raised_by:.2f})" for reason in found)
    return f"because of {said}" if said else ""


def _source(provenance: Provenance, notes: Sequence[str]) -> str:
    return "".join(f"{note[0].upper()}{note[1:]}. " for note in notes) + (
        f"Answered from snapshot {count(provenance.version)}, written {age(provenance.age_seconds)}; "
        f"its rolling error was {RMSE.text(provenance.rmse)}."
    )
