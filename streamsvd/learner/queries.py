"""What can be asked of a model beside a prediction: somebody without an account, why, and what is alike.

Nothing here changes the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import InputError
from streamsvd.learner import lists
from streamsvd.learner.algebra import unpack
from streamsvd.learner.explaining import contributions
from streamsvd.learner.memory import COUNT, MEAN_WEIGHT, USER_STATS
from streamsvd.learner.memory import MEAN as MEAN_COLUMN
from streamsvd.learner.scoring import score_items
from streamsvd.learner.state import Id, Structured

if TYPE_CHECKING:
    from streamsvd.learner.iterated_svd import IteratedSVD

Floats = NDArray[np.float64]


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


def fold_in(model: IteratedSVD, ratings: Mapping[Id, float]) -> Structured:
    """The row of somebody who has given these ratings, without writing anything.

    Parameters
    ----------
    model : IteratedSVD
    ratings : mapping of item id to rating
        In the data's own scale; items that the model does not know are left out.

    Returns
    -------
    structured array, shape (1,)
        A user's `factors`: its ridge solution from the prior and these ratings, against the items as they are.

    Raises
    ------
    InputError
        A rating is not on the scale.

    Examples
    --------
    >>> from streamsvd import IteratedSVD
    >>> model = IteratedSVD()
    >>> _ = model.learn(["ann", "bob"], ["Heat", "Babe"], [5, 2])
    >>> row = fold_in(model, {"Heat": 5})
    >>> bool(predict_for(model, row, ["Babe"])[0] > predict_for(model, fold_in(model, {"Heat": 1}), ["Babe"])[0])
    True
    """
    values = np.array(list(ratings.values()), np.float64)
    model.scale.check(values)
    items = _item_factors(model, [item for item in ratings if item in model._items])
    given = model.scale.to_internal(np.array([r for item, r in ratings.items() if item in model._items], np.float64))
    d = 3 + model.n_content + model.settings.rank
    row: Structured = np.zeros(1, [("x", "<f8", (d,)), ("count", "<i8"), ("stats", "<f8", (USER_STATS,))])
    if len(items) == 0:
        return row
    phi = features(items)
    targets = given - base(model, items, np.arange(len(items))) - items["y"][:, 0]
    gram = unpack(model._memory.prior, d) + phi.T @ phi
    row["x"][0] = np.linalg.solve(gram, phi.T @ targets)
    row["count"][0] = len(items)
    row["stats"][0, MEAN_COLUMN] = (given - 3.5).sum() / (len(items) + MEAN_WEIGHT)
    return row


def predict_for(model: IteratedSVD, row: Structured, items: Sequence[Id]) -> Floats:
    """Predicted ratings of some items for a row from `fold_in`, clipped to the scale.

    Raises
    ------
    InputError
        The model does not know an item.
    """
    state = _settings(model), _globals(model)
    scores = score_items(*state, row[0], _item_factors(model, items))
    return np.clip(scores, model.scale.low, model.scale.high)


def explain(model: IteratedSVD, user: Id, item: Id) -> Explanation:
    """Why the model predicts what it predicts.

    Raises
    ------
    InputError
        The model does not know the item.
    """
    m = model._memory
    factors = _item_factors(model, [item])
    u = model._users.get(user)
    count = 0 if u is None else int(m.user_ints[u, COUNT])
    user_row = None if u is None else _user_factors(model, np.array([u]))[0]
    score = float(score_items(_settings(model), _globals(model), user_row, factors)[0])
    slope = model.scale.slope
    everybody = float(model.scale.from_internal(base(model, factors, np.array([count])))[0])
    bias = float(factors["y"][0, 0]) / slope
    parts: list[tuple[Id, float]] = []
    if u is not None:
        window, _ = lists.gather(m.user_window, np.array([u]))
        rated = [model._item_ids[i] for i in window["item"]]
        moved = contributions(m.user_cov[u], window, _item_factors(model, rated), factors[0]) / slope
        order = np.argsort(-abs(moved), kind="stable")
        parts = [(rated[k], float(moved[k])) for k in order]
    rest = score - everybody - bias - sum(value for _, value in parts)
    return Explanation(score, everybody, bias, parts, rest)


def similar_items(model: IteratedSVD, item: Id, n: int = 10) -> list[tuple[Id, float]]:
    """Items that people like together with this one.

    Similarity is the correlation, over the users' learned prior, of what content and factors add to a rating: users'
    biases and their taste for popular or good items, which all items share, are left out.

    Returns
    -------
    list of (id, correlation), most similar first; ties by order of first appearance

    Raises
    ------
    InputError
        The model does not know the item.
    """
    k = _known(model._items, item, "item")
    everything = features(_item_factors(model, model._item_ids))
    own = _taste(model)
    return _nearest(
        everything[:, own],
        unpack(model._memory.prior_cov, everything.shape[1])[np.ix_(own, own)],
        k,
        n,
        list(model._item_ids),
    )


def similar_users(model: IteratedSVD, user: Id, n: int = 10) -> list[tuple[Id, float]]:
    """Users of the same taste: the correlation, over all items, of what content and factors add to their ratings.

    Returns
    -------
    list of (id, correlation), most similar first

    Raises
    ------
    InputError
        The model does not know the user.
    """
    number = _known(model._users, user, "user")
    rows = np.array(sorted(model._users.values()), np.int64)
    names: list[Id] = [name for name in (model._user_ids[u] for u in rows.tolist()) if name is not None]
    phi = features(_item_factors(model, model._item_ids))[:, _taste(model)]
    centred = phi - phi.mean(axis=0)
    x = model._memory.x[rows][:, _taste(model)]
    return _nearest(x, centred.T @ centred / len(phi), int(np.searchsorted(rows, number)), n, names)


def features(items: Structured) -> Floats:
    """φ of items as they are now, shape (n, d): [1, content, popularity, bias, q]."""
    popularity = (np.log1p(items["count"]) - 2.0) / 2.0
    return np.column_stack([np.ones(len(items)), items["content"], popularity, items["y"][:, 0], items["y"][:, 1:]])


def base(model: IteratedSVD, items: Structured, user_counts: NDArray[Any]) -> Floats:
    """g·z: what is expected of anybody, in internal stars, shape (n,)."""
    z = np.column_stack(
        [np.ones(len(items)), items["content"], np.log1p(items["count"]) - 2.0, np.log1p(user_counts) - 3.0]
    )
    return np.asarray(z @ model._memory.g[: z.shape[1]])


def _taste(model: IteratedSVD) -> NDArray[np.intp]:
    """Columns of φ that tell tastes apart: content and factors."""
    content, rank = model.n_content, model.settings.rank
    return np.concatenate([np.arange(1, 1 + content), np.arange(3 + content, 3 + content + rank)])


def _nearest(rows: Floats, metric: Floats, k: int, n: int, names: list[Id]) -> list[tuple[Id, float]]:
    weighted = rows @ metric
    sizes = np.sqrt(np.maximum((weighted * rows).sum(axis=1), 1e-300))
    correlation = (weighted @ rows[k]) / (sizes * sizes[k])
    correlation[k] = -np.inf
    best = np.argsort(-correlation, kind="stable")[: min(n, len(rows) - 1)]
    return [(names[j], float(correlation[j])) for j in best]


def _known(index: dict[Id, int], name: Id, what: str) -> int:
    if name not in index:
        raise InputError(f"the model does not know {what} {name!r}: it has not been rated, or has not rated, yet")
    return index[name]


def _settings(model: IteratedSVD) -> dict[str, Any]:
    return {"scale": [model.scale.low, model.scale.high]}


def _globals(model: IteratedSVD) -> dict[str, NDArray[Any]]:
    m = model._memory
    return {"g": m.g, "c": m.c, "scalars": m.scalars}


def _item_factors(model: IteratedSVD, items: Sequence[Id]) -> Structured:
    from streamsvd.learner.saving import item_factors

    return item_factors(model, np.array([_known(model._items, item, "item") for item in items], np.int64))


def _user_factors(model: IteratedSVD, rows: NDArray[np.int64]) -> Structured:
    from streamsvd.learner.saving import user_factors

    return user_factors(model, rows)
