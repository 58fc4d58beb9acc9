"""Recommendations for a user at a moment of a history: a run until then, and a lookup.

The list, its predicted ratings and its reasons are those of a lookup from a snapshot of that moment; a test compares
them. The user's later ratings are added.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.studies.simulation import Run, blocks
from streamsvd.errors import SettingsError
from streamsvd.learner import Choices, Id, IteratedSVD, LiveItems
from streamsvd.lookup import (
    EXPLAINING,
    CheckedOptions,
    Reason,
    Recommendation,
    kind_notes,
    known_as,
    reasons,
    recommend_to,
    user_blocks,
)
from streamsvd.ratings import Catalogue, RatingTable, other_kind


@dataclass(frozen=True, slots=True)
class RecommendedItem:
    """An item of the list.

    Attributes
    ----------
    item : id
    title : str or None
    score : float
        The predicted rating, within the scale.
    reasons : tuple of Reason
    rated, rated_at : float and int, or None
        The user's later rating of it, and its event time in seconds, where ratings have times.
    """

    item: Id
    title: str | None
    score: float
    reasons: tuple[Reason, ...]
    rated: float | None
    rated_at: int | None


@dataclass(frozen=True, slots=True)
class PastRecommendations:
    """Recommendations for a user at a moment of a history.

    Attributes
    ----------
    user : id
    known_user : bool
        False: the user had rated nothing before, and the list is the best for an average user.
    learned : int
        Ratings before that moment.
    event_time : int or None
        Of the last of them, in seconds; None where ratings have no times.
    own : int
        How many of them were the user's.
    later : int
        Ratings that the user gave afterwards.
    items : tuple of RecommendedItem
        Best first.
    notes : tuple of str
        Says so where the user was found by the id of the other kind, text or integer.
    """

    user: Id
    known_user: bool
    learned: int
    event_time: int | None
    own: int
    later: int
    items: tuple[RecommendedItem, ...]
    notes: tuple[str, ...] = ()


def look_up(
    table: RatingTable,
    catalogue: Catalogue | None,
    run: Run,
    user: Id,
    n: int = 10,
    *,
    tell: Callable[[int], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> PastRecommendations:
    """Learn a range of events, and look up what a user would have been recommended at its end.

    Parameters
    ----------
    table : RatingTable
        The whole history.
    catalogue : Catalogue or None
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
    model = run.spec.make(table.dataset.scale, catalogue)
    if not isinstance(model, IteratedSVD):
        raise SettingsError(f"{run.spec.text} is a baseline: lookups need the learner")
    choices, part = Choices(), table[run.events.first : run.events.end]
    for rows in blocks(part, tell, stopped):
        model.learn(rows.users, rows.items, rows.ratings, rows.timestamps)
        choices.learn(model, rows.users, rows.items)
    rated = {id_ for id_ in (user, other_kind(user)) if id_ is not None and np.any(table.users == id_)}
    asked, user = user, known_as(user, rated)
    items, options = LiveItems(model, choices, catalogue), CheckedOptions(n)
    row = items.user_row(user, {*user_blocks(options), *EXPLAINING})
    shown = recommend_to(items, row, options)
    later = table[run.events.end :]
    own_later = np.flatnonzero(later.users == user)
    return PastRecommendations(
        user=user,
        known_user=bool(row),
        learned=len(part),
        event_time=_time_of(part, -1),
        own=int(np.count_nonzero(part.users == user)),
        later=len(own_later),
        items=_recommended_items(shown, reasons(items, row, [one.item for one in shown]), later, own_later),
        notes=kind_notes("user", [(asked, user)]),
    )


def _time_of(table: RatingTable, row: int) -> int | None:
    return None if table.is_file_order else int(table.timestamps[row])


def _recommended_items(
    shown: Sequence[Recommendation],
    why: Mapping[Id, tuple[Reason, ...]],
    later: RatingTable,
    own_later: NDArray[np.int64],
) -> tuple[RecommendedItem, ...]:
    given = {later.items[row]: row for row in own_later[::-1].tolist()}  # of several ratings, the first one
    found = []
    for one in shown:
        row = given.get(one.item)
        rating, at = (None, None) if row is None else (float(later.ratings[row]), _time_of(later, row))
        found.append(RecommendedItem(one.item, one.title, one.score, why[one.item], rating, at))
    return tuple(found)
