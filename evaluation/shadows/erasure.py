"""Erasing a user from a baseline, by way of its state: row and id go, and the rows after it move up.

What stays is the user's share in the global numbers and in other rows' past updates, as with the learner.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels.state import Id, Rows, State
from streamsvd.learner.baselines.rows import USER

_NOBODY = -1
_HISTORY = "history_"


def without_user(state: State, user: Id) -> State | None:
    """The state of an online baseline without one user, which must not be its only one; None for an unknown user.

    Parameters
    ----------
    state : State
        Whole, of an `OnlineBaseline`.
    user : int or str
    """
    if user not in state.users.ids:
        return None
    row = state.users.ids.index(user)
    ids = [name for name in state.users.ids if name != user]
    fixed = {name: np.delete(block, row, axis=0) for name, block in state.users.fixed.items()}
    globals_ = {name: array.copy() for name, array in state.globals_.items()}
    globals_["page"][USER] = _moved(globals_["page"][USER : USER + 1], row)[0]
    if globals_["page"][USER] == _NOBODY:
        globals_["page_user"][:] = 0.0
    return State(
        state.settings,
        globals_ | _without_history(globals_, row),
        Rows(np.arange(len(ids)), ids, fixed, {}),
        state.items,
    )


def _moved(rows: NDArray[np.int64], gone: int) -> NDArray[np.int64]:
    return np.where(rows == gone, _NOBODY, rows - (rows > gone))


def _without_history(globals_: dict[str, NDArray[Any]], gone: int) -> dict[str, NDArray[Any]]:
    """The remembered ratings; the place of an erased one, which has to stay filled, is taken by its neighbour."""
    users = globals_.get(f"{_HISTORY}users")
    if users is None or not len(users):
        return {}
    kept = np.flatnonzero(users != gone)
    if not len(kept):
        return {}
    places = kept[np.maximum(np.searchsorted(kept, np.arange(len(users)), side="right") - 1, 0)]
    filled = {name: array[places] for name, array in globals_.items() if name.startswith(_HISTORY)}
    return filled | {f"{_HISTORY}users": _moved(filled[f"{_HISTORY}users"], gone)}
