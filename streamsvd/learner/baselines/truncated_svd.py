"""Truncated SVD of the mean-filled matrix: holes hold the damped means, as if they had been given as ratings.

The oldest way to an SVD of ratings (Sarwar et al. 2000), and what the iterated one improves on: what fills the holes is
never looked at again. The filled matrix is sparse plus rank two, and is never formed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from streamsvd.errors import SettingsError
from streamsvd.learner.baselines.batch import BatchBaseline, Floats, entries

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class TruncatedSVD(BatchBaseline):
    """Truncated SVD of the ratings with holes filled by damped means.

    Parameters
    ----------
    rank : int
        Factors of each user and item.
    user_damping, item_damping : float
        As for `DampedMeans`.
    scale : (float, float)
    seed : int
        Decides where the iteration for the SVD starts.

    Examples
    --------
    >>> model = TruncatedSVD(rank=1).fit(["ann", "ann", "bob"], ["Heat", "Babe", "Heat"], [5, 2, 5])
    >>> heat, babe = model.predict(["bob", "bob"], ["Heat", "Babe"])
    >>> bool(heat > babe)
    True
    """

    def __init__(
        self,
        rank: int = 10,
        *,
        user_damping: float = 5.0,
        item_damping: float = 3.0,
        scale: tuple[float, float] = (1.0, 5.0),
        seed: int = 0,
    ) -> None:
        if rank < 1:
            raise SettingsError(f"rank must be 1 or more, not {rank}")
        super().__init__(user_damping, item_damping, scale, seed)
        self.rank = rank

    def _fit(self, given: csr_array, left: Floats, right: Floats) -> tuple[Floats, Floats]:
        from streamsvd.learner.baselines.operators import SparsePlusLowRank, truncated_svd  # here: it imports SciPy

        rest = given.copy()
        users = np.repeat(np.arange(given.shape[0]), np.diff(given.indptr))
        rest.data = given.data - entries(left, right, users, given.indices)
        u, s, v = truncated_svd(SparsePlusLowRank(rest, left, right), self.rank, self.seed)
        # An unknown id's row of the filled matrix holds the means alone; here it lies in the space of the others.
        inverse = np.divide(1.0, s, out=np.zeros_like(s), where=s > 0)  # 0 where all ratings are equal
        from_means = right[:, 0] @ v, (left @ right.mean(axis=0)) @ u * inverse
        return np.vstack([u * s, from_means[0]]), np.vstack([v, from_means[1]])
