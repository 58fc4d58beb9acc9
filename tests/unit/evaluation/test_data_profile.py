"""Tables of a data set, against values worked out by hand, and what must hold of any."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from evaluation.studies import data_profile as profile
from evaluation.studies import filtering
from streamsvd.ratings import Catalogue, CatalogueItem, Dataset, RatingTable, Repeats, k_core

CATALOGUE = Catalogue(
    [
        CatalogueItem("heat", "Heat (1995)", ("Crime", "Drama"), 1995),
        CatalogueItem("babe", "Babe (1995)", ("Comedy",), 1995),
        CatalogueItem("m", "M (1931)", ("Crime",), 1931),
        CatalogueItem("unseen", "Unseen (2000)", ("Comedy", "War"), 2000),
    ]
)
DAY = 86_400


def table_of(rows: list[tuple[Any, Any, float, int]]) -> RatingTable:
    users, items, ratings, times = zip(*rows, strict=True)
    dataset = Dataset("toy", "0" * 64, (1.0, 5.0))
    ids = (np.array(column, dtype=object if isinstance(column[0], str) else np.int64) for column in (users, items))
    return RatingTable(*ids, np.array(ratings, np.float64), np.array(times, np.int64), dataset)


@pytest.fixture
def ratings() -> pd.DataFrame:
    """Two users; ann rates a page of two, and heat a second time on another day."""
    rows = [
        ("ann", "heat", 4.0, 0),
        ("ann", "babe", 2.0, 0),
        ("bob", "heat", 5.0, DAY),
        ("bob", "m", 3.0, DAY + 9),
        ("ann", "heat", 1.0, 3 * DAY),
    ]
    return profile.rating_frame(table_of(rows))


def test_overview(ratings: pd.DataFrame) -> None:
    found = profile.overview(ratings)
    assert (found.ratings, found.users, found.items, found.repeats) == (5, 2, 3, Repeats(0, 1))
    assert found.density == 4 / 6
    assert (found.mean, found.median, found.deviation) == (3.0, 3.0, math.sqrt(2))
    assert (found.first, found.last, found.on_pages) == (0, 3 * DAY, 2 / 5)


def test_ratings_of_each_user_and_item(ratings: pd.DataFrame) -> None:
    items = profile.per(ratings, "item")
    assert items.index.tolist() == ["heat", "babe", "m"]
    assert items["ratings"].tolist() == [3, 1, 1]
    assert items.loc["heat", "mean"] == 10 / 3
    assert items.loc["babe", "deviation"] == 0
    assert profile.per(ratings, "user")["ratings"].to_dict() == {"ann": 3, "bob": 2}


def test_without_times_duplicates_are_the_same_user_item_and_rating() -> None:
    given = pd.DataFrame({"user": [1, 1, 2], "item": [7, 7, 7], "rating": [4.0, 4.0, 3.0], "time": [0, 1, 2]})
    assert profile.overview(given, dated=False).repeats == Repeats(duplicates=1, re_ratings=0)
    assert profile.overview(given).repeats == Repeats(duplicates=0, re_ratings=1)


def test_genres_count_a_film_in_each_of_its_own(ratings: pd.DataFrame) -> None:
    found = profile.by_genre(ratings, CATALOGUE)
    assert found.index.tolist() == ["Crime", "Drama", "Comedy"]
    assert found["ratings"].tolist() == [4, 3, 1]
    assert found["items"].tolist() == [2, 1, 1]
    assert found.loc["Crime", "mean"] == 13 / 4
    assert found.loc["Drama", "share"] == 3 / 5


def test_years_of_release(ratings: pd.DataFrame) -> None:
    found = profile.by_release(ratings, CATALOGUE)
    assert found.index.tolist() == [1931, 1995]
    assert found["items"].tolist() == [1, 2]
    assert found["ratings"].tolist() == [1, 4]


def test_genres_of_nothing_known(ratings: pd.DataFrame) -> None:
    assert len(profile.by_genre(ratings, Catalogue([]))) == 0
    assert len(profile.by_release(ratings, Catalogue([]))) == 0


def test_activity_has_no_gaps(ratings: pd.DataFrame) -> None:
    found = profile.over_time(ratings)
    assert found["ratings"].tolist() == [2, 2, 0, 1]
    assert found["users"].tolist() == [1, 1, 0, 1]
    assert found["new_users"].tolist() == [1, 1, 0, 0]
    assert found["new_items"].tolist() == [2, 1, 0, 0]
    assert found["mean"].tolist()[:2] == [3.0, 4.0]
    assert math.isnan(found["mean"].iloc[2])


@pytest.mark.parametrize(("days", "period"), [(100, "day"), (5_000, "month"), (20_000, "year")])
def test_periods_grow_with_the_time_spanned(days: int, period: str) -> None:
    assert profile.period_of(0, days * DAY)[1] == period


def test_best_is_damped_and_popular_is_not(ratings: pd.DataFrame) -> None:
    found = profile.best_by_genre(ratings, CATALOGUE, damping=1.0, top=1).set_index("genre")
    assert found.loc["Crime", "popular"] == "Heat (1995)"
    assert found.loc["Crime", "popular_ratings"] == 3
    assert found.loc["Crime", "best_mean"] == 13 / 4  # (10 + 3) / (3 + 1); M: (3 + 3) / 2
    assert "War" not in found.index


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=60))
def test_the_tail_is_a_concave_curve_from_nothing_to_all(counts: list[int]) -> None:
    tail = profile.long_tail(counts)
    steps = np.diff(tail["ratings"])
    assert (tail["ratings"].iloc[0], tail["items"].iloc[-1]) == (0.0, 1.0)
    assert tail["ratings"].iloc[-1] == pytest.approx(1.0)
    assert (np.diff(steps) <= 1e-12).all()
    assert 0 <= profile.gini(counts) < 1
    assert profile.share_needed(counts, 0.2) <= profile.share_needed(counts, 0.8) <= 1


@given(st.lists(st.floats(1, 5), min_size=1, max_size=80))
def test_every_rating_is_in_one_bin(values: list[float]) -> None:
    counts = profile.rating_counts(pd.Series(values), (1.0, 5.0))
    assert counts["ratings"].sum() == len(values)
    assert counts["share"].sum() == pytest.approx(1.0)


RATINGS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=80, unique=True)


@given(RATINGS, st.floats(0.05, 1.0))
def test_the_nearest_core_is_the_nearest(pairs: list[tuple[int, int]], share: float) -> None:
    table = table_of([(user, item, 3.0, 0) for user, item in pairs])
    found = filtering.nearest_core(table, share)
    sizes = {k: len(k_core(table, k)) for k in range(1, 12)}
    assert abs(sizes[found] - share * len(table)) == min(abs(size - share * len(table)) for size in sizes.values())


@given(RATINGS)
def test_cores_are_those_of_the_filter(pairs: list[tuple[int, int]]) -> None:
    table = table_of([(user, item, 3.0, 0) for user, item in pairs])
    found = filtering.cores(table, (2, 3, 4))
    for k, row in found.iterrows():
        core = k_core(table, int(str(k)))
        assert (row["ratings"], row["users"]) == (len(core), len(set(core.users.tolist())))
    assert found["ratings"].is_monotonic_decreasing


def test_cuts_count_in_the_whole_set() -> None:
    table = table_of([(1, 7, 3.0, 0), (1, 8, 3.0, 0), (2, 7, 3.0, 0), (3, 9, 3.0, 0)])
    found = filtering.cuts(table, (1, 2), (1, 2))
    assert found.to_numpy().tolist() == [[4, 2], [2, 1]]
    assert filtering.nearest_cuts(found, 1.2, n=1) == [filtering.Cut(2, 2, 1)]
