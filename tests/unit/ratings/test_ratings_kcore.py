"""The k-core: a fixpoint, the largest one, in order."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamsvd.errors import SettingsError
from streamsvd.ratings import Dataset, RatingTable, k_core

pairs = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=60)


def _table(rows: list[tuple[int, int]], text: bool = False) -> RatingTable:
    users, items = (np.array([row[side] for row in rows], dtype=np.int64) for side in (0, 1))
    if text:
        users = np.array([f"u{u}" for u in users], dtype=object)
    return RatingTable(users, items, np.ones(len(rows)), np.arange(len(rows)), Dataset("toy", "0" * 64, (1.0, 5.0)))


def _slowly(rows: list[tuple[int, int]], n: int) -> list[int]:
    """Row numbers of the core, one removal at a time in the order of the rows: the order must not matter."""
    kept = list(range(len(rows)))
    while True:
        users, items = Counter(rows[k][0] for k in kept), Counter(rows[k][1] for k in kept)
        weak = [k for k in kept if users[rows[k][0]] < n or items[rows[k][1]] < n]
        if not weak:
            return kept
        kept.remove(weak[0])


@given(pairs, st.integers(1, 5))
def test_it_is_the_largest_part_that_holds_and_keeps_the_order(rows: list[tuple[int, int]], n: int) -> None:
    core = k_core(_table(rows), n)
    assert core.timestamps.tolist() == _slowly(rows, n)
    for column in (core.users, core.items):
        assert all(count >= n for count in Counter(column.tolist()).values())
    assert k_core(core, n).timestamps.tolist() == core.timestamps.tolist()


@given(pairs, st.integers(1, 5))
def test_larger_cores_hold_smaller_ones_and_ids_may_be_text(rows: list[tuple[int, int]], n: int) -> None:
    assert set(k_core(_table(rows), n + 1).timestamps) <= set(k_core(_table(rows), n).timestamps)
    assert k_core(_table(rows, text=True), n).timestamps.tolist() == _slowly(rows, n)


def test_a_core_is_a_source_of_its_own() -> None:
    table = _table([(0, 0), (1, 1), (1, 0), (0, 1), (2, 2)])
    assert k_core(table, 2).dataset.source == "toy-2core-00000000"
    assert k_core(table[1:], 1).first == 0


def test_a_core_of_nothing() -> None:
    with pytest.raises(SettingsError, match="must be 1 or more"):
        k_core(_table([(0, 0)]), 0)
