"""What can be asked of a model beside a prediction: somebody without an account, why, and what is alike.

Nothing here changes the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import InputError
from streamsvd.kernels import lists
from streamsvd.kernels.scoring import score_items
from streamsvd.kernels.state import Id, Structured
from streamsvd.learner import from_rows
from streamsvd.learner.from_rows import Explanation

if TYPE_CHECKING:
    from streamsvd.learner.iterated_svd import IteratedSVD

Floats = NDArray[np.float64]


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
    model.scale.check(np.array(list(ratings.values()), np.float64))
    known = [item for item in ratings if item in model._items.rows]
    given = np.array([ratings[item] for item in known], np.float64)
    return from_rows.folded_in(_settings(model), _globals(model), _item_factors(model, known), given)


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
    factors = _item_factors(model, [item])
    u = model._users.rows.get(user)
    if u is None:
        return from_rows.explained(_settings(model), _globals(model), factors, None)
    window, _ = lists.gather(model._memory.user_window, np.array([u]))
    rated = model._items.names(window["item"])
    known = (
        _user_factors(model, np.array([u]))[0],
        model._memory.user_cov[u],
        window,
        _item_factors(model, rated),
        rated,
    )
    return from_rows.explained(_settings(model), _globals(model), factors, known)


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
    k = _known(model._items.rows, item, "item")
    settings = _settings(model)
    tastes = from_rows.tastes_of(_item_factors(model, model._items.taken()[1]))
    alike = from_rows.correlations(tastes, from_rows.item_metric(settings, _globals(model)), k)
    return _best(alike, n, model._items.taken()[1])


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
    number = _known(model._users.rows, user, "user")
    rows, names = model._users.taken()
    own = from_rows.taste_columns(_settings(model))
    metric = from_rows.user_metric(from_rows.tastes_of(_item_factors(model, model._items.taken()[1])))
    alike = from_rows.correlations(model._memory.x[rows][:, own], metric, int(np.searchsorted(rows, number)))
    return _best(alike, n, names)


def _best(alike: Floats, n: int, names: list[Id]) -> list[tuple[Id, float]]:
    best = np.argsort(-alike, kind="stable")[: min(n, len(alike) - 1)]
    return [(names[j], float(alike[j])) for j in best]


def _known(index: dict[Id, int], name: Id, what: str) -> int:
    if name not in index:
        raise InputError(f"the model does not know {what} {name!r}: it has not been rated, or has not rated, yet")
    return index[name]


def _settings(model: IteratedSVD) -> dict[str, Any]:
    return {
        "settings": {"rank": model.settings.rank},
        "scale": [model.scale.low, model.scale.high],
        "content": model.n_content,
    }


def _globals(model: IteratedSVD) -> dict[str, NDArray[Any]]:
    m = model._memory
    return {"g": m.g, "c": m.c, "scalars": m.scalars, "prior": m.prior, "prior_cov": m.prior_cov}


def _item_factors(model: IteratedSVD, items: Sequence[Id]) -> Structured:
    from streamsvd.learner.saving import item_factors

    return item_factors(model, np.array([_known(model._items.rows, item, "item") for item in items], np.int64))


def _user_factors(model: IteratedSVD, rows: NDArray[np.int64]) -> Structured:
    from streamsvd.learner.saving import user_factors

    return user_factors(model, rows)
