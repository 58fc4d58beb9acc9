"""Which of two models is better, by how much and since when: a sequential test, valid at all times.

An observation is the mean difference of the squared errors of two models over a *block*: at least 5 consecutive
ratings, up to where a page begins. (So a block is whole pages, but for users who take turns at one timestamp: of such
a page, whose predictions were made before it, the next block may hold the rest.) Divided by the squared width of the
scale, it lies in [-1, 1]. With S the sum of the observations and V the sum of their squares, exp(λ(S - Σμ) - ψ(λ)V),
with ψ(λ) = -log(1-λ) - λ and μ the mean of an observation given all that came before its block, is a supermartingale
for every λ in [0, 1): the inequality of Fan, Grama & Liu (2015) behind Theorem 4 of Howard, Ramdas, McAuliffe &
Sekhon (2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences"), with 0 for the prediction of an
observation. A gamma mixture over λ (their Proposition 9, the gamma-exponential mixture with c = 1) makes one boundary
of it, which S - Σμ and its negative each cross with probability at most α/2, ever.

So the interval covers, at all times together with probability 1 - α, the mean over the blocks so far of the
*expected* difference given what was known before each block (the view of Choe & Ramdas 2023, "Comparing sequential
forecasters"). Nothing is assumed of the ratings: they may drift, and pages may depend on each other; an expected
difference that changes is averaged. It is a statement about this stream so far, not about its future.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import InputError, SettingsError
from streamsvd.figures import Verdict

Floats = NDArray[np.float64]

ALPHA = 0.05
BLOCK = 5
_RHO = 0.25  # variance for which the boundary is tightest; found best over 100,000 ratings of five pairs of models
_S, _V, _FIRST, _SECOND = range(4)  # sums over blocks: difference, its square, both squared errors


class Comparison:
    """Compares the squared errors of a shadow, the first model, with the served one's, the second, block by block.

    Parameters
    ----------
    scale : (float, float)
        Limits of ratings and predictions.
    start : int
        Ratings before the first one: the next one has number `start + 1`.
    alpha : float
        Probability that the interval ever excludes the true value.
    block : int
        Ratings of the smallest block; it ends where a page begins.

    Examples
    --------
    >>> comparison = Comparison((1, 5))
    >>> pages, times = np.ones(3000, bool), np.arange(3000)
    >>> comparison.update(pages, np.full(3000, 1.2), np.full(3000, 0.8), times)
    >>> verdict = comparison.verdict()
    >>> verdict.better, round(verdict.squared, 3), verdict.low > 0
    ('served', 0.4, True)
    """

    def __init__(self, scale: tuple[float, float], *, start: int = 0, alpha: float = ALPHA, block: int = BLOCK) -> None:
        low, high = scale
        if not (high > low and 0 < alpha < 1 and block >= 1 and start >= 0):
            raise SettingsError(
                f"comparison with scale {scale}, alpha {alpha}, block {block}, start {start}: needed are low < high, "
                "0 < alpha < 1, a block of at least 1 rating, and a start of at least 0"
            )
        self._settings = np.array([low, high, alpha, block])
        self._bound = (high - low) ** 2
        self._threshold = math.log(2 / alpha)
        self._block = int(block)
        self._counts = np.array([start, 0, 0], np.int64)  # number of the last rating, ratings and blocks finished
        self._sums = np.zeros(4)
        self._since = np.zeros(3, np.int64)  # the verdict's sign, and the number and time from which on it holds
        self._open = np.zeros((0, 2))  # squared errors of the unfinished block
        self._open_times = np.zeros(0, np.int64)

    def update(self, begins: NDArray[np.bool_], first: Floats, second: Floats, timestamps: NDArray[np.int64]) -> None:
        """Add the squared errors of ratings, in stream order.

        Parameters
        ----------
        begins : bool array, shape (n,)
            Whether a rating begins a page.
        first, second : float64 arrays, shape (n,)
            Squared errors of both models, predicted before the page, in the scale's squared units.
        timestamps : int64 array, shape (n,)
            Event times in seconds.

        Raises
        ------
        InputError
            If the lengths differ or an error is not within the scale; nothing has been compared then.
        """
        if not len(begins) == len(first) == len(second) == len(timestamps):
            raise InputError("one page mark, two squared errors and one timestamp are needed for every rating")
        squared = np.column_stack([first, second]) / self._bound
        if not ((squared >= 0) & (squared <= 1 + 1e-9)).all():
            raise InputError("a squared error is not within the scale; clip predictions to it first")
        errors = np.concatenate([self._open, np.minimum(squared, 1.0)])
        times = np.concatenate([self._open_times, timestamps])
        before = int(self._counts[0]) - len(self._open)
        pages = (np.flatnonzero(begins) + len(self._open)).tolist()
        ends = self._ends(pages)
        if ends:
            self._close(errors, times, before, ends)
        done = ends[-1] if ends else 0
        self._open, self._open_times = errors[done:].copy(), times[done:].copy()
        self._counts[0] += len(first)

    def verdict(self) -> Verdict:
        """The comparison so far."""
        blocks = int(self._counts[2])
        if not blocks:
            return Verdict(squared_low=-self._bound, squared_high=self._bound)
        mean, rms = self._sums[_S] / blocks, np.sqrt(self._sums[[_FIRST, _SECOND]] / blocks * self._bound)
        half = _boundary(float(self._sums[_V]), self._threshold) / blocks
        squared, low, high = (float(np.clip(x, -1, 1)) * self._bound for x in (mean, mean - half, mean + half))
        both = float(rms.sum()) or 1.0
        sign, event, time = self._since.tolist()
        return Verdict(
            ratings=int(self._counts[1]),
            blocks=blocks,
            rmse=float(rms[0]),
            rmse_served=float(rms[1]),
            squared=squared,
            squared_low=low,
            squared_high=high,
            difference=squared / both,
            low=low / both,
            high=high / both,
            better=("shadow" if sign < 0 else "served") if sign else None,
            since_event=event if sign else None,
            since_time=time if sign else None,
        )

    def swapped(self) -> Comparison:
        """The same comparison with first and second exchanged."""
        other = self.from_state(self.state())
        other._sums[:] = self._sums[[_S, _V, _SECOND, _FIRST]]
        other._sums[_S] *= -1.0
        other._since[0] *= -1
        other._open = other._open[:, ::-1].copy()
        return other

    def state(self) -> dict[str, NDArray[Any]]:
        """As arrays; `from_state` continues exactly from there."""
        names = ("settings", "counts", "sums", "since", "open", "open_times")
        return {name: getattr(self, f"_{name}").copy() for name in names}

    @classmethod
    def from_state(cls, state: dict[str, NDArray[Any]]) -> Comparison:
        """The comparison that `state` was taken from."""
        low, high, alpha, block = state["settings"].tolist()
        comparison = cls((low, high), alpha=alpha, block=int(block))
        for name in ("counts", "sums", "since", "open", "open_times"):
            setattr(comparison, f"_{name}", state[name].copy())
        return comparison

    def _ends(self, pages: list[int]) -> list[int]:
        """Ends of blocks: the first beginnings of pages after enough ratings."""
        ends: list[int] = []
        begin, k = 0, 0
        while (k := bisect_left(pages, begin + self._block, k)) < len(pages):
            begin = pages[k]
            ends.append(begin)
        return ends

    def _close(self, errors: Floats, times: NDArray[np.int64], before: int, ends: list[int]) -> None:
        """Add finished blocks; the means of each do not depend on the order within it."""
        observed = np.array([_means(errors[a:b]) for a, b in zip([0, *ends], ends, strict=False)])
        sums = np.add.accumulate(np.concatenate([self._sums[None], observed]), axis=0)[1:]  # strictly in order
        excluded = log_mixture(np.abs(sums[:, _S]), np.ascontiguousarray(sums[:, _V])) >= self._threshold
        signs = np.where(excluded, np.sign(sums[:, _S]), 0.0).astype(np.int64)
        changes = np.flatnonzero(signs != np.concatenate([self._since[:1], signs[:-1]]))
        if len(changes):
            last = ends[changes[-1]]  # of the block with the newest change of sign
            self._since = np.array([signs[-1], before + last, times[last - 1]], np.int64)
        self._sums = sums[-1].copy()
        self._counts[1:] += (ends[-1], len(ends))


def log_mixture(s: Floats, v: Floats) -> Floats:
    """Logarithm of the gamma-exponential mixture: Howard et al. (2021), Proposition 9, with c = 1.

    Parameters
    ----------
    s : float64 array, zero or more
        How far the sum of the observations lies from that of their means.
    v : float64 array, zero or more
        Sum of their squares.

    Returns
    -------
    float64 array
        Under the hypothesis, the chance that this ever reaches log(1/p) is at most p.
    """
    from scipy.special import gammainc, gammaln  # here: most processes compare nothing, and SciPy takes long to import

    a, x = v + _RHO, s + v + _RHO
    constant = _RHO * math.log(_RHO) - math.lgamma(_RHO) - math.log(gammainc(_RHO, _RHO))
    return np.asarray(constant + gammaln(a) + np.log(gammainc(a, x)) - a * np.log(x) + s + v)


def _boundary(v: float, threshold: float) -> float:
    """The least sum that reaches the threshold."""
    from scipy.optimize import brentq

    def beyond(s: float) -> float:
        return float(log_mixture(np.array([s]), np.array([v]))[0]) - threshold

    high = 1.0
    while beyond(high) < 0:
        high *= 2
    return float(brentq(beyond, 0.0, high, xtol=1e-9))


def _means(errors: Floats) -> list[float]:
    """A block's mean difference, its square, and both mean squared errors; by exact sums, in any order the same."""
    n = len(errors)
    first, second = math.fsum(errors[:, 0].tolist()), math.fsum(errors[:, 1].tolist())
    difference = (first - second) / n
    return [difference, difference**2, first / n, second / n]
