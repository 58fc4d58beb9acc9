"""Fold-in only: item factors fixed after a warm-up, users folded in as they rate.

What most systems do between two retrainings. The warm-up predicts by damped means and ends with a soft-impute of what
they left; from then on the means go on learning, and each rating is one step of recursive least squares on its user's
factors, which is exactly the ridge solution against the fixed item factors. Items that come later have no factors.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamsvd.compiler import compiled
from streamsvd.errors import SettingsError
from streamsvd.learner.baselines.damped_means import COUNT, WIDTH, first_whole, learn_means, mean_of
from streamsvd.learner.baselines.online import Floats, Ints, OnlineBaseline
from streamsvd.learner.baselines.rows import at_page, empty, grown, has_room, keep, keep_all, turn_page
from streamsvd.learner.baselines.soft_impute import soft_impute

READY = 2  # of the global numbers, after those of the means: 1 after the warm-up


class FoldInSettings(NamedTuple):
    """The settings, as the kernels take them."""

    rank: int
    warm_up: int
    user_damping: float
    item_damping: float
    low: float
    high: float


class WarmUpRatings(NamedTuple):
    """The ratings of the warm-up."""

    users: Ints
    items: Ints
    stars: Floats


class FoldIn(OnlineBaseline):
    """Damped means, and users folded into item factors that are fixed after a warm-up.

    Parameters
    ----------
    rank : int
        Factors of each user and item.
    warm_up : int
        Ratings from which the item factors are found.
    shrinkage : float
        λ of the soft-impute, in stars, and the ridge of the fold-in.
    user_damping, item_damping : float
        As for `DampedMeans`.
    scale : (float, float)
    seed : int
        Decides where the soft-impute starts.

    Examples
    --------
    >>> model = FoldIn(rank=2, warm_up=3)
    >>> _ = model.learn(["ann", "ann", "bob", "bob"], ["Heat", "Babe", "Heat", "Babe"], [5, 2, 4, 1])
    >>> heat, babe = model.predict(["cat", "cat"], ["Heat", "Babe"])
    >>> bool(heat > babe)
    True
    """

    def __init__(
        self,
        rank: int = 20,
        *,
        warm_up: int = 20_000,
        shrinkage: float = 13.0,
        user_damping: float = 5.0,
        item_damping: float = 3.0,
        scale: tuple[float, float] = (1.0, 5.0),
        seed: int = 0,
    ) -> None:
        if rank < 1 or warm_up < 1 or not shrinkage > 0:
            raise SettingsError(
                f"rank and warm_up must be 1 or more, shrinkage greater than 0; not {rank}, {warm_up}, {shrinkage}"
            )
        settings: dict[str, Any] = {
            "rank": rank,
            "warm_up": warm_up,
            "shrinkage": shrinkage,
            "user_damping": user_damping,
            "item_damping": item_damping,
        }
        super().__init__(settings, empty(WIDTH + rank + rank * rank, WIDTH + rank, first_whole(1)), scale, seed)
        self._shrinkage = shrinkage
        self._fixed = FoldInSettings(rank, warm_up, user_damping, item_damping, *self.scale.internal_limits)
        self._history = WarmUpRatings(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))

    def _learn(self, users: Ints, items: Ints, stars: Floats, timestamps: Ints, predicted: Floats, start: int) -> int:
        m = self._memory
        if m.whole[READY] == 0.0:
            needed = len(self) + len(stars)
            if needed > len(self._history.stars):
                self._history = WarmUpRatings(*(grown(column, needed) for column in self._history))
        done = _learn(m, self._fixed, self._history, users, items, stars, timestamps, predicted, start)
        if m.whole[READY] == 0.0 and m.whole[COUNT] - 1 == self._fixed.warm_up:
            self._end_warm_up()
        return int(done)

    def _end_warm_up(self) -> None:
        """Find the item factors, and fold in the users of the warm-up."""
        m, f, h, learned = self._memory, self._fixed, self._history, int(self._memory.whole[COUNT]) - 1
        users, items = h.users[:learned], h.items[:learned]
        rest = np.empty(learned)
        _leave(m, f, users, items, h.stars[:learned], rest)
        width = int(items.max()) + 1
        places = users * width + items
        last = learned - 1 - np.unique(places[::-1], return_index=True)[1]  # a second rating replaces the first
        shape = (int(users.max()) + 1, width)
        from scipy.sparse import csr_array  # here, as in `batch`

        given = csr_array((rest[last], (users[last], items[last])), shape=shape)
        found = soft_impute(given, f.rank, self._shrinkage, seed=self.seed)
        factors = np.zeros((width, f.rank))
        factors[:, : found.v.shape[1]] = found.v * np.sqrt(found.values)
        m.items[:width, WIDTH:] = factors
        m.users[:, WIDTH + f.rank :] = np.eye(f.rank).ravel() / self._shrinkage
        order = np.sort(last)
        _fold_in_all(m, f, users[order], items[order], rest[order])
        m.whole[READY] = 1.0
        self._history = WarmUpRatings(h.users[:0], h.items[:0], h.stars[:0])

    def _predict(self, users: Floats, items: Floats, predicted: Floats) -> None:
        _predict(self._memory.whole, self._fixed, users, items, predicted)

    def _first_rows(self, ids: list[Any], width: int) -> Floats:
        rows = np.zeros((len(ids), width))
        rank = self._fixed.rank
        if width > WIDTH + rank:  # a user
            rows[:, WIDTH + rank :] = np.eye(rank).ravel() / self._shrinkage
        return rows

    def _extra(self) -> dict[str, NDArray[Any]]:
        kept = len(self) if self._memory.whole[READY] == 0.0 else 0
        return {f"history_{name}": column[:kept] for name, column in self._history._asdict().items()}

    def _take_extra(self, extra: dict[str, NDArray[Any]]) -> None:
        self._history = WarmUpRatings(**{name.removeprefix("history_"): column for name, column in extra.items()})


@compiled
def _score(whole, f, user, item):  # type: ignore[no-untyped-def]
    total = mean_of(whole, user, item, f.user_damping, f.item_damping)
    for a in range(WIDTH, WIDTH + f.rank):
        total += user[a] * item[a]
    return total


@compiled
def _fold_in(f, user, item, error, gain):  # type: ignore[no-untyped-def]
    """One step of recursive least squares on a user's factors."""
    k = f.rank
    p, covariance, q = user[WIDTH : WIDTH + k], user[WIDTH + k :].reshape(k, k), item[WIDTH:]
    spread = 1.0
    for a in range(k):
        gain[a] = 0.0
        for b in range(k):
            gain[a] += covariance[a, b] * q[b]
        spread += gain[a] * q[a]
    for a in range(k):
        p[a] += gain[a] * error / spread
        for b in range(k):
            covariance[a, b] -= gain[a] * gain[b] / spread


@compiled
def _leave(m, f, users, items, stars, rest):  # type: ignore[no-untyped-def]
    """What the means as they are now leave of ratings."""
    for e in range(len(users)):
        rest[e] = stars[e] - mean_of(m.whole, m.users[users[e]], m.items[items[e]], f.user_damping, f.item_damping)


@compiled
def _fold_in_all(m, f, users, items, rest):  # type: ignore[no-untyped-def]
    gain = np.zeros(f.rank)
    for e in range(len(users)):
        user, item = m.users[users[e]], m.items[items[e]]
        error = rest[e]
        for a in range(WIDTH, WIDTH + f.rank):
            error -= user[a] * item[a]
        _fold_in(f, user, item, error, gain)


@compiled
def _learn(m, f, history, users, items, stars, timestamps, predicted, start):  # type: ignore[no-untyped-def]
    """Learn from number `start` on; returns where the warm-up ends, or room, or the number of all."""
    gain = np.zeros(f.rank)
    for e in range(start, len(users)):
        u, i = users[e], items[e]
        learned = np.int64(m.whole[COUNT]) - 1
        if not has_room(m, timestamps[e]):
            return e
        page = turn_page(m, u)
        event = _score(m.whole, f, m.users[u], m.items[i])
        before = _score(m.page_whole[page], f, m.page_user[page], at_page(m, i, page))
        predicted[e, 0], predicted[e, 1] = min(max(event, f.low), f.high), min(max(before, f.low), f.high)
        keep(m, i)
        if m.whole[READY] == 1.0:
            _fold_in(f, m.users[u], m.items[i], stars[e] - event, gain)
        else:
            history.users[learned], history.items[learned], history.stars[learned] = u, i, stars[e]
        learn_means(m.whole, m.users[u], m.items[i], stars[e], f.user_damping, f.item_damping)
        if m.whole[READY] == 0.0 and learned + 1 == f.warm_up:
            keep_all(m, COUNT)
            return e + 1
    return len(users)


@compiled
def _predict(whole, f, users, items, predicted):  # type: ignore[no-untyped-def]
    for e in range(len(predicted)):
        predicted[e] = min(max(_score(whole, f, users[e], items[e]), f.low), f.high)
