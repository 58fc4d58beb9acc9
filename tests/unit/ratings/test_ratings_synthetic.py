"""The synthetic stream: the same for the same seed, in blocks of any size, and much like MovieLens."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamsvd.errors import SettingsError
from streamsvd.ratings import RatingTable, Synthetic

COLUMNS = ("users", "items", "ratings", "timestamps")


def _same(one: RatingTable, other: RatingTable) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in COLUMNS)


@pytest.fixture(scope="module")
def world() -> RatingTable:
    return Synthetic(ratings=100_000, users=1_000, items=2_000, seed=1).table()


def _shares(table: RatingTable) -> float:
    """Share of ratings that have user and second in common with another."""
    page = np.unique(np.stack([table.users, table.timestamps]), axis=1, return_inverse=True, return_counts=True)
    return float((page[2][page[1]] > 1).mean())


def _gini(column: NDArray[Any]) -> float:
    counts = np.sort(np.unique(column, return_counts=True)[1])
    n = len(counts)
    return float(2 * (np.arange(1, n + 1) * counts).sum() / (n * counts.sum()) - (n + 1) / n)


def test_it_is_deterministic(world: RatingTable) -> None:
    assert _same(world, Synthetic(100_000, 1_000, 2_000, 1).table())
    other = Synthetic(100_000, 1_000, 2_000, 2)
    assert not _same(world, other.table())
    assert other.dataset.sha256 != world.dataset.sha256
    assert other.catalogue() == Synthetic(5_000, 50, 2_000, 2).catalogue()


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 5_000), st.integers(0, 3))
def test_blocks_of_any_size_give_the_same(size: int, seed: int) -> None:
    small = Synthetic(ratings=4_000, users=600, items=300, seed=seed)
    whole, start = small.table(), 0
    for block in small.blocks(size):
        assert block.first == start
        assert len(block) == min(size, len(whole) - start)
        assert _same(block, whole[start : start + len(block)])
        start += len(block)
    assert start == len(whole) == 4_000


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_counts_are_kept_and_no_pair_comes_twice(data: st.DataObject) -> None:
    users, items = data.draw(st.integers(1, 700)), data.draw(st.integers(1, 200))
    try:
        small = Synthetic(data.draw(st.integers(users, users * 20)), users, items, data.draw(st.integers(0, 9)))
    except SettingsError as error:
        assert "there is room for" in str(error)  # noqa: PT017 - most draws are fine
        return
    table = small.table()
    assert len(table) == small.ratings
    assert set(table.users.tolist()) == set(range(1, users + 1))
    assert table.items.min() >= 1
    assert table.items.max() <= items
    assert len(np.unique(np.stack([table.users, table.items]), axis=1).T) == len(table)
    assert np.isin(table.ratings, np.arange(1, 11) / 2).all()


def test_it_looks_like_movielens(world: RatingTable) -> None:
    assert (np.diff(world.timestamps) >= 0).all()
    assert 0.5 < _shares(world) < 0.9
    assert 0.5 < _gini(world.items) < 0.9
    assert 0.35 < _gini(world.users) < 0.7
    assert 3.3 < world.ratings.mean() < 3.8
    assert 0.9 < world.ratings.std() < 1.15  # the error of the mean as a predictor


def test_users_come_in_sessions(world: RatingTable) -> None:
    order = np.lexsort((world.timestamps, world.users))
    gaps = np.diff(world.timestamps[order])[np.diff(world.users[order]) == 0]
    assert np.median(gaps) < 60
    assert 0.005 < (gaps > 3_600).mean() < 0.1


def test_items_and_users_arrive_over_time(world: RatingTable) -> None:
    first = world[: len(world) // 4]
    assert 0.3 < first.items.max() / 2_000 < 0.8
    assert first.users.max() < 600


def test_there_is_taste_to_learn(world: RatingTable) -> None:
    """Means of user and item explain a part of the ratings, and what they leave has a low-rank share."""
    ratings = world.ratings.astype(np.float64)
    users, items = world.users - 1, world.items - 1
    rest = ratings - ratings.mean()
    for side in (users, items):
        count = np.bincount(side, minlength=2_000)
        rest = rest - (np.bincount(side, rest, minlength=2_000) / (count + 5.0))[side]
    assert 0.75 < rest.std() < 0.95 * ratings.std()
    matrix = np.zeros((1_000, 2_000))
    matrix[users, items] = rest
    shuffled = np.zeros_like(matrix)
    shuffled[users, items] = np.random.default_rng(0).permutation(rest)
    strongest = np.linalg.svd(matrix, compute_uv=False)[:8]
    assert (strongest**2).sum() > 1.1 * (np.linalg.svd(shuffled, compute_uv=False)[:8] ** 2).sum()


def test_the_catalogue_covers_the_items(world: RatingTable) -> None:
    catalogue = Synthetic(100_000, 1_000, 2_000, 1).catalogue()
    assert set(world.items.tolist()) <= set(catalogue)
    assert len({entry.title for entry in catalogue.values()}) == 2_000
    assert all(entry.genres and entry.year and f"({entry.year})" in entry.title for entry in catalogue.values())
    assert 10 < len(catalogue.genres) < 30


def test_it_needs_no_memory_for_its_length() -> None:
    big = Synthetic(ratings=1_000_000, users=10_000, items=20_000, seed=3)
    tracemalloc.start()
    n = sum(len(block) for block in big.blocks())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n == 1_000_000
    assert peak < 25e6  # the columns alone would be 28 MB


@pytest.mark.parametrize(
    "make",
    [
        lambda: Synthetic(ratings=0),
        lambda: Synthetic(users=0),
        lambda: Synthetic(seed=-1),
        lambda: Synthetic(ratings=10, users=11),
        lambda: Synthetic(ratings=100_000, users=10, items=100),
        lambda: next(Synthetic().blocks(0)),
    ],
)
def test_what_cannot_be_made(make: object) -> None:
    assert callable(make)
    with pytest.raises(SettingsError):
        make()


@pytest.mark.parametrize("change", [0, 1, 700, 2000])
def test_a_change_turns_the_stars_round_from_one_rating_on(change: int) -> None:
    calm = Synthetic(ratings=2000, users=60, items=400)
    changed = Synthetic(ratings=2000, users=60, items=400, change=change)
    before, after = calm.table(), changed.table()
    assert changed.dataset.sha256 != calm.dataset.sha256
    assert (after.items == before.items).all()
    assert (after.ratings[:change] == before.ratings[:change]).all()
    assert (after.ratings[change:] == 5.5 - before.ratings[change:]).all()
    blocks = [block.ratings for block in changed.blocks(300)]
    assert (np.concatenate(blocks) == after.ratings).all()
