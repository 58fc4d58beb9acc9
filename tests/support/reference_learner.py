"""The learner once more, as plain as can be: dense float64 NumPy, every quantity recomputed from its definition.

It has no packed matrices, no windows that slide, no sums kept current and no state to save; it serves to check the
product, which has all of these. Nothing is taken back. Pages are predicted whole before any of their ratings is
learned: all that the user rates before the time changes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels.seeding import normals
from streamsvd.learner import Settings

Floats = NDArray[np.float64]


class Row:
    """A user's or an item's: solution, cov, running means, and its ratings as (other, target, popularity, bias)."""

    def __init__(self, start: Floats, ridge: Floats, means: int, gamma: float) -> None:
        self.solution, self.cov = start, np.linalg.inv(ridge)
        self.means, self.ratings, self.due = np.zeros(means), list[Any](), 2.0 if gamma < np.inf else gamma
        self.mean, self.time, self.surprise, self.surprises = 0.0, 0.0, 0.0, 0.0

    @property
    def noise(self) -> float:
        return (20 + self.surprise) / (20 + self.surprises)

    def replace(self, other: Any, rating: tuple[Any, ...], window: int) -> float | None:
        """Append a rating; one of the same other side goes, and its target is returned if the window still holds it."""
        at = next((k for k, known in enumerate(self.ratings) if known[0] == other), None)
        remembered = at is not None and at >= len(self.ratings) - window
        old = None if at is None else self.ratings.pop(at)
        self.due -= old is not None
        self.ratings.append(rating)
        return old[1] if old is not None and remembered else None

    def rank_one(self, features: Floats, error: float) -> None:
        self.solution, self.cov = rls(self.solution, self.cov, features, error)

    def change(self, features: Floats, change: float) -> None:
        self.solution = rls(self.solution, self.cov, features, change)[0]

    def ridge(self, precision: Floats, features: Floats, targets: Floats) -> None:
        self.cov = np.linalg.inv(precision + features.T @ features)
        self.solution = np.linalg.solve(precision + features.T @ features, features.T @ targets)


def rls(row: Floats, cov: Floats, features: Floats, error: float) -> tuple[Floats, Floats]:
    """Least squares with one more observation."""
    precision = np.linalg.inv(np.linalg.inv(cov) + np.outer(features, features))
    return row + precision @ features * error, precision


class Reference:
    """Predicts and learns a stream; `s` are the product's settings."""

    def __init__(self, s: Settings, low: float, high: float, content: dict[Any, Floats] | None = None) -> None:
        self.s, self.low, self.high, self.content = s, low, high, content or {}
        self.width = len(next(iter(self.content.values()), []))
        d = 3 + self.width + s.rank
        self.fixed = np.diag([s.ridge_user_bias, *[s.ridge] * (d - 1)])
        self.prior, self.item_ridge = self.fixed, np.diag([s.ridge_item_bias, *[s.ridge] * s.rank])
        self.g, self.G = np.eye(3 + self.width)[0] * 3.5, np.eye(3 + self.width)
        self.c, self.C = np.zeros(24), np.eye(24) * 0.1
        self.c[[0, 3]] = 0.5
        self.mean, self.events, self.users, self.items = 0.0, 0, dict[Any, Row](), dict[Any, Row]()
        self.variance, self.bins = s.noise, dict.fromkeys(range(12), (s.noise, 0))

    def run(self, users: Any, items: Any, ratings: Any, times: Any) -> tuple[Floats, Floats]:
        """Predictions by event and by page."""
        event, page, places = np.zeros(len(users)), np.zeros(len(users)), dict[Any, int]()
        for e in range(len(users)):
            if e == 0 or times[e] != times[e - 1]:
                places = {}
            if users[e] not in places:
                places[users[e]], f = 0, e
                while f < len(users) and times[f] == times[e]:
                    if users[f] == users[e]:
                        page[f] = self.predict(users[f], items[f], times[f], 0)
                    f += 1
            place = places[users[e]]
            event[e] = self.predict(users[e], items[e], times[e], place)
            self.learn(users[e], items[e], float(ratings[e]), times[e], place)
            places[users[e]] += 1
        return event, page

    def rows(self, user: Any, item: Any) -> tuple[Row, Row]:
        start = np.concatenate([[0.0], self.s.factor_scale * normals(0, [item], self.s.rank)[0]])
        u = self.users.get(user) or Row(np.zeros(len(self.fixed)), self.prior, 3, self.s.gamma)
        return u, self.items.get(item) or Row(start, self.item_ridge, 1, self.s.gamma)

    def parts(self, user: Any, item: Any, time: float, place: int) -> tuple[Floats, Floats, Floats, float]:
        """φ, z, h and the score."""
        u, i = self.rows(user, item)
        n_u, n_i, about = len(u.ratings), len(i.ratings), self.content.get(item, np.zeros(self.width))
        phi = np.concatenate([[1.0], about, [(np.log(1 + n_i) - 2) / 2], i.solution])
        z = np.concatenate([[1.0], about, [np.log(1 + n_i) - 2, np.log(1 + n_u) - 3]])
        s = self.g @ z + i.solution[0] + u.solution @ phi
        above, k, w, b_u = s - 3.5, self.width, u.solution, u.solution[0]
        size_u, size_i = (np.log(1 + n_u) - 3) / 3, (np.log(1 + n_i) - 2) / 2
        gap = 0.1 * np.log(1 + max(time - u.time, 0)) if n_u else 0.0
        about_it, factors = w[1 : 1 + k] @ phi[1 : 1 + k], w[3 + k :] @ phi[3 + k :]
        h = [*u.means, *i.means, self.mean, above, 0.5 * above**2, 0.3 * above**3, i.solution[0], b_u, b_u * size_u]
        h += [u.mean, i.mean, factors * size_u, factors * size_i, about_it, about_it * size_u, u.noise - 1, i.noise - 1]
        last, fast = u.means[2], u.means[1]
        h += [0.3 * gap, last * gap, fast * size_u, 0.3 * last * np.log(1 + place), 0.3 / (1 + n_u)]
        return phi, z, np.array(h), s

    def predict(self, user: Any, item: Any, time: float, place: int) -> float:
        *_, h, s = self.parts(user, item, time, place)
        return float(np.clip(s + self.c @ h, self.low, self.high))

    def learn(self, user: Any, item: Any, rating: float, time: float, place: int) -> None:
        s, (u, i) = self.s, self.rows(user, item)
        phi, z, h, score = self.parts(user, item, time, place)
        self.learn_variance(u, i, phi, (rating - np.clip(score + self.c @ h, self.low, self.high)) ** 2)
        error, target = rating - score, rating - self.g @ z
        known, bias, taste = phi[: 3 + self.width], i.solution[0], np.append(1.0, u.solution[3 + self.width :])
        if self.events % 16 == 0:
            self.C = self.C + 16 * s.calibration_leak * (np.eye(24) * 0.1 - self.C)
        self.c, self.C = rls(self.c, self.C, h, error - self.c @ h)
        u.means = u.means + np.array([0.02, 0.1, 0.4]) * (error - u.means)
        i.means = i.means + 0.05 * (error - i.means)
        for row in (u, i):
            row.mean += (rating - 3.5 - row.mean) / (len(row.ratings) + 4)
        u.time = time
        self.mean += 0.02 * (error - self.mean)
        if self.events >= s.prior_from and self.events % s.prior_every == 0:
            known_users = [r for r in self.users.values() if len(r.ratings) >= 5]
            total = s.prior_weight * s.noise * np.linalg.inv(self.fixed)
            total = total + sum(np.outer(r.solution, r.solution) + s.noise * r.cov for r in known_users)
            self.prior = np.linalg.inv(total / (s.prior_weight + len(known_users)) / s.noise)
        if user not in self.users:
            u.cov = np.linalg.inv(self.prior)  # renewed just now, perhaps
        self.g, self.G = rls(self.g, self.G, z, target)
        self.users[user], self.items[item], self.events = u, i, self.events + 1
        window, repeated = s.window or 10**9, any(j == item for j, *_ in u.ratings)
        as_kept = np.append(known[:-2], np.rint(known[-2:] * 4096) / 4096)
        of_user = u.replace(item, (item, target, as_kept), window)
        of_item = i.replace(user, (user, target, known), window)

        if len(u.ratings) >= u.due:
            newest = u.ratings[-window:]
            others = [self.items[j].solution for j, _, _ in newest]
            features = np.array([np.append(own, y[1:]) for (_, _, own), y in zip(newest, others, strict=True)])
            u.ridge(self.prior, features, np.array([t - y[0] for (_, t, _), y in zip(newest, others, strict=True)]))
            u.due = len(u.ratings) + max(3, int(s.gamma * len(u.ratings)))
        elif of_user is not None:
            u.change(phi, target - of_user)
        else:
            u.rank_one(phi, error)
        newest = i.ratings[-window:] if len(i.ratings) >= i.due else i.ratings[-1:]
        x = np.array([self.users[v].solution for v, _, _ in newest])
        psi = np.column_stack([np.ones(len(x)), x[:, 3 + self.width :]])
        left = np.array([t for _, t, _ in newest]) - x[:, : 3 + self.width] @ known
        if len(i.ratings) >= i.due:
            if repeated:  # b_i as the unknown that it is, not as it was
                psi[:, 0] += x[:, 2 + self.width]
                left = left + x[:, 2 + self.width] * bias
            i.ridge(self.item_ridge, psi, left)
            i.due = len(i.ratings) + max(3, int(s.gamma * len(i.ratings)))
        elif of_item is not None:
            i.change(taste, target - of_item)
        else:
            i.rank_one(taste, left[0] - psi[0] @ np.append(bias, phi[3 + self.width :]))

    def learn_variance(self, u: Row, i: Row, phi: Floats, squared: float) -> None:
        """σ² by the number of the user's ratings, and the noise of both."""
        psi = np.append(1.0, u.solution[3 + self.width :])
        cov = u.cov if u.ratings else np.linalg.inv(self.prior)
        unknown = 1 + phi @ cov @ phi + psi @ i.cov @ psi
        b = min(int(np.log2(1 + len(u.ratings))), 11)
        mean, weight = self.bins[b]
        variance = (mean * weight + self.variance * 200) / (weight + 200) * unknown * u.noise * i.noise
        found = squared / (unknown * u.noise * i.noise)
        self.bins[b] = (mean + (found - mean) / min(weight + 1, 2000), min(weight + 1, 2000))
        self.variance += 0.0005 * (found - self.variance)
        for row in (u, i):
            row.surprise, row.surprises = row.surprise + min(squared / variance, 6.0), row.surprises + 1
            if row.surprises > 200:
                row.surprise, row.surprises = row.surprise / 2, row.surprises / 2
