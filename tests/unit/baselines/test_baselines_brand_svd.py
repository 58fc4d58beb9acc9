"""Brand's update against a dense recomputation: exact below full rank, bounded above it, orthonormal throughout."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamsvd.errors import SettingsError
from streamsvd.learner.baselines import BrandSVD, DampedMeans

Floats = NDArray[np.float64]


def stream(n: int, users: int, items: int, seed: int) -> tuple[list[int], list[int], Floats]:
    """Ratings of random pairs; some come twice."""
    random = np.random.default_rng(seed)
    pairs = random.integers(0, [users, items], (n, 2))
    return pairs[:, 0].tolist(), pairs[:, 1].tolist(), random.integers(1, 6, n).astype(float)


def dense(model: BrandSVD, users: int, items: int) -> Floats:
    """U S Vᵀ by id."""
    form, whole = model.svd(), np.zeros((users, items))
    whole[np.ix_(form.users, form.items)] = form.U * form.singular_values @ form.V.T  # type: ignore[arg-type]
    return whole


def grow(rank: int, n: int, users: int, items: int, seed: int, every: int) -> tuple[BrandSVD, Floats]:
    """A model, and the sum of all that was added to its matrix, which the predictions tell."""
    model, means, total = BrandSVD(rank, every=every), DampedMeans(), np.zeros((users, items))
    for u, i, rating in zip(*stream(n, users, items, seed), strict=True):
        mean = unclipped_mean(means, u, i)
        total[u, i] += rating - mean - dense(model, users, items)[u, i]
        model.learn([u], [i], [rating])
        means.learn([u], [i], [rating])
    return model, total


def unclipped_mean(means: DampedMeans, user: int, item: int) -> float:
    """The damped means' prediction from their state."""
    state = means.state()
    found = state.globals_["whole"][0] / state.globals_["whole"][1]
    for rows, name, damping in ((state.users, user, 5.0), (state.items, item, 3.0)):
        if name in rows.ids:
            total, count = rows.fixed["row"][rows.ids.index(name)]
            found += total / (count + damping)
    return float(found)


@example_settings(max_examples=25)
@given(
    st.integers(1, 6), st.integers(1, 60), st.integers(2, 9), st.integers(2, 9), st.integers(0, 999), st.integers(1, 9)
)
def test_the_discarded_values_bound_the_error(rank: int, n: int, users: int, items: int, seed: int, every: int) -> None:
    model, total = grow(rank, n, users, items, seed, every)
    error = np.linalg.norm(total - dense(model, users, items))
    assert error <= model.discarded + 1e-8
    assert error >= np.sqrt((np.linalg.svd(total)[1][rank:] ** 2).sum()) - 1e-8  # no matrix of this rank is nearer
    form = model.svd()
    used = len(form.singular_values)
    for side in (form.U, form.V):
        np.testing.assert_allclose(side.T @ side, np.eye(used), atol=1e-8)
    assert (np.diff(form.singular_values) <= 1e-12).all()


def test_nothing_is_lost_below_full_rank() -> None:
    model, total = grow(rank=5, n=80, users=5, items=7, seed=3, every=7)
    assert model.discarded == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(dense(model, 5, 7), total, atol=1e-9)
    np.testing.assert_allclose(model.svd().singular_values, np.linalg.svd(total)[1], atol=1e-9)


def test_one_truncation_discards_what_the_svd_says() -> None:
    model = BrandSVD(1)
    model.learn([0], [0], [5.0])
    first = dense(model, 2, 2)
    model.learn([1], [1], [1.0])
    values = np.abs([first[0, 0], 1.0 - unclipped_mean_after_one()])
    assert model.discarded == pytest.approx(values.min())
    assert model.svd().singular_values == pytest.approx([values.max()])


def unclipped_mean_after_one() -> float:
    means = DampedMeans()
    means.learn([0], [0], [5.0])
    return unclipped_mean(means, 1, 1)


def test_orthonormal_after_many_ratings() -> None:
    model = BrandSVD(4)
    users, items, ratings = stream(20_000, 150, 100, 0)
    model.learn(users[:19_999], items[:19_999], ratings[:19_999])  # just before it is made so again
    form = model.svd()
    for side in (form.U, form.V):
        np.testing.assert_allclose(side.T @ side, np.eye(4), atol=1e-10)


@pytest.mark.parametrize("settings", [{"rank": 0}, {"every": 0}])
def test_settings_out_of_range(settings: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match="1 or more"):
        BrandSVD(**settings)  # type: ignore[arg-type]
