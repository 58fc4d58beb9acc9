"""States of learners that can only be taken whole, as rows that a checkpoint can write one by one.

A baseline's rows are plain matrices, and it cannot say which of them changed. So the state before is kept and compared,
and long global arrays, such as remembered ratings, are cut into pieces, of which the writer sends those that changed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.learner import Id, Rows, State

_PIECE = 4096
_ROW = "row"


def to_rows(state: State) -> State:
    """With every fixed block an array of one element a row, and long arrays in pieces; `from_rows` takes it back."""
    globals_: dict[str, NDArray[Any]] = {}
    for name, array in state.globals_.items():
        if array.ndim == 1 and len(array) > _PIECE:
            globals_ |= {f"{name}~{k}": array[k : k + _PIECE] for k in range(0, len(array), _PIECE)}
        else:
            globals_[name] = array
    return State(state.settings, globals_, _side(state.users), _side(state.items))


def from_rows(state: State) -> State:
    """The state that `to_rows` was given."""
    pieces: dict[str, dict[int, NDArray[Any]]] = {}
    for name, array in state.globals_.items():
        plain, _, at = name.partition("~")
        pieces.setdefault(plain, {})[int(at or 0)] = array
    globals_ = {
        name: found[0] if len(found) == 1 else np.concatenate([found[k] for k in sorted(found)])
        for name, found in pieces.items()
    }
    sides = [
        Rows(rows.numbers, rows.ids, {name: _plain(block) for name, block in rows.fixed.items()}, rows.ragged)
        for rows in (state.users, state.items)
    ]
    return State(state.settings, globals_, *sides)


def changed(before: State | None, now: State) -> State | None:
    """The rows of a state from `to_rows` that are not as they were; None when all must be written.

    Parameters
    ----------
    before : State or None
        What was written last.
    now : State
    """
    if before is None:
        return None
    sides = []
    for old, new in ((before.users, now.users), (before.items, now.items)):
        if old.ids != new.ids[: len(old.ids)] or old.fixed.keys() != new.fixed.keys():  # moved up; an earlier release's
            return None
        differs = np.ones(len(new), np.bool_)
        differs[: len(old)] = False
        for name, block in old.fixed.items():
            differs[: len(old)] |= _bytes(block) != _bytes(new.fixed[name][: len(old)])
        sides.append(_taken(new, np.flatnonzero(differs)))
    return State(now.settings, now.globals_, *sides)


def _side(rows: Rows) -> Rows:
    blocks = {}
    for name, block in rows.fixed.items():
        if block.ndim == 2:
            one = np.dtype([(_ROW, block.dtype, (block.shape[1],))])
            block = np.ascontiguousarray(block).reshape(-1).view(one)
        blocks[name] = block
    return Rows(rows.numbers, rows.ids, blocks, rows.ragged)


def _bytes(block: NDArray[Any]) -> NDArray[np.void]:
    """Rows as they are stored: 0.0 and -0.0 differ."""
    return np.ascontiguousarray(block).view(np.dtype((np.void, block.dtype.itemsize)))


def _plain(block: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(block[_ROW]) if block.dtype.names == (_ROW,) else block


def _taken(rows: Rows, which: NDArray[np.intp]) -> Rows:
    ids: list[Id] = [rows.ids[k] for k in which.tolist()]
    return Rows(rows.numbers[which], ids, {name: block[which] for name, block in rows.fixed.items()}, {})
