"""Biased matrix factorisation by stochastic gradient descent, compiled, with decaying rates and replay.

The model of Koren, Bell & Volinsky 2009, r̂ = μ + b_u + b_i + p_u·q_i. Each rating makes one step; then a few that are
drawn from the recent past make one each, of the factors only. Rates fall with a row's count, so that new rows learn
fast and old ones settle; those of the biases stop falling, so that drift is followed. The defaults were searched on
both published sets in hindsight: this is meant to be as strong as a model of this kind gets.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamsvd.compiler import compiled
from streamsvd.errors import SettingsError
from streamsvd.kernels import normals
from streamsvd.learner.baselines.online import Floats, Ints, OnlineBaseline
from streamsvd.learner.baselines.rows import at_page, empty, grown, has_room, keep, turn_page

BIAS, COUNT, FACTORS = 0, 1, 2  # in a row
SUM, EVENTS = 0, 1  # of the global numbers
USER_DAMPING, ITEM_DAMPING = 8.0, 5.0  # of biases, while they are means


class Rates(NamedTuple):
    """The settings, as the kernels take them."""

    user_bias_rate: float
    item_bias_rate: float
    rate: float
    decay: float
    penalty: float
    replays: int
    replay_rate: float
    replay_from: int
    seed: int
    low: float
    high: float


class ReplayBuffer(NamedTuple):
    """Every rating so far, for replay."""

    users: Ints
    items: Ints
    stars: Floats


class BiasedSGD(OnlineBaseline):
    """Biased matrix factorisation by SGD with replay.

    Parameters
    ----------
    rank : int
        Factors of each user and item.
    user_bias_rate, item_bias_rate : float
        Least rates of the biases, without unit; before they are reached, a bias is a damped mean.
    rate, decay : float
        A row's factors have the rate `rate / (1 + count) ** decay`, in 1 / stars; `decay` has no unit.
    penalty : float
        Ridge of the factors, in stars.
    replays : int
        Ratings drawn from the past after each rating.
    replay_rate : float
        Their share of the rate.
    replay_from : int
        They are drawn from so many newest ratings.
    factor_scale : float
        Standard deviation of factors before their first rating, in √stars.
    scale : (float, float)
    seed : int
        Decides first factors and draws.

    Examples
    --------
    >>> model = BiasedSGD(rank=2)
    >>> _ = model.learn(["ann", "ann", "bob"], ["Heat", "Babe", "Heat"], [5, 2, 5])
    >>> heat, babe = model.predict(["bob", "bob"], ["Heat", "Babe"])
    >>> bool(heat > babe)
    True
    """

    def __init__(
        self,
        rank: int = 32,
        *,
        user_bias_rate: float = 0.04,
        item_bias_rate: float = 0.01,
        rate: float = 0.2,
        decay: float = 0.35,
        penalty: float = 0.1,
        replays: int = 8,
        replay_rate: float = 0.6,
        replay_from: int = 2000,
        factor_scale: float = 0.05,
        scale: tuple[float, float] = (1.0, 5.0),
        seed: int = 0,
    ) -> None:
        if rank < 1 or replays < 0 or replay_from < 1:
            raise SettingsError(
                f"rank and replay_from must be 1 or more, replays 0 or more; not {rank}, {replay_from}, {replays}"
            )
        rates = {
            "user_bias_rate": user_bias_rate,
            "item_bias_rate": item_bias_rate,
            "rate": rate,
            "decay": decay,
            "penalty": penalty,
            "replays": replays,
            "replay_rate": replay_rate,
            "replay_from": replay_from,
        }
        settings: dict[str, Any] = {"rank": rank, "factor_scale": factor_scale, **rates}
        width = FACTORS + rank
        super().__init__(settings, empty(width, width, np.array([3.5, 1.0])), scale, seed)
        low, high = self.scale.internal_limits
        self._factor_scale = factor_scale
        self._rates = Rates(**rates, seed=seed, low=low, high=high)  # type: ignore[arg-type]
        self._history = ReplayBuffer(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))

    def _learn(self, users: Ints, items: Ints, stars: Floats, timestamps: Ints, predicted: Floats, start: int) -> int:
        needed = len(self) + len(stars)
        if needed > len(self._history.stars):
            self._history = ReplayBuffer(*(grown(column, needed) for column in self._history))
        columns = (users, items, stars, timestamps, predicted)
        return int(_learn(self._memory, self._rates, self._history, *columns, start))

    def _predict(self, users: Floats, items: Floats, predicted: Floats) -> None:
        _predict(self._memory.whole, self._rates, users, items, predicted)

    def _first_rows(self, ids: list[Any], width: int) -> Floats:
        rows = np.zeros((len(ids), width))
        rows[:, FACTORS:] = self._factor_scale * normals(self.seed, ids, width - FACTORS)
        return rows

    def _extra(self) -> dict[str, NDArray[Any]]:
        return {f"history_{name}": column[: len(self)] for name, column in self._history._asdict().items()}

    def _take_extra(self, extra: dict[str, NDArray[Any]]) -> None:
        self._history = ReplayBuffer(**{name.removeprefix("history_"): column for name, column in extra.items()})


@compiled
def _score(whole, user, item):  # type: ignore[no-untyped-def]
    total = whole[SUM] / whole[EVENTS] + user[BIAS] + item[BIAS]
    for a in range(FACTORS, len(user)):
        total += user[a] * item[a]
    return total


@compiled
def _step(r, user, item, error, share):  # type: ignore[no-untyped-def]
    """One step of both rows' factors down the gradient of the squared error of one rating."""
    user_rate = share * r.rate * (1.0 + user[COUNT]) ** -r.decay
    item_rate = share * r.rate * (1.0 + item[COUNT]) ** -r.decay
    for a in range(FACTORS, len(user)):
        p, q = user[a], item[a]
        user[a] += user_rate * (error * q - r.penalty * p)
        item[a] += item_rate * (error * p - r.penalty * q)


@compiled
def _draw(seed, event, k, n):  # type: ignore[no-untyped-def]
    """A number below n that seed, event and k decide: the finaliser of SplitMix64 (Steele, Lea & Flood 2014)."""
    value = np.uint64(seed) * np.uint64(0xD1342543DE82EF95) + np.uint64(event) * np.uint64(0x9E3779B97F4A7C15)
    value += np.uint64(k + 1) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    value ^= value >> np.uint64(31)
    return np.int64(value % np.uint64(n))


@compiled
def _learn(m, r, history, users, items, stars, timestamps, predicted, start):  # type: ignore[no-untyped-def]
    for e in range(start, len(users)):
        u, i = users[e], items[e]
        if not has_room(m, timestamps[e]):
            return e
        page = turn_page(m, u)
        predicted[e, 0] = min(max(_score(m.whole, m.users[u], m.items[i]), r.low), r.high)
        predicted[e, 1] = min(max(_score(m.page_whole[page], m.page_user[page], at_page(m, i, page)), r.low), r.high)
        keep(m, i)
        user, item = m.users[u], m.items[i]
        error = stars[e] - _score(m.whole, user, item)
        _step(r, user, item, error, 1.0)
        user[BIAS] += max(r.user_bias_rate, 1.0 / (user[COUNT] + USER_DAMPING)) * error
        item[BIAS] += max(r.item_bias_rate, 1.0 / (item[COUNT] + ITEM_DAMPING)) * error
        user[COUNT] += 1.0
        item[COUNT] += 1.0
        m.whole[SUM] += stars[e]
        m.whole[EVENTS] += 1.0
        learned = np.int64(m.whole[EVENTS]) - 1
        history.users[learned - 1], history.items[learned - 1], history.stars[learned - 1] = u, i, stars[e]
        recent = min(learned, r.replay_from)
        for k in range(r.replays):
            past = learned - 1 - _draw(r.seed, learned, k, recent)
            keep(m, history.items[past])
            user, item = m.users[history.users[past]], m.items[history.items[past]]
            _step(r, user, item, history.stars[past] - _score(m.whole, user, item), r.replay_rate)
    return len(users)


@compiled
def _predict(whole, r, users, items, predicted):  # type: ignore[no-untyped-def]
    for e in range(len(predicted)):
        predicted[e] = min(max(_score(whole, users[e], items[e]), r.low), r.high)
