"""Pages are recognised whatever lies between their ratings and however the stream is cut."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.metrics.pages import Pages
from streamsvd.errors import InputError
from streamsvd.ratings import CodedIds

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


TEXTS = ["ann", "bob", "cid"]
STEP = st.lists(st.tuples(st.integers(0, 2), st.integers(3, 4)), max_size=6)


@given(st.lists(STEP | st.integers(0, 2)))
def test_integers_coded_texts_and_lists_have_the_same_pages(steps: list[list[tuple[int, int]] | int]) -> None:
    integers, coded, listed = Pages(), Pages(), Pages()
    for step in steps:
        if isinstance(step, int):
            assert integers.forget(step) == coded.forget(TEXTS[step]) == listed.forget(TEXTS[step])
            continue
        users, times = np.array(step, np.int64).reshape(-1, 2).T
        found = [pages.turn(ids, times) for pages, ids in ((integers, users), (coded, CodedIds(users, TEXTS)))]
        expected = turned(listed, [(TEXTS[user], time) for user, time in step])
        assert [(numbers.tolist(), begins.tolist()) for numbers, begins in found] == [expected, expected]
        assert integers.first_open == coded.first_open == listed.first_open
        assert coded.state()["open_pages"].tobytes() == listed.state()["open_pages"].tobytes()
        assert (
            integers.state()["open_pages"].tobytes()
            == Pages.from_state(integers.state()).state()["open_pages"].tobytes()
        )


def test_one_timestamp_is_needed_for_each_user() -> None:
    with pytest.raises(InputError, match="found 1 for 2"):
        Pages().turn([1, 2], [5])


def test_of_a_forgotten_user_nothing_is_kept() -> None:
    pages = Pages()
    pages.turn(["ghost", "other"], [3, 3])
    assert pages.forget("somebody else") is None
    assert not pages.turn(["ghost"], [3])[1][0]
    assert pages.forget("ghost") == 1
    assert "ghost" not in json.dumps(json.loads(pages.state()["open_pages"].tobytes()))
    assert pages.turn(["other", "ghost"], [3, 3])[0].tolist() == [2, 3]
