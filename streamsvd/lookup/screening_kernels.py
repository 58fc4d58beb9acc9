"""The passes over all items that find those that may be among the best, compiled; see `candidate_screening`.

Every loop runs over adjacent elements, without sums across them, so that the compiler uses the widest registers there
are; no `fastmath`, so the same input gives the same bits.
"""

from __future__ import annotations

import numpy as np

from streamsvd.compiler import compiled, inlined
from streamsvd.kernels.calibration_terms import CalibrationTerm as Term
from streamsvd.kernels.choices import GOOD, SLOTS, STEEPNESS, chances
from streamsvd.kernels.memory import FAST, LAST, MEAN, SLOW, SURPRISE, SURPRISES
from streamsvd.kernels.variance import noise_of
from streamsvd.kernels.vectors import inner

CHUNK = 2048
"""Items scored at once: their sums stay in the nearest cache."""
BLOCK = 256
"""Numbers compared at once."""
PLAIN = 7
POPULARITY, BIAS, SHARED_S, SHARED_H, RUNNING, AVERAGE, NOISE = range(PLAIN)
"""Columns in single precision; the shared ones hold what is the same for every user, in the score (S) and in what is
added to it (H)."""
S_0, S_POPULARITY, S_BIAS, H_0, H_CONTENT, H_FACTOR, H_PRODUCT, H_1, H_2, H_3 = range(10)
"""Weights of one user besides those of content and q, in the score less 3.5 (S) and in what is added to it (H). S_0 and
H_0 are the same for every item; H_1, H_2 and H_3 are those of the powers of s − 3.5."""


@compiled
def weights_of(g, c, mean_all, x, user, user_count, content):  # type: ignore[no-untyped-def]
    """What `score_pair` comes to for one user, without an item (its page is new, its gap is 0)."""
    w = np.empty(10)
    user_size = (np.log(1.0 + user_count) - 3.0) / 3.0
    w[S_0] = g[0] + 3.0 * g[2 + content] * user_size + x[0] - 3.5
    w[S_POPULARITY], w[S_BIAS] = x[1 + content], x[2 + content]
    fast = c[Term.USER_FAST] + c[Term.USER_FAST_BY_COUNT] * user_size
    bias = c[Term.USER_BIAS] + c[Term.USER_BIAS_BY_COUNT] * user_size
    w[H_0] = c[Term.USER_SLOW] * user[SLOW] + fast * user[FAST] + c[Term.USER_LAST] * user[LAST]
    w[H_0] += c[Term.MEAN_ALL] * mean_all
    w[H_0] += bias * x[0] + c[Term.USER_MEAN] * user[MEAN] + 0.3 * c[Term.NEW_USER] / (1.0 + user_count)
    w[H_0] += c[Term.USER_NOISE] * (noise_of(user[SURPRISE], user[SURPRISES]) - 1.0) + 3.5
    w[H_CONTENT] = c[Term.CONTENT] + c[Term.CONTENT_BY_USER_COUNT] * user_size
    w[H_FACTOR], w[H_PRODUCT] = c[Term.FACTORS_BY_USER_COUNT] * user_size, c[Term.FACTORS_BY_ITEM_COUNT]
    w[H_1], w[H_2], w[H_3] = 1.0 + c[Term.SCORE], 0.5 * c[Term.SCORE_SQUARED], 0.3 * c[Term.SCORE_CUBED]
    return w


@compiled
def sum_up(coded, coded_weights, plain, plain_weights, out):  # type: ignore[no-untyped-def]
    """out = a weighted sum of columns; those without a weight are not read."""
    out[:] = np.float32(0.0)
    for a in range(len(coded_weights)):
        if coded_weights[a] != 0.0:
            _add(out, coded_weights[a], coded[a, : len(out)])
    for a in range(len(plain_weights)):
        if plain_weights[a] != 0.0:
            _add(out, plain_weights[a], plain[a, : len(out)])


@compiled
def _add(sums, weight, column):  # type: ignore[no-untyped-def]
    for i in range(len(sums)):
        sums[i] += weight * np.float32(column[i])


@compiled
def screen(coded, wide, own, plain, weights, out):  # type: ignore[no-untyped-def]
    """Predicted ratings: content weighs `own[:wide]`, q the rest of `own`; both in units of the columns' steps.

    Returns the largest |s − 3.5|.
    """
    contents, factors = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
    aboves = np.zeros(CHUNK, np.float32)
    largest = np.zeros(1, np.int32)
    for start in range(0, len(out), CHUNK):
        end = min(start + CHUNK, len(out))
        n = end - start
        contents[:n], factors[:n] = np.float32(0.0), np.float32(0.0)
        for a in range(0, len(coded), 4):
            _add_four(
                contents[:n] if a < wide else factors[:n],
                own[a : a + 4],
                coded[a, start:end],
                coded[a + 1, start:end],
                coded[a + 2, start:end],
                coded[a + 3, start:end],
            )
        _finish(
            contents,
            factors,
            plain[POPULARITY, start:end],
            plain[BIAS, start:end],
            plain[SHARED_S, start:end],
            plain[SHARED_H, start:end],
            weights,
            aboves[:n],
            out[start:end],
        )
        largest[0] = max(largest[0], _largest_size(aboves[:n].view(np.int32)))
    return largest.view(np.float32)[0]


@compiled
def _add_four(sums, weights, first, second, third, fourth):  # type: ignore[no-untyped-def]
    """sums += a weighted sum of four columns: sums are read and written once for all four."""
    u, v, w, x = weights[0], weights[1], weights[2], weights[3]
    for i in range(len(sums)):
        low = u * np.float32(first[i]) + v * np.float32(second[i])
        sums[i] += low + (w * np.float32(third[i]) + x * np.float32(fourth[i]))


@compiled
def _finish(contents, factors, popularities, biases, in_s, in_h, w, aboves, out):  # type: ignore[no-untyped-def]
    s_0, s_popularity, s_bias = w[S_0], w[S_POPULARITY], w[S_BIAS]
    h_0, h_content, h_factor, h_product = w[H_0], w[H_CONTENT], w[H_FACTOR], w[H_PRODUCT]
    h_1, h_2, h_3 = w[H_1], w[H_2], w[H_3]
    for i in range(len(out)):
        content, factor, popularity = contents[i], factors[i], popularities[i]
        above = (s_0 + in_s[i]) + (content + factor) + (s_popularity * popularity + s_bias * biases[i])
        aboves[i] = above
        rest = (h_0 + in_h[i]) + h_content * content + (h_factor + h_product * popularity) * factor
        out[i] = rest + above * (h_1 + above * (h_2 + h_3 * above))


@compiled
def _largest_size(bits):  # type: ignore[no-untyped-def]
    """The bits of the largest size: those of positive numbers have the order of the numbers (IEEE 754)."""
    most = np.int32(0)
    for i in range(len(bits)):
        most = max(most, bits[i] & np.int32(0x7FFFFFFF))
    return most


@compiled
def error_of(largest, steps, shared_error, wide, own, w, above):  # type: ignore[no-untyped-def]
    """How far off `screen` may be.

    An element of content and q is off by one step of its column at most. Every rounding errs by 2⁻²⁴ of what it rounds
    at most, and so does every weight: a sum of n products by (n + 2)·2⁻²⁴ times the sum of their sizes, to first order
    (Higham 2002, section 3.1), and a factor of two is more than what lies beyond it. The polynomial carries errors on
    by its slope, which is steepest where |s − 3.5| is largest: at most `above`, if that is known, for what was found.
    """
    plain = len(steps)
    popularity, bias = largest[plain + POPULARITY], largest[plain + BIAS]
    content, factor, off_content, off_factor = 0.0, 0.0, 0.0, 0.0
    for a in range(plain):
        size, off = abs(own[a]) * largest[a], abs(own[a]) * steps[a]
        if a < wide:
            content += size
            off_content += off
        else:
            factor += size
            off_factor += off
    size_s = abs(w[S_0]) + largest[plain + SHARED_S] + content + factor
    size_s += abs(w[S_POPULARITY]) * popularity + abs(w[S_BIAS]) * bias
    of_factor = abs(w[H_FACTOR]) + abs(w[H_PRODUCT]) * popularity
    rest = abs(w[H_0]) + largest[plain + SHARED_H] + abs(w[H_CONTENT]) * content + of_factor * factor
    unit = 2.0 * 2.0**-24 * (len(largest) + 12)
    off = shared_error + off_content + off_factor + unit * size_s
    reach = min(above, size_s) + off
    slope = abs(w[H_1]) + reach * (2.0 * abs(w[H_2]) + 3.0 * abs(w[H_3]) * reach)
    return slope * off + unit * (reach * slope + rest) + abs(w[H_CONTENT]) * off_content + of_factor * off_factor


@compiled
def candidates(lower, upper, slack, allowed, n):  # type: ignore[no-untyped-def]
    """Places of all that may be among the `n` best, when each number lies between `lower` and `upper`.

    These are the allowed ones whose upper limit, plus `slack`, reaches the n-th highest lower limit.

    Parameters
    ----------
    lower, upper : float arrays, shape (places,)
    slack : float
    allowed : bool array, shape (places,)
    n : int

    Returns
    -------
    int64 array
    """
    highest = np.full(n, -np.inf)
    for start in range(0, len(lower), BLOCK):
        end = min(start + BLOCK, len(lower))
        if _any_reaches(lower[start:end], highest[0]):
            for i in range(start, end):
                if lower[i] > highest[0] and allowed[i]:
                    _take(highest, np.float64(lower[i]))
    found, count, limit = np.empty(len(upper) + 1, np.int64), 0, highest[0] - slack
    for start in range(0, len(upper), BLOCK):
        end = min(start + BLOCK, len(upper))
        if _any_reaches(upper[start:end], limit):
            for i in range(start, end):
                found[count] = i  # one more than counted
                count += upper[i] >= limit and allowed[i]
    return found[:count].copy()


@inlined
def _any_reaches(numbers, limit):  # type: ignore[no-untyped-def]
    """Whether one of some numbers is `limit` or more: all are compared, for that is faster than to stop."""
    count = 0
    for i in range(len(numbers)):
        count += numbers[i] >= limit
    return count > 0


@inlined
def _take(highest, value):  # type: ignore[no-untyped-def]
    """Put a value in the place of the least in a heap: each is at most as high as those at 2k + 1 and 2k + 2."""
    at = 0
    while 2 * at + 1 < len(highest):
        below = 2 * at + 1
        if below + 1 < len(highest) and highest[below + 1] < highest[below]:
            below += 1
        if highest[below] >= value:
            break
        highest[at] = highest[below]
        at = below
    highest[at] = value


@compiled
def likely(recent, rows, shares, allowed, n, features, plain, own, wide, w, off):  # type: ignore[no-untyped-def]
    """Places of all that may be among the `n` best by chance × probability of being liked, and the chances of all.

    Nothing is liked for more than certain, so what has less chance than the n-th best number so far is not looked at.
    The neighbours of the last items come first: theirs are the best chances.

    Parameters
    ----------
    recent, rows, shares
        As for `streamsvd.kernels.choices.chances`.
    allowed : bool array, shape (places,)
    n : int
    features : float32 array, shape (at least places · features,)
        Content and q of the items, one after the other.
    plain, own, wide, w
        As for `screen`, with `own` in units of the features.
    off : float
        How far off a rating found here may be.

    Returns
    -------
    int64 array
    float64 array, shape (places,)
    """
    chance = np.empty(len(shares))
    chances(recent, rows, shares, chance)
    met, near = 0, np.empty(len(recent) * SLOTS, np.int64)
    for q in range(len(recent)):
        if 0 <= recent[q] < len(rows):
            for i in rows[recent[q]].near:
                if 0 <= i < len(chance) and chance[i] > 0.0:
                    chance[i] = -chance[i]  # until the end: it has been met
                    near[met] = i
                    met += 1
    places, mosts, leasts = np.empty(len(chance) + 1, np.int64), np.empty(len(chance)), np.empty(len(chance))
    highest, count = np.full(n, -np.inf), 0
    for start in range(-BLOCK, len(chance), BLOCK):  # the neighbours, then one block after the other
        first = count
        if start < 0:
            for k in range(met):
                places[count] = near[k]
                count += allowed[near[k]]
        else:
            end, limit = min(start + BLOCK, len(chance)), max(0.0, highest[0])
            if _any_reaches(chance[start:end], limit):
                for i in range(start, end):
                    places[count] = i  # one more than counted
                    count += chance[i] >= limit and allowed[i]
        for k in range(first, count):  # no branches from here on, so that one place need not wait for another
            leasts[k] = _rating(places[k], features, plain, own, wide, w)
        for k in range(first, count):
            rating, most = leasts[k], abs(chance[places[k]])
            mosts[k] = most / (1.0 + _less_than_exp(STEEPNESS * (GOOD - off - rating)))
            leasts[k] = most / (1.0 + 1.0 / _less_than_exp(STEEPNESS * (rating - off - GOOD)))
        for k in range(first, count):
            if leasts[k] > highest[0]:
                _take(highest, leasts[k])
    for k in range(met):
        chance[near[k]] = -chance[near[k]]
    kept = 0
    for k in range(count):
        places[kept] = places[k]
        kept += mosts[k] >= highest[0]
    return places[:kept].copy(), chance


@inlined
def _less_than_exp(x):  # type: ignore[no-untyped-def]
    """(1 + x/64)⁶⁴ ≤ exp(x), a tenth of its price; 1 % less at x = 1.1, and 0 below −64."""
    power = max(0.0, 1.0 + x / 64.0)
    for _ in range(6):
        power *= power
    return power


@inlined
def _rating(i, features, plain, own, wide, w):  # type: ignore[no-untyped-def]
    """What `screen` computes, of one item."""
    content = inner(features, i * len(own), own, wide)
    factor = inner(features, i * len(own) + wide, own[wide:], len(own) - wide)
    popularity = plain[POPULARITY, i]
    above = w[S_0] + plain[SHARED_S, i] + content + factor + w[S_POPULARITY] * popularity + w[S_BIAS] * plain[BIAS, i]
    rest = w[H_0] + plain[SHARED_H, i] + w[H_CONTENT] * content + (w[H_FACTOR] + w[H_PRODUCT] * popularity) * factor
    return rest + above * (w[H_1] + above * (w[H_2] + w[H_3] * above))
