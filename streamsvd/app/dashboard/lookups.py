"""What the lookup box asks the store, as rows to show."""

from __future__ import annotations

from dataclasses import dataclass

import redis

from model_store import ModelReader, Provenance
from model_store.reasons import Reason, reasons
from streamsvd.app.dashboard.formats import age, count, error
from streamsvd.ratings import Id

SHOWN = 10


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
    figure: str


@dataclass(frozen=True, slots=True)
class OfUser:
    """What is shown of a user."""

    headline: str
    recommended: list[Row]
    source: str


class Lookups:
    """Asks about one model; writes nothing. Safe in threads."""

    def __init__(self, client: redis.Redis, model: str) -> None:
        self._reader = ModelReader(client, model)

    def user(self, user: Id) -> OfUser:
        """A user's recommendations with reasons.

        Raises
        ------
        StoreError
        """
        answer = self._reader.recommend(user, SHOWN)
        why = reasons(self._reader, user, [item.item for item in answer.items])
        rows = [Row(i.item, i.title or str(i.item), _because(why[i.item]), f"{i.score:.2f}") for i in answer.items]
        known = answer.known_user
        headline = f"User {user}" if known else f"User {user} is unknown: the best for everybody"
        return OfUser(headline, rows, _source(answer.provenance))


def _because(found: tuple[Reason, ...]) -> str:
    return ", ".join(f"{reason.title or reason.item} (+{reason.raised_by:.2f})" for reason in found)


def _source(provenance: Provenance) -> str:
    return (
        f"Answered from snapshot {count(provenance.version)}, written {age(provenance.age_seconds)}; "
        f"its rolling error was {error(provenance.rmse)}."
    )
