"""Batch iterated SVD on a learner's own state: with the stream paused, sweep refits over all rows to the fixpoint.

With the prior, the targets and each rating's own popularity and bias held still, a sweep solves every user's row, then
every item's. Each solve minimises one and the same objective over one row,

    Σ (t − b_i − x_u·φ)² + Σ_u x_uᵀ Λ x_u + Σ_i ridge·y_i²,    φ = [1, content_i, popularity, bias, q_i],

so it never rises, and where it stops both sides' normal equations hold (alternating ridge: Hastie et al. 2015). How far
the stream's state is from there is what learning in one pass has cost in training error.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streamsvd.compiler import compiled
from streamsvd.errors import SettingsError
from streamsvd.kernels import Id, Settings, as_ids, lists
from streamsvd.kernels.algebra import copy, dot, times_vector, zero
from streamsvd.kernels.handles import memory_at, parameters_at, workspace_at
from streamsvd.kernels.lists import FIRST, LENGTH, START
from streamsvd.kernels.memory import CHANGED, COUNT, ENTRY_UNIT, N_TOUCHED, NEXT_REFIT
from streamsvd.kernels.refits import add_when_four, next_refit, refit_user, solve, touch
from streamsvd.kernels.scoring import fill_features, fill_global_features, in_units, popularity_of
from streamsvd.kernels.vectors import add_scaled, copy_part
from streamsvd.learner.iterated_svd import IteratedSVD
from streamsvd.learner.protocol import ContentSource, Ids

__all__ = ["BATCH_SETTINGS", "SweepResult", "converge", "fit", "objective", "sweep"]

BATCH_SETTINGS = Settings(ridge=15.0)
"""Defaults of a batch fit: a set of ratings without an order needs a stronger ridge than a stream."""


class SweepResult(NamedTuple):
    """What sweeping did.

    Attributes
    ----------
    before, after : float
        Objective, in squared internal stars, before the first sweep and after the last.
    sweeps : int
        How many there were.
    imbalance : float
        How far the users' normal equations are from holding, relative to their right sides; the items' hold.
    """

    before: float
    after: float
    sweeps: int
    imbalance: float

    @property
    def gap(self) -> float:
        """Share of the objective that sweeping took away."""
        return (self.before - self.after) / self.before if self.before > 0 else 0.0


class _Ratings(NamedTuple):
    """Every rating that the model holds, by user, and in which order to read them by item."""

    entries: NDArray[np.void]
    user_of: NDArray[np.int64]
    by_user: NDArray[np.int64]  # offsets: user u has entries by_user[u] to by_user[u + 1]
    order: NDArray[np.int64]
    by_item: NDArray[np.int64]  # offsets: item i has entries order[by_item[i]:by_item[i + 1]]


def fit(
    users: Ids,
    items: Ids,
    ratings: ArrayLike,
    *,
    settings: Settings | None = None,
    scale: tuple[float, float] = (1.0, 5.0),
    content: ContentSource | None = None,
    seed: int = 0,
    sweeps: int = 5,
) -> IteratedSVD:
    """A model of a set of ratings that has no order: the offline counterpart of the stream.

    The ratings are learned once in random order, for a start and for the prior; then sweeps bring rows and global
    weights towards the fixpoint, with every item's popularity and bias as they are at the end. There is no drift to
    follow, so the calibration is left out.

    Parameters
    ----------
    users, items, ratings
        As for `IteratedSVD.learn`; of an item rated twice by one user, the last rating counts.
    settings : Settings, optional
        By default `BATCH_SETTINGS`; the window is always None.
    scale, content, seed
        As for `IteratedSVD`; the seed decides the order, too.
    sweeps : int
        Refits of every row, of users and of items, after the start.

    Returns
    -------
    IteratedSVD
        Ready to predict, and to go on from here with a stream.

    Examples
    --------
    >>> model = fit(["ann", "ann", "bob"], ["Heat", "Babe", "Heat"], [5, 2, 4])
    >>> model.predict_one("bob", "Babe") < model.predict_one("bob", "Heat")
    True
    """
    chosen = (settings or BATCH_SETTINGS).replace(window=None)
    model = IteratedSVD(chosen, scale=scale, content=content, seed=seed)
    values = np.asarray(ratings, np.float64)
    plain_users, plain_items = as_ids(users), as_ids(items)
    newest = {pair: k for k, pair in enumerate(zip(plain_users, plain_items, strict=True))}
    order = np.random.default_rng(seed).permutation(list(newest.values()))
    shuffled_users = [plain_users[k] for k in order]
    shuffled_items = [plain_items[k] for k in order]
    model.learn(shuffled_users, shuffled_items, values[order])
    given = _given(model, shuffled_users, shuffled_items, model.scale.to_internal(values[order]))
    for _ in range(sweeps):
        _hold_still(model, given)
        sweep(model)
    m = model._memory
    m.c[:], m.c_cov[:] = 0.0, model._parameters.calibration_start
    return model


def _given(model: IteratedSVD, users: list[Id], items: list[Id], stars: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rating of each window entry, user by user."""
    user_rows, item_rows = model._users.find(users).tolist(), model._items.find(items).tolist()
    pairs = dict(zip(zip(user_rows, item_rows, strict=True), stars.tolist(), strict=True))
    entries, offsets = lists.gather(model._memory.user_window, np.arange(len(model._users.ids)))
    owners = np.repeat(np.arange(len(model._users.ids)), np.diff(offsets))
    return np.array([pairs[pair] for pair in zip(owners.tolist(), entries["item"].tolist(), strict=True)])


def _hold_still(model: IteratedSVD, given: NDArray[np.float64]) -> None:
    """Solve the global weights against the rows as they are, and note targets, popularity and bias of every rating."""
    m, d_global = model._memory, 3 + model.n_content
    gram, moment = np.eye(d_global), np.zeros(d_global)
    moment[0] = 3.5  # the prior of the weights, as in the stream: one observation at 3.5, 0, 0, …
    wide = np.zeros((len(m.g), len(m.g)))
    right = np.zeros(len(m.g))
    _global_moments(model._handle.address, given, wide, right)
    gram += wide[:d_global, :d_global]
    m.g[:d_global] = np.linalg.solve(gram, moment + right[:d_global])
    _note(model._handle.address, given)


@compiled
def _global_moments(handle, given, gram, moment):  # type: ignore[no-untyped-def]
    m, p = memory_at(handle), parameters_at(handle)
    z, phi = np.zeros(len(m.g)), np.zeros(m.x.shape[1])
    at = 0
    for u in range(len(m.user_window.places)):
        place = m.user_window.places[u]
        begin = place[START] + place[FIRST]
        for k in range(begin, begin + place[LENGTH]):
            i = m.user_window.entries[k].item
            count = m.item_ints[i, COUNT]
            fill_features(m.y[i], p.rank, m.content[i], popularity_of(count), m.y[i, 0], phi)
            fill_global_features(m.content[i], count, m.user_ints[u, COUNT], z)
            rest = given[at] - m.y[i, 0] - dot(m.x[u], phi)
            for a in range(len(z)):
                moment[a] += z[a] * rest
                for b in range(len(z)):
                    gram[a, b] += z[a] * z[b]
            at += 1


@compiled
def _note(handle, given):  # type: ignore[no-untyped-def]
    m = memory_at(handle)
    z = np.zeros(len(m.g))
    at = 0
    for u in range(len(m.user_window.places)):
        place = m.user_window.places[u]
        begin = place[START] + place[FIRST]
        for k in range(begin, begin + place[LENGTH]):
            entry = m.user_window.entries[k]
            i = entry.item
            count = m.item_ints[i, COUNT]
            fill_global_features(m.content[i], count, m.user_ints[u, COUNT], z)
            entry.target = given[at] - dot(m.g, z)
            entry.popularity, entry.bias = in_units(popularity_of(count)), in_units(m.y[i, 0])
            at += 1


def objective(model: IteratedSVD) -> float:
    """The batch objective at the model's present rows, in squared internal stars.

    Raises
    ------
    SettingsError
        If the model remembers only a window of each row's ratings.
    """
    return float(_measure(model._handle.address, _ratings(model))[0])


def sweep(model: IteratedSVD, sweeps: int = 1) -> list[float]:
    """Refit every user's row, then every item's, from all ratings; the model continues from there.

    Parameters
    ----------
    model : IteratedSVD
        With `window=None`: a sweep needs all ratings. Changed in place.
    sweeps : int
        Refits of every row.

    Returns
    -------
    list of float
        The objective after each sweep; it never rises.

    Raises
    ------
    SettingsError
        If the model remembers only a window of each row's ratings.

    Examples
    --------
    >>> from streamsvd.learner import Settings
    >>> model = IteratedSVD(Settings(window=None))
    >>> _ = model.learn(["ann", "ann", "bob"], ["Heat", "Babe", "Heat"], [5, 2, 4])
    >>> before = objective(model)
    >>> first, second = sweep(model, 2)
    >>> before >= first >= second
    True
    """
    ratings = _ratings(model)
    _take_out_of_prior(model)
    values = []
    for _ in range(sweeps):
        _sweep(model._handle.address, ratings)
        values.append(float(_measure(model._handle.address, ratings)[0]))
    return values


def converge(model: IteratedSVD, tolerance: float = 1e-8, at_most: int = 1000) -> SweepResult:
    """Sweep until both sides' normal equations hold.

    Parameters
    ----------
    model : IteratedSVD
        With `window=None`. Changed in place.
    tolerance : float
        Imbalance at which to stop.
    at_most : int
        Most sweeps; where they end before the tolerance is met, `imbalance` says how far off.

    Raises
    ------
    SettingsError
        If the model remembers only a window of each row's ratings.
    """
    ratings = _ratings(model)
    before = after = float(_measure(model._handle.address, ratings)[0])
    _take_out_of_prior(model)
    imbalance, done = np.inf, 0
    while done < at_most and imbalance > tolerance:
        _sweep(model._handle.address, ratings)
        after, imbalance = _measure(model._handle.address, ratings)
        done += 1
    return SweepResult(before, float(after), done, float(imbalance))


def _ratings(model: IteratedSVD) -> _Ratings:
    if model.settings.window is not None:
        raise SettingsError(
            f"a sweep needs every rating, this model remembers the newest {model.settings.window} of each row; "
            "make it with window=None"
        )
    n_users = len(model._users.ids)
    entries, by_user = lists.gather(model._memory.user_window, np.arange(n_users))
    items = entries["item"].astype(np.int64)
    by_item = np.concatenate([[0], np.cumsum(np.bincount(items, minlength=model.n_items))]).astype(np.int64)
    user_of = np.repeat(np.arange(n_users), np.diff(by_user))
    return _Ratings(entries, user_of, by_user, np.argsort(items, kind="stable"), by_item)


def _take_out_of_prior(model: IteratedSVD) -> None:
    """All rows are about to change: the prior's sum gets the users' new terms at its next renewal."""
    m, n_users = model._memory, len(model._users.ids)
    if m.counters[N_TOUCHED] + n_users > len(m.touched):
        m = m._replace(touched=np.concatenate([m.touched, np.zeros(n_users, np.int64)]))
        model._memory = m
    _touch_all(model._handle.address, n_users)


@compiled
def _touch_all(handle, n_users):  # type: ignore[no-untyped-def]
    m = memory_at(handle)
    for u in range(n_users):
        if m.user_ints[u, COUNT] > 0:
            touch(handle, u)


@compiled
def _sweep(handle, r):  # type: ignore[no-untyped-def]
    """Every user's refit, then every item's with each rating's own popularity and bias."""
    m, p, s = memory_at(handle), parameters_at(handle), workspace_at(handle)
    for u in range(len(r.by_user) - 1):
        if r.by_user[u] < r.by_user[u + 1]:
            refit_user(handle, u)
            m.user_ints[u, NEXT_REFIT] = next_refit(m.user_ints[u, COUNT], p.gamma)
            m.user_ints[u, CHANGED] = 1
    first, d = 3 + m.content.shape[1], m.y.shape[1]  # where the factors begin in a user's row
    for i in range(len(r.by_item) - 1):
        if r.by_item[i] == r.by_item[i + 1]:
            continue
        copy(p.ridge_item, s.gram_item)
        zero(s.moment_item)
        held = 0
        for k in r.order[r.by_item[i] : r.by_item[i + 1]]:
            entry, x = r.entries[k], m.x[r.user_of[k]]
            fill_features(m.y[i], p.rank, m.content[i], entry.popularity * ENTRY_UNIT, entry.bias * ENTRY_UNIT, s.phi)
            rest = np.float64(entry.target)
            for a in range(first):
                rest -= x[a] * s.phi[a]
            psi = s.features_item[held * d : held * d + d]
            psi[0] = 1.0
            copy_part(x, first, psi, 1, p.rank)
            add_scaled(s.moment_item, 0, rest, psi, d)
            held = add_when_four(s.gram_item, s.features_item, d, held)
        solve(s.gram_item, s.moment_item, s.features_item, held, 1 + p.rank, s.columns_item, m.y[i], m.item_cov[i])
        m.item_ints[i, NEXT_REFIT] = next_refit(m.item_ints[i, COUNT], p.gamma)
        m.item_ints[i, CHANGED] = 1


@compiled
def _measure(handle, r):  # type: ignore[no-untyped-def]
    """The objective, and the largest |Gx − m| / |m| over the users' normal equations G x = m."""
    m, p = memory_at(handle), parameters_at(handle)
    d = m.x.shape[1]
    phi, moment, off = np.zeros(d), np.zeros(d), np.zeros(d)
    total, imbalance = 0.0, 0.0
    for u in range(len(r.by_user) - 1):
        times_vector(m.prior, m.x[u], off)
        zero(moment)
        total += dot(m.x[u], off)
        for k in range(r.by_user[u], r.by_user[u + 1]):
            entry = r.entries[k]
            y = m.y[entry.item]
            fill_features(y, p.rank, m.content[entry.item], entry.popularity * ENTRY_UNIT, entry.bias * ENTRY_UNIT, phi)
            rest = entry.target - y[0]
            error = rest - dot(m.x[u], phi)
            total += error * error
            add_scaled(moment, 0, rest, phi, d)
            add_scaled(off, 0, -error, phi, d)
        size = dot(moment, moment)
        if size > 0.0:
            imbalance = max(imbalance, np.sqrt(dot(off, off) / size))
    weighted = np.zeros(m.y.shape[1])
    for i in range(len(r.by_item) - 1):
        times_vector(p.ridge_item, m.y[i], weighted)
        total += dot(m.y[i], weighted)
    return total, imbalance
