"""The batch baselines against dense computations: operator, truncated SVD, soft-impute and its duality gap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from streamsvd.errors import InputError, SettingsError
from streamsvd.learner.baselines import SoftImpute, TruncatedSVD
from streamsvd.learner.baselines.batch import entries
from streamsvd.learner.baselines.operators import SparsePlusLowRank, truncated_svd
from streamsvd.learner.baselines.soft_impute import Solution, soft_impute

Floats = NDArray[np.float64]
BATCH = [TruncatedSVD, SoftImpute]


def holes(m: int, n: int, seed: int, share: float = 0.5) -> csr_array:
    """A matrix with that share of its entries given, a zero among them."""
    random = np.random.default_rng(seed)
    rows, columns = np.nonzero(random.random((m, n)) < share)
    values = random.normal(size=len(rows))
    if len(values):
        values[0] = 0.0
    return csr_array((values, (rows, columns)), shape=(m, n))


def duality_gap(given: csr_array, solution: Solution, shrinkage: float) -> float:
    """How far at most the objective lies above its least value over matrices of any rank.

    The residual P(X − M), scaled until no singular value is more than λ, is a feasible point of the dual problem.
    """
    users = np.repeat(np.arange(given.shape[0]), np.diff(given.indptr))
    rest = given.copy()
    rest.data = given.data - entries(solution.u * solution.values, solution.v, users, given.indices)
    largest = float(truncated_svd(rest, 1)[1][0])
    dual_point = rest.data * min(1.0, shrinkage / largest) if largest > 0 else rest.data
    primal = 0.5 * float(rest.data @ rest.data) + shrinkage * float(solution.values.sum())
    return primal - float(given.data @ dual_point - 0.5 * dual_point @ dual_point)


@given(st.integers(1, 8), st.integers(1, 8), st.integers(1, 3), st.integers(0, 999))
def test_the_operator_is_its_matrix(m: int, n: int, k: int, seed: int) -> None:
    sparse, random = holes(m, n, seed), np.random.default_rng(seed)
    left, right = random.normal(size=(m, k)), random.normal(size=(n, k))
    operator, matrix = SparsePlusLowRank(sparse, left, right), sparse.toarray() + left @ right.T
    np.testing.assert_allclose(operator @ np.eye(n), matrix, atol=1e-12)
    np.testing.assert_allclose(operator.T @ np.eye(m), matrix.T, atol=1e-12)
    np.testing.assert_allclose(operator @ right[:, 0], matrix @ right[:, 0], atol=1e-12)
    np.testing.assert_allclose(operator.rmatvec(left[:, 0]), matrix.T @ left[:, 0], atol=1e-12)
    u, s, v = truncated_svd(operator, k)
    np.testing.assert_allclose(s, np.linalg.svd(matrix)[1][: len(s)], atol=1e-7)
    if len(s) == min(k, m, n):
        assert np.linalg.norm(u * s @ v.T) <= np.linalg.norm(matrix) + 1e-9


def test_truncated_svd_of_the_filled_matrix() -> None:
    users, items = [0, 0, 1, 1, 2, 2, 3, 3], [0, 1, 1, 2, 0, 2, 3, 0]
    ratings = [5.0, 2, 3, 4, 4, 1, 2, 5]
    filled = TruncatedSVD(rank=3).fit(users, items, ratings)
    grid = [(u, i) for u in range(4) for i in range(4)]
    found = filled.predict([u for u, _ in grid], [i for _, i in grid]).reshape(4, 4)
    from streamsvd.learner.baselines.batch import damped_biases

    given_ = csr_array((np.array(ratings), (users, items)), shape=(4, 4))
    mean, user_bias, item_bias = damped_biases(given_, 5.0, 3.0)
    matrix = mean + user_bias[:, None] + item_bias
    matrix[users, items] = ratings
    u, s, vt = np.linalg.svd(matrix)
    np.testing.assert_allclose(found, np.clip(u[:, :3] * s[:3] @ vt[:3], 1, 5), atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_soft_impute_ends_where_the_subgradient_is_zero(seed: int) -> None:
    given_, shrinkage = holes(12, 9, seed), 0.8
    found = soft_impute(given_, 9, shrinkage, tolerance=0, rounds=3000, seed=seed)
    matrix = found.u * found.values @ found.v.T
    rest = np.zeros((12, 9))
    places = given_.tocoo()
    rest[places.row, places.col] = places.data - matrix[places.row, places.col]
    used = found.values > 1e-9
    u, v = found.u[:, used], found.v[:, used]
    np.testing.assert_allclose(rest @ v, shrinkage * u, atol=1e-6)
    np.testing.assert_allclose(rest.T @ u, shrinkage * v, atol=1e-6)
    assert np.linalg.svd(rest)[1][0] <= shrinkage + 1e-6
    assert -1e-9 <= duality_gap(given_, found, shrinkage) <= 1e-6 * found.objective[-1]


def test_the_objective_never_rises_and_the_gap_falls() -> None:
    given_ = holes(40, 30, 7)
    few, many = (soft_impute(given_, 30, 1.0, tolerance=0, rounds=rounds) for rounds in (3, 100))
    assert (np.diff(many.objective) <= 1e-12).all()
    gaps = [duality_gap(given_, found, 1.0) for found in (few, many)]
    assert gaps[0] > 10 * gaps[1] > 0
    assert few.objective[-1] - many.objective[-1] <= gaps[0]  # the gap bounds what is still to be gained


def test_a_rank_too_low_shows_in_the_gap() -> None:
    given_ = holes(40, 30, 7)
    capped = soft_impute(given_, 2, 1.0, tolerance=0, rounds=500)
    assert duality_gap(given_, capped, 1.0) > 0.01 * capped.objective[-1]


@pytest.mark.parametrize("kind", BATCH)
def test_any_ids_and_any_scale(kind: Any) -> None:
    model = kind(2, scale=(0, 100)).fit(["a", 1, "a", 2], ["x", "x", 9, 9], [100, 0, 50, 70])
    predicted = model.predict(["a", "nobody", 1, "nobody"], ["x", "x", "nothing", "nothing"])
    assert ((predicted >= 0) & (predicted <= 100)).all()
    assert predicted[0] > model.predict([1], ["x"])[0]
    assert (kind().predict([1, "a"], [2, "b"]) == 3.5).all()


@pytest.mark.parametrize("kind", BATCH)
def test_fitting_again_forgets_and_repeats_bit_for_bit(kind: Any) -> None:
    random = np.random.default_rng(0)
    users, items = random.integers(0, 30, 300), random.integers(0, 20, 300)
    ratings = random.integers(1, 6, 300).astype(float)
    model, other = kind(3), kind(3).fit([1, 2, 3], [1, 2, 3], [5, 1, 2])
    expected = model.fit(users, items, ratings).predict(users, items)
    assert (other.fit(users, items, ratings).predict(users, items) == expected).all()


@pytest.mark.parametrize("kind", BATCH)
@pytest.mark.parametrize(("users", "items", "ratings"), [([1], [2], [3]), ([1, 2], [1, 1], [5, 5]), ([1], [1], [5])])
def test_tiny_sets(kind: Any, users: list[int], items: list[int], ratings: list[float]) -> None:
    predicted = kind().fit(users, items, ratings).predict(users, items)
    np.testing.assert_allclose(predicted, ratings, atol=0.5)


@pytest.mark.parametrize("kind", BATCH)
def test_the_later_of_two_ratings_counts(kind: Any) -> None:
    users, items, ratings = [1, 1, 2, 2, 3], ["a", "b", "a", "b", "a"], [5.0, 2, 4, 1, 3]
    once = kind(1).fit(users, items, ratings).predict(users, items)
    twice = kind(1).fit([1, *users], ["a", *items], [1.0, *ratings]).predict(users, items)
    np.testing.assert_allclose(once, twice, atol=1e-9)


@pytest.mark.parametrize("kind", BATCH)
def test_refusals(kind: Any) -> None:
    with pytest.raises(InputError, match="no ratings"):
        kind().fit([], [], [])
    with pytest.raises(InputError, match="not on the scale"):
        kind().fit([1], [1], [7])
    with pytest.raises(InputError, match="one of each"):
        kind().fit([1], [1, 2], [3])
    with pytest.raises(SettingsError, match="1 or more"):
        kind(0)
