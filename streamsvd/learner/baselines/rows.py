"""The memory of an online baseline: a row of numbers per user and per item, a global one, and the page's beginning.

The page protocol predicts from the state in which a page began. Of that state, the user's row and the global numbers
are copied when the page begins, and an item's row just before its first change within the page (copy on write).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NUMBER, USER, TIMESTAMP = range(3)
"""Elements of the page."""


class BaselineMemory(NamedTuple):
    """Arrays of an online baseline; those per user and per item have room for more rows."""

    users: Floats
    items: Floats
    whole: Floats
    page: Ints
    page_user: Floats
    page_whole: Floats
    kept: Floats  # an item's row as it was when a page began
    kept_on: Ints  # and the number of that page


def empty(user_width: int, item_width: int, whole: Floats) -> BaselineMemory:
    """A memory without rows, and with these global numbers."""
    return BaselineMemory(
        users=np.zeros((0, user_width)),
        items=np.zeros((0, item_width)),
        whole=whole.copy(),
        page=np.array([0, -1, 0]),
        page_user=np.zeros(user_width),
        page_whole=whole.copy(),
        kept=np.zeros((0, item_width)),
        kept_on=np.zeros(0, np.int64),
    )


def with_rows(m: BaselineMemory, users: int, items: int) -> BaselineMemory:
    """The same memory with room for that many rows; new ones are zero."""
    if users > len(m.users):
        m = m._replace(users=grown(m.users, users))
    if items > len(m.items):
        m = m._replace(items=grown(m.items, items), kept=grown(m.kept, items), kept_on=grown(m.kept_on, items))
    return m


def grown(array: NDArray[Any], n: int) -> NDArray[Any]:
    """The array with room for at least n rows; new ones are zero."""
    larger = np.zeros((max(n, len(array) + len(array) // 2, 64), *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


@compiled
def turn_page(m, u, timestamp):  # type: ignore[no-untyped-def]
    """Begin a page where this rating does; returns whether it does."""
    same = m.page[NUMBER] > 0 and m.page[USER] == u and m.page[TIMESTAMP] == timestamp
    if not same:
        m.page[NUMBER] += 1
        m.page[USER], m.page[TIMESTAMP] = u, timestamp
        m.page_user[:] = m.users[u]
        m.page_whole[:] = m.whole
    return not same


@compiled
def keep(m, i):  # type: ignore[no-untyped-def]
    """Before an item's row changes: keep it as it was when the page began."""
    if m.kept_on[i] != m.page[NUMBER]:
        m.kept[i] = m.items[i]
        m.kept_on[i] = m.page[NUMBER]


@compiled
def keep_all(m, count_at):  # type: ignore[no-untyped-def]
    """Before all items' rows change: those of items without ratings, by the count in the row, are zero and stay so."""
    for i in range(len(m.items)):
        if m.items[i, count_at] > 0.0:
            keep(m, i)


@compiled
def at_page(m, i):  # type: ignore[no-untyped-def]
    """An item's row as it was when the page began."""
    return m.kept[i] if m.kept_on[i] == m.page[NUMBER] else m.items[i]
