"""Many growing lists in one pool of memory: each row's newest ratings, and what each user has rated.

A list is a run of entries in a shared array. It grows by moving to a larger run; the run left behind is reused by
the next list that needs one of that size. Entries keep their order of arrival and lie next to each other, so that a
refit reads them straight through. The pool is enlarged from Python (`reserve`), between calls of a kernel:
a kernel asks `fits` first and returns early when it says no.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamsvd.compiler import compiled, inlined
from streamsvd.kernels.memory_pages import grown, zeros
from streamsvd.kernels.vectors import move

RUNS = np.array([4, 8, 16, *(32 * 2**k * quarter // 4 for k in range(26) for quarter in (4, 5, 6, 7))])
"""Entries of a run, by size class: in steps of a quarter, so that little of a run is empty."""
FIRST_POOL = 1 << 10  # entries
SIZES = len(RUNS) - 1  # size classes that a list may have; there is always a larger one
START, FIRST, LENGTH, SIZE = range(4)  # columns of `places`; SIZE is the run's size class + 1, 0 without a run


class Lists(NamedTuple):
    """A pool of lists, one for each row.

    Attributes
    ----------
    entries : array, shape (pool,)
        All runs; a structured or plain dtype.
    places : int64 array, shape (n_rows, 4)
        Per row: where its run starts, how far into it the first entry is, how many entries there are, run size class.
    free : int64 array, shape (SIZES + 1, n_free)
        Per size class, starts of unused runs; the first column counts them. Last row, first: the pool's used end.
    """

    entries: NDArray[Any]
    places: NDArray[np.int64]
    free: NDArray[np.int64]


def empty(dtype: Any, rows: int) -> Lists:
    """Lists without entries."""
    return Lists(np.zeros(FIRST_POOL, dtype), np.zeros((rows, 4), np.int64), np.zeros((SIZES + 1, 64), np.int64))


def reserve(lists: Lists, rows: int, more: int = 1) -> Lists:
    """The same lists with room for `rows` rows, for one more entry in each list, and most likely for `more` in all."""
    entries, places, free = lists
    used, largest = int(free[SIZES, 0]), int(RUNS[places[:, SIZE].max(initial=0)])  # what the largest run may become
    needed = used + max(largest, 2 * more)
    if needed > len(entries):
        entries = grown(entries, max(needed, 2 * len(entries)), used)  # what is never written takes no memory
    if rows > len(places):
        places = grown(places, rows)
    if 2 * free[:SIZES, 0].max() >= free.shape[1]:
        free = _wider(free)
    return Lists(entries, places, free)


def _wider(free: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same starts of unused runs, with twice the room; classes without any are not written to."""
    wide = zeros((len(free), 2 * free.shape[1]), np.int64)
    for old, new in zip(free, wide, strict=True):
        taken = min(int(old[0]) + 1, len(old)) if old[0] > 0 else 0
        new[:taken] = old[:taken]
    return wide


def load(dtype: Any, values: NDArray[Any], offsets: NDArray[np.int64], rows: int) -> Lists:
    """Lists with the given content, of that dtype: list `k` is `values[offsets[k]:offsets[k + 1]]`."""
    lists = empty(dtype, rows)
    lengths = np.diff(offsets)
    classes = np.searchsorted(RUNS, lengths)
    sizes = np.where(lengths > 0, RUNS[classes], 0)
    starts = np.cumsum(sizes) - sizes
    entries = zeros(max(FIRST_POOL, int(sizes.sum())), dtype)
    _copy(values, offsets[:-1], entries, starts, lengths)
    lists.places[: len(lengths), START] = starts
    lists.places[: len(lengths), LENGTH] = lengths
    lists.places[: len(lengths), SIZE] = np.where(lengths > 0, classes + 1, 0)
    lists.free[SIZES, 0] = sizes.sum()
    return lists._replace(entries=entries)


def gather(lists: Lists, rows: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Content of some lists, one after another, and the offsets that part them."""
    lengths = lists.places[rows, LENGTH]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    firsts = lists.places[rows, START] + lists.places[rows, FIRST]
    values = np.empty(offsets[-1], lists.entries.dtype)
    _copy(lists.entries, firsts, values, offsets[:-1], lengths)
    return values, offsets


def _copy(
    source: NDArray[Any], starts: NDArray[np.int64], target: NDArray[Any], places: NDArray[np.int64], lengths: Any
) -> None:
    """Copy runs of entries as bytes: an index for each entry would take more time, and more memory than the entries."""
    size = target.dtype.itemsize
    read, write = np.ascontiguousarray(source).view(np.uint8).data, target.view(np.uint8).data
    for start, place, n in zip(*((numbers * size).tolist() for numbers in (starts, places, lengths)), strict=True):
        write[place : place + n] = read[start : start + n]


@inlined
def fits(lists, row):  # type: ignore[no-untyped-def]
    """Whether one more entry for `row` finds room in every case."""
    entries, places, free = lists
    size = RUNS[places[row, SIZE]]  # the next larger one, or the smallest
    used = free[SIZES, 0]
    return used + size <= len(entries) and free[max(places[row, SIZE] - 1, 0), 0] + 1 < free.shape[1]


@inlined
def make_room(lists, row):  # type: ignore[no-untyped-def]
    """Index at which the next entry of `row` goes; moves the list when its run is full."""
    entries, places, free = lists
    start, first = places[row, START], places[row, FIRST]
    length, size_class = places[row, LENGTH], places[row, SIZE]
    size = RUNS[size_class - 1] if size_class > 0 else 0
    if first + length < size:
        return start + first + length
    if 16 * first >= size > 0:  # a window that has slid goes back to the front: at most 16 moves for each new entry
        move(entries, start + first, start, length)
        places[row, FIRST] = 0
        return start + length
    bigger = size_class  # class index of the next larger run
    if free[bigger, 0] > 0:
        target = free[bigger, free[bigger, 0]]
        free[bigger, 0] -= 1
    else:
        target = free[SIZES, 0]
        free[SIZES, 0] += RUNS[bigger]
    move(entries, start + first, target, length)
    if size_class > 0:
        free[size_class - 1, 0] += 1
        free[size_class - 1, free[size_class - 1, 0]] = start
    places[row, START], places[row, FIRST], places[row, SIZE] = target, 0, bigger + 1
    return target + length


@inlined
def drop(lists, row, position):  # type: ignore[no-untyped-def]
    """Take entry number `position` out of the list of `row`, keeping the order of the others."""
    entries, places, _ = lists
    begin = places[row, START] + places[row, FIRST]
    if position == 0:
        places[row, FIRST] += 1
    else:
        move(entries, begin + position + 1, begin + position, places[row, LENGTH] - position - 1)
    places[row, LENGTH] -= 1


@compiled
def clear(lists, row):  # type: ignore[no-untyped-def]
    """Empty the list of `row` and give its run back."""
    _, places, free = lists
    size_class = places[row, SIZE]
    if size_class > 0:
        free[size_class - 1, 0] += 1
        free[size_class - 1, free[size_class - 1, 0]] = places[row, START]
    places[row, :] = 0
