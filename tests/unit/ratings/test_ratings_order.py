"""The order of a data set's ratings does not depend on the order of a file's lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamsvd.ratings import Columns, Synthetic, k_core, read_ratings
from streamsvd.ratings.order import ranks_of, stream_order

IDS = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5, unique=True),
    st.lists(st.text("aZé☃𝄞9", min_size=1, max_size=3).map("x".__add__), min_size=1, max_size=5, unique=True),
)
Line = tuple[int | str, int | str, int]


@st.composite
def lines(draw: st.DrawFn) -> tuple[list[Line], list[Line]]:
    """Ratings, each of another pair or time, and the same in another order."""
    rating = st.tuples(st.sampled_from(draw(IDS)), st.sampled_from(draw(IDS)), st.integers(0, 3))
    found = draw(st.lists(rating, min_size=1, max_size=30, unique=True))
    return found, draw(st.permutations(found))


def read(path: Path, ratings: list[Line]) -> list[tuple[object, ...]]:
    """The rows of a table; a rating's value is of its user, item and time."""
    text = (f"{user},{item},{len(f'{user}{item}') % 5 + 1},{time}\n" for user, item, time in ratings)
    path.write_text("u,i,r,t\n" + "".join(text), encoding="utf-8")
    table = read_ratings(path, Columns("u", "i", "r", "t"), (1.0, 5.0), time_format="s")
    columns = (table.users, table.items, table.ratings, table.timestamps)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@settings(max_examples=60)
@given(ratings=lines())
def test_every_order_of_the_lines_gives_the_same_table(
    tmp_path_factory: pytest.TempPathFactory, ratings: tuple[list[Line], list[Line]]
) -> None:
    first, second = ratings
    path = tmp_path_factory.mktemp("ratings") / "a.csv"
    found = read(path, first)
    assert found == read(path, second)
    assert [(time, user, item) for user, item, _, time in found] == sorted((t, u, i) for u, i, t in first)


def test_the_file_says_which_of_two_equal_ones_is_the_last(tmp_path: Path) -> None:
    path = tmp_path / "u.data"
    path.write_text(
        f"2\t7\t1\t{881250949}\n1\t9\t4\t{881250949}\n2\t7\t5\t{881250949}\n2\t3\t2\t{881250949}\n2\t7\t3\t{881250949}\n"
    )
    table = read_ratings(path)
    assert table.users.tolist() == [1, 2, 2, 2, 2]
    assert table.items.tolist() == [9, 3, 7, 7, 7]
    assert table.ratings.tolist() == [4, 2, 1, 5, 3]


@given(
    st.lists(
        st.tuples(st.integers(-2, 2), st.integers(-2, 2), st.sampled_from([-(2**63), -1, 0, 1, 2, 2**63 - 1])),
        max_size=40,
    )
)
def test_it_is_the_order_by_time_user_item_and_place(rows: list[tuple[int, int, int]]) -> None:
    users, items, times = np.array(rows, np.int64).reshape(-1, 3).T
    expected = sorted(range(len(rows)), key=lambda k: (times[k], users[k], items[k], k))
    assert stream_order(users, items, times).tolist() == expected


@given(st.lists(st.text(), unique=True))
def test_text_is_ranked_by_code_points(names: list[str]) -> None:
    assert [names[k] for k in np.argsort(ranks_of(names))] == sorted(names)


def test_made_up_and_thinned_tables_have_it_too() -> None:
    table = Synthetic(ratings=20_000, users=600, items=600, seed=3).table()
    for found in (table, k_core(table, 10)):
        order = stream_order(found.users, found.items, found.timestamps)
        assert order.tolist() == list(range(len(found)))
