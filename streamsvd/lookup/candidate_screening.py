"""Screening: approximate predicted ratings of all items, in single precision, with a bound on their error.

`recommend` wants the best ten of tens of thousands. How long that takes is decided by how many bytes are read, so the
items are kept a second time, a column for each feature: content and factors as whole numbers of 16 bits, times a step
for each column, the rest in single precision. One pass over them scores every item, one pass over the scores finds the
few that can be among the best, and only these are scored as the learner does it. The bound makes that exact: nothing
that belongs to the best is left out.

For one user, the prediction r̂ = s + c·h of `streamsvd.kernels.scoring` is made of two sums over an item's columns,
C = Σ x·content and F = Σ x·q. The score is s = C + F + weights · (popularity, bias) + what is the same for every user,
and c·h is linear in these and in the item's statistics, but for powers of s − 3.5 and one product of F and popularity.
What is the same for every user is computed once a version (`ItemColumns.combine`).

Ranked by choice, most items are out before anything is predicted: their chance is too small (`ItemColumns.likely`). Of
the others the same is computed item by item, from a third copy of content and q in that order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels import widened
from streamsvd.kernels.calibration_terms import CalibrationTerm
from streamsvd.kernels.memory import ITEM_MEAN, ITEM_SLOW, ITEM_SURPRISE, ITEM_SURPRISES, MEAN_ALL, USER_STATS
from streamsvd.kernels.variance import noise_of
from streamsvd.kernels.vectors import padded
from streamsvd.lookup.ranking import ChosenAndLiked
from streamsvd.lookup.screening_kernels import (
    AVERAGE,
    BIAS,
    NOISE,
    PLAIN,
    POPULARITY,
    RUNNING,
    SHARED_H,
    SHARED_S,
    error_of,
    likely,
    screen,
    sum_up,
    weights_of,
)

_LARGEST = 32767.0
_SMALLEST_STEP = 2.0**-60
_ROUNDING = 1e-9
"""More than what rounding does to stars that become a rating, stars again, and a score to rank by; relative."""


class ItemColumns:
    """The items as columns for screening, by place.

    Attributes
    ----------
    coded : int16 array, shape (content + rank, both padded, at least places)
        Content and q.
    steps : float64 array, shape (content + rank,)
        What one stands for in each column, a power of two: the largest element still fits.
    rows : float32 array, shape (at least places · (content + rank),)
        The same, item by item, for looking at a few.
    plain : float32 array, shape (7, at least places)
        The other columns.
    largest : float64 array, shape (content + rank + 7,)
        No element is larger.
    shared_error : float
        How far off the shared part of the score may be, because of the steps.
    """

    def __init__(self) -> None:
        self.coded = np.zeros((0, 0), np.int16)
        self.steps = np.zeros(0)
        self.rows = np.zeros(0, np.float32)
        self.plain = np.zeros((PLAIN, 0), np.float32)
        self.largest = np.zeros(PLAIN)
        self.shared_error = 0.0

    def copy(self) -> ItemColumns:
        """The same columns, sharing nothing."""
        twin = ItemColumns()
        twin.coded, twin.steps, twin.plain = self.coded.copy(), self.steps.copy(), self.plain.copy()
        twin.rows, twin.largest, twin.shared_error = self.rows.copy(), self.largest.copy(), self.shared_error
        return twin

    def put(self, places: NDArray[np.int64], factors: NDArray[Any], size: int) -> None:
        """Set some items, given their `factors`; `size` is one more than the highest place there is."""
        y, stats, content = factors["y"], factors["stats"], factors["content"]
        wide, rank = padded(content.shape[1]), y.shape[1] - 1
        if not len(self.steps):
            n = wide + padded(rank)
            self.coded, self.steps = np.zeros((n, 0), np.int16), np.full(n, _SMALLEST_STEP)
            self.largest = np.zeros(n + PLAIN)
        values = np.zeros((len(self.steps), len(factors)))
        values[: content.shape[1]], values[wide : wide + rank] = content.T, y[:, 1:].T
        plain = np.zeros((PLAIN, len(factors)), np.float32)
        plain[POPULARITY] = (np.log1p(factors["count"]) - 2.0) / 2.0
        plain[BIAS], plain[RUNNING], plain[AVERAGE] = y[:, 0], stats[:, ITEM_SLOW], stats[:, ITEM_MEAN]
        plain[NOISE] = noise_of.py_func(stats[:, ITEM_SURPRISE], stats[:, ITEM_SURPRISES]) - 1.0
        sizes = np.concatenate([abs(values).max(axis=1, initial=0.0), abs(plain).max(axis=1, initial=0.0)])
        np.maximum(self.largest, sizes, out=self.largest)
        self._make_steps_wide_enough()
        self.coded, self.plain = widened(self.coded, size), widened(self.plain, size)
        self.coded[:, places] = np.rint(values / self.steps[:, None])
        self.rows = widened(self.rows, size * len(self.steps))
        self.rows[: size * len(self.steps)].reshape(size, -1)[places] = values.T
        self.plain[:, places] = plain

    def _make_steps_wide_enough(self) -> None:
        """Double the steps of columns whose largest element does not fit, as often as it takes.

        Each time an element is rounded to half a step, and steps double: together never more than one of the last.
        """
        for a in np.flatnonzero(self.largest[: len(self.steps)] > _LARGEST * self.steps):
            step = 2.0 ** np.ceil(np.log2(self.largest[a] / _LARGEST))
            self.coded[a] = np.rint(self.coded[a] * (self.steps[a] / step))
            self.steps[a] = step

    def combine(self, n: int, settings: dict[str, Any], globals_: dict[str, NDArray[Any]]) -> None:
        """Work out, for the first `n` items, what these global weights make the same for every user."""
        content, coded = settings["content"], len(self.steps)
        g, c = globals_["g"], globals_["c"]
        in_s, in_h = np.zeros(coded + PLAIN), np.zeros(coded + PLAIN)
        in_s[:content] = g[1 : 1 + content]
        in_s[coded + POPULARITY], in_s[coded + BIAS] = 2.0 * g[1 + content], 1.0
        in_h[coded + BIAS], in_h[coded + RUNNING] = c[CalibrationTerm.ITEM_BIAS], c[CalibrationTerm.ITEM_SLOW]
        in_h[coded + AVERAGE], in_h[coded + NOISE] = c[CalibrationTerm.ITEM_MEAN], c[CalibrationTerm.ITEM_NOISE]
        for shared, weights in ((SHARED_S, in_s), (SHARED_H, in_h)):
            steps = (weights[:coded] * self.steps).astype(np.float32)
            sum_up(self.coded, steps, self.plain, weights[coded:].astype(np.float32), self.plain[shared, :n])
            self.largest[coded + shared] = abs(weights) @ self.largest
        self.shared_error = float(abs(in_s[:coded]) @ self.steps)

    def screened(
        self, n: int, settings: dict[str, Any], globals_: dict[str, NDArray[Any]], user: Any | None
    ) -> tuple[NDArray[np.float32], float]:
        """Predicted ratings of the first `n` items for one user, and how far off any of them may be.

        Parameters
        ----------
        n : int
        settings, globals_
            Of a `State`; the columns have been combined for these weights.
        user : element of a user's `factors` block, or None
            None for an unknown user.

        Returns
        -------
        float32 array, shape (n,)
            In internal stars.
        float
        """
        own, wide, weights = self._weights(settings, globals_, user)
        out = np.empty(n, np.float32)
        steps = (own * self.steps).astype(np.float32)
        above = screen(self.coded, wide, steps, self.plain, weights.astype(np.float32), out)
        return out, float(error_of(self.largest, self.steps, self.shared_error, wide, own, weights, float(above)))

    def likely(
        self,
        order: ChosenAndLiked,
        settings: dict[str, Any],
        globals_: dict[str, NDArray[Any]],
        user: Any | None,
        allowed: NDArray[np.bool_],
        n: int,
    ) -> NDArray[np.intp]:
        """Places of all that may be among the `n` best by choice; few of the others are looked at.

        Parameters
        ----------
        order : ChosenAndLiked
            Its chances are filled in.
        settings, globals_, user
            As for `screened`.
        allowed : bool array, shape (places,)
        n : int
        """
        own, wide, weights = self._weights(settings, globals_, user)
        scale = order.scale
        off = error_of(self.largest, self.steps, self.shared_error, wide, own, weights, np.inf)
        off += _ROUNDING * (1.0 + (abs(scale.low) + abs(scale.high)) * scale.slope)
        found: NDArray[np.intp]
        found, order.chance = likely(
            order.recent,
            order.rows,
            order.shares,
            allowed,
            n,
            self.rows,
            self.plain,
            own,
            wide,
            weights,
            off,
        )
        return found

    def _weights(
        self, settings: dict[str, Any], globals_: dict[str, NDArray[Any]], user: Any | None
    ) -> tuple[NDArray[np.float64], int, NDArray[np.float64]]:
        """A user's weights of the columns, the first one of q, and the other weights."""
        content, rank = settings["content"], settings["settings"]["rank"]
        if user is None:
            x, stats, count = np.zeros(3 + content + rank), np.zeros(USER_STATS), 0
        else:
            x, stats, count = user["x"].copy(), user["stats"].copy(), int(user["count"])  # see `score_items`
        own, wide = np.zeros(len(self.steps)), padded(content)
        own[:content], own[wide : wide + rank] = x[1 : 1 + content], x[3 + content :]
        mean_all = globals_["scalars"][MEAN_ALL]
        return own, wide, weights_of(globals_["g"], globals_["c"], mean_all, x, stats, count, content)
