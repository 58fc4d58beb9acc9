"""A matrix with holes that are filled by a low-rank one, as an operator: sparse plus low rank, never dense."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator, svds

Floats = NDArray[np.float64]


class SparsePlusLowRank(LinearOperator):
    """S + L Rᵀ, by its products with vectors and thin matrices.

    Parameters
    ----------
    sparse : csr_array, shape (m, n)
    left, right : float64, shapes (m, k) and (n, k)

    Examples
    --------
    >>> operator = SparsePlusLowRank(csr_array(np.eye(2)), np.ones((2, 1)), np.ones((2, 1)))
    >>> (operator @ np.array([1.0, 0.0])).tolist()
    [2.0, 1.0]
    """

    def __init__(self, sparse: csr_array, left: Floats, right: Floats) -> None:
        super().__init__(np.float64, sparse.shape)  # type: ignore[call-arg]
        self._sparse, self._transposed = sparse, sparse.T.tocsr()
        self._left, self._right = left, right

    def _matvec(self, vector: Floats) -> Any:
        return self._matmat(vector.reshape(-1, 1)).ravel()

    def _rmatvec(self, vector: Floats) -> Any:
        return self._rmatmat(vector.reshape(-1, 1)).ravel()

    def _matmat(self, matrix: Floats) -> Any:
        return self._sparse @ matrix + self._left @ (self._right.T @ matrix)

    def _rmatmat(self, matrix: Floats) -> Any:
        return self._transposed @ matrix + self._right @ (self._left.T @ matrix)


def truncated_svd(operator: Any, rank: int, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """The largest singular triplets: U (m, rank), values in descending order, V (n, rank).

    The rank is lowered to what a matrix of this shape can have, less one.
    """
    smaller = min(operator.shape)
    if smaller <= 1:  # ARPACK wants fewer triplets than there are
        dense = operator @ np.eye(operator.shape[1])
        u, s, vt = np.linalg.svd(dense, full_matrices=False)
    else:
        start = np.random.default_rng(seed).standard_normal(smaller)
        u, s, vt = svds(operator, min(rank, smaller - 1), v0=start, solver="arpack")
    order = np.argsort(-s, kind="stable")[:rank]
    return u[:, order], s[order], vt[order].T
