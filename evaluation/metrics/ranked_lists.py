"""Asking for the lists that would have been shown, while a model learns: what `Ranking` counts.

To order all items costs far more than to learn a rating, so only every k-th page of the stream is watched: by its
number, so the same pages whatever the size of the batches. All liked items of a watched page are questions, to the
list from before the page and to that from before the rating.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evaluation.metrics.pages import Pages
from evaluation.metrics.ranking import MISS, RANKING_ARRAYS, Ranking, is_liked
from streamsvd.errors import SettingsError
from streamsvd.kernels.inputs import as_ids
from streamsvd.kernels.state import Id
from streamsvd.learner import IteratedSVD, Predictions
from streamsvd.learner.choices import Choices
from streamsvd.learner.live_items import LiveItems, ranked_ids
from streamsvd.lookup.item_table import SEEN

_NOTHING = np.zeros(0, np.int32)

Order = Callable[[LiveItems, Id, int, NDArray[np.int32]], list[Id]]
"""Gives the best n items for a user, but for some row numbers; ties by id."""


def _ranked_by(name: str) -> Order:
    return lambda items, user, n, excluded: ranked_ids(items, user, n, name, excluded)


ORDERS: dict[str, Order] = {name: _ranked_by(name) for name in ("choice", "rating", "popular")}
"""By the probability that the user chooses an item and likes it, the order of `recommend`; by predicted rating; by the
number of ratings so far."""


class Watch:
    """Learns ratings and choices, and asks for lists on the way.

    Parameters
    ----------
    ranking : dict of str to Ranking
        What counts, by the name of the order.
    every : int
        Every how many pages one is watched; 0 for none.
    orders : dict of str to callable
        See `Order`.
    """

    def __init__(self, ranking: dict[str, Ranking], *, every: int = 1, orders: Mapping[str, Order] = ORDERS) -> None:
        if every < 0 or not ranking.keys() <= orders.keys():
            names = f"{', '.join(orders)}, not {', '.join(ranking)}"
            raise SettingsError(
                f"watch every page (1), every k-th or none (0), not {every}; lists are ordered by {names}"
            )
        self.ranking = ranking
        self.every = every
        self._orders = orders
        self._stream = Pages()
        self._pages = 0  # begun so far
        self._shown: dict[str, list[Id]] = {}  # the watched page's lists

    def learn(
        self,
        model: IteratedSVD,
        choices: Choices,
        users: Sequence[Id] | NDArray[Any],
        items: Sequence[Id] | NDArray[Any],
        ratings: ArrayLike,
        timestamps: ArrayLike,
    ) -> Predictions:
        """Ask, then learn; the arguments and the result are those of `IteratedSVD.learn`."""
        values, stamps = np.asarray(ratings, np.float64), np.asarray(timestamps, np.int64)
        names, films = as_ids(users), as_ids(items)
        model.scale.check(values)
        liked = is_liked(values, model.scale)
        parts, done = [], 0

        def learn_to(end: int) -> None:
            nonlocal done
            part = slice(done, end)
            parts.append(model.learn(names[part], films[part], values[part], stamps[part]))
            choices.learn(model, names[part], films[part])
            done = end

        for k, begins in self._stops(names, stamps, liked):
            if k > done:
                learn_to(k)
            self._look(model, choices, names[k], films[k], begins=begins, liked=bool(liked[k]))
        if done < len(names) or not parts:
            learn_to(len(names))
        return Predictions(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def forget(self, user: Id) -> None:
        """Leave nothing of an erased user: its page ends here."""
        self._stream.forget(user)

    def _stops(
        self, users: list[Id], stamps: NDArray[np.int64], liked: NDArray[np.bool_]
    ) -> Iterator[tuple[int, bool]]:
        """Where a list is needed, and whether a page begins there; keeps count of the pages."""
        if not users:
            return iter(())
        begins = self._stream.begins(users, stamps)
        numbers = self._pages + np.cumsum(begins)
        self._pages = int(numbers[-1])
        if not self.every:
            return iter(())
        stops = np.flatnonzero((numbers % self.every == 0) & (begins | liked))
        return zip(stops.tolist(), begins[stops].tolist(), strict=True)

    def _look(self, model: IteratedSVD, choices: Choices, user: Id, item: Id, *, begins: bool, liked: bool) -> None:
        table = LiveItems(model, choices)
        seen = table.user_row(user, [SEEN]).get(SEEN, _NOTHING)
        shown = {name: self._orders[name](table, user, ranking.n, seen) for name, ranking in self.ranking.items()}
        if begins:
            self._shown = shown
        number = table.numbers.get(item, -1)
        if liked and number not in seen:
            for name, ranking in self.ranking.items():
                ranking.update([_place(item, shown[name])], [_place(item, self._shown[name])], int(number < 0))

    def state(self) -> dict[str, NDArray[Any]]:
        """As arrays; `from_state` continues exactly from there."""
        watched = {"orders": list(self.ranking), "every": self.every, "pages": self._pages, "shown": self._shown}
        found = {"watch": np.frombuffer(json.dumps(watched).encode(), np.uint8), **self._stream.state()}
        for name, ranking in self.ranking.items():
            found |= {f"{name}.{part}": array for part, array in ranking.state().items()}
        return found

    @classmethod
    def from_state(cls, state: dict[str, NDArray[Any]]) -> Watch:
        """The watch that `state` was taken from."""
        text = json.loads(state["watch"].tobytes())
        parts = {name: {part: state[f"{name}.{part}"] for part in RANKING_ARRAYS} for name in text["orders"]}
        watch = cls({name: Ranking.from_state(part) for name, part in parts.items()}, every=text["every"])
        watch._stream = Pages.from_state(state)
        watch._pages, watch._shown = text["pages"], text["shown"]
        return watch


def _place(item: Id, shown: list[Id]) -> int:
    return shown.index(item) + 1 if item in shown else MISS
