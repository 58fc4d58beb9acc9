"""All items at a glance: predicted ratings in single precision, with a bound on how far off they are.

`recommend` wants the best ten of tens of thousands. How long that takes is decided by how many bytes are read, so the
items are kept a second time, in single precision, a column for each feature. One pass over them scores every item, one
pass over the scores finds the few that can be among the best, and only these are scored as the learner does it. The
bound makes that exact: nothing that belongs to the best is left out.

For one user, the prediction r̂ = s + c·h of `streamsvd.learner.scoring` is made of two sums over an item's columns,
C = Σ x·content and F = Σ x·q. The score is s = C + F + weights · (popularity, bias) + what is the same for every user,
and c·h is linear in these and in the item's statistics, but for powers of s − 3.5 and one product of F and popularity.
What is the same for every user is worked out once a version (`combine`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.learner.compiler import compiled
from streamsvd.learner.memory import (
    FAST,
    ITEM_MEAN,
    ITEM_SLOW,
    ITEM_SURPRISE,
    ITEM_SURPRISES,
    LAST,
    MEAN,
    MEAN_ALL,
    SLOW,
    SURPRISE,
    SURPRISES,
    USER_STATS,
)
from streamsvd.learner.variance import noise_of
from streamsvd.learner.vectors import padded

CHUNK = 2048
"""Items scored at once: their sums stay in the nearest cache."""
POPULARITY, BIAS, SHARED_S, SHARED_H, RUNNING, AVERAGE, NOISE = range(-7, 0)
"""The last columns; those before are content and q, each padded to a multiple of four. The shared parts of score and
calibration depend on the global weights."""
OTHERS = 7
S_0, S_POPULARITY, S_BIAS, H_0, H_CONTENT, H_FACTOR, H_PRODUCT, H_1, H_2, H_3 = range(10)
"""Weights of one user beside those of content and q: in the score less 3.5 (S), and in what is added to it (H). S_0 and
H_0 are the same for every item; H_1, H_2 and H_3 are those of the powers of s − 3.5."""


def columns_of(factors: NDArray[Any]) -> NDArray[np.float32]:
    """Items as columns, shape (width, n).

    Parameters
    ----------
    factors : structured array, shape (n,)
        The items' `factors`.
    """
    y, stats, content = factors["y"], factors["stats"], factors["content"]
    wide, rank = padded(content.shape[1]), y.shape[1] - 1
    columns = np.zeros((wide + padded(rank) + OTHERS, len(factors)), np.float32)
    columns[: content.shape[1]] = content.T
    columns[wide : wide + rank] = y[:, 1:].T
    columns[POPULARITY] = (np.log1p(factors["count"]) - 2.0) / 2.0
    columns[BIAS], columns[RUNNING], columns[AVERAGE] = y[:, 0], stats[:, ITEM_SLOW], stats[:, ITEM_MEAN]
    columns[NOISE] = noise_of.py_func(stats[:, ITEM_SURPRISE], stats[:, ITEM_SURPRISES]) - 1.0
    return columns


def combine(
    columns: NDArray[np.float32],
    largest: NDArray[np.float32],
    n: int,
    settings: dict[str, Any],
    globals_: dict[str, NDArray[Any]],
) -> None:
    """Fill the shared columns of the first `n` items for these global weights, and set how large they may be."""
    content, last = settings["content"], len(columns)
    g, c = globals_["g"].astype(np.float32), globals_["c"].astype(np.float32)
    in_s = np.zeros(last, np.float32)
    in_s[:content], in_s[POPULARITY], in_s[BIAS] = g[1 : 1 + content], 2.0 * g[1 + content], 1.0
    in_h = np.zeros(last, np.float32)
    in_h[BIAS], in_h[RUNNING], in_h[AVERAGE], in_h[NOISE] = c[8], c[3], c[12], c[18]
    for shared, weights in ((SHARED_S, in_s), (SHARED_H, in_h)):
        _combine(columns, weights, columns[shared, :n])
        largest[shared] = np.abs(weights) @ largest


@compiled
def _combine(columns, weights, out):  # type: ignore[no-untyped-def]
    out[:] = np.float32(0.0)
    for a in range(len(weights)):
        if weights[a] != 0.0:
            _add(out, weights[a], columns[a, : len(out)])


@compiled
def _add(sums, weight, column):  # type: ignore[no-untyped-def]
    for i in range(len(sums)):
        sums[i] += weight * column[i]


def screened(
    columns: NDArray[np.float32],
    largest: NDArray[np.float32],
    n: int,
    settings: dict[str, Any],
    globals_: dict[str, NDArray[Any]],
    user: Any | None,
) -> tuple[NDArray[np.float32], float]:
    """Predicted ratings of all items for one user, in internal stars, and how far off any of them may be.

    Parameters
    ----------
    columns : float32 array, shape (width, at least n)
        From `columns_of`, then `combine`; C-contiguous.
    largest : float32 array, shape (width,)
        No element of a column is larger.
    n : int
        How many of the items.
    settings, globals_
        Of a `State`.
    user : element of a user's `factors` block, or None
        None for somebody unknown.

    Returns
    -------
    float32 array, shape (n,)
    float
    """
    content, rank = settings["content"], settings["settings"]["rank"]
    x, stats, count = np.zeros(3 + content + rank), np.zeros(USER_STATS), 0
    if user is not None:
        x, stats, count = user["x"], user["stats"], int(user["count"])
    own, wide = np.zeros(len(columns), np.float32), padded(content)
    own[:content], own[wide : wide + rank] = x[1 : 1 + content], x[3 + content :]
    weights = _weights(globals_["g"], globals_["c"], globals_["scalars"][MEAN_ALL], x, stats, count, content)
    out = np.empty(n, np.float32)
    _screen(columns, wide, own, weights.astype(np.float32), out)
    return out, float(_error(largest, wide, own, weights))


@compiled
def _weights(g, c, mean_all, x, user, user_count, content):  # type: ignore[no-untyped-def]
    """What `fill_calibration` and the score come to for one user, without an item (its page is new, its gap is 0)."""
    w = np.empty(10)
    user_size = (np.log(1.0 + user_count) - 3.0) / 3.0
    w[S_0] = g[0] + 3.0 * g[2 + content] * user_size + x[0] - 3.5
    w[S_POPULARITY], w[S_BIAS] = x[1 + content], x[2 + content]
    w[H_0] = c[0] * user[SLOW] + (c[1] + c[21] * user_size) * user[FAST] + c[2] * user[LAST] + c[4] * mean_all
    w[H_0] += (c[9] + c[10] * user_size) * x[0] + c[11] * user[MEAN] + 0.3 * c[23] / (1.0 + user_count)
    w[H_0] += c[17] * (noise_of(user[SURPRISE], user[SURPRISES]) - 1.0) + 3.5
    w[H_CONTENT], w[H_FACTOR], w[H_PRODUCT] = c[15] + c[16] * user_size, c[13] * user_size, c[14]
    w[H_1], w[H_2], w[H_3] = 1.0 + c[5], 0.5 * c[6], 0.3 * c[7]
    return w


@compiled
def _screen(columns, wide, own, weights, out):  # type: ignore[no-untyped-def]
    last = len(columns) - OTHERS
    contents, factors = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
    for start in range(0, len(out), CHUNK):
        end = min(start + CHUNK, len(out))
        n = end - start
        contents[:n], factors[:n] = np.float32(0.0), np.float32(0.0)
        for a in range(0, last, 4):
            _add_four(
                contents[:n] if a < wide else factors[:n],
                own[a : a + 4],
                columns[a, start:end],
                columns[a + 1, start:end],
                columns[a + 2, start:end],
                columns[a + 3, start:end],
            )
        _finish(
            contents,
            factors,
            columns[last, start:end],
            columns[last + 1, start:end],
            columns[last + 2, start:end],
            columns[last + 3, start:end],
            weights,
            out[start:end],
        )


@compiled
def _add_four(sums, weights, first, second, third, fourth):  # type: ignore[no-untyped-def]
    """sums += a weighted sum of four columns: sums are read and written once for all four."""
    u, v, w, x = weights[0], weights[1], weights[2], weights[3]
    for i in range(len(sums)):
        sums[i] += (u * first[i] + v * second[i]) + (w * third[i] + x * fourth[i])


@compiled
def _finish(contents, factors, popularities, biases, in_s, in_h, w, out):  # type: ignore[no-untyped-def]
    s_0, s_popularity, s_bias = w[S_0], w[S_POPULARITY], w[S_BIAS]
    h_0, h_content, h_factor, h_product = w[H_0], w[H_CONTENT], w[H_FACTOR], w[H_PRODUCT]
    h_1, h_2, h_3 = w[H_1], w[H_2], w[H_3]
    for i in range(len(out)):
        content, factor, popularity = contents[i], factors[i], popularities[i]
        above = (s_0 + in_s[i]) + (content + factor) + (s_popularity * popularity + s_bias * biases[i])
        rest = (h_0 + in_h[i]) + h_content * content + (h_factor + h_product * popularity) * factor
        out[i] = rest + above * (h_1 + above * (h_2 + h_3 * above))


@compiled
def _error(largest, wide, own, w):  # type: ignore[no-untyped-def]
    """How far off `_screen` may be: every rounding errs by 2⁻²⁴ of what it rounds at most, and so does every weight.

    A sum of n products then errs by at most (n + 2)·2⁻²⁴ times the sum of their sizes, to first order (Higham 2002,
    section 3.1); the factor of two is more than what lies beyond it, and the polynomial carries errors on by its slope.
    """
    last = len(largest) - OTHERS
    popularity, bias, in_s, in_h = largest[last], largest[last + 1], largest[last + 2], largest[last + 3]
    content, factor = 0.0, 0.0
    for a in range(wide):
        content += abs(own[a]) * largest[a]
    for a in range(wide, last):
        factor += abs(own[a]) * largest[a]
    above = abs(w[S_0]) + in_s + content + factor + abs(w[S_POPULARITY]) * popularity + abs(w[S_BIAS]) * bias
    rest = abs(w[H_0]) + in_h + abs(w[H_CONTENT]) * content
    rest += (abs(w[H_FACTOR]) + abs(w[H_PRODUCT]) * popularity) * factor
    slope = abs(w[H_1]) + above * (2.0 * abs(w[H_2]) + 3.0 * abs(w[H_3]) * above)
    return 2.0 * 2.0**-24 * (len(largest) + 12) * (above * slope + rest)
