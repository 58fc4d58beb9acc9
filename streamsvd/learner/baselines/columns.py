"""Checked columns of ratings."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streamsvd.errors import InputError
from streamsvd.kernels import Id, as_column, as_ids, plain_ids
from streamsvd.learner.protocol import Ids

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def columns_of(
    users: Ids, items: Ids, ratings: ArrayLike, timestamps: ArrayLike | None, learned: int
) -> tuple[Ids, Ids, Floats, Ints]:
    """Ids, ratings and timestamps, one of each; without timestamps, no two ratings share a page.

    Raises
    ------
    InputError
    """
    values: NDArray[Any] = as_column("ratings", ratings, np.float64)
    if timestamps is None:
        stamps = -2 - learned - np.arange(len(values), dtype=np.int64)
    else:
        stamps = as_column("timestamps", timestamps, np.int64)
    user_ids, item_ids = plain_ids(users), plain_ids(items)
    if not len(user_ids) == len(item_ids) == len(values) == len(stamps):
        lengths = f"{len(user_ids)} users, {len(item_ids)} items, {len(values)} ratings, {len(stamps)} timestamps"
        raise InputError(f"one of each is needed for every rating, found {lengths}")
    return user_ids, item_ids, values, stamps


def pairs_of(users: Ids, items: Ids) -> tuple[list[Id], list[Id]]:
    """Ids, one user for every item.

    Raises
    ------
    InputError
    """
    user_ids, item_ids = as_ids(users), as_ids(items)
    if len(user_ids) != len(item_ids):
        raise InputError(f"one user is needed for every item, found {len(user_ids)} users, {len(item_ids)} items")
    return user_ids, item_ids
