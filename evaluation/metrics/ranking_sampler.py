"""Samples recommendation lists while a model learns, for `Ranking`.

Ranking all items costs far more than learning a rating, so only every k-th page of the stream is sampled: by its
number, in the order in which they begin, so the same pages for any batch size. Each liked item of a sampled page tests
the list from before the page and the list from before the rating.
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
from streamsvd.kernels import Id, as_id, plain_ids
from streamsvd.learner import Choices, Ids, IteratedSVD, LiveItems, Predictions, ranked_ids
from streamsvd.lookup import SEEN

_NOTHING = np.zeros(0, np.int32)

Order = Callable[[LiveItems, Id, int, NDArray[np.int32]], list[Id]]
"""Returns the best n items for a user, without the excluded row numbers; ties by id."""


def _ranked_by(name: str) -> Order:
    return lambda items, user, n, excluded: ranked_ids(items, user, n, name, excluded)


ORDERS: dict[str, Order] = {name: _ranked_by(name) for name in ("choice", "rating", "popular")}
"""By the probability that the user chooses an item and likes it, as `recommend`; by predicted rating; by number of
ratings so far."""


class RankingSampler:
    """Learns ratings and choices, and samples recommendation lists.

    Parameters
    ----------
    ranking : dict of str to Ranking
        The metrics, by name of the order.
    every : int
        Sample one page in so many; 0 for none.
    orders : dict of str to callable
        See `Order`.
    """

    def __init__(self, ranking: dict[str, Ranking], *, every: int = 1, orders: Mapping[str, Order] = ORDERS) -> None:
        if every < 0 or not ranking.keys() <= orders.keys():
            raise SettingsError(
                f"sampling one page in {every}, ordered by {', '.join(ranking)}: give a number of pages from 0 (none) "
                f"on, and orders out of {', '.join(orders)}"
            )
        self.ranking = ranking
        self.every = every
        self._orders = orders
        self._pages = Pages()
        self._page_lists: dict[int, dict[str, list[Id]]] = {}  # from before each open page that is sampled

    def learn(
        self,
        model: IteratedSVD,
        choices: Choices,
        users: Sequence[Id] | NDArray[Any],
        items: Sequence[Id] | NDArray[Any],
        ratings: ArrayLike,
        timestamps: ArrayLike,
    ) -> Predictions:
        """Sample, then learn; the arguments and the result are those of `IteratedSVD.learn`."""
        values, stamps = np.asarray(ratings, np.float64), np.asarray(timestamps, np.int64)
        user_ids, item_ids = plain_ids(users), plain_ids(items)
        model.scale.check(values)
        liked = is_liked(values, model.scale)
        parts, done = [], 0

        def learn_to(end: int) -> None:
            nonlocal done
            part = slice(done, end)
            parts.append(model.learn(user_ids[part], item_ids[part], values[part], stamps[part]))
            choices.learn(model, user_ids[part], item_ids[part])
            done = end

        for k, page in self._sampled(user_ids, stamps, liked):
            if k > done:
                learn_to(k)
            self._sample(model, choices, as_id(user_ids[k]), as_id(item_ids[k]), page, liked=bool(liked[k]))
        if done < len(user_ids) or not parts:
            learn_to(len(user_ids))
        first = self._pages.first_open
        self._page_lists = {page: lists for page, lists in self._page_lists.items() if page >= first}
        if len(parts) == 1:
            return parts[0]
        return Predictions(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def forget(self, user: Id) -> None:
        """Remove an erased user: its page ends here."""
        self._page_lists.pop(self._pages.forget(user) or 0, None)

    def _sampled(self, users: Ids, stamps: NDArray[np.int64], liked: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
        """The ratings that need a list, and the number of each one's page."""
        pages, begins = self._pages.turn(users, stamps)
        if not self.every:
            return iter(())
        sampled = np.flatnonzero((pages % self.every == 0) & (begins | liked))
        return zip(sampled.tolist(), pages[sampled].tolist(), strict=True)

    def _sample(self, model: IteratedSVD, choices: Choices, user: Id, item: Id, page: int, *, liked: bool) -> None:
        table = LiveItems(model, choices)
        row = table.user_row(user, [SEEN])
        seen = row[SEEN]["item"] if row else _NOTHING
        lists = {name: self._orders[name](table, user, ranking.n, seen) for name, ranking in self.ranking.items()}
        before = self._page_lists.setdefault(page, lists)
        number = table.numbers.get(item, -1)
        if liked and number not in seen:
            for name, ranking in self.ranking.items():
                ranking.update([_rank(item, lists[name])], [_rank(item, before[name])], int(number < 0))

    def state(self) -> dict[str, NDArray[Any]]:
        """As arrays; `from_state` continues exactly from there."""
        sampling = {"orders": list(self.ranking), "every": self.every, "shown": list(self._page_lists.items())}
        found = {"watch": np.frombuffer(json.dumps(sampling).encode(), np.uint8), **self._pages.state()}
        for name, ranking in self.ranking.items():
            found |= {f"{name}.{part}": array for part, array in ranking.state().items()}
        return found

    @classmethod
    def from_state(cls, state: dict[str, NDArray[Any]]) -> RankingSampler:
        """The sampler that `state` was taken from."""
        text = json.loads(state["watch"].tobytes())
        parts = {name: {part: state[f"{name}.{part}"] for part in RANKING_ARRAYS} for name in text["orders"]}
        sampler = cls({name: Ranking.from_state(part) for name, part in parts.items()}, every=text["every"])
        sampler._pages = Pages.from_state(state)
        sampler._page_lists = dict(text["shown"])
        return sampler


def _rank(item: Id, ranked: list[Id]) -> int:
    return ranked.index(item) + 1 if item in ranked else MISS
