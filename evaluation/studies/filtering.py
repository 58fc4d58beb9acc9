"""Filters of a data set: k-cores, and cuts in one pass by the ratings of items and of users.

A *cut* keeps the ratings of items with at least x ratings by users with at least y, both counted in the whole set. A
*k-core* repeats this on what is left until nothing changes, so every user and item that stays has k ratings in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from streamsvd.ratings import RatingTable, k_core

CORES = (2, 5, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500)
ITEM_CUTS = (5, 10, 20, 30, 40, 50, 75, 100)
USER_CUTS = (1, 20, 50, 100, 150, 200, 300)


class Cut(NamedTuple):
    """A cut in one pass, and how many ratings it leaves."""

    item_ratings: int
    user_ratings: int
    left: int


def cores(table: RatingTable, thresholds: Sequence[int] = CORES) -> pd.DataFrame:
    """What the k-core of each threshold leaves, up to the first that leaves nothing.

    Returns
    -------
    DataFrame
        By `k`, from 1 (everything): `ratings`, `share`, `users`, `items`, `density`.
    """
    rows, core = [_size(1, table, len(table))], table
    for k in sorted(set(thresholds) - {1}):
        core = k_core(core, k)  # the core of a core: cheaper, and the same ratings
        rows.append(_size(k, core, len(table)))
        if len(core) == 0:
            break
    return pd.DataFrame(rows).set_index("k")


def nearest_core(table: RatingTable, share: float) -> int:
    """The k whose core leaves a share of the ratings closest to this one; cores shrink as k grows."""
    wanted = share * len(table)
    low, high = 1, int(np.sqrt(len(table))) + 2  # a k-core that is not empty holds k² ratings at least
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if len(k_core(table, middle)) >= wanted else (low, middle)
    return min((low, high), key=lambda k: abs(len(k_core(table, k)) - wanted))


def cuts(
    table: RatingTable, item_ratings: Sequence[int] = ITEM_CUTS, user_ratings: Sequence[int] = USER_CUTS
) -> pd.DataFrame:
    """Ratings that each cut in one pass leaves: a row a threshold of items, a column a threshold of users."""
    of_item, of_user = _counts(table)
    left = [[int(((of_item >= x) & (of_user >= y)).sum()) for y in user_ratings] for x in item_ratings]
    return pd.DataFrame(
        left, index=pd.Index(item_ratings, name="item_ratings"), columns=pd.Index(user_ratings, name="user_ratings")
    )


def nearest_cuts(found: pd.DataFrame, wanted: float, n: int = 3) -> list[Cut]:
    """The cuts of a table by `cuts` that leave closest to a number of ratings."""
    all_cuts = [Cut(int(x), int(y), int(found.loc[x, y])) for x in found.index for y in found.columns]
    return sorted(all_cuts, key=lambda cut: abs(cut.left - wanted))[:n]


def _counts(table: RatingTable) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], ...]:
    """For each rating, how many its item and its user have in all."""
    found = []
    for ids in (table.items, table.users):
        numbers = np.unique(ids, return_inverse=True)[1]
        found.append(np.bincount(numbers)[numbers])
    return tuple(found)


def _size(k: int, core: RatingTable, whole: int) -> dict[str, float]:
    users, items = len(np.unique(core.users)), len(np.unique(core.items))
    pairs = users * items
    return {
        "k": k,
        "ratings": len(core),
        "share": len(core) / max(whole, 1),
        "users": users,
        "items": items,
        "density": len(core) / pairs if pairs else float("nan"),
    }
