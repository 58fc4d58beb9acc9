"""The pool of lists against Python's lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_parts import from_python

from streamsvd.kernels import lists
from streamsvd.kernels.lists import LENGTH, Lists
from streamsvd.kernels.memory import ITEM_ENTRY

fits = from_python(lists.fits)
make_room = from_python(lists.make_room)
drop = from_python(lists.drop)

ROWS = 6
STEP = st.tuples(
    st.sampled_from(["append", "append", "append", "burst", "slide", "drop", "clear", "reload"]),
    st.integers(0, ROWS - 1),
    st.integers(0, 10**6),
)


def append(pool: Lists, row: int, value: Any) -> Lists:
    """What a kernel and its caller do together."""
    while not fits(pool, row):
        pool = lists.reserve(pool, ROWS)
    pool.entries[make_room(pool, row)] = value
    pool.places[row, LENGTH] += 1
    return pool


def contents(pool: Lists) -> list[list[Any]]:
    values, offsets = lists.gather(pool, np.arange(ROWS))
    return [values[offsets[k] : offsets[k + 1]].tolist() for k in range(ROWS)]


@settings(max_examples=60)
@given(st.lists(STEP, max_size=80))
def test_like_python_lists(steps: list[tuple[str, int, int]]) -> None:
    pool, expected = lists.empty("<i4", ROWS), [list[int]() for _ in range(ROWS)]
    for step, row, number in steps:
        mine = expected[row]
        if step == "append":
            pool = append(pool, row, number)
            mine.append(number)
        elif step == "burst":
            for value in range(number % 700):
                pool = append(pool, row, value)
                mine.append(value)
        elif step == "slide":  # a window: the oldest goes, a new one comes
            for value in range(number % 300):
                if mine:
                    drop(pool, row, 0)
                    del mine[0]
                pool = append(pool, row, value)
                mine.append(value)
        elif step == "drop" and mine:
            drop(pool, row, number % len(mine))
            del mine[number % len(mine)]
        elif step == "clear":
            pool = lists.reserve(pool, ROWS)
            lists.clear(pool, row)
            mine.clear()
        elif step == "reload":
            pool = lists.load("<i4", *lists.gather(pool, np.arange(ROWS)), ROWS)
        assert contents(pool) == expected


def test_a_window_that_slides_needs_no_more_memory() -> None:
    pool, full = lists.empty(ITEM_ENTRY, ROWS), 0
    for k in range(50_000):
        full = full or (len(pool.entries) if pool.places[0, LENGTH] == 200 else 0)
        if pool.places[0, LENGTH] >= 200:
            drop(pool, 0, 0)
        pool = append(pool, 0, (k, k / 2))
    values, _ = lists.gather(pool, np.array([0]))
    assert values["user"].tolist() == list(range(49_800, 50_000))
    assert len(pool.entries) == full


def test_runs_that_were_left_are_used_again() -> None:
    pool = lists.empty("<i4", ROWS)
    for _ in range(200):
        for value in range(100):
            pool = append(pool, 1, value)
        pool = lists.reserve(pool, ROWS)
        lists.clear(pool, 1)
    assert len(pool.entries) == 1024


@pytest.mark.parametrize("sizes", [[0, 0, 0], [1, 4, 5], [0, 8, 9], [1000, 0, 3]])
def test_load_and_gather(sizes: list[int]) -> None:
    values = np.arange(sum(sizes), dtype=np.int32)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    pool = lists.load("<i4", values, offsets, ROWS)
    assert contents(pool)[:3] == [values[offsets[k] : offsets[k + 1]].tolist() for k in range(3)]
    some, cuts = lists.gather(pool, np.array([2, 0]))
    assert some.tolist() == contents(pool)[2] + contents(pool)[0]
    assert cuts.tolist() == [0, sizes[2], sizes[2] + sizes[0]]


def test_reserve_changes_no_content() -> None:
    pool = lists.empty("<i4", 1)
    for value in range(10):
        pool = append(pool, 0, value)
    bigger = lists.reserve(pool, ROWS)
    assert contents(bigger) == [list(range(10)), [], [], [], [], []]
