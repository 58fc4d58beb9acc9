"""Damped means: the mean of all ratings, and how far each item and then each user lies from it.

A mean over few ratings is drawn to zero by as many imaginary ones as the damping says. This is the least that a
learner must beat, and the part of a rating that the baselines of factors leave to it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from streamsvd.compiler import compiled
from streamsvd.learner.baselines.online import Floats, Ints, OnlineBaseline
from streamsvd.learner.baselines.rows import at_page, empty, has_room, keep, turn_page

SUM, COUNT = 0, 1  # of a row, and of the global numbers
WIDTH = 2


class DampedMeans(OnlineBaseline):
    """Damped user and item means.

    Parameters
    ----------
    user_damping, item_damping : float
        Imaginary ratings that lie at the mean.
    scale : (float, float)
    seed : int
        Without effect: there is nothing random here.

    Examples
    --------
    >>> model = DampedMeans()
    >>> _ = model.learn(["ann", "bob"], ["Heat", "Heat"], [5, 4])
    >>> model.predict(["cat", "cat"], ["Heat", "Babe"]).round(3).tolist()
    [4.417, 4.167]
    """

    def __init__(
        self,
        user_damping: float = 5.0,
        item_damping: float = 3.0,
        *,
        scale: tuple[float, float] = (1.0, 5.0),
        seed: int = 0,
    ) -> None:
        settings: dict[str, Any] = {"user_damping": user_damping, "item_damping": item_damping}
        super().__init__(settings, empty(WIDTH, WIDTH, first_whole(0)), scale, seed)
        self._fixed = (user_damping, item_damping, *self.scale.internal_limits)

    def _learn(self, users: Ints, items: Ints, stars: Floats, timestamps: Ints, predicted: Floats, start: int) -> int:
        return int(_learn(self._memory, self._fixed, users, items, stars, timestamps, predicted, start))

    def _predict(self, users: Floats, items: Floats, predicted: Floats) -> None:
        _predict(self._memory.whole, self._fixed, users, items, predicted)


def first_whole(more: int) -> Floats:
    """The global numbers before the first rating: one imaginary rating of 3.5, and zeros for a baseline's own."""
    return np.array([3.5, 1.0, *[0.0] * more])


@compiled
def mean_of(whole, user, item, user_damping, item_damping):  # type: ignore[no-untyped-def]
    """The damped means' prediction, not clipped."""
    from_item = item[SUM] / (item[COUNT] + item_damping)
    from_user = user[SUM] / (user[COUNT] + user_damping)
    return whole[SUM] / whole[COUNT] + from_item + from_user


@compiled
def learn_means(whole, user, item, star, user_damping, item_damping):  # type: ignore[no-untyped-def]
    """Add a rating to the means: each side gets what the other leaves."""
    rest = star - whole[SUM] / whole[COUNT]
    from_item = item[SUM] / (item[COUNT] + item_damping)
    from_user = user[SUM] / (user[COUNT] + user_damping)
    item[SUM] += rest - from_user
    item[COUNT] += 1.0
    user[SUM] += rest - from_item
    user[COUNT] += 1.0
    whole[SUM] += star
    whole[COUNT] += 1.0


@compiled
def _learn(m, fixed, users, items, stars, timestamps, predicted, start):  # type: ignore[no-untyped-def]
    user_damping, item_damping, low, high = fixed
    for e in range(start, len(users)):
        u, i = users[e], items[e]
        if not has_room(m, timestamps[e]):
            return e
        page = turn_page(m, u)
        event = mean_of(m.whole, m.users[u], m.items[i], user_damping, item_damping)
        before = mean_of(m.page_whole[page], m.page_user[page], at_page(m, i, page), user_damping, item_damping)
        predicted[e, 0], predicted[e, 1] = min(max(event, low), high), min(max(before, low), high)
        keep(m, i)
        learn_means(m.whole, m.users[u], m.items[i], stars[e], user_damping, item_damping)
    return len(users)


@compiled
def _predict(whole, fixed, users, items, predicted):  # type: ignore[no-untyped-def]
    user_damping, item_damping, low, high = fixed
    for e in range(len(predicted)):
        predicted[e] = min(max(mean_of(whole, users[e], items[e], user_damping, item_damping), low), high)
