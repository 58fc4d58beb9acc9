"""Brand's rank-one update of a thin SVD (Brand 2006), in SVD coordinates.

The matrix of what the damped means leave of each rating, zero where there is none, is kept as U S Vᵀ. A rating adds
δ e_u e_iᵀ: with m = Uᵀe_u, n = Vᵀe_i and the parts p, q of e_u and e_i outside the two spaces, that is a matrix of
order k + 1 between [U p] and [V q], whose SVD rotates both; then the smallest singular value is discarded. Their sum
bounds, in Frobenius norm, how far U S Vᵀ is from the sum of all additions.

Only the rows of u and i would not need more than the rotation, so U is kept as Ũ T, and a rating changes one row of Ũ
and the k × k matrix T: the cost per rating does not depend on the number of users and items.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from streamsvd.compiler import compiled
from streamsvd.errors import SettingsError
from streamsvd.learner.baselines.damped_means import COUNT, WIDTH, first_whole, learn_means, mean_of
from streamsvd.learner.baselines.online import Floats, Ints, OnlineBaseline
from streamsvd.learner.baselines.rows import at_page, empty, has_room, keep, keep_all, turn_page
from streamsvd.learner.svd_form import SVDForm

RANK, BOUND, EVENTS, VALUES = 2, 3, 4, 5  # of the global numbers, after those of the means
USER_SIDE, ITEM_SIDE = 0, 1
SMALL = 1e-7  # a part outside the space that counts as none
LEAST_PIVOT = 1e-3  # where T would be divided by less, the rows are rotated instead


class BrandSettings(NamedTuple):
    """The settings, as the kernels take them."""

    rank: int
    every: int
    user_damping: float
    item_damping: float
    low: float
    high: float


class BrandSVD(OnlineBaseline):
    """Damped means, and the thin SVD of what they leave, updated in SVD coordinates.

    Parameters
    ----------
    rank : int
        Factors of each user and item.
    every : int
        Ratings after which U and V are made orthonormal again.
    user_damping, item_damping : float
        As for `DampedMeans`.
    scale : (float, float)
    seed : int
        Without effect: there is nothing random here.

    Examples
    --------
    >>> model = BrandSVD(rank=2)
    >>> _ = model.learn(["ann", "ann", "bob"], ["Heat", "Babe", "Heat"], [5, 2, 4])
    >>> model.svd().singular_values.shape, model.discarded >= 0
    ((2,), True)
    """

    def __init__(
        self,
        rank: int = 8,
        *,
        every: int = 1000,
        user_damping: float = 5.0,
        item_damping: float = 3.0,
        scale: tuple[float, float] = (1.0, 5.0),
        seed: int = 0,
    ) -> None:
        if rank < 1 or every < 1:
            raise SettingsError(f"rank and every must be 1 or more, not {rank} and {every}")
        settings: dict[str, Any] = {
            "rank": rank,
            "every": every,
            "user_damping": user_damping,
            "item_damping": item_damping,
        }
        whole = first_whole(3 + rank + 4 * rank * rank)
        super().__init__(settings, empty(WIDTH + rank, WIDTH + rank, whole), scale, seed)
        self._fixed = BrandSettings(rank, every, user_damping, item_damping, *self.scale.internal_limits)

    @property
    def discarded(self) -> float:
        """Sum of the discarded singular values, in internal stars.

        The Frobenius distance between U S Vᵀ and the sum of all that was added to it is at most this.
        """
        return float(self._memory.whole[BOUND])

    def svd(self) -> SVDForm:
        """The factors as they are: U Σ Vᵀ of what the damped means leave."""
        m, k = self._memory, self._fixed.rank
        used = int(m.whole[RANK])
        whole = m.whole
        sides = [
            (rows[:n, WIDTH : WIDTH + used] @ whole[at : at + k * k].reshape(k, k)[:used, :used])
            for rows, n, at in (
                (m.users, self.n_users, VALUES + k),
                (m.items, self.n_items, VALUES + k + 2 * k * k),
            )
        ]
        users, items = self._users.taken()[1], self._items.taken()[1]
        return SVDForm(sides[0], whole[VALUES : VALUES + used].copy(), sides[1], users, items)

    def _learn(self, users: Ints, items: Ints, stars: Floats, timestamps: Ints, predicted: Floats, start: int) -> int:
        return int(_learn(self._memory, self._fixed, users, items, stars, timestamps, predicted, start))

    def _predict(self, users: Floats, items: Floats, predicted: Floats) -> None:
        _predict(self._memory.whole, self._fixed, users, items, predicted)


@compiled
def _turn(whole, k, side):  # type: ignore[no-untyped-def]
    """T and its inverse, for one side: views."""
    at = VALUES + k + side * 2 * k * k
    return whole[at : at + k * k].reshape(k, k), whole[at + k * k : at + 2 * k * k].reshape(k, k)


@compiled
def _coordinates(row, turn, used, out):  # type: ignore[no-untyped-def]
    """A row of U from one of Ũ."""
    for b in range(used):
        out[b] = 0.0
        for a in range(used):
            out[b] += row[WIDTH + a] * turn[a, b]


@compiled
def _entry(whole, k, user, item, m, n):  # type: ignore[no-untyped-def]
    """The entry of U S Vᵀ; leaves the rows of U and V in m and n."""
    used = np.int64(whole[RANK])
    _coordinates(user, _turn(whole, k, USER_SIDE)[0], used, m)
    _coordinates(item, _turn(whole, k, ITEM_SIDE)[0], used, n)
    total = 0.0
    for a in range(used):
        total += m[a] * whole[VALUES + a] * n[a]
    return total


@compiled
def _score(whole, f, user, item, m, n):  # type: ignore[no-untyped-def]
    """The damped means' part, and that of the factors."""
    return mean_of(whole, user, item, f.user_damping, f.item_damping), _entry(whole, f.rank, user, item, m, n)


@compiled
def _outside(m, used):  # type: ignore[no-untyped-def]
    """Length of the part of a unit vector outside the space in which it has the coordinates m."""
    rest = 1.0
    for a in range(used):
        rest -= m[a] * m[a]
    return np.sqrt(rest) if rest > SMALL * SMALL else 0.0


@compiled
def _grow(rows, row, turn, back, m, outside, w, used):  # type: ignore[no-untyped-def]
    """[U p] W for an SVD that gains a direction: Ũ gets the column e_u."""
    rows[row, WIDTH + used] = 1.0
    new, inverse = np.zeros((used + 1, used + 1)), np.zeros((used + 1, used + 1))
    for b in range(used + 1):
        last = w[used, b] / outside
        new[used, b] = last
        inverse[b, used] = w[used, b] * outside
        for a in range(used):
            inverse[b, used] += w[a, b] * m[a]
            for c in range(used):
                new[a, b] += turn[a, c] * (w[c, b] - m[c] * last)
                inverse[b, a] += w[c, b] * back[c, a]
    turn[: used + 1, : used + 1] = new
    back[: used + 1, : used + 1] = inverse


@compiled
def _pivot(m, outside, w, used):  # type: ignore[no-untyped-def]
    """The share of e_u in the direction that is discarded."""
    pivot = w[used, used] * outside
    for a in range(used):
        pivot += w[a, used] * m[a]
    return pivot


@compiled
def _rotate(rows, row, turn, back, m, outside, w, used):  # type: ignore[no-untyped-def]
    """[U p] W without its last column: T becomes T B, and only one row of Ũ changes.

    Where B is nearly singular, all rows of Ũ change instead. B = A − m wᵀ/‖p‖ for the blocks A, w, z of W; its inverse
    is Aᵀ − (Aᵀm + w‖p‖) zᵀ/ζ, where ζ is the pivot.
    """
    pivot = _pivot(m, outside, w, used)
    by = 1.0 / outside if outside > 0.0 else 0.0
    b = np.zeros((used, used))
    for c in range(used):
        for a in range(used):
            b[a, c] = w[a, c] - m[a] * w[used, c] * by
    new = np.zeros((used, used))
    for a in range(used):
        for c in range(used):
            for j in range(used):
                new[a, c] += turn[a, j] * b[j, c]
    if outside > 0.0 and abs(pivot) < LEAST_PIVOT:
        _apply(rows, new, used)
        for a in range(used):
            rows[row, WIDTH + a] += w[used, a] * by
        _reset(turn, back, used)
        return
    inverse, share = np.zeros((used, used)), np.zeros(used)
    if outside > 0.0:
        for c in range(used):
            share[c] = w[used, c] * outside
            for a in range(used):
                share[c] += w[a, c] * m[a]
            share[c] /= pivot
    for c in range(used):
        for a in range(used):
            for j in range(used):
                inverse[c, a] += (w[j, c] - share[c] * w[j, used]) * back[j, a]
    turn[:used, :used] = new
    back[:used, :used] = inverse
    for a in range(used):
        for c in range(used):
            rows[row, WIDTH + a] += w[used, c] * by * inverse[c, a]


@compiled
def _apply(rows, turn, used):  # type: ignore[no-untyped-def]
    """Multiply all rows of Ũ by a matrix from the right."""
    old = np.zeros(used)
    for row in range(len(rows)):
        for a in range(used):
            old[a] = rows[row, WIDTH + a]
        for b in range(used):
            total = 0.0
            for a in range(used):
                total += old[a] * turn[a, b]
            rows[row, WIDTH + b] = total


@compiled
def _reset(turn, back, used):  # type: ignore[no-untyped-def]
    """T is the identity again."""
    turn[:] = 0.0
    back[:] = 0.0
    for a in range(used):
        turn[a, a] = back[a, a] = 1.0


@compiled
def _upper(rows, turn, back, used):  # type: ignore[no-untyped-def]
    """Multiply T out and split U = Q R, by Cholesky of UᵀU; Q stays in the rows, R is returned.

    U is orthonormal but for rounding, so that this is as good as Householder's way, and sums run in order of rows.
    """
    _apply(rows, turn, used)
    _reset(turn, back, used)
    gram = np.zeros((used, used))
    for row in range(len(rows)):
        for a in range(used):
            value = rows[row, WIDTH + a]
            if value != 0.0:
                for b in range(used):
                    gram[a, b] += value * rows[row, WIDTH + b]
    lower = np.linalg.cholesky(gram)
    upper = np.zeros((used, used))
    for a in range(used):
        for b in range(a, used):
            upper[a, b] = lower[b, a]
    _apply(rows, np.linalg.inv(upper), used)
    return upper


@compiled
def _orthonormalise(m, f):  # type: ignore[no-untyped-def]
    """Q_u (R_u S R_vᵀ) Q_vᵀ, and the SVD of what is between: the same matrix between orthonormal factors."""
    used = np.int64(m.whole[RANK])
    if used == 0:
        return
    keep_all(m, COUNT)
    user_turn, user_back = _turn(m.whole, f.rank, USER_SIDE)
    item_turn, item_back = _turn(m.whole, f.rank, ITEM_SIDE)
    left = _upper(m.users, user_turn, user_back, used)
    right = _upper(m.items, item_turn, item_back, used)
    core = np.zeros((used, used))
    for a in range(used):
        for b in range(used):
            for c in range(used):
                core[a, b] += left[a, c] * m.whole[VALUES + c] * right[b, c]
    u, s, vt = np.linalg.svd(core)
    _apply(m.users, u, used)
    _apply(m.items, vt.T, used)
    m.whole[VALUES : VALUES + used] = s


@compiled
def _add(m, f, u, i, delta, left, right):  # type: ignore[no-untyped-def]
    """U S Vᵀ += δ e_u e_iᵀ, truncated; `left` and `right` are the rows of U and V."""
    used = np.int64(m.whole[RANK])
    p, q = _outside(left, used), _outside(right, used)
    core = np.zeros((used + 1 if p > 0.0 else used, used + 1 if q > 0.0 else used))
    for a in range(core.shape[0]):
        for b in range(core.shape[1]):
            core[a, b] = delta * (left[a] if a < used else p) * (right[b] if b < used else q)
        if a < used:
            core[a, a] += m.whole[VALUES + a]
    w, z, s = np.eye(used + 1), np.eye(used + 1), np.zeros(used + 1)  # type: ignore[call-overload]
    if core.size > 0:
        from_left, values, from_right = np.linalg.svd(core)
        w[: core.shape[0], : core.shape[0]] = from_left
        z[: core.shape[1], : core.shape[1]] = from_right.T
        s[: len(values)] = values
    user_turn, user_back = _turn(m.whole, f.rank, USER_SIDE)
    item_turn, item_back = _turn(m.whole, f.rank, ITEM_SIDE)
    if used < f.rank and p > 0.0 and q > 0.0:
        _grow(m.users, u, user_turn, user_back, left, p, w, used)
        _grow(m.items, i, item_turn, item_back, right, q, z, used)
        used += 1
        m.whole[RANK] = used
    else:
        if q > 0.0 and abs(_pivot(right, q, z, used)) < LEAST_PIVOT:
            keep_all(m, COUNT)
        _rotate(m.users, u, user_turn, user_back, left, p, w, used)
        _rotate(m.items, i, item_turn, item_back, right, q, z, used)
        m.whole[BOUND] += s[used]
    m.whole[VALUES : VALUES + used] = s[:used]


@compiled
def _learn(m, f, users, items, stars, timestamps, predicted, start):  # type: ignore[no-untyped-def]
    left, right = np.zeros(f.rank), np.zeros(f.rank)
    for e in range(start, len(users)):
        u, i = users[e], items[e]
        if not has_room(m, timestamps[e]):
            return e
        page = turn_page(m, u)
        mean, entry = _score(m.page_whole[page], f, m.page_user[page], at_page(m, i, page), left, right)
        predicted[e, 1] = min(max(mean + entry, f.low), f.high)
        mean, entry = _score(m.whole, f, m.users[u], m.items[i], left, right)
        predicted[e, 0] = min(max(mean + entry, f.low), f.high)
        keep(m, i)
        _add(m, f, u, i, stars[e] - mean - entry, left, right)
        learn_means(m.whole, m.users[u], m.items[i], stars[e], f.user_damping, f.item_damping)
        m.whole[EVENTS] += 1.0
        if m.whole[EVENTS] % f.every == 0.0:
            _orthonormalise(m, f)
    return len(users)


@compiled
def _predict(whole, f, users, items, predicted):  # type: ignore[no-untyped-def]
    left, right = np.zeros(f.rank), np.zeros(f.rank)
    for e in range(len(predicted)):
        mean, entry = _score(whole, f, users[e], items[e], left, right)
        predicted[e] = min(max(mean + entry, f.low), f.high)
