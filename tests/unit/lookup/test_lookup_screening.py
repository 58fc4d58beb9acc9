"""Approximate scores are within their bound, so the candidates hold the best; whatever the rows are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamsvd.kernels.calibration_terms import CalibrationTerm
from streamsvd.kernels.choices import ITEM_ROW, RECENT, SLOTS
from streamsvd.kernels.memory import ITEM_STATS, USER_STATS
from streamsvd.kernels.scale import Scale
from streamsvd.kernels.scoring import score_items
from streamsvd.kernels.vectors import padded
from streamsvd.lookup.candidate_screening import ItemColumns
from streamsvd.lookup.choice_scores import chances, popularity
from streamsvd.lookup.ranking import ChosenAndLiked, best
from streamsvd.lookup.screening_kernels import candidates


def rows(n: int, content: int, rank: int, size: float, random: np.random.Generator) -> NDArray[Any]:
    """Items whose elements are about that large."""
    items = np.zeros(
        n,
        [("y", "<f8", (1 + rank,)), ("count", "<i8"), ("stats", "<f8", (ITEM_STATS,)), ("content", "<f8", (content,))],
    )
    items["y"] = random.normal(0, size, (n, 1 + rank))
    items["count"] = random.integers(0, 100_000, n)
    items["stats"] = random.normal(0, size, (n, ITEM_STATS))
    items["stats"][:, 2:] = random.uniform(0, 200, (n, 2))
    items["content"] = random.random((n, content)) < 0.3
    return items


def asker(content: int, rank: int, size: float, random: np.random.Generator) -> Any:
    user = np.zeros(1, [("x", "<f8", (3 + content + rank,)), ("count", "<i8"), ("stats", "<f8", (USER_STATS,))])
    user["x"], user["count"] = random.normal(0, size, user["x"].shape), random.integers(0, 5000)
    user["stats"] = random.normal(0, size, USER_STATS)
    user["stats"][:, 5:] = random.uniform(0, 200, 2)
    return user[0]


def weights(content: int, size: float, random: np.random.Generator) -> dict[str, NDArray[Any]]:
    g, c = np.zeros(padded(3 + content)), random.normal(0, 0.1 * size, padded(len(CalibrationTerm)))
    g[: 3 + content] = random.normal(0, size, 3 + content)
    return {"g": g, "c": c, "scalars": random.normal(0, size, 4)}


@given(
    n=st.sampled_from([1, 7, 2047, 2048, 2049, 5000]),
    content=st.sampled_from([0, 1, 4, 19]),
    rank=st.sampled_from([1, 4, 8, 9]),
    size=st.sampled_from([1e-6, 0.3, 30.0]),
    known=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_scores_are_within_their_bound(n: int, content: int, rank: int, size: float, known: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    items, globals_ = rows(n, content, rank, size, random), weights(content, size, random)
    user = asker(content, rank, size, random) if known else None
    settings = {"scale": [1, 5], "content": content, "settings": {"rank": rank}}
    columns = ItemColumns()
    for part in np.array_split(random.permutation(n), 3):  # in pieces, so that steps have to grow
        columns.put(part, items[part], n)
    columns.combine(n, settings, globals_)
    approximate, error = columns.screened(n, settings, globals_, user)
    exact = score_items(settings, globals_, user, items)
    assert abs(approximate - exact).max() <= error
    if size == 0.3:
        assert error < 0.1  # it is good for something, too

    allowed = random.random(n) < 0.7
    found = candidates(approximate, approximate, 2 * error, allowed, 10)
    assert set(best(exact, 10, allowed, range(n)).tolist()) <= set(found.tolist())
    assert allowed[found].all()


@pytest.mark.parametrize("n", [1, 3, 10, 50])
@given(seed=st.integers(0, 2**32 - 1), slack=st.sampled_from([0.0, 0.3]))
def test_candidates_are_all_that_can_be_among_the_best(n: int, seed: int, slack: float) -> None:
    random = np.random.default_rng(seed)
    lower = random.integers(0, 6, 40).astype(float)
    upper, allowed = lower + random.integers(0, 2, 40), random.random(40) < 0.8
    may = np.flatnonzero(allowed)
    limit = np.sort(lower[may])[-n] if len(may) >= n else -np.inf
    expected = [k for k in may.tolist() if upper[k] >= limit - slack]
    assert candidates(lower, upper, slack, allowed, n).tolist() == expected


def choices(n: int, sparse: bool, random: np.random.Generator) -> NDArray[Any]:
    """What is known of choosing n items: most lack neighbours when `sparse`; shares and weights are often the same."""
    found = np.zeros(n, ITEM_ROW)
    found["count"] = random.choice([0.0, 1.0, 1.0, 30.0], n)
    found["near"] = np.array([random.permutation(max(n, SLOTS))[:SLOTS] for _ in range(n)])
    found["near"][(found["near"] >= n) | (random.random(found["near"].shape) < 0.3)] = -1
    found["weight"] = random.choice([0.5, 2.0], found["weight"].shape)
    found["met"] = np.where(random.random(n) < 0.9 * sparse, 0.0, found["weight"].sum(axis=1))
    found["near"][found["met"] == 0.0] = -1
    return found


@given(
    n=st.sampled_from([1, 7, 255, 256, 700]),
    wanted=st.sampled_from([1, 10, 1000]),
    content=st.sampled_from([0, 5]),
    size=st.sampled_from([0.3, 30.0]),
    kinds=st.sampled_from([3, 1000]),
    free=st.sampled_from([0.0, 0.05, 0.9]),
    scale=st.sampled_from([(1, 5), (0, 100), (1e9, 1e9 + 1)]),
    sparse=st.booleans(),
    known=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_best_by_choice_are_among_the_likely(
    n: int,
    wanted: int,
    content: int,
    size: float,
    kinds: int,
    free: float,
    scale: tuple[float, float],
    sparse: bool,
    known: bool,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    items = rows(min(n, kinds), content, 8, size, random)[random.integers(0, min(n, kinds), n)]  # few kinds: many ties
    globals_, user = weights(content, size, random), asker(content, 8, size, random) if known else None
    settings = {"scale": list(scale), "content": content, "settings": {"rank": 8}}
    columns = ItemColumns()
    for part in np.array_split(random.permutation(n), 2):
        columns.put(part, items[part], n)
    columns.combine(n, settings, globals_)
    chosen, recent = choices(n, sparse, random), random.integers(-1, n + 2, RECENT if known else 0).astype(np.int32)
    order = ChosenAndLiked(recent, chosen, popularity(chosen, 0), Scale(*scale))
    allowed = random.random(n) < free
    found = columns.likely(order, settings, globals_, user, allowed, wanted)
    assert order.chance is not None
    assert order.chance.tobytes() == chances(recent, chosen, order.shares).tobytes()
    assert allowed[found].all()
    assert len(set(found.tolist())) == len(found)
    ratings, ids = score_items(settings, globals_, user, items), random.permutation(n).tolist()
    exact = order(ratings, slice(None))
    picked = np.zeros(n, bool)
    picked[found] = True
    assert best(exact, wanted, picked, ids).tolist() == best(exact, wanted, allowed, ids).tolist()
    if (n, wanted, kinds, scale) == (700, 10, 1000, (1, 5)) and abs(ratings - 3.0).max() < 3.0:
        assert len(found) < 100  # and few of the others
