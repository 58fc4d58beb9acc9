"""The kernels of lookups, compiled in advance."""

from __future__ import annotations

import numpy as np

from streamsvd.kernels import Scale, State, score_items
from streamsvd.kernels.choices import ITEM_ROW
from streamsvd.lookup.candidate_screening import ItemColumns
from streamsvd.lookup.ranking import ChosenAndLiked, best


def compile_kernels(state: State, scale: Scale) -> None:
    """Compile what lookups of a model call, or load it from the cache, so that no lookup waits for it.

    Parameters
    ----------
    state : State
        Of a model of the same kind, empty or not: its settings and the types of its rows count.
    scale : Scale
    """
    user, items = np.zeros(1, state.users.fixed["factors"].dtype)[0], np.zeros(1, state.items.fixed["factors"].dtype)
    score_items(state.settings, state.globals_, user, items)
    columns, free = ItemColumns(), np.ones(1, bool)
    columns.put(np.zeros(1, np.int64), items, 1)
    columns.combine(1, state.settings, state.globals_)
    order = ChosenAndLiked(np.zeros(1, np.int32), np.zeros(1, ITEM_ROW), np.ones(1), scale)
    order(np.ones(1), slice(None))
    columns.likely(order, state.settings, state.globals_, user, free, 1)
    best(np.ones(1), 1, free, [0])
