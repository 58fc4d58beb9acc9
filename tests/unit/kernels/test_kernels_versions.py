"""The version of a row that a page needs is the earliest one kept since the page began."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamsvd.kernels import versions
from streamsvd.kernels.versions import LINKS, PAGE, ROW

link_version, version_at = versions.link_version.py_func, versions.version_at.py_func  # as Python: both are inlined


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=120), st.integers(0, 300))
def test_the_earliest_one_since_the_page_began_is_found(kept: list[tuple[int, int]], page: int) -> None:
    links, newest, now = np.zeros((len(kept), LINKS), np.int64), dict.fromkeys(range(3), -1), 0
    for n, (row, begun) in enumerate(kept):
        now += begun
        link_version(links, n, row, now, newest[row])
        newest[row] = n
    for row, last in newest.items():
        expected = np.flatnonzero((links[:, ROW] == row) & (links[:, PAGE] >= page))
        assert version_at(links, last, page) == (expected[0] if len(expected) else -1)


def test_a_long_chain_is_searched_in_a_few_steps() -> None:
    n = 1 << 16
    links = np.zeros((n, LINKS), np.int64)
    for k in range(n):
        link_version(links, k, 0, k, k - 1)
    steps, found = 0, n - 1
    while found > 5:  # as version_at goes
        skip = links[found, 3]
        found, steps = skip if skip >= 5 and skip != found else links[found, 2], steps + 1
    assert version_at(links, n - 1, 5) == 5
    assert steps < 50
