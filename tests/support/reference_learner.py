"""The learner once more, as plain as can be: dense float64 NumPy, every quantity recomputed from its definition.

It has no packed matrices, no windows that slide, no sums kept current and no state to save; it serves to check the
product, which has all of these. Streams may rate an item once per user. Pages are predicted whole before any of their
ratings is learned.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.learner import Settings
from streamsvd.learner.seeding import normals

Floats = NDArray[np.float64]


class Row:
    """A user's or an item's: solution, cov, running means, and its ratings as (other, target, popularity, bias)."""

    def __init__(self, start: Floats, ridge: Floats, means: int, gamma: float) -> None:
        self.solution, self.cov = start, np.linalg.inv(ridge)
        self.means, self.ratings, self.due = np.zeros(means), list[Any](), 2.0 if gamma < np.inf else gamma

    def rank_one(self, features: Floats, error: float) -> None:
        self.solution, self.cov = rls(self.solution, self.cov, features, error)

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
        self.c, self.C = np.zeros(11), np.eye(11) * 0.1
        self.c[[0, 3]] = 0.5
        self.mean, self.events, self.users, self.items = 0.0, 0, dict[Any, Row](), dict[Any, Row]()

    def run(self, users: Any, items: Any, ratings: Any, times: Any) -> tuple[Floats, Floats]:
        """Predictions by event and by page."""
        marks, event, page = list(zip(users, times, strict=True)), np.zeros(len(users)), np.zeros(len(users))
        for e in range(len(users)):
            if e == 0 or marks[e] != marks[e - 1]:
                f = e
                while f < len(users) and marks[f] == marks[e]:
                    page[f] = self.predict(users[f], items[f])
                    f += 1
            event[e] = self.predict(users[e], items[e])
            self.learn(users[e], items[e], float(ratings[e]))
        return event, page

    def rows(self, user: Any, item: Any) -> tuple[Row, Row]:
        start = np.concatenate([[0.0], self.s.factor_scale * normals(0, [item], self.s.rank)[0]])
        u = self.users.get(user) or Row(np.zeros(len(self.fixed)), self.prior, 3, self.s.gamma)
        return u, self.items.get(item) or Row(start, self.item_ridge, 2, self.s.gamma)

    def parts(self, user: Any, item: Any) -> tuple[Floats, Floats, Floats, float]:
        """φ, z, h and the score."""
        u, i = self.rows(user, item)
        n_u, n_i, about = len(u.ratings), len(i.ratings), self.content.get(item, np.zeros(self.width))
        phi = np.concatenate([[1.0], about, [(np.log(1 + n_i) - 2) / 2], i.solution])
        z = np.concatenate([[1.0], about, [np.log(1 + n_i) - 2, np.log(1 + n_u) - 3]])
        s = self.g @ z + i.solution[0] + u.solution @ phi
        over = [s - 3.5, 0.3, (s - 3.5) / (1 + n_u / 5), (s - 3.5) / (1 + n_i / 5), self.mean, 0.3 / (1 + n_u)]
        return phi, z, np.concatenate([u.means, i.means, over]), s

    def predict(self, user: Any, item: Any) -> float:
        *_, h, s = self.parts(user, item)
        return float(np.clip(s + self.c @ h, self.low, self.high))

    def learn(self, user: Any, item: Any, rating: float) -> None:
        s, (u, i) = self.s, self.rows(user, item)
        phi, z, h, score = self.parts(user, item)
        error, target = rating - score, rating - self.g @ z
        known, bias = phi[: 3 + self.width], i.solution[0]
        self.C = self.C + s.calibration_leak * (np.eye(11) * 0.1 - self.C)
        self.c, self.C = rls(self.c, self.C, h, error - self.c @ h)
        u.means = u.means + np.array([0.02, 0.1, 0.4]) * (error - u.means)
        i.means = i.means + np.array([0.01, 0.05]) * (error - i.means)
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
        u.ratings.append((item, target, known))
        i.ratings.append((user, target, known))

        if len(u.ratings) >= u.due:
            newest = u.ratings[-(s.window or 10**9) :]
            others = [self.items[j].solution for j, _, _ in newest]
            features = np.array([np.append(own, y[1:]) for (_, _, own), y in zip(newest, others, strict=True)])
            u.ridge(self.prior, features, np.array([t - y[0] for (_, t, _), y in zip(newest, others, strict=True)]))
            u.due = len(u.ratings) + max(1, int(s.gamma * len(u.ratings)))
        else:
            u.rank_one(phi, error)
        newest = i.ratings[-(s.window or 10**9) :] if len(i.ratings) >= i.due else i.ratings[-1:]
        x = np.array([self.users[v].solution for v, _, _ in newest])
        psi = np.column_stack([np.ones(len(x)), x[:, 3 + self.width :]])
        left = np.array([t for _, t, _ in newest]) - x[:, : 3 + self.width] @ known
        if len(i.ratings) >= i.due:
            i.ridge(self.item_ridge, psi, left)
            i.due = len(i.ratings) + max(1, int(s.gamma * len(i.ratings)))
        else:
            i.rank_one(psi[0], left[0] - psi[0] @ np.append(bias, phi[3 + self.width :]))
