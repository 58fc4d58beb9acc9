"""Prequential ranking quality: was the item on the list that would have been shown just before the user liked it?

Every rating of 4 or more is a question to the list of the n best items that the user has not rated. *Event*: the list
as of just before the rating. *Page*: as of just before the rating's page, since what somebody rates first on a page
gives away the rest. There is one right item to a list, so with its place p on it (1 is the top)

    hit rate = mean of [p ≤ n],   NDCG = mean of 1 / log2(1 + p),   MRR = mean of 1 / p,

each with 0 where the item is not on the list. What counts, one by one:

- other scales than MovieLens': a rating at least three quarters of the way up, which is 4 on 1–5 (`is_liked`);
- an item that nobody had rated before cannot be on a list: a miss;
- an unknown user is shown the list for everybody, and that counts;
- an item that the user had already rated is no candidate, so its new rating is no question and is left out.

The state is counts of places: whole numbers, so no figure depends on how the stream was cut.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import InputError, SettingsError
from streamsvd.kernels.scale import Scale

LIKED = 4.0  # internal stars
RANKING_ARRAYS = ("settings", "places", "recent")  # of a state
MISS = 0  # the place of an item that is not on the list


@dataclass(frozen=True, slots=True)
class RankingFigures:
    """Quality of the lists so far, 0 to 1; NaN before the first question.

    Attributes
    ----------
    n : int
        Length of the list.
    lists : int
        Questions asked: ratings of 4 or more.
    unknown_items : int
        Of these, for items that nobody had rated before.
    hit_rate_event, ndcg_event, mrr_event, hit_rate_page, ndcg_page, mrr_page : float
        Over all questions.
    hit_rate_last_window, ndcg_last_window, mrr_last_window, ndcg_page_last_window : float
        Over the last `window` questions.
    window : int
        Questions in the window: fewer than asked for at the start of a stream.
    """

    n: int
    lists: int
    unknown_items: int
    hit_rate_event: float
    ndcg_event: float
    mrr_event: float
    hit_rate_page: float
    ndcg_page: float
    mrr_page: float
    hit_rate_last_window: float
    ndcg_last_window: float
    mrr_last_window: float
    ndcg_page_last_window: float
    window: int


class Ranking:
    """Running hit rate, NDCG and MRR at n: cumulative and over a window; event and page protocol.

    Parameters
    ----------
    n : int
        Length of the list.
    window : int
        Questions of the window.

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
            raise SettingsError(f"a list of 1 item or more and a window of 1 or more, not {n} and {window}")
        self.n = n
        self.window = window
        self.unknown_items = 0
        self._places = np.zeros((2, n + 1), np.int64)  # by protocol, how often each place came up
        self._recent = np.zeros((0, 2), np.int32)  # places of the last `window` questions, oldest first

    @property
    def lists(self) -> int:
        """Questions asked."""
        return int(self._places[0].sum())

    def update(self, event: list[int], page: list[int], unknown_items: int = 0) -> None:
        """Count places.

        Parameters
        ----------
        event, page : list of int, length k
            Place of the right item on each protocol's list, 1 to n; 0 where it is not on it.
        unknown_items : int
            How many of them were for items that nobody had rated before.

        Raises
        ------
        InputError
            If the lengths differ or a place is not on the list; nothing has been counted then.
        """
        places = np.array([event, page], np.int64).T if len(event) == len(page) else np.full((1, 2), -1)
        if not ((places >= 0) & (places <= self.n)).all():
            raise InputError(f"one place from 0 to {self.n} for each protocol is needed, found {event} and {page}")
        for protocol in range(2):
            self._places[protocol] += np.bincount(places[:, protocol], minlength=self.n + 1)
        self._recent = np.concatenate([self._recent, places.astype(np.int32)])[-self.window :]
        self.unknown_items += unknown_items

    def figures(self) -> RankingFigures:
        """Quality so far."""
        event, page = (_quality(places) for places in self._places)
        last, page_last = (_quality(np.bincount(self._recent[:, k], minlength=self.n + 1)) for k in range(2))
        return RankingFigures(
            self.n, self.lists, self.unknown_items, *event, *page, *last, page_last[1], len(self._recent)
        )

    def state(self) -> dict[str, NDArray[Any]]:
        """As arrays; `from_state` continues exactly from there."""
        return {
            "settings": np.array([self.n, self.window, self.unknown_items], np.int64),
            "places": self._places.copy(),
            "recent": self._recent.copy(),
        }

    @classmethod
    def from_state(cls, state: dict[str, NDArray[Any]]) -> Ranking:
        """The metrics that `state` was taken from."""
        n, window, unknown_items = state["settings"].tolist()
        ranking = cls(n, window)
        ranking.unknown_items = unknown_items
        ranking._places, ranking._recent = state["places"].copy(), state["recent"].copy()
        return ranking


def is_liked(ratings: NDArray[np.float64], scale: Scale) -> NDArray[np.bool_]:
    """Which ratings are 4 stars or more; on other scales, three quarters of the way up or more.

    Examples
    --------
    >>> is_liked(np.array([3.5, 4.0]), Scale(0.5, 5)).tolist(), is_liked(np.array([74.0, 75.0]), Scale(0, 100)).tolist()
    ([False, True], [False, True])
    """
    return np.asarray(scale.to_internal(ratings) >= LIKED)


def _quality(places: NDArray[np.int64]) -> tuple[float, float, float]:
    """Hit rate, NDCG and MRR from how often each place came up."""
    lists, found, place = int(places.sum()), places[1:], np.arange(1, len(places))
    if not lists:
        return math.nan, math.nan, math.nan
    return (
        float(found.sum() / lists),
        float((found / np.log2(1.0 + place)).sum() / lists),
        float((found / place).sum() / lists),
    )
