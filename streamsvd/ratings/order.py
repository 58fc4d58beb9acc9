"""The order of a data set's ratings: by time, and at one time by user and item, so that a file's own order is nothing.

Only of one user's several ratings of one item at one time does the file say which one came last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.integer[Any]]


def stream_order(users: Integers, items: Integers, timestamps: Integers) -> NDArray[np.int64]:
    """Where each rating of the stream stands in the file: by (timestamp, user, item, place in the file).

    Parameters
    ----------
    users, items, timestamps : integer arrays, shape (n,)
        In file order; text ids as `ranks_of` numbers them.

    Returns
    -------
    int64 array, shape (n,)

    Examples
    --------
    >>> stream_order(np.array([7, 3, 7, 1]), np.array([2, 5, 1, 1]), np.array([10, 10, 10, 9])).tolist()
    [3, 1, 2, 0]
    """
    order = _by_time(timestamps)
    if not _rises(users, items, timestamps, order):  # most files list what was rated at one time as it should be
        del order
        order = np.lexsort((items, users, timestamps))
    return order


def ranks_of(names: Sequence[str]) -> NDArray[np.int32]:
    """Where each of these different names stands among them, by code points.

    >>> ranks_of(["b", "C", "a"]).tolist()
    [2, 0, 1]
    """
    ranks = np.empty(len(names), np.int32)
    ranks[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names), dtype=np.int32)
    return ranks


def _by_time(timestamps: Integers) -> NDArray[np.int64]:
    """Where each rating stands in the file, by (timestamp, place in the file)."""
    bits = len(timestamps).bit_length()
    keys = timestamps.astype(np.int64)
    keys <<= bits
    if not np.array_equal(keys >> bits, timestamps):  # time and place do not fit into 64 bits
        del keys
        return np.argsort(timestamps, kind="stable")
    keys |= np.arange(len(keys))
    keys.sort()  # of plain integers, an eighth of the time of a stable argsort
    keys &= (1 << bits) - 1
    return keys


def _rises(users: Integers, items: Integers, timestamps: Integers, order: NDArray[np.int64]) -> bool:
    """Whether ratings in this order of time rise by user and item wherever the time stands still."""
    moments = timestamps[order]
    tied = moments[1:] == moments[:-1]
    del moments
    for column in (users, items):  # one after the other, so that memory stays low
        sorted_ids = column[order]
        if (tied & (sorted_ids[1:] < sorted_ids[:-1])).any():
            return False
        tied &= sorted_ids[1:] == sorted_ids[:-1]
    return True
