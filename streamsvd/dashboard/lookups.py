"""What the lookup box asks the store, as rows to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import redis

from model_store import ModelReader, Provenance
from streamsvd.dashboard.formats import age, count, difference, error, moment
from streamsvd.errors import StoreError, UnknownId
from streamsvd.lookup import NamedItem, Reason
from streamsvd.ratings import Id

SHOWN = 10
FOUND = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One film of an answer.

    Attributes
    ----------
    item : int or str
    title : str
        The id where there is no title.
    about : str
        Genres and year, or the reasons.
    figure : str
    """

    item: Id
    title: str
    about: str
    figure: str = ""


@dataclass(frozen=True, slots=True)
class OfUser:
    """What is shown of a user.

    Attributes
    ----------
    user : int or str
    headline, source : str
        What is known of the user, and what all of it was computed from.
    history : list of Row or None
        None for somebody whom the model has not met.
    recommended : list of Row
    """

    user: Id
    headline: str
    source: str
    history: list[Row] | None
    recommended: list[Row]


@dataclass(frozen=True, slots=True)
class OfItem:
    """What is shown of a film: its title, films like it, and what that was computed from."""

    title: str
    similar: list[Row]
    source: str


class Lookups:
    """Asks about one model; writes nothing. Safe in threads.

    Every method raises `StoreError` when the store has no answer.
    """

    def __init__(self, client: redis.Redis, model: str) -> None:
        self._reader = ModelReader(client, model)

    def warm_up(self) -> bool:
        """Read all items and load what answers, before the first visitor asks; whether that went well."""
        try:
            last = self.last_user()
            if last is not None:
                self.user(last)
        except StoreError:
            return False
        return last is not None

    def user(self, user: Id) -> OfUser:
        """A user's newest ratings, and recommendations with reasons."""
        answer = self._reader.recommend(user, SHOWN)
        why = self._reader.reasons(user, [item.item for item in answer.items])
        rows = [Row(i.item, title(i), _because(why[i.item]) or _facts(i), f"{i.score:.2f}") for i in answer.items]
        source = _source(answer.provenance)
        try:
            history = self._reader.history(user, SHOWN)
        except UnknownId:
            headline = f"The model has not met user {user}: these are the best for everybody."
            return OfUser(user, headline, source, None, rows)
        known = history.user
        mean = "" if known.mean is None else f", {known.mean:.1f} stars on average"
        headline = f"User {user}: {count(known.ratings)} ratings{mean}, the last one at {moment(known.last_time)}."
        newest = [Row(one.item, title(one), _facts(one), difference(one.above, 2)) for one in history.newest]
        return OfUser(user, headline, source, newest, rows)

    def last_user(self) -> Id | None:
        """A user who gave a rating lately; None before the first."""
        users = self._reader.users(1).users
        return users[0].user if users else None

    def item(self, item: Id) -> OfItem:
        """Films that people like together with this one.

        Raises
        ------
        UnknownId
        """
        answer = self._reader.similar_items(item, SHOWN)
        rows = [Row(one.item, title(one), _facts(one), f"{one.similarity:.2f}") for one in answer.items]
        return OfItem(title(answer.item), rows, _source(answer.provenance))

    def films(self, text: str) -> list[Row]:
        """Films whose title holds these words, the most rated first."""
        return [Row(one.item, title(one), _facts(one)) for one in self._reader.find(text, FOUND)]


def title(item: NamedItem) -> str:
    """The title, or the id where there is none."""
    return item.title or str(item.item)


def _facts(item: NamedItem) -> str:
    return ", ".join(item.genres)


def _because(found: Sequence[Reason]) -> str:
    said = ", ".join(f"{reason.title or reason.item} (+{reason.raised_by:.2f})" for reason in found)
    return f"because of {said}" if said else ""


def _source(provenance: Provenance) -> str:
    return (
        f"Answered from snapshot {count(provenance.version)}, written {age(provenance.age_seconds)}; "
        f"its rolling error was {error(provenance.rmse)}."
    )
