"""What would this user have been recommended on that day? A run until that moment, then a lookup.

The list, its predicted ratings and its reasons are those that a lookup in Redis would have given from a snapshot of
that moment; a test holds them to each other. What the user rated afterwards stands beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.studies.simulation import BLOCK, Run
from evaluation.studies.tuning_tasks import Stopped
from streamsvd.errors import SettingsError
from streamsvd.learner import Id, IteratedSVD
from streamsvd.learner.choices import Choices
from streamsvd.learner.live_items import LiveItems
from streamsvd.lookup import CheckedOptions, Reason, Recommendation
from streamsvd.lookup.explaining import EXPLAINING, reasons
from streamsvd.lookup.recommending import recommend_to, user_blocks
from streamsvd.ratings import Catalogue, RatingTable


@dataclass(frozen=True, slots=True)
class Listed:
    """An item of the list.

    Attributes
    ----------
    item : id
    title : str or None
    score : float
        The predicted rating, within the scale.
    reasons : tuple of Reason
    rated, rated_at : float and int, or None
        What the user really rated it afterwards, and when, in seconds.
    """

    item: Id
    title: str | None
    score: float
    reasons: tuple[Reason, ...]
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
    items, options = LiveItems(model, choices, films), CheckedOptions(n)
    row = items.user_row(user, {*user_blocks(options), *EXPLAINING})
    shown = recommend_to(items, row, options)
    later = table[run.stretch.end :]
    own_later = np.flatnonzero(later.users == user)
    return ThatDay(
        user=user,
        known_user=bool(row),
        learned=len(part),
        event_time=int(part.timestamps[-1]),
        own=int(np.count_nonzero(part.users == user)),
        later=len(own_later),
        items=_listed(shown, reasons(items, row, [one.item for one in shown]), later, own_later),
    )


def _listed(
    shown: Sequence[Recommendation],
    why: Mapping[Id, tuple[Reason, ...]],
    later: RatingTable,
    own_later: NDArray[np.int64],
) -> tuple[Listed, ...]:
    given = {later.items[row]: row for row in own_later[::-1].tolist()}  # of several ratings, the first one
    found = []
    for one in shown:
        row = given.get(one.item)
        rating, at = (None, None) if row is None else (float(later.ratings[row]), int(later.timestamps[row]))
        found.append(Listed(one.item, one.title, one.score, why[one.item], rating, at))
    return tuple(found)
