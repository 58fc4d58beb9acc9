"""What the model says about one user and one item: r̂ = s + c·h, from rows and global weights alone.

Everything that predicts goes through here: the learner (before it learns), the page protocol (with the user as it was
when the page began), and lookups from a snapshot.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.compiler import compiled, inlined
from streamsvd.kernels.algebra import dot
from streamsvd.kernels.calibration_terms import CalibrationTerm as Term
from streamsvd.kernels.memory import (
    ENTRY_UNIT,
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
    TIME,
    USER_STATS,
)
from streamsvd.kernels.scale import Scale
from streamsvd.kernels.variance import noise_of
from streamsvd.kernels.vectors import copy_part, padded

_LOGS = np.log(1.0 + np.arange(4096))


@inlined
def fill_features(y, rank, content, popularity, bias, phi):  # type: ignore[no-untyped-def]
    """φ = [1, content, popularity, bias, q]: what a user's row is seen against."""
    n_content = len(content)
    phi[0] = 1.0
    copy_part(content, 0, phi, 1, n_content)
    phi[1 + n_content] = popularity
    phi[2 + n_content] = bias
    copy_part(y, 1, phi, 3 + n_content, rank)


@inlined
def log_of(count):  # type: ignore[no-untyped-def]
    """log(1 + count), from a table while that is long enough."""
    return _LOGS[count] if count < len(_LOGS) else np.log(1.0 + count)


@inlined
def popularity_of(count):  # type: ignore[no-untyped-def]
    """An item's popularity as a feature, from its number of ratings."""
    return (log_of(count) - 2.0) / 2.0


@inlined
def in_units(value):  # type: ignore[no-untyped-def]
    """A popularity or bias as an entry of a window keeps it."""
    return np.int16(min(max(np.rint(value / ENTRY_UNIT), -32768.0), 32767.0))


@inlined
def fill_global_features(content, item_count, user_count, z):  # type: ignore[no-untyped-def]
    """z = [1, content, log(1 + n_i) − 2, log(1 + n_u) − 3]: what the global weights are seen against."""
    n_content = len(content)
    z[0] = 1.0
    copy_part(content, 0, z, 1, n_content)
    z[1 + n_content] = log_of(item_count) - 2.0
    z[2 + n_content] = log_of(user_count) - 3.0


@inlined
def noise_of_user(user):  # type: ignore[no-untyped-def]
    """How noisy a user's ratings are, from its statistics."""
    return noise_of(user[SURPRISE], user[SURPRISES])


@inlined
def noise_of_item(item):  # type: ignore[no-untyped-def]
    """How noisy an item's ratings are, from its statistics."""
    return noise_of(item[ITEM_SURPRISE], item[ITEM_SURPRISES])


@inlined
def score_pair(  # type: ignore[no-untyped-def]
    g,
    c,
    mean_all,
    x,
    user,
    user_count,
    n_content,
    rank,
    bias,
    item,
    item_count,
    item_noise,
    timestamp,
    place,
    phi,
    z,
    h,
):
    """One prediction from given features: (g·z, the score s, the calibration c·h); fills h.

    Parameters
    ----------
    g, c, mean_all
        Global weights.
    x, user, user_count
        The user's row, statistics and number of ratings.
    n_content, rank : int
        Columns of content, and factors.
    bias, item, item_count, item_noise
        The item's b_i, statistics, number of ratings, and noise.
    timestamp : float
        When, in seconds; with the time of the user's last rating it says how long the user was away.
    place : int
        Ratings that the user has given on the present page.
    phi, z
        Filled by the caller.
    h
        Filled: the terms of the calibration, in the order of `CalibrationTerm`.
    """
    base, whole = dot(g, z), dot(x, phi)
    factor_part = 0.0
    for a in range(3 + n_content, 3 + n_content + rank):
        factor_part += x[a] * phi[a]
    slopes = x[1 + n_content] * phi[1 + n_content] + x[2 + n_content] * phi[2 + n_content]
    content_part = whole - x[0] - slopes - factor_part if n_content > 0 else 0.0
    score = base + bias + whole
    above = score - 3.5
    user_size, item_size = (log_of(user_count) - 3.0) / 3.0, (log_of(item_count) - 2.0) / 2.0
    away = timestamp - user[TIME] if user_count > 0 else 0.0
    gap = 0.1 * np.log(1.0 + away) if away > 0.0 else 0.0
    h[Term.USER_SLOW], h[Term.USER_FAST], h[Term.USER_LAST] = user[SLOW], user[FAST], user[LAST]
    h[Term.ITEM_SLOW], h[Term.MEAN_ALL] = item[ITEM_SLOW], mean_all
    h[Term.SCORE], h[Term.SCORE_SQUARED], h[Term.SCORE_CUBED] = above, 0.5 * above**2, 0.3 * above**3
    h[Term.ITEM_BIAS], h[Term.USER_BIAS], h[Term.USER_BIAS_BY_COUNT] = bias, x[0], x[0] * user_size
    h[Term.USER_MEAN], h[Term.ITEM_MEAN] = user[MEAN], item[ITEM_MEAN]
    h[Term.FACTORS_BY_USER_COUNT], h[Term.FACTORS_BY_ITEM_COUNT] = factor_part * user_size, factor_part * item_size
    h[Term.CONTENT], h[Term.CONTENT_BY_USER_COUNT] = content_part, content_part * user_size
    h[Term.USER_NOISE], h[Term.ITEM_NOISE] = noise_of_user(user) - 1.0, item_noise - 1.0
    h[Term.AWAY], h[Term.USER_LAST_BY_AWAY] = 0.3 * gap, user[LAST] * gap
    h[Term.USER_FAST_BY_COUNT] = user[FAST] * user_size
    h[Term.USER_LAST_BY_PLACE] = 0.3 * user[LAST] * log_of(place)
    h[Term.NEW_USER] = 0.3 / (1.0 + user_count)
    return base, score, dot(c, h)


@compiled
def _score_items(g, c, mean_all, x, user, user_count, y, items, item_counts, content, out):  # type: ignore[no-untyped-def]
    phi, z, h = np.zeros(len(x)), np.zeros(len(g)), np.zeros(len(c))
    rank, n_content = y.shape[1] - 1, content.shape[1]
    for i in range(len(out)):
        fill_features(y[i], rank, content[i], popularity_of(item_counts[i]), y[i, 0], phi)
        fill_global_features(content[i], item_counts[i], user_count, z)
        _, score, calibration = score_pair(
            g,
            c,
            mean_all,
            x,
            user,
            user_count,
            n_content,
            rank,
            y[i, 0],
            items[i],
            item_counts[i],
            noise_of_item(items[i]),
            user[TIME],
            0,
            phi,
            z,
            h,
        )
        out[i] = score + calibration


def score_items(
    settings: dict[str, Any],
    globals_: dict[str, NDArray[Any]],
    user_factors: Any | None,
    item_factors: NDArray[Any],
) -> NDArray[np.float64]:
    """Predicted ratings of many items for one user, from a saved state, as of the user's last rating.

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
    x, user, count = np.zeros(padded(d)), np.zeros(USER_STATS), 0
    if user_factors is not None:
        x[:d], user, count = user_factors["x"], user_factors["stats"], int(user_factors["count"])
    out = np.empty(len(item_factors))
    _score_items(
        globals_["g"],
        globals_["c"],
        float(globals_["scalars"][MEAN_ALL]),
        x,
        np.array(user),  # a copy: what cannot be written to would be a type of its own, to compile for
        count,
        np.ascontiguousarray(item_factors["y"]),
        np.ascontiguousarray(item_factors["stats"]),
        np.ascontiguousarray(item_factors["count"]),
        np.ascontiguousarray(item_factors["content"]),
        out,
    )
    return Scale(*settings["scale"]).from_internal(out)
