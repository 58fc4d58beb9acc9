"""Prequential ranking quality: is the item that a user likes next on the list recommended just before?

Each rating of 4 or more tests the list of the n best items that the user has not rated. *Event*: the list just before
the rating. *Page*: the list just before the rating's page, since the first ratings of a page reveal the others. A list
has one relevant item, so with its rank p on the list (1 is the top)

    hit rate = mean of [p ≤ n],   NDCG = mean of 1 / log2(1 + p),   MRR = mean of 1 / p,

each with 0 where the item is not on the list. The rules:

- on other scales than MovieLens', liked is at least three quarters of the way up, which is 4 on 1–5 (`is_liked`);
- an item without earlier ratings cannot be on a list: a miss;
- an unknown user gets the list for unknown users, and that counts;
- an item that the user has already rated is not a candidate, so rating it again is not a test.

The state is counts of ranks: whole numbers, so no figure depends on how the stream was cut.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.figures import RankingFigures
from streamsvd.errors import InputError, SettingsError
from streamsvd.kernels import Scale

LIKED = 4.0  # internal stars
RANKING_ARRAYS = ("settings", "places", "recent")  # of a state
MISS = 0  # the rank of an item that is not on the list


class Ranking:
    """Running hit rate, NDCG and MRR at n: cumulative and over a window; event and page protocol.

    Parameters
    ----------
    n : int
        Length of the list.
    window : int
        Newest lists that the rolling figures cover.

    Attributes
    ----------
    unknown_items : int
        Tests with an item that had no rating before.
    places : int64, shape (2, n + 1)
        By protocol, how often the relevant item had each rank; 0 is not on the list.
    recent : int32, shape (window, 2)
        Ranks in the newest lists, oldest first, by protocol.

    Examples
    --------
    >>> ranking = Ranking(n=10)
    >>> ranking.update(event=[1, 3, 0], page=[2, 0, 0])  # at the top, third, not on the list
    >>> figures = ranking.figures()
    >>> figures.lists, round(figures.hit_rate_event, 3), round(figures.ndcg_event, 3), round(figures.mrr_page, 3)
    (3, 0.667, 0.5, 0.167)
    """

    def __init__(self, n: int = 10, window: int = 2000) -> None:
        if n < 1 or window < 1:
            raise SettingsError(f"list length {n}, window {window}: both must be at least 1")
        self.n = n
        self.window = window
        self.unknown_items = 0
        self.places = np.zeros((2, n + 1), np.int64)
        self.recent = np.zeros((0, 2), np.int32)

    @property
    def lists(self) -> int:
        """Lists tested."""
        return int(self.places[0].sum())

    def update(self, event: list[int], page: list[int], unknown_items: int = 0) -> None:
        """Count ranks.

        Parameters
        ----------
        event, page : list of int, length k
            Rank of the relevant item on each protocol's list, 1 to n; 0 where it is not on it.
        unknown_items : int
            How many of them had an item without earlier ratings.

        Raises
        ------
        InputError
            The lengths differ, or a rank is out of range; nothing has been counted.
        """
        places = np.array([event, page], np.int64).T if len(event) == len(page) else np.full((1, 2), -1)
        if not ((places >= 0) & (places <= self.n)).all():
            raise InputError(f"one rank from 0 to {self.n} for each protocol is needed, found {event} and {page}")
        for protocol in range(2):
            self.places[protocol] += np.bincount(places[:, protocol], minlength=self.n + 1)
        self.recent = np.concatenate([self.recent, places.astype(np.int32)])[-self.window :]
        self.unknown_items += unknown_items

    def figures(self) -> RankingFigures:
        """Quality so far."""
        return RankingFigures.read(self)

    def state(self) -> dict[str, NDArray[Any]]:
        """As arrays; `from_state` continues exactly from there."""
        return {
            "settings": np.array([self.n, self.window, self.unknown_items], np.int64),
            "places": self.places.copy(),
            "recent": self.recent.copy(),
        }

    @classmethod
    def from_state(cls, state: dict[str, NDArray[Any]]) -> Ranking:
        """The metrics that `state` was taken from."""
        n, window, unknown_items = state["settings"].tolist()
        ranking = cls(n, window)
        ranking.unknown_items = unknown_items
        ranking.places, ranking.recent = state["places"].copy(), state["recent"].copy()
        return ranking


def is_liked(ratings: NDArray[np.float64], scale: Scale) -> NDArray[np.bool_]:
    """Which ratings are 4 stars or more; on other scales, three quarters of the way up or more.

    Examples
    --------
    >>> is_liked(np.array([3.5, 4.0]), Scale(0.5, 5)).tolist(), is_liked(np.array([74.0, 75.0]), Scale(0, 100)).tolist()
    ([False, True], [False, True])
    """
    return np.asarray(scale.to_internal(ratings) >= LIKED)
