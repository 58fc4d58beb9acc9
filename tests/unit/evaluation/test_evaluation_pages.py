"""Pages are recognised whatever lies between their ratings and however the stream is cut."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evaluation.metrics.pages import Pages

USERS = st.sampled_from([1, 2, "1", "ann"])
Found = tuple[list[int], list[bool]]


def by_definition(ratings: list[tuple[int | str, int]]) -> Found:
    """Number of each rating's page, and whether it begins it."""
    pages = dict[tuple[int | str, int], int]()
    begun, numbers, begins = 0, list[int](), list[bool]()
    for k, rating in enumerate(ratings):
        if k and rating[1] != ratings[k - 1][1]:
            pages = {}
        begins.append(rating not in pages)
        begun += rating not in pages
        numbers.append(pages.setdefault(rating, begun))
    return numbers, begins


def turned(pages: Pages, ratings: list[tuple[int | str, int]]) -> Found:
    numbers, begins = pages.turn([user for user, _ in ratings], [time for _, time in ratings])
    return numbers.tolist(), begins.tolist()


@given(st.lists(st.tuples(USERS, st.integers(0, 1))), st.integers(0, 10))
def test_neither_a_cut_nor_a_restart_changes_a_page(ratings: list[tuple[int | str, int]], cut: int) -> None:
    whole, pages = Pages(), Pages()
    expected = by_definition(ratings)
    assert turned(whole, ratings) == expected
    first = turned(pages, ratings[:cut])
    pages = Pages.from_state(pages.state())
    rest = turned(pages, ratings[cut:])
    assert (first[0] + rest[0], first[1] + rest[1]) == expected
    assert pages.state()["open_pages"].tobytes() == whole.state()["open_pages"].tobytes()


def test_arrays_of_ids_are_taken_too() -> None:
    assert Pages().turn(np.array([1, 2, 1]), np.array([5, 5, 5]))[0].tolist() == [1, 2, 1]


def test_of_a_forgotten_user_nothing_is_kept() -> None:
    pages = Pages()
    pages.turn(["ghost", "other"], [3, 3])
    assert pages.forget("somebody else") is None
    assert not pages.turn(["ghost"], [3])[1][0]
    assert pages.forget("ghost") == 1
    assert "ghost" not in json.dumps(json.loads(pages.state()["open_pages"].tobytes()))
    assert pages.turn(["other", "ghost"], [3, 3])[0].tolist() == [2, 3]
