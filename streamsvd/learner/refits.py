"""Refits: a row solved anew from its newest ratings with the other side's rows as they are now, and the learned prior.

A refit is one step of batch iterated SVD for one row: its ridge solution against the other side's factors (Mazumder,
Hastie & Tibshirani 2010, section 5; Hastie et al. 2015, algorithm 3.1). Repeated over all rows it reaches the fixpoint.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamsvd.learner.algebra import add_four_outers, add_outer, invert, packed_elements, times_vector
from streamsvd.learner.compiler import compiled
from streamsvd.learner.lists import FIRST, LENGTH, START
from streamsvd.learner.memory import (
    CHANGED,
    COUNT,
    IN_PRIOR,
    N_TOUCHED,
    PRIOR_MIN_RATINGS,
    PRIOR_USERS,
    TOUCHED,
)
from streamsvd.learner.scoring import fill_features
from streamsvd.learner.vectors import LANES, add_scaled

NEVER = np.iinfo(np.int64).max

Floats = NDArray[np.float64]


class Scratch(NamedTuple):
    """Working space of a refit, made once per call of a kernel; `features` and `psi` hold four vectors."""

    gram: Floats
    moment: Floats
    features: Floats
    pivots: Floats
    gram_item: Floats
    moment_item: Floats
    psi: Floats
    pivots_item: Floats


@compiled
def scratch(d, d_item):  # type: ignore[no-untyped-def]
    """Working space for rows of d and d_item elements, both padded."""
    psi = np.zeros(LANES * d_item)
    psi[::d_item] = 1.0
    return Scratch(
        np.empty(packed_elements(d)),
        np.zeros(d),
        np.zeros(LANES * d),
        np.zeros(d),
        np.empty(packed_elements(d_item)),
        np.zeros(d_item),
        psi,
        np.zeros(d_item),
    )


@compiled
def next_refit(count, gamma):  # type: ignore[no-untyped-def]
    """Count at which a row that has just been refitted is due again."""
    if gamma == np.inf:
        return NEVER
    return count + max(1, int(gamma * count))


@compiled
def add_when_four(gram, vectors, d, held):  # type: ignore[no-untyped-def]
    """One more of the four vectors is filled: add them all when it is the last one; returns how many are held."""
    if held < LANES - 1:
        return held + 1
    add_four_outers(gram, vectors, d)
    return 0


@compiled
def add_held(gram, vectors, d, held):  # type: ignore[no-untyped-def]
    """Add the vectors that are left at the end."""
    for k in range(held):
        add_outer(gram, vectors[k * d : k * d + d], 1.0)


@compiled
def refit_user(m, p, u, s):  # type: ignore[no-untyped-def]
    """Solve the user's row from its newest ratings, with popularity and bias as each rating found them."""
    s.gram[:] = m.prior
    s.moment[:] = 0.0
    place = m.user_window.places[u]
    begin = place[START] + place[FIRST]
    d, held = len(s.moment), 0
    for k in range(begin, begin + place[LENGTH]):
        entry = m.user_window.entries[k]
        j = entry.item
        features = s.features[held * d : held * d + d]
        fill_features(m.y[j], p.rank, m.content[j], entry.popularity, entry.bias, features)
        add_scaled(s.moment, 0, entry.target - m.y[j, 0], features, d)
        held = add_when_four(s.gram, s.features, d, held)
    add_held(s.gram, s.features, d, held)
    if invert(s.gram, 3 + m.content.shape[1] + p.rank, s.pivots):
        times_vector(s.gram, s.moment, m.x[u])
        m.user_cov[u] = s.gram


@compiled
def refit_item(m, p, i, popularity, bias, s):  # type: ignore[no-untyped-def]
    """Solve the item's row from its newest ratings, with popularity and bias as of the rating at hand."""
    s.gram_item[:] = p.ridge_item
    s.moment_item[:] = 0.0
    n_content = m.content.shape[1]
    place = m.item_window.places[i]
    begin = place[START] + place[FIRST]
    d, held = len(s.moment_item), 0
    for k in range(begin, begin + place[LENGTH]):
        entry = m.item_window.entries[k]
        v = entry.user
        x = m.x[v]
        rest = entry.target - x[0] - x[1 + n_content] * popularity - x[2 + n_content] * bias
        for a in range(n_content):
            rest -= x[1 + a] * m.content[i, a]
        psi = s.psi[held * d : held * d + d]
        for a in range(1, 1 + p.rank):
            psi[a] = x[2 + n_content + a]
        add_scaled(s.moment_item, 0, rest, psi, d)
        held = add_when_four(s.gram_item, s.psi, d, held)
    add_held(s.gram_item, s.psi, d, held)
    if invert(s.gram_item, 1 + p.rank, s.pivots_item):
        times_vector(s.gram_item, s.moment_item, m.y[i])
        m.item_cov[i] = s.gram_item


@compiled
def add_moments(m, p, u, sign):  # type: ignore[no-untyped-def]
    """Add to (or take from) the prior's sum the user's second moments x xᵀ + σ²P."""
    add_outer(m.moments, m.x[u], sign)
    weight = sign * p.noise
    for a in range(len(m.moments)):
        m.moments[a] += weight * m.user_cov[u, a]


@compiled
def touch(m, p, u):  # type: ignore[no-untyped-def]
    """Before a user's row changes: take its term out of the prior's sum, until the next renewal."""
    if m.user_ints[u, TOUCHED] == 0 and p.prior_from < NEVER:
        m.touched[m.counters[N_TOUCHED]] = u
        m.counters[N_TOUCHED] += 1
        m.user_ints[u, TOUCHED] = 1
        if m.user_ints[u, IN_PRIOR] == 1:
            add_moments(m, p, u, -1.0)


@compiled
def renew_prior(m, p, s):  # type: ignore[no-untyped-def]
    """Put the touched users' new terms in, and make the prior from the sum: Σ/σ² and its inverse."""
    for k in range(m.counters[N_TOUCHED]):
        u = m.touched[k]
        m.user_ints[u, TOUCHED] = 0
        m.user_ints[u, CHANGED] = 1
        enough = 1 if m.user_ints[u, COUNT] >= PRIOR_MIN_RATINGS else 0
        m.scalars[PRIOR_USERS] += enough - m.user_ints[u, IN_PRIOR]
        m.user_ints[u, IN_PRIOR] = enough
        if enough == 1:
            add_moments(m, p, u, 1.0)
    m.counters[N_TOUCHED] = 0
    scale = 1.0 / (m.scalars[PRIOR_USERS] * p.noise)
    for a in range(len(m.moments)):
        m.prior_cov[a] = m.moments[a] * scale
    s.gram[:] = m.prior_cov
    if invert(s.gram, 3 + m.content.shape[1] + p.rank, s.pivots):
        m.prior[:] = s.gram
