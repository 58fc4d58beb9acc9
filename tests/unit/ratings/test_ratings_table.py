"""Tables: slices by count and by time, events, and what a table refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamsvd.errors import DatasetError
from streamsvd.ratings import Dataset, Rating, RatingTable, decode, encode

DATASET = Dataset("toy", "0123456789abcdef" * 4, (1.0, 5.0))


def _table(timestamps: list[int]) -> RatingTable:
    n = len(timestamps)
    return RatingTable(
        np.arange(n), np.arange(n) % 3, np.full(n, 3.5, np.float32), np.array(timestamps, np.int64), DATASET
    )


@given(st.lists(st.integers(0, 20)).map(sorted), st.none() | st.integers(-5, 25), st.none() | st.integers(-5, 25))
def test_between_times(timestamps: list[int], start: int | None, stop: int | None) -> None:
    table = _table(timestamps).between(start, stop)
    low, high = -1 if start is None else start, 99 if stop is None else stop
    assert table.timestamps.tolist() == [t for t in timestamps if low <= t < high]


@given(st.integers(0, 20), st.none() | st.integers(0, 25), st.none() | st.integers(0, 25))
def test_between_counts_means_sequence_numbers(n: int, start: int | None, stop: int | None) -> None:
    table = _table(list(range(n)))
    expected = list(range(n))[start:stop]
    assert table.between(start, stop, by="count").users.tolist() == expected
    tail = table[5:]
    assert tail.between(start, stop, by="count").users.tolist() == [k for k in expected if k >= 5]


@given(st.integers(0, 30), st.integers(1, 40))
def test_events_carry_source_and_sequence(n: int, block: int) -> None:
    table = _table(list(range(n)))
    events = list(table[n // 2 :].events(block))
    assert [event.sequence for event in events] == list(range(n // 2, n))
    assert events == [Rating(k, k % 3, 3.5, k, "toy-01234567", k) for k in range(n // 2, n)]
    assert [decode(encode(event)) for event in events] == events


def test_slices_are_views() -> None:
    table = _table([1, 2, 3])
    assert np.shares_memory(table[1:].users, table.users)
    assert table[1:][1:].first == 2
    with pytest.raises(DatasetError, match="step 1, not 2"):
        table[::2]


def test_columns_agree() -> None:
    table = _table([1, 2, 3])
    with pytest.raises(DatasetError, match="one equal shape"):
        RatingTable(table.users[:2], table.items, table.ratings, table.timestamps, DATASET)
    with pytest.raises(DatasetError, match="timestamps decrease"):
        _table([1, 3, 2])


@pytest.mark.parametrize("scale", [(5.0, 1.0), (1.0, 1.0), (float("nan"), 1.0), (1.0, float("inf"))])
def test_a_scale_is_two_limits(scale: tuple[float, float]) -> None:
    with pytest.raises(DatasetError, match="is not one"):
        Dataset("toy", "0", scale)
