"""Small dense algebra on packed symmetric matrices, compiled.

A symmetric matrix of order d (a multiple of four, see `vectors`) is kept as its lower triangle of 4 × 4 blocks, row
after row: row a holds its elements up to the end of its diagonal block. That nearly halves memory, and every inner loop
runs over whole groups of four adjacent elements.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streamsvd.compiler import compiled, inlined
from streamsvd.kernels.register_blocks import add_products, add_to_four_rows, combine, four_rows, transpose
from streamsvd.kernels.vectors import LANES, add_scaled, copy_part, inner, padded, set_scaled

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


def room_to_invert(order: int) -> Vector:
    """Working space of `invert`: eight padded vectors and a block of sixteen numbers."""
    return np.zeros(8 * padded(order) + LANES * LANES)


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
def copy(source, target):  # type: ignore[no-untyped-def]
    """target = source, for vectors of one length; Numba's own assignment also asks whether they overlap."""
    copy_part(source, 0, target, 0, len(target))


@inlined
def zero(target):  # type: ignore[no-untyped-def]
    """target = 0."""
    for a in range(len(target)):
        target[a] = 0.0


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
def add_four_outers(packed, left, right, order, weight):  # type: ignore[no-untyped-def]
    """packed += weight · Σ l rᵀ over four pairs of vectors of `order` elements, laid end to end; Σ is symmetric."""
    start = 0
    for before in range(0, order, LANES):
        add_products(packed, start, before, left, right, order, weight)
        start += LANES * (before + LANES)


@inlined
def learn_one(row, covariance, gain, spread, error):  # type: ignore[no-untyped-def]
    """Recursive least squares: `row` and `covariance` (P) after one more rating.

    `gain` is P φ and `spread` is τ = 1 + φᵀ P φ, both from before the rating (Sherman & Morrison 1950; the recursion is
    equation 2.21 of Ljung & Söderström 1983, without forgetting): row += gain·error/τ, P −= gain gainᵀ/τ.
    """
    add_scaled(row, 0, error / spread, gain, len(row))
    add_outer(covariance, gain, -1.0 / spread)


@inlined
def change_one(row, gain, spread, change):  # type: ignore[no-untyped-def]
    """`row` after the target of a rating that it has learned has changed: one rating less and one more, so P stays.

    `gain` and `spread` are as for `learn_one`; over τ, no prediction of the rating moves by more than its target did.
    """
    add_scaled(row, 0, change / spread, gain, len(row))


@compiled
def invert(packed, order, space):  # type: ignore[no-untyped-def]
    """Inverse of a positive definite packed matrix, in place, by the sweep operator (Goodnight 1979), block by block.

    `order` leaves the padding out; `space` is from `room_to_invert`. Returns False, with `packed` spoiled, where the
    matrix is not positive definite to working accuracy.
    """
    d = (len(space) - LANES * LANES) // 8
    columns, scaled, block = space[: 4 * d], space[4 * d : 8 * d], space[8 * d :]
    at = 0  # where row `first` starts
    for first in range(0, order, LANES):
        length = first + LANES
        for r in range(LANES):
            copy_part(packed, at + r * length, columns, r * d, length)
        below = at + LANES * length
        for a in range(length, d, LANES):
            transpose(packed, below + first, a + LANES, columns, a, d)
            below += LANES * (a + LANES)
        for r in range(order, length):  # the padding takes part as 1
            columns[(r - first) * d + r] = 1.0
        if not _invert_block(columns, first, d, block):
            return False
        combine(block, columns, scaled, d)
        add_four_outers(packed, scaled, columns, d, -1.0)
        for r in range(order, length):
            block[(r - first) * (LANES + 1)] = 0.0
        for r in range(LANES):
            copy_part(scaled, r * d, packed, at + r * length, first)
            for q in range(LANES):
                packed[at + r * length + first + q] = -block[LANES * r + q]
        below = at + LANES * length
        for a in range(length, d, LANES):
            transpose(scaled, a, d, packed, below + first, a + LANES)
            below += LANES * (a + LANES)
        at += LANES * length
    set_scaled(packed, -1.0, packed)
    return True


@inlined
def _invert_block(columns, first, d, block):  # type: ignore[no-untyped-def]
    """Inverse of the 4 × 4 block on the diagonal, by halves; False where it is not positive definite."""
    c0, c1, c2, c3 = first, d + first, 2 * d + first, 3 * d + first
    a00, a01, a11, determinant = _inverse_of_two(columns[c0], columns[c0 + 1], columns[c1 + 1])
    if not (columns[c0] > 0.0 and determinant > 0.0):
        return False
    b00, b01, b10, b11 = columns[c0 + 2], columns[c0 + 3], columns[c1 + 2], columns[c1 + 3]
    w00, w01 = a00 * b00 + a01 * b10, a00 * b01 + a01 * b11
    w10, w11 = a01 * b00 + a11 * b10, a01 * b01 + a11 * b11
    left = columns[c2 + 2] - (b00 * w00 + b10 * w10)
    middle = columns[c2 + 3] - (b00 * w01 + b10 * w11)
    right = columns[c3 + 3] - (b01 * w01 + b11 * w11)
    s00, s01, s11, determinant = _inverse_of_two(left, middle, right)
    if not (left > 0.0 and determinant > 0.0):
        return False
    u00, u01 = w00 * s00 + w01 * s01, w00 * s01 + w01 * s11
    u10, u11 = w10 * s00 + w11 * s01, w10 * s01 + w11 * s11
    across = a01 + u00 * w10 + u01 * w11
    block[0], block[1], block[2], block[3] = a00 + u00 * w00 + u01 * w01, across, -u00, -u01
    block[4], block[5], block[6], block[7] = across, a11 + u10 * w10 + u11 * w11, -u10, -u11
    block[8], block[9], block[10], block[11] = -u00, -u10, s00, s01
    block[12], block[13], block[14], block[15] = -u01, -u11, s01, s11
    return True


@inlined
def _inverse_of_two(a, b, c):  # type: ignore[no-untyped-def]
    """Inverse of [[a, b], [b, c]], and that matrix' determinant."""
    determinant = a * c - b * b
    scale = 1.0 / determinant
    return c * scale, -b * scale, a * scale, determinant
