"""Ratings of an item by a user who has rated it before: exact duplicates, and re-ratings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Repeats:
    """How many ratings of a data set are of a pair of user and item that it holds before.

    Attributes
    ----------
    duplicates : int
        Exact duplicates: another row has the same user, item, rating and timestamp. The first of them does not count.
    re_ratings : int
        All others: the user rates the item at another time, or otherwise.
    """

    duplicates: int
    re_ratings: int

    @property
    def total(self) -> int:
        """Ratings beyond the first of each pair."""
        return self.duplicates + self.re_ratings


def count_repeats(users: Column, items: Column, ratings: Column, timestamps: Column | None) -> Repeats:
    """Count exact duplicates and re-ratings.

    Parameters
    ----------
    users, items, ratings, timestamps : array, shape (n,)
        As in `RatingTable`, in any order; None for the timestamps where there are none, which then do not count.

    Notes
    -----
    Takes 16 bytes a rating, and what its hash tables of users and of items need.

    Examples
    --------
    >>> users, items = np.array([1, 1, 1, 2]), np.array([7, 7, 7, 7])
    >>> count_repeats(users, items, np.array([3.0, 3.0, 4.0, 4.0]), np.array([10, 10, 10, 10]))
    Repeats(duplicates=1, re_ratings=1)
    """
    pairs = _pairs(users, items)
    pairs.sort()
    again = pairs[1:][pairs[1:] == pairs[:-1]]
    if not len(again):
        return Repeats(0, 0)
    several = np.unique(again)
    del pairs
    pairs = _pairs(users, items)
    at = np.searchsorted(several, pairs)
    at[at == len(several)] = 0
    rows = np.flatnonzero(several[at] == pairs)
    keys = [column[rows] for column in (pairs, ratings, timestamps) if column is not None]
    order = np.lexsort(keys)
    equal = np.logical_and.reduce([key[order][1:] == key[order][:-1] for key in keys])
    duplicates = int(np.count_nonzero(equal))
    return Repeats(duplicates, len(again) - duplicates)


def _pairs(users: Column, items: Column) -> NDArray[np.int64]:
    """A number for each pair of user and item, shape (n,)."""
    import pandas as pd  # here, so that the workers of an engine can do without

    numbers, found = pd.factorize(items)
    pairs = pd.factorize(users)[0].astype(np.int64, copy=False)
    pairs *= len(found)
    pairs += numbers
    return pairs
