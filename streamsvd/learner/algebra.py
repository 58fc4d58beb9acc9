"""Small dense algebra on packed symmetric matrices, compiled.

A symmetric matrix of order d is kept as its lower triangle, row after row: element (a, b), b ≤ a, is at
a(a + 1)/2 + b. That halves memory, and every inner loop below runs over adjacent elements. No `fastmath`: the order of
every sum is fixed, so the same input gives the same bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streamsvd.learner.compiler import compiled

Vector = NDArray[np.float64]


def packed_size(order: int) -> int:
    """Elements of a packed symmetric matrix.

    >>> packed_size(3)
    6
    """
    return order * (order + 1) // 2


def pack(matrix: Vector) -> Vector:
    """Lower triangle of a symmetric matrix of shape (d, d), shape (d(d + 1)/2,)."""
    return np.ascontiguousarray(matrix[np.tril_indices(len(matrix))])


def unpack(packed: NDArray[np.floating]) -> Vector:
    """The full symmetric float64 matrix, shape (d, d).

    >>> unpack(pack(np.array([[2.0, 1.0], [1.0, 3.0]]))).tolist()
    [[2.0, 1.0], [1.0, 3.0]]
    """
    order = int((np.sqrt(8 * len(packed) + 1) - 1) // 2)
    full = np.zeros((order, order))
    full[np.tril_indices(order)] = packed
    return full + np.tril(full, -1).T


@compiled
def times_vector(packed, vector, out):  # type: ignore[no-untyped-def]
    """out = packed · vector; zeros of the vector cost nothing."""
    order = len(vector)
    for a in range(order):
        out[a] = 0.0
    row = 0
    for a in range(order):
        value = vector[a]
        if value != 0.0:
            for b in range(a + 1):
                out[b] += packed[row + b] * value
            below = row + 2 * a + 1  # (a + 1, a)
            for b in range(a + 1, order):
                out[b] += packed[below] * value
                below += b + 1
        row += a + 1


@compiled
def dot(left, right):  # type: ignore[no-untyped-def]
    """Sum of products, first to last."""
    total = 0.0
    for a in range(len(left)):
        total += left[a] * right[a]
    return total


@compiled
def add_outer(packed, vector, weight):  # type: ignore[no-untyped-def]
    """packed += weight · vector vectorᵀ."""
    row = 0
    for a in range(len(vector)):
        value = weight * vector[a]
        if value != 0.0:
            target = packed[row : row + a + 1]
            for b in range(len(target)):
                target[b] += value * vector[b]
        row += a + 1


@compiled
def learn_one(row, covariance, gain, spread, error):  # type: ignore[no-untyped-def]
    """Recursive least squares: `row` and `covariance` (P) after one more rating.

    `gain` is P φ and `spread` is τ = 1 + φᵀ P φ, both from before the rating (Sherman & Morrison 1950; the recursion is
    equation 2.21 of Ljung & Söderström 1983 without forgetting): row += gain·error/τ, P −= gain gainᵀ/τ.
    """
    step = error / spread
    for a in range(len(row)):
        row[a] += gain[a] * step
    add_outer(covariance, gain, -1.0 / spread)


@compiled
def invert(packed, scratch):  # type: ignore[no-untyped-def]
    """Inverse of a positive definite packed matrix, in place, by the sweep operator (Goodnight 1979).

    Returns False, with `packed` spoiled, where the matrix is not positive definite to working accuracy.
    """
    order = len(scratch)
    diagonal = 0
    for k in range(order):
        row = diagonal - k
        pivot = packed[diagonal]
        if not pivot > 0.0:
            return False
        for b in range(k + 1):
            scratch[b] = packed[row + b]
        below = diagonal + k + 1
        for b in range(k + 1, order):
            scratch[b] = packed[below]
            below += b + 1
        start = 0
        for a in range(order):
            ratio = scratch[a] / pivot
            if a != k:
                target = packed[start : start + a + 1]
                for b in range(len(target)):
                    target[b] -= ratio * scratch[b]
            start += a + 1
        for b in range(k):
            packed[row + b] = scratch[b] / pivot
        packed[diagonal] = -1.0 / pivot
        below = diagonal + k + 1
        for b in range(k + 1, order):
            packed[below] = scratch[b] / pivot
            below += b + 1
        diagonal += k + 2
    for a in range(len(packed)):
        packed[a] = -packed[a]
    return True
