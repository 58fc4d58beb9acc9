"""What would this user have been recommended on that day? A run until that moment, then a lookup.

The list, its predicted ratings and its reasons are those that a lookup in Redis would have given from a snapshot of
that moment; a test holds them to each other. What the user rated afterwards stands beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.studies.simulation import BLOCK, Run
from evaluation.studies.tuning_tasks import Stopped
from streamsvd.errors import SettingsError
from streamsvd.learner import Id, IteratedSVD
from streamsvd.learner.choices import Choices
from streamsvd.learner.explaining import contributions
from streamsvd.learner.listing import best, item_number, predicted_ratings, rated_by
from streamsvd.ratings import Catalogue, Film, RatingTable

_REASONS = 2


@dataclass(frozen=True, slots=True)
class Because:
    """A rating of the user's that raised a prediction, by so many stars."""

    item: Id
    title: str | None
    raised_by: float


@dataclass(frozen=True, slots=True)
class Listed:
    """An item of the list.

    Attributes
    ----------
    item : id
    title : str or None
    score : float
        The predicted rating, within the scale.
    reasons : tuple of Because
    rated, rated_at : float and int, or None
        What the user really rated it afterwards, and when, in seconds.
    """

    item: Id
    title: str | None
    score: float
    reasons: tuple[Because, ...]
    rated: float | None
    rated_at: int | None


@dataclass(frozen=True, slots=True)
class ThatDay:
    """The answer.

    Attributes
    ----------
    user : id
    known_user : bool
        False: the user had rated nothing before, and the list is the best for everybody.
    learned : int
        Ratings before that moment.
    event_time : int
        Of the last of them, in seconds.
    own : int
        How many of them were the user's.
    later : int
        Ratings that the user gave afterwards.
    items : tuple of Listed
        Best first.
    """

    user: Id
    known_user: bool
    learned: int
    event_time: int
    own: int
    later: int
    items: tuple[Listed, ...]


def look_up(
    table: RatingTable,
    films: Catalogue | None,
    run: Run,
    user: Id,
    n: int = 10,
    *,
    tell: Callable[[int], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> ThatDay:
    """Learn a stretch, and look up what a user would have been recommended at its end.

    Parameters
    ----------
    table : RatingTable
        The whole history.
    films : Catalogue or None
    run : Run
        Of the learner.
    user : id
    n : int
        How many items, 1 or more.
    tell, stopped
        As for `simulate`.

    Raises
    ------
    SettingsError
        The run's model is a baseline.
    Stopped
        It was asked to stop.
    """
    model = run.spec.make(table.dataset.scale, films)
    if not isinstance(model, IteratedSVD):
        raise SettingsError(f"{run.spec.text} is a baseline: lookups need the learner")
    choices, part = Choices(), table[run.stretch.first : run.stretch.end]
    for start in range(0, len(part), BLOCK):
        if stopped():
            raise Stopped
        rows = part[start : start + BLOCK]
        model.learn(rows.users, rows.items, rows.ratings, rows.timestamps)
        choices.learn(model, rows.users, rows.items)
        tell(start + len(rows))
    seen = rated_by(model, user)
    items = best(model, choices.scores(model, user), n, seen)
    later = table[run.stretch.end :]
    own_later = np.flatnonzero(later.users == user)
    return ThatDay(
        user=user,
        known_user=len(seen) > 0,
        learned=len(part),
        event_time=int(part.timestamps[-1]),
        own=int(np.count_nonzero(part.users == user)),
        later=len(own_later),
        items=_listed(model, films or {}, user, items, later, own_later),
    )


def _listed(
    model: IteratedSVD,
    films: Mapping[Id, Film],
    user: Id,
    items: list[Id],
    later: RatingTable,
    own_later: NDArray[np.int64],
) -> tuple[Listed, ...]:
    numbers = np.array([item_number(model, item) for item in items], np.int64)
    stars = np.clip(predicted_ratings(model, user, numbers), model.scale.low, model.scale.high).tolist()
    why = _reasons(model, films, user, numbers)
    given = {later.items[row]: row for row in own_later[::-1].tolist()}  # of several ratings, the first one
    found = []
    for item, score, because in zip(items, stars, why, strict=True):
        row = given.get(item)
        rating, at = (None, None) if row is None else (float(later.ratings[row]), int(later.timestamps[row]))
        found.append(Listed(item, _title(films, item), score, because, rating, at))
    return tuple(found)


def _reasons(
    model: IteratedSVD, films: Mapping[Id, Film], user: Id, numbers: NDArray[np.int64]
) -> list[tuple[Because, ...]]:
    """For each item, those of the user's newest ratings that raised its prediction most."""
    state = model.state()
    if user not in state.users.ids:
        return [()] * len(numbers)
    row = state.users.ids.index(user)
    factors, ids = state.items.fixed["factors"], state.items.ids
    window, covariance = state.users.ragged["window"].row(row), state.users.fixed["training"][row]["cov"]
    found = []
    for number in numbers.tolist():
        moved = contributions(covariance, window, factors[window["item"]], factors[number])
        most = [int(k) for k in np.argsort(-moved, kind="stable")[:_REASONS] if moved[k] > 0]
        names = [ids[int(window["item"][k])] for k in most]
        found.append(
            tuple(Because(name, _title(films, name), float(moved[k])) for name, k in zip(names, most, strict=True))
        )
    return found


def _title(films: Mapping[Id, Film], item: Id) -> str | None:
    return films[item].title if item in films else None
