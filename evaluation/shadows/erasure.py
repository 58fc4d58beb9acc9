"""Erasing a user from the state of a baseline: its row and id are removed, and the rows after it move up.

The user's part in global values and in past updates of other rows remains, as in the learner.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels import Id, Rows, State

_NO_ROW = -1
_HISTORY = "history_"


def without_user(state: State, user: Id) -> State | None:
    """The state of an online baseline without a user, who must not be its only one; None for an unknown user.

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
    fixed = {name: np.delete(rows, row, axis=0) for name, rows in state.users.fixed.items()}
    globals_ = {name: array.copy() for name, array in state.globals_.items()}
    globals_["page_user"][globals_["page_owner"] == row] = 0.0
    globals_["page_owner"] = _moved(globals_["page_owner"], row)
    return State(
        state.settings,
        globals_ | _without_history(globals_, row),
        Rows(np.arange(len(ids)), ids, fixed, {}),
        state.items,
    )


def _moved(rows: NDArray[np.int64], gone: int) -> NDArray[np.int64]:
    return np.where(rows == gone, _NO_ROW, rows - (rows > gone))


def _without_history(globals_: dict[str, NDArray[Any]], gone: int) -> dict[str, NDArray[Any]]:
    """The replay history, of unchanged length: a neighbour replaces each erased rating."""
    users = globals_.get(f"{_HISTORY}users")
    if users is None or not len(users):
        return {}
    kept = np.flatnonzero(users != gone)
    if not len(kept):
        return {}
    sources = kept[np.maximum(np.searchsorted(kept, np.arange(len(users)), side="right") - 1, 0)]
    filled = {name: array[sources] for name, array in globals_.items() if name.startswith(_HISTORY)}
    return filled | {f"{_HISTORY}users": _moved(filled[f"{_HISTORY}users"], gone)}
