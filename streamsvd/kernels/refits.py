"""Refits: a row solved again from its newest ratings with the other side's rows as they are now, and the learned prior.

A refit is one step of batch iterated SVD for one row: its ridge solution against the other side's factors (Mazumder,
Hastie & Tibshirani 2010, section 5; Hastie et al. 2015, algorithm 3.1). Repeated over all rows it reaches the fixpoint.
"""

from __future__ import annotations

import numpy as np

from streamsvd.compiler import compiled, inlined
from streamsvd.kernels.algebra import add_four_outers, add_outer, copy, dot, invert, learn_one, times_vector, zero
from streamsvd.kernels.handles import memory_at, parameters_at, workspace_at
from streamsvd.kernels.lists import FIRST, LENGTH, START
from streamsvd.kernels.memory import (
    CHANGED,
    COUNT,
    ENTRY_UNIT,
    IN_PRIOR,
    N_TOUCHED,
    PRIOR_MIN_RATINGS,
    PRIOR_USERS,
    TOUCHED,
)
from streamsvd.kernels.scoring import fill_features
from streamsvd.kernels.vectors import LANES, add_scaled, copy_part, set_scaled

NEVER = np.iinfo(np.int64).max
FEWEST = 3  # ratings between two refits of a row


@inlined
def next_refit(count, gamma):  # type: ignore[no-untyped-def]
    """Count at which a row that has just been refitted is due again."""
    if gamma == np.inf:
        return NEVER
    return count + max(FEWEST, int(gamma * count))


@inlined
def add_when_four(gram, vectors, d, held):  # type: ignore[no-untyped-def]
    """One more of the four vectors is filled: add them all when it is the last one; returns how many are held."""
    if held < LANES - 1:
        return held + 1
    add_four_outers(gram, vectors, vectors, d, 1.0)
    return 0


@inlined
def solve(gram, moment, vectors, held, order, columns, row, covariance):  # type: ignore[no-untyped-def]
    """Add the vectors that are left at the end, and put the solution into a row and its P; `gram` is spoiled."""
    d = len(moment)
    for k in range(held):
        add_outer(gram, vectors[k * d : k * d + d], 1.0)
    if invert(gram, order, columns):
        times_vector(gram, moment, row)
        copy(gram, covariance)


@compiled
def refit_user(handle, u):  # type: ignore[no-untyped-def]
    """Solve the user's row from its newest ratings, with popularity and bias as each rating found them.

    While there are fewer ratings than unknowns, learning them one after another from the prior is the same solution
    (Sherman & Morrison 1950) for less than an inverse costs.
    """
    m, p, s = memory_at(handle), parameters_at(handle), workspace_at(handle)
    place = m.user_window.places[u]
    begin, n = place[START] + place[FIRST], place[LENGTH]
    d, order = len(s.moment), 3 + m.content.shape[1] + p.rank
    one_by_one, held = n < order, 0
    copy(m.prior_cov if one_by_one else m.prior, s.gram)
    zero(s.moment)
    for k in range(begin, begin + n):
        entry = m.user_window.entries[k]
        j = entry.item
        features = s.features[held * d : held * d + d]
        fill_features(m.y[j], p.rank, m.content[j], entry.popularity * ENTRY_UNIT, entry.bias * ENTRY_UNIT, features)
        target = entry.target - m.y[j, 0]
        if one_by_one:
            times_vector(s.gram, features, s.gain)
            spread = 1.0 + dot(s.gain, features)
            learn_one(s.moment, s.gram, s.gain, spread, target - dot(s.moment, features))
        else:
            add_scaled(s.moment, 0, target, features, d)
            held = add_when_four(s.gram, s.features, d, held)
    if one_by_one:
        copy(s.moment, m.x[u])
        copy(s.gram, m.user_cov[u])
        return
    solve(s.gram, s.moment, s.features, held, order, s.columns, m.x[u], m.user_cov[u])


@compiled
def refit_item(handle, i, popularity, bias, known):  # type: ignore[no-untyped-def]
    """Solve the item's row from its newest ratings, with popularity and bias as of the current rating.

    A refit without growth (`known` is False) does not use its last b_i as a feature: with users of slopes near −1, b_i
    would grow with every refit. There the feature is the unknown b_i, whose coefficient is 1 + w for a user of slope w.
    """
    m, p, s = memory_at(handle), parameters_at(handle), workspace_at(handle)
    place = m.item_window.places[i]
    begin, n = place[START] + place[FIRST], place[LENGTH]
    d, n_content = len(s.moment_item), m.content.shape[1]
    one_by_one, held = n < 1 + p.rank, 0
    column, unknown = (bias, 0.0) if known else (0.0, 1.0)
    copy(p.first_item_cov if one_by_one else p.ridge_item, s.gram_item)
    zero(s.moment_item)
    own = s.phi  # what a user's row is seen against, without the factors
    fill_features(m.y[i], 0, m.content[i], popularity, column, own)
    zero(own[3 + n_content :])
    for k in range(begin, begin + n):
        entry = m.item_window.entries[k]
        x = m.x[entry.user]
        psi = s.features_item[held * d : held * d + d]
        psi[0] = 1.0 + unknown * x[2 + n_content]
        copy_part(x, 3 + n_content, psi, 1, p.rank)
        rest = entry.target - dot(x, own)
        if one_by_one:
            times_vector(s.gram_item, psi, s.gain_item)
            spread = 1.0 + dot(s.gain_item, psi)
            learn_one(s.moment_item, s.gram_item, s.gain_item, spread, rest - dot(s.moment_item, psi))
        else:
            add_scaled(s.moment_item, 0, rest, psi, d)
            held = add_when_four(s.gram_item, s.features_item, d, held)
    if one_by_one:
        copy(s.moment_item, m.y[i])
        copy(s.gram_item, m.item_cov[i])
        return
    solve(s.gram_item, s.moment_item, s.features_item, held, 1 + p.rank, s.columns_item, m.y[i], m.item_cov[i])


@compiled
def add_moments(handle, u, sign):  # type: ignore[no-untyped-def]
    """Add to (or take from) the prior's sum the user's second moments x xᵀ + σ²P."""
    m, p = memory_at(handle), parameters_at(handle)
    add_outer(m.moments, m.x[u], sign)
    add_scaled(m.moments, 0, sign * p.noise, m.user_cov[u], len(m.moments))


@compiled
def touch(handle, u):  # type: ignore[no-untyped-def]
    """Before a user's row changes: take its term out of the prior's sum, until the next renewal."""
    m, p = memory_at(handle), parameters_at(handle)
    if m.user_ints[u, TOUCHED] == 0 and p.prior_from < NEVER:
        m.touched[m.counters[N_TOUCHED]] = u
        m.counters[N_TOUCHED] += 1
        m.user_ints[u, TOUCHED] = 1
        if m.user_ints[u, IN_PRIOR] == 1:
            add_moments(handle, u, -1.0)


@compiled
def renew_prior(handle):  # type: ignore[no-untyped-def]
    """Put the touched users' new terms in, and make the prior from the sum: Σ/σ² and its inverse."""
    m, p, s = memory_at(handle), parameters_at(handle), workspace_at(handle)
    for k in range(m.counters[N_TOUCHED]):
        u = m.touched[k]
        m.user_ints[u, TOUCHED] = 0
        m.user_ints[u, CHANGED] = 1
        enough = 1 if m.user_ints[u, COUNT] >= PRIOR_MIN_RATINGS else 0
        m.scalars[PRIOR_USERS] += enough - m.user_ints[u, IN_PRIOR]
        m.user_ints[u, IN_PRIOR] = enough
        if enough == 1:
            add_moments(handle, u, 1.0)
    m.counters[N_TOUCHED] = 0
    scale = 1.0 / (m.scalars[PRIOR_USERS] * p.noise)
    set_scaled(s.gram, scale, m.moments)
    if invert(s.gram, 3 + m.content.shape[1] + p.rank, s.columns):
        copy(s.gram, m.prior)
        set_scaled(m.prior_cov, scale, m.moments)
