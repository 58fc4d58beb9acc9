"""Small dense algebra on packed symmetric matrices, compiled.

A symmetric matrix of order d (a multiple of four, see `vectors`) is kept as its lower triangle of 4 × 4 blocks, row
after row: row a holds its elements up to the end of its diagonal block. That nearly halves memory, and every inner loop
runs over whole groups of four adjacent elements.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streamsvd.learner.compiler import compiled, inlined
from streamsvd.learner.vectors import LANES, add_four_scaled, add_scaled, add_to_four_rows, four_rows, inner, padded

Vector = NDArray[np.float64]


def packed_size(order: int) -> int:
    """Elements of a packed symmetric matrix of this order.

    >>> packed_size(4), packed_size(8), packed_size(9)
    (16, 48, 96)
    """
    return int(packed_elements.py_func(padded(order)))


@compiled
def packed_elements(whole):  # type: ignore[no-untyped-def]
    """Elements of a packed matrix of a padded order."""
    blocks = whole // LANES
    return LANES * LANES * blocks * (blocks + 1) // 2


def _places(order: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the packed elements, in their order."""
    lengths = (np.arange(padded(order)) // LANES + 1) * LANES
    rows = np.repeat(np.arange(len(lengths)), lengths)
    columns = np.concatenate([np.arange(n) for n in lengths])
    return rows, columns


def pack(matrix: Vector) -> Vector:
    """A symmetric matrix of shape (d, d) as packed elements; the padding is zero."""
    full = np.zeros((padded(len(matrix)),) * 2)
    full[: len(matrix), : len(matrix)] = matrix
    return np.ascontiguousarray(full[_places(len(matrix))])


def unpack(packed: NDArray[np.floating], order: int) -> Vector:
    """The symmetric float64 matrix of shape (order, order) that was packed.

    >>> unpack(pack(np.array([[2.0, 1.0], [1.0, 3.0]])), 2).tolist()
    [[2.0, 1.0], [1.0, 3.0]]
    """
    full = np.zeros((padded(order),) * 2)
    rows, columns = _places(order)
    full[rows, columns] = packed
    full[columns, rows] = packed
    return full[:order, :order]


@inlined
def dot(left, right):  # type: ignore[no-untyped-def]
    """Sum of products of two padded vectors."""
    return inner(left, 0, right, len(left))


@inlined
def times_vector(packed, vector, out):  # type: ignore[no-untyped-def]
    """out = packed · vector, for padded vectors."""
    start = 0
    for before in range(0, len(vector), LANES):
        four_rows(packed, start, before, vector, out)
        start += LANES * (before + LANES)


@inlined
def add_outer(packed, vector, weight):  # type: ignore[no-untyped-def]
    """packed += weight · vector vectorᵀ."""
    start = 0
    for before in range(0, len(vector), LANES):
        add_to_four_rows(packed, start, before, vector, weight)
        start += LANES * (before + LANES)


@inlined
def add_four_outers(packed, vectors, order):  # type: ignore[no-untyped-def]
    """packed += Σ v vᵀ over four vectors of `order` elements, laid end to end: one pass over the matrix for all."""
    start = 0
    for a in range(order):
        length = a // LANES * LANES + LANES
        add_four_scaled(packed, start, vectors, order, a, length)
        start += length


@inlined
def learn_one(row, covariance, gain, spread, error):  # type: ignore[no-untyped-def]
    """Recursive least squares: `row` and `covariance` (P) after one more rating.

    `gain` is P φ and `spread` is τ = 1 + φᵀ P φ, both from before the rating (Sherman & Morrison 1950; the recursion is
    equation 2.21 of Ljung & Söderström 1983, without forgetting): row += gain·error/τ, P −= gain gainᵀ/τ.
    """
    add_scaled(row, 0, error / spread, gain, len(row))
    add_outer(covariance, gain, -1.0 / spread)


@compiled
def invert(packed, order, column):  # type: ignore[no-untyped-def]
    """Inverse of a positive definite packed matrix, in place, by the sweep operator (Goodnight 1979).

    `order` leaves the padding out; `column` is working space of the padded length. Returns False, with `packed`
    spoiled, where the matrix is not positive definite to working accuracy.
    """
    whole = len(column)
    at = 0  # where row k starts
    for k in range(order):
        length = k // LANES * LANES + LANES
        pivot = packed[at + k]
        if not pivot > 0.0:
            return False
        scale = 1.0 / pivot
        for b in range(length):
            column[b] = packed[at + b]
        below = at + (length - k) * length  # where row `length` starts
        for b in range(length, whole):
            column[b] = packed[below + k]
            below += b // LANES * LANES + LANES
        add_outer(packed, column, -scale)
        # Column and row k become column / pivot, the pivot itself −1 / pivot.
        group = k // LANES * LANES
        start = at - (k - group) * length
        for a in range(group, whole):
            packed[start + k] = column[a] * scale
            start += a // LANES * LANES + LANES
        for b in range(length):
            packed[at + b] = column[b] * scale
        packed[at + k] = -scale
        at += length
    for a in range(len(packed)):
        packed[a] = -packed[a]
    return True
