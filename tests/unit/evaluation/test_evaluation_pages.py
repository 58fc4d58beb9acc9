"""Pages are recognised however the stream is cut."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evaluation.metrics.pages import Pages

USERS = st.sampled_from([1, 2, "1", "ann"])


@given(st.lists(st.tuples(USERS, st.integers(0, 2))), st.integers(0, 10))
def test_neither_a_cut_nor_a_restart_changes_a_page(ratings: list[tuple[int | str, int]], cut: int) -> None:
    users, times = [user for user, _ in ratings], [time for _, time in ratings]
    whole = Pages().begins(users, times)
    pages = Pages()
    first = pages.begins(users[:cut], times[:cut])
    rest = Pages.from_state(pages.state()).begins(users[cut:], times[cut:])
    expected = [k == 0 or ratings[k] != ratings[k - 1] for k in range(len(ratings))]
    assert whole.tolist() == expected == [*first.tolist(), *rest.tolist()]


def test_arrays_of_ids_are_taken_too() -> None:
    assert Pages().begins(np.array([1, 1, 2]), np.array([5, 5, 5])).tolist() == [True, False, True]


def test_of_a_forgotten_user_nothing_is_kept() -> None:
    pages = Pages()
    pages.begins(["ghost"], [3])
    pages.forget("somebody else")
    assert not pages.begins(["ghost"], [3])[0]
    pages.forget("ghost")
    assert json.loads(pages.state()["newest"].tobytes()) is None
    assert pages.begins(["ghost"], [3])[0]
