"""How far off a prediction may be: σ² by the user's number of ratings, times what is unknown, times who and what it is.

    variance = σ²[bin of n_u] · (1 + φᵀPφ + ψᵀPψ) · noise_u · noise_i

σ² is a running mean for each bin of the user's number of ratings. The noise of a user or item is the mean of its
squared standardised errors, drawn towards 1 by `NOISE_WEIGHT` errors; older ones fade by halving sum and number.
"""

from __future__ import annotations

from streamsvd.compiler import inlined
from streamsvd.kernels.memory import ITEM_SURPRISE, ITEM_SURPRISES, SURPRISE, SURPRISES, VARIANCE, VARIANCE_BINS

NOISE_WEIGHT = 20.0
LARGEST_SURPRISE = 6.0  # one outlier says no more than this
HALVED_AT = 200.0  # errors
VARIANCE_GAIN = 0.0005  # about 2,000 ratings
ALL_WEIGHT = 200.0  # ratings that the σ² over all weighs as much as, in a bin


@inlined
def noise_of(surprise, surprises):  # type: ignore[no-untyped-def]
    """How noisy a user's or an item's ratings are, as a factor of the variance."""
    return (NOISE_WEIGHT + surprise) / (NOISE_WEIGHT + surprises)


@inlined
def bin_of(user_count):  # type: ignore[no-untyped-def]
    """Bin of a user's number of ratings: 0, 1–2, 3–6, 7–14, …"""
    left, b = (user_count + 1) >> 1, 0
    while left > 0 and b < VARIANCE_BINS - 1:
        left, b = left >> 1, b + 1
    return b


@inlined
def variance_of(variances, scalars, user_count, noise, uncertainty):  # type: ignore[no-untyped-def]
    """Variance of a rating around its prediction; `noise` is both rows', `uncertainty` is 1 + φᵀPφ + ψᵀPψ."""
    b = bin_of(user_count)
    mean, weight = variances[0, b], variances[1, b]
    sigma_squared = (mean * weight + scalars[VARIANCE] * ALL_WEIGHT) / (weight + ALL_WEIGHT)
    return sigma_squared * uncertainty * noise


@inlined
def learn_variance(variances, scalars, user_count, user, item, noise, uncertainty, variance, squared_error):  # type: ignore[no-untyped-def]
    """Take in one error that was predicted to have this variance."""
    b = bin_of(user_count)
    found = squared_error / (uncertainty * noise)
    variances[1, b] = min(variances[1, b] + 1.0, 1.0 / VARIANCE_GAIN)
    variances[0, b] += (found - variances[0, b]) / variances[1, b]
    scalars[VARIANCE] += VARIANCE_GAIN * (found - scalars[VARIANCE])
    surprise = min(squared_error / variance, LARGEST_SURPRISE)
    _surprise(user, SURPRISE, SURPRISES, surprise)
    _surprise(item, ITEM_SURPRISE, ITEM_SURPRISES, surprise)


@inlined
def _surprise(stats, total, number, surprise):  # type: ignore[no-untyped-def]
    stats[total] += surprise
    stats[number] += 1.0
    if stats[number] > HALVED_AT:
        stats[total] *= 0.5
        stats[number] *= 0.5
