"""What the model says about one user and one item: r̂ = s + c·h, from rows and global weights alone.

Everything that predicts goes through here: the learner (before it learns), the page protocol (with the user as it was
when the page began), and lookups from a snapshot.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.learner.algebra import dot
from streamsvd.learner.compiler import compiled
from streamsvd.learner.memory import MEAN_ALL
from streamsvd.learner.scale import Scale
from streamsvd.learner.vectors import padded


@compiled
def fill_features(y, rank, content, popularity, bias, phi):  # type: ignore[no-untyped-def]
    """φ = [1, content, popularity, bias, q]: what a user's row is seen against."""
    n_content = len(content)
    phi[0] = 1.0
    for a in range(n_content):
        phi[1 + a] = content[a]
    phi[1 + n_content] = popularity
    phi[2 + n_content] = bias
    for a in range(1, rank + 1):
        phi[2 + n_content + a] = y[a]


@compiled
def popularity_of(count):  # type: ignore[no-untyped-def]
    """An item's popularity as a feature, from its number of ratings."""
    return (np.log(1.0 + count) - 2.0) / 2.0


@compiled
def fill_global_features(content, item_count, user_count, z):  # type: ignore[no-untyped-def]
    """z = [1, content, log(1 + n_i) − 2, log(1 + n_u) − 3]: what the global weights are seen against."""
    n_content = len(content)
    z[0] = 1.0
    for a in range(n_content):
        z[1 + a] = content[a]
    z[1 + n_content] = np.log(1.0 + item_count) - 2.0
    z[2 + n_content] = np.log(1.0 + user_count) - 3.0


@compiled
def fill_calibration(user_means, item_means, mean_all, score, user_count, item_count, h):  # type: ignore[no-untyped-def]
    """h: running means of the residual, the score itself, and what a cold start adds."""
    above = score - 3.5
    h[0], h[1], h[2] = user_means
    h[3], h[4] = item_means
    h[5] = above
    h[6] = 0.3
    h[7] = above / (1.0 + user_count / 5.0)
    h[8] = above / (1.0 + item_count / 5.0)
    h[9] = mean_all
    h[10] = 0.3 / (1.0 + user_count)


@compiled
def _score_items(g, c, mean_all, x, user_means, user_count, y, item_means, item_counts, content, out):  # type: ignore[no-untyped-def]
    phi, z, h = np.zeros(len(x)), np.zeros(len(g)), np.zeros(len(c))
    for i in range(len(out)):
        fill_features(y[i], y.shape[1] - 1, content[i], popularity_of(item_counts[i]), y[i, 0], phi)
        fill_global_features(content[i], item_counts[i], user_count, z)
        score = dot(g, z) + y[i, 0] + dot(x, phi)
        fill_calibration(user_means, item_means[i], mean_all, score, user_count, item_counts[i], h)
        out[i] = score + dot(c, h)


def score_items(
    settings: dict[str, Any],
    globals_: dict[str, NDArray[Any]],
    user_factors: Any | None,
    item_factors: NDArray[Any],
) -> NDArray[np.float64]:
    """Predicted ratings of many items for one user, from a saved state.

    Parameters
    ----------
    settings, globals_
        Of a `State`.
    user_factors : element of a user's `factors` block, or None
        None for a user without ratings.
    item_factors : structured array, shape (n_items,)
        The items' `factors` block.

    Returns
    -------
    float64 array, shape (n_items,)
        In the data's own scale, not clipped to it, so that the best items differ.
    """
    d = 2 + item_factors["content"].shape[1] + item_factors["y"].shape[1]
    x, means, count = np.zeros(padded(d)), np.zeros(3), 0
    if user_factors is not None:
        x[:d], means, count = user_factors["x"], user_factors["means"], int(user_factors["count"])
    out = np.empty(len(item_factors))
    _score_items(
        globals_["g"],
        globals_["c"],
        float(globals_["scalars"][MEAN_ALL]),
        x,
        np.ascontiguousarray(means),
        count,
        np.ascontiguousarray(item_factors["y"]),
        np.ascontiguousarray(item_factors["means"]),
        np.ascontiguousarray(item_factors["count"]),
        np.ascontiguousarray(item_factors["content"]),
        out,
    )
    return Scale(*settings["scale"]).from_internal(out)
