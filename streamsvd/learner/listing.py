"""What listing items for a user needs of a learner: scores of all items, what was rated, and the best of the rest.

Items are given by their row numbers. Nothing here changes the learner.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels import lists
from streamsvd.kernels.memory import COUNT
from streamsvd.kernels.scoring import score_items
from streamsvd.kernels.state import Id
from streamsvd.learner.iterated_svd import IteratedSVD
from streamsvd.learner.saving import item_factors, user_factors

Floats = NDArray[np.float64]


def predicted_ratings(model: IteratedSVD, user: Id, numbers: NDArray[np.int64] | None = None) -> Floats:
    """Predicted ratings of some items, or of all, as of the user's last rating, not clipped to the scale."""
    m, row = model._memory, model._users.rows.get(user)
    numbers = np.arange(model.n_items) if numbers is None else numbers
    factors = None if row is None else user_factors(model, np.array([row]))[0]
    globals_ = {"g": m.g, "c": m.c, "scalars": m.scalars}
    settings = {"scale": [model.scale.low, model.scale.high]}
    return score_items(settings, globals_, factors, item_factors(model, numbers))


def rating_counts(model: IteratedSVD) -> NDArray[np.int64]:
    """How many ratings each item has; shape (n_items,)."""
    return model._memory.item_ints[: model.n_items, COUNT].copy()


def item_number(model: IteratedSVD, item: Id) -> int:
    """Row number of an item, -1 when nobody has rated it."""
    return model._items.rows.get(item, -1)


def rated_by(model: IteratedSVD, user: Id) -> NDArray[np.int32]:
    """Row numbers of the items that a user has rated, sorted; empty for an unknown user."""
    row = model._users.rows.get(user)
    return np.zeros(0, np.int32) if row is None else lists.gather(model._memory.seen, np.array([row]))[0]


def best(model: IteratedSVD, scores: Floats, n: int, excluded: NDArray[np.int32]) -> list[Id]:
    """The n items with the highest scores that are not excluded, best first; ties by id, integers before strings."""
    numbers = highest(scores, np.delete(np.arange(len(scores)), excluded), n)
    return named(model, numbers, scores[numbers], n)


def highest(scores: Floats, numbers: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Those of some numbers whose scores are the n highest, with every tie for the last place, in no order."""
    if len(numbers) <= n:
        return numbers
    among = scores[numbers]
    return np.asarray(numbers[among >= np.partition(among, len(among) - n)[len(among) - n]])


def named(model: IteratedSVD, numbers: NDArray[np.int64], scores: Floats, n: int) -> list[Id]:
    """Ids of the n best of these items, best first; ties by id, integers before strings."""
    ids = model._items.names(numbers)
    ranked = sorted(zip((-scores).tolist(), (isinstance(x, str) for x in ids), ids, strict=True))
    return [name for _, _, name in ranked[:n]]
