"""The packed algebra against NumPy's dense one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_parts import from_python
from numpy.typing import NDArray

from streamsvd.kernels import algebra
from streamsvd.kernels.algebra import pack, packed_size, unpack
from streamsvd.kernels.vectors import padded

times_vector = from_python(algebra.times_vector)
dot = from_python(algebra.dot)
add_outer = from_python(algebra.add_outer)
learn_one = from_python(algebra.learn_one)

Floats = NDArray[np.float64]
CASES = given(st.integers(1, 33), st.integers(0, 2**32 - 1), st.sampled_from([np.float64, np.float32]))


def wide(vector: Floats) -> Floats:
    """A vector padded with zeros, as the kernels keep it."""
    return np.concatenate([vector, np.zeros(padded(len(vector)) - len(vector))])


def positive(order: int, random: np.random.Generator) -> Floats:
    """A well-conditioned positive definite matrix."""
    half = random.normal(size=(order, order + 3))
    return np.asarray(half @ half.T / order + np.eye(order))


def sparse(order: int, random: np.random.Generator) -> Floats:
    """A vector some of whose elements are zero."""
    return np.asarray(random.normal(size=order) * (random.random(order) < 0.7))


@CASES
def test_pack_and_unpack(order: int, seed: int, kind: type) -> None:
    matrix = positive(order, np.random.default_rng(seed)).astype(kind)
    packed = pack(matrix)
    assert packed.shape == (packed_size(order),)
    assert unpack(packed, order).tolist() == matrix.tolist()


@CASES
def test_times_vector(order: int, seed: int, kind: type) -> None:
    random = np.random.default_rng(seed)
    packed, vector = pack(positive(order, random)).astype(kind), sparse(order, random)
    out = np.full(padded(order), np.nan)
    times_vector(packed, wide(vector), out)
    np.testing.assert_allclose(out[:order], unpack(packed, order) @ vector, rtol=1e-12, atol=1e-12)
    assert not out[order:].any()


@CASES
def test_dot(order: int, seed: int, kind: type) -> None:
    random = np.random.default_rng(seed)
    left, right = sparse(order, random), sparse(order, random)
    assert dot(wide(left), wide(right)) == pytest.approx(left @ right, rel=1e-12, abs=1e-12)


@CASES
def test_add_outer(order: int, seed: int, kind: type) -> None:
    random = np.random.default_rng(seed)
    matrix, vector = positive(order, random), sparse(order, random)
    packed = pack(matrix).astype(kind)
    add_outer(packed, wide(vector), -0.3)
    tolerance = 1e-12 if kind is np.float64 else 1e-5
    np.testing.assert_allclose(
        unpack(packed, order), matrix - 0.3 * np.outer(vector, vector), rtol=tolerance, atol=tolerance
    )
    pads = pack(np.ones((order, order))) == 0
    assert not packed[pads].any()


@CASES
def test_invert(order: int, seed: int, kind: type) -> None:
    matrix = positive(order, np.random.default_rng(seed))
    packed = pack(matrix)
    assert algebra.invert(packed, order, algebra.room_to_invert(order))
    np.testing.assert_allclose(unpack(packed, order), np.linalg.inv(matrix), rtol=1e-9, atol=1e-10)
    pads = pack(np.ones((order, order))) == 0
    assert not packed[pads].any()


@pytest.mark.parametrize("order", [1, 3, 4, 5, 11, 30])
def test_invert_refuses_what_is_not_positive_definite(order: int) -> None:
    for least in (0.0, -1.0, np.nan):
        matrix = np.diag([1.0] * (order - 1) + [least])
        assert not algebra.invert(pack(matrix), order, algebra.room_to_invert(order))


@CASES
def test_learning_one_by_one_is_the_ridge_solution(order: int, seed: int, kind: type) -> None:
    random = np.random.default_rng(seed)
    ridge, n = random.uniform(1, 10, order), 3 * order
    phi, targets = random.normal(size=(n, order)), random.normal(size=n)
    row, covariance, gain = np.zeros(padded(order)), pack(np.diag(1 / ridge)), np.zeros(padded(order))
    for features, target in zip(phi, targets, strict=True):
        times_vector(covariance, wide(features), gain)
        spread = 1.0 + dot(gain, wide(features))
        learn_one(row, covariance, gain, spread, target - row[:order] @ features)
    gram = np.diag(ridge) + phi.T @ phi
    np.testing.assert_allclose(row[:order], np.linalg.solve(gram, phi.T @ targets), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(unpack(covariance, order), np.linalg.inv(gram), rtol=1e-8, atol=1e-9)


@CASES
def test_a_downdate_undoes_an_update(order: int, seed: int, kind: type) -> None:
    random = np.random.default_rng(seed)
    features, target = wide(random.normal(size=order)), 1.5
    row, covariance, gain = wide(random.normal(size=order)), pack(positive(order, random)), np.zeros(padded(order))
    before, covariance_before = row.copy(), covariance.copy()
    times_vector(covariance, features, gain)
    learn_one(row, covariance, gain, 1.0 + dot(gain, features), target - row @ features)
    # Taking an observation back: gain from covariance as it is now, and 1 − φᵀPφ, which stays above 0.
    times_vector(covariance, features, gain)
    spread = 1.0 - dot(gain, features)
    learn_one(row, covariance, gain, -spread, target - row @ features)
    np.testing.assert_allclose(covariance, covariance_before, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(row, before, rtol=1e-6, atol=1e-7)
