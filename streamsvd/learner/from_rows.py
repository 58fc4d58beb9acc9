"""What rows and global weights alone can answer: the same figures from a live model and from a saved state.

`queries` takes the rows out of a model's memory, a store reads them from a snapshot; the mathematics is here, once.
Rows are elements of the blocks of a `State`; `settings` and `globals_` are those of a `State`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels import memory
from streamsvd.kernels.algebra import unpack
from streamsvd.kernels.handles import Handle
from streamsvd.kernels.memory import MEAN, MEAN_WEIGHT, USER_STATS, Memory
from streamsvd.kernels.scale import Scale
from streamsvd.kernels.scoring import score_items
from streamsvd.kernels.seeding import normals
from streamsvd.kernels.settings import Settings
from streamsvd.kernels.state import Id, Structured
from streamsvd.learner.explaining import contributions

Floats = NDArray[np.float64]
Globals = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score taken apart, in the data's own scale; the parts add up to `score`.

    Attributes
    ----------
    score : float
        The predicted rating before it is clipped to the scale.
    everybody : float
        What is expected of any user and any item of this content and popularity.
    item : float
        The item's own bias.
    ratings : list of (id, float)
        What each of the user's newest ratings adds, strongest first.
    rest : float
        Drift and calibration, and what the user's row holds beyond its newest ratings.
    """

    score: float
    everybody: float
    item: float
    ratings: list[tuple[Id, float]]
    rest: float


def features(items: Structured) -> Floats:
    """φ of items as they are now, shape (n, d): [1, content, popularity, bias, q]."""
    popularity = (np.log1p(items["count"]) - 2.0) / 2.0
    return np.column_stack([np.ones(len(items)), items["content"], popularity, items["y"][:, 0], items["y"][:, 1:]])


def expected(globals_: Globals, items: Structured, user_counts: NDArray[Any]) -> Floats:
    """g·z: what is expected of anybody, in internal stars, shape (n,)."""
    z = np.column_stack(
        [np.ones(len(items)), items["content"], np.log1p(items["count"]) - 2.0, np.log1p(user_counts) - 3.0]
    )
    return np.asarray(z @ globals_["g"][: z.shape[1]])


def folded_in(settings: dict[str, Any], globals_: Globals, items: Structured, ratings: Floats) -> Structured:
    """The row of somebody who has given these ratings.

    Parameters
    ----------
    settings, globals_
    items : structured array, shape (n,)
        The rated items' `factors`.
    ratings : float64 array, shape (n,)
        In the data's own scale, within its limits.

    Returns
    -------
    structured array, shape (1,)
        A user's `factors`: its ridge solution from the prior and these ratings, against the items as they are.
    """
    d = 3 + settings["content"] + settings["settings"]["rank"]
    row: Structured = np.zeros(1, [("x", "<f8", (d,)), ("count", "<i8"), ("stats", "<f8", (USER_STATS,))])
    if len(items) == 0:
        return row
    stars = Scale(*settings["scale"]).to_internal(ratings)
    phi = features(items)
    targets = stars - expected(globals_, items, np.arange(len(items))) - items["y"][:, 0]
    row["x"][0] = np.linalg.solve(precision(settings, globals_, items), phi.T @ targets)
    row["count"][0] = len(items)
    row["stats"][0, MEAN] = (stars - 3.5).sum() / (len(items) + MEAN_WEIGHT)
    return row


def precision(settings: dict[str, Any], globals_: Globals, items: Structured) -> Floats:
    """The inverse of P of somebody who has rated these items, shape (d, d)."""
    phi = features(items)
    return unpack(globals_["prior"], 3 + settings["content"] + settings["settings"]["rank"]) + phi.T @ phi


def explained(
    settings: dict[str, Any],
    globals_: Globals,
    item: Structured,
    user: tuple[Any, NDArray[Any], NDArray[Any], Structured, Sequence[Id]] | None,
) -> Explanation:
    """One prediction taken apart.

    Parameters
    ----------
    settings, globals_
    item : structured array, shape (1,)
        The item's `factors`.
    user : tuple or None
        The element of the user's `factors`, its packed covariance, its window, and of the window's items the
        `factors` and the ids; None for somebody unknown.
    """
    scale = Scale(*settings["scale"])
    score = float(score_items(settings, globals_, None if user is None else user[0], item)[0])
    count = 0 if user is None else int(user[0]["count"])
    everybody = float(scale.from_internal(expected(globals_, item, np.array([count])))[0])
    bias = float(item["y"][0, 0]) / scale.slope
    parts: list[tuple[Id, float]] = []
    if user is not None:
        _, covariance, window, rated, ids = user
        moved = contributions(covariance, window, rated, item[0]) / scale.slope
        order = np.argsort(-abs(moved), kind="stable")
        parts = [(ids[k], float(moved[k])) for k in order]
    rest = score - everybody - bias - sum(value for _, value in parts)
    return Explanation(score, everybody, bias, parts, rest)


def tastes_of(items: Structured) -> Floats:
    """The columns of φ that tell tastes apart, content and factors, shape (n, content + rank)."""
    return np.column_stack([items["content"], items["y"][:, 1:]])


def taste_columns(settings: dict[str, Any]) -> NDArray[np.intp]:
    """Where in a user's row the weights of `tastes_of` stand."""
    content, rank = settings["content"], settings["settings"]["rank"]
    return np.concatenate([np.arange(1, 1 + content), np.arange(3 + content, 3 + content + rank)])


def item_metric(settings: dict[str, Any], globals_: Globals) -> Floats:
    """What tastes are alike: the users' learned prior, on the columns of taste."""
    own = taste_columns(settings)
    d = 3 + settings["content"] + settings["settings"]["rank"]
    return unpack(globals_["prior_cov"], d)[np.ix_(own, own)]


def user_metric(tastes: Floats) -> Floats:
    """What differences of taste come to: the items' covariance, from their φ on the columns of taste."""
    centred = tastes - tastes.mean(axis=0)
    return np.asarray(centred.T @ centred / len(tastes))


def correlations(rows: Floats, metric: Floats, k: int) -> Floats:
    """Correlation of row `k` with every row under a metric; −∞ with itself."""
    weighted = rows @ metric
    sizes = np.sqrt(np.maximum((weighted * rows).sum(axis=1), 1e-300))
    correlation = np.asarray((weighted @ rows[k]) / (sizes * sizes[k]))
    correlation[k] = -np.inf
    return correlation


def without_rows(settings: dict[str, Any], globals_: Globals) -> tuple[Memory, Handle, Scale]:
    """A memory without a row, its handle, and the scale, as `predicting.predict_rows` takes them."""
    chosen, scale = Settings.from_dict(settings["settings"]), Scale(*settings["scale"])
    m = memory.initial(chosen, settings["content"])
    m = m._replace(g=globals_["g"], c=globals_["c"], scalars=globals_["scalars"], variances=globals_["variances"])
    return m, Handle(m, memory.parameters(chosen, *scale.internal_limits)), scale


def first_factors(settings: Settings, seed: int, items: Sequence[Id], width: int) -> Floats:
    """Rows of items without ratings, shape (n, width): no bias, and factors that seed and id decide."""
    y = np.zeros((len(items), width))
    y[:, 1 : 1 + settings.rank] = settings.factor_scale * normals(seed, items, settings.rank)
    return y


def first_item_covariance(settings: Settings) -> NDArray[np.float32]:
    """Packed P of items without ratings."""
    return memory.parameters(settings, 1.0, 5.0).first_item_cov.astype(np.float32)
