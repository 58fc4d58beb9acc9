"""The k-core of a data set: what is left when users and items with few ratings go, again and again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from streamsvd.errors import SettingsError
from streamsvd.ratings.table import RatingTable


def k_core(table: RatingTable, n: int) -> RatingTable:
    """Keep the largest part in which every user and every item has at least `n` ratings.

    Removing an item can bring a user below `n`, and removing a user an item, so this repeats until nothing changes. The
    result is unique, keeps the stream's order, and is a data set of its own: its name, and so its source, says `n`.

    Parameters
    ----------
    table : RatingTable
    n : int
        At least 1.

    Raises
    ------
    SettingsError
        When `n` is smaller.

    Examples
    --------
    >>> from streamsvd.ratings import Dataset
    >>> ids = np.array([1, 1, 2, 2, 3])
    >>> table = RatingTable(
    ...     ids, np.array([7, 8, 7, 8, 9]), np.ones(5), np.arange(5), Dataset("toy", "0" * 64, (1.0, 5.0))
    ... )
    >>> k_core(table, 2).users, k_core(table, 2).dataset.name
    (array([1, 1, 2, 2]), 'toy-2core')
    """
    if n < 1:
        raise SettingsError(f"k-core: n must be 1 or more, found {n}")
    users = np.unique(table.users, return_inverse=True)[1]
    items = np.unique(table.items, return_inverse=True)[1]
    rows = np.arange(len(table))
    while True:
        user, item = users[rows], items[rows]
        stays = (np.bincount(user)[user] >= n) & (np.bincount(item)[item] >= n)
        if stays.all():
            break
        rows = rows[stays]
    return replace(
        table,
        users=table.users[rows],
        items=table.items[rows],
        ratings=table.ratings[rows],
        timestamps=table.timestamps[rows],
        dataset=replace(table.dataset, name=f"{table.dataset.name}-{n}core"),
        first=0,
    )
