"""Exact duplicates and re-ratings, against a plain count."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamsvd.ratings import Repeats, count_repeats

ROWS = st.lists(st.tuples(*(st.integers(0, 2) for _ in range(4))), max_size=40)


@given(rows=ROWS, text=st.booleans())
def test_as_counted_one_by_one(rows: list[tuple[int, ...]], text: bool) -> None:
    users, items, ratings, times = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    ids = (np.array([f"u{id_}" for id_ in column], dtype=object) if text else column for column in (users, items))
    found = count_repeats(*ids, ratings / 2, times)
    assert found.duplicates == sum(Counter(rows).values()) - len(Counter(rows))
    assert found.total == len(rows) - len({row[:2] for row in rows})


def test_an_item_rated_anew_and_the_row_twice() -> None:
    users, items = np.array(["a", "a", "b", "a"], dtype=object), np.array([2**62, 2**62, 2**62, 2**62])
    assert count_repeats(users, items, np.array([1.0, 1.0, 1.0, 1.0]), np.array([5, 5, 5, 6])) == Repeats(1, 1)
    assert count_repeats(users, items, np.array([1.0, 1.0, 1.0, 2.0]), None) == Repeats(1, 1)
