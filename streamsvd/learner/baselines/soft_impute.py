"""Soft-impute: iterated SVD in batch (Mazumder, Hastie & Tibshirani 2010).

Holes are filled with the model's own prediction, the SVD of the filled matrix is taken, its values are lowered by λ,
and so on. That descends on ½‖P(X − M)‖² + λ‖M‖*, where P keeps the given entries. The filled matrix is sparse plus low
rank and is never formed. Its SVD starts from that of the round before and takes one block step, which is nearly exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from streamsvd.errors import SettingsError
from streamsvd.learner.baselines.batch import BatchBaseline, Floats, entries

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Solution(NamedTuple):
    """M = U diag(values) Vᵀ, and what was reached.

    Attributes
    ----------
    u, values, v : float64 arrays
    objective : list of float
        After each round, in squared internal stars.
    rounds : int
    """

    u: Floats
    values: Floats
    v: Floats
    objective: list[float]

    @property
    def rounds(self) -> int:
        """Rounds made."""
        return len(self.objective)


Each = Callable[[int, Floats, Floats, Floats], None]


class SoftImpute(BatchBaseline):
    """Damped means, and the soft-imputed SVD of what they leave.

    Parameters
    ----------
    rank : int
        Most factors of a user or an item.
    shrinkage : float
        λ, in stars: what is taken off each singular value.
    tolerance : float
        Stops when a round lowers the objective by less than this share of it.
    rounds : int
        Stops after so many in any case.
    user_damping, item_damping : float
        As for `DampedMeans`.
    scale : (float, float)
    seed : int
        Decides where the iteration starts.

    Examples
    --------
    >>> model = SoftImpute(rank=1).fit(["ann", "ann", "bob"], ["Heat", "Babe", "Heat"], [5, 2, 5])
    >>> heat, babe = model.predict(["bob", "bob"], ["Heat", "Babe"])
    >>> bool(heat > babe)
    True
    """

    def __init__(
        self,
        rank: int = 20,
        *,
        shrinkage: float = 13.0,
        tolerance: float = 1e-4,
        rounds: int = 200,
        user_damping: float = 5.0,
        item_damping: float = 3.0,
        scale: tuple[float, float] = (1.0, 5.0),
        seed: int = 0,
    ) -> None:
        if rank < 1 or rounds < 1 or not shrinkage > 0 or not tolerance >= 0:
            raise SettingsError(
                "rank and rounds must be 1 or more, shrinkage greater than 0, tolerance 0 or more; "
                f"not {rank}, {rounds}, {shrinkage}, {tolerance}"
            )
        super().__init__(user_damping, item_damping, scale, seed)
        self.rank, self.shrinkage, self.tolerance, self.rounds = rank, shrinkage, tolerance, rounds
        self.solution: Solution | None = None
        self.each_round: Callable[[int], None] | None = None

    def _fit(self, given: csr_array, left: Floats, right: Floats) -> tuple[Floats, Floats]:
        rest = given.copy()
        users = np.repeat(np.arange(given.shape[0]), np.diff(given.indptr))
        rest.data = given.data - entries(left, right, users, given.indices)

        def use(u: Floats, values: Floats, v: Floats) -> tuple[Floats, Floats]:
            """Means and factors side by side; an unknown id has the means alone."""
            factors = [np.vstack([side, np.zeros(side.shape[1])]) for side in (u * values, v)]
            unknown_user, unknown_item = np.array([[1.0, 0.0]]), np.array([[right[:, 0].mean(), 1.0]])
            return (
                np.hstack([np.vstack([left, unknown_user]), factors[0]]),
                np.hstack([np.vstack([right, unknown_item]), factors[1]]),
            )

        def each(number: int, u: Floats, values: Floats, v: Floats) -> None:
            if self.each_round is not None:
                self._left, self._right = use(u, values, v)
                self.each_round(number)

        self.solution = soft_impute(
            rest, self.rank, self.shrinkage, tolerance=self.tolerance, rounds=self.rounds, seed=self.seed, each=each
        )
        return use(self.solution.u, self.solution.values, self.solution.v)


def soft_impute(
    given: csr_array,
    rank: int,
    shrinkage: float,
    *,
    tolerance: float = 1e-4,
    rounds: int = 200,
    seed: int = 0,
    each: Each | None = None,
) -> Solution:
    """Minimise ½‖P(X − M)‖² + λ‖M‖* over matrices M of at most this rank.

    Parameters
    ----------
    given : csr_array, shape (m, n)
        X; its stored entries are the given ones, zeros among them.
    rank : int
        Most factors of a row or a column.
    shrinkage : float
        λ, in the unit of the entries.
    tolerance, rounds, seed
        As for `SoftImpute`.
    each : callable, optional
        Called after each round with its number and U, values and V.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> found = soft_impute(csr_array(np.array([[3.0, 0.0], [0.0, 1.0]])), 2, 0.5, tolerance=0)
    >>> found.values.round(6).tolist()
    [2.5, 0.5]
    """
    from streamsvd.learner.baselines.operators import SparsePlusLowRank  # here: it imports SciPy

    users = np.repeat(np.arange(given.shape[0]), np.diff(given.indptr))
    width = min(rank, *given.shape)
    v = np.linalg.qr(np.random.default_rng(seed).standard_normal((given.shape[1], width)))[0]
    u, values = np.zeros((given.shape[0], width)), np.zeros(width)
    rest, objective = given.copy(), []
    for number in range(1, rounds + 1):
        filled = SparsePlusLowRank(rest, u * values, v)
        basis = np.linalg.qr(filled @ v)[0]
        inner_v, singular, inner_u = np.linalg.svd(filled.T @ basis, full_matrices=False)
        u, v, values = basis @ inner_u.T, inner_v, np.maximum(singular - shrinkage, 0.0)
        rest.data = given.data - entries(u * values, v, users, given.indices)
        objective.append(0.5 * float(rest.data @ rest.data) + shrinkage * float(values.sum()))
        if each is not None:
            each(number, u, values, v)
        if number > 1 and objective[-2] - objective[-1] < tolerance * objective[-1] and tolerance > 0:
            break
    return Solution(u, values, v, objective)
