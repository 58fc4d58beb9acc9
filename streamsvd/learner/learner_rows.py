"""`LearnerRows`: a row for each user and item of `IteratedSVD`, by id, in arrays that grow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import InputError
from streamsvd.kernels import Id, Scale, Settings, memory, refits
from streamsvd.kernels.handles import Handle
from streamsvd.kernels.memory import NEXT_REFIT, Memory
from streamsvd.kernels.seeding import first_factors
from streamsvd.kernels.workspace import workspace
from streamsvd.learner.id_index import IdIndex
from streamsvd.learner.protocol import ContentSource

Floats = NDArray[np.float64]
LARGEST_CONTENT = 1e9
"""Largest number of items' content, either way: the squares of larger ones would leave nothing of the rest."""


def content_width(content: ContentSource | None) -> int:
    """Number of columns of a content source; 0 without one.

    Raises
    ------
    InputError
        It gives no array of shape (0, columns) for no items.
    """
    if content is None:
        return 0
    shape = np.shape(content.content([]))
    if len(shape) != 2 or shape[0] != 0:
        raise InputError(f"the content of no items has shape {shape}; a content source gives it as (0, columns)")
    return int(shape[1])


def _checked(content: Any, items: Sequence[Id], width: int) -> Floats:
    """Content that a source gave, as an array of shape (items, width) of numbers; else `InputError`."""
    try:
        found = np.asarray(content, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"the content of {len(items)} items is no array of numbers: {error}") from error
    if found.shape != (len(items), width):
        raise InputError(
            f"the content of {len(items)} items has shape {found.shape}; ({len(items)}, {width}) is needed"
        )
    good = np.abs(found) <= LARGEST_CONTENT
    if not good.all():
        row, column = np.argwhere(~good)[0].tolist()
        raise InputError(
            f"the content of item {items[row]!r} has {found[row, column]:g} in column {column}; finite numbers within "
            f"±{LARGEST_CONTENT:g} are needed"
        )
    return found


class LearnerRows:
    """The rows of a learner and the handle by which kernels reach them.

    Row numbers are in order of first appearance; that of an erased user goes to the next new one.
    """

    def __init__(self, settings: Settings, scale: Scale, content: ContentSource | None, seed: int) -> None:
        self.settings, self.scale, self.seed = settings, scale, seed
        self.n_content = content_width(content)
        self._content = content
        self._parameters = memory.parameters(settings, *scale.internal_limits)
        m = memory.initial(settings, self.n_content)
        self._space = workspace(m)
        self._memory = m
        self._users, self._items = IdIndex(), IdIndex()

    @property
    def n_users(self) -> int:
        """Users with a row."""
        return len(self._users)

    @property
    def n_items(self) -> int:
        """Items with a row."""
        return len(self._items)

    @property
    def _memory(self) -> Memory:
        return self._held

    @_memory.setter
    def _memory(self, replaced: Memory) -> None:
        self._held = replaced
        self._handle_or_none: Handle | None = None

    @property
    def _handle(self) -> Handle:
        if self._handle_or_none is None:
            self._handle_or_none = Handle(self._held, self._parameters, self._space)
        return self._handle_or_none

    def _make_room(self, ratings: int = 1) -> None:
        """Room for a row of every id, and for more ratings in lists and pages."""
        self._memory = memory.with_room(self._memory, len(self._users.ids), len(self._items.ids), ratings)

    def _make_row_room(self) -> None:
        """Room for a row of every id; lists and pages get theirs when a kernel asks."""
        if len(self._users.ids) > len(self._memory.x) or len(self._items.ids) > len(self._memory.y):
            self._make_room()

    def _add_users(self, fresh: Sequence[Id]) -> NDArray[np.int64]:
        rows = self._users.add(fresh)
        self._make_row_room()
        self._memory.user_ints[rows, NEXT_REFIT] = self._first_refit
        return rows

    def _add_items(self, fresh: Sequence[Id]) -> NDArray[np.int64]:
        first = self._first_rows(fresh)
        rows = self._items.add(fresh)
        self._make_row_room()
        m = self._memory
        at = rows if len(rows) > 1 else rows.item()  # one row is found several times quicker so
        m.y[at], m.content[at] = first
        m.item_cov[at] = self._parameters.first_item_cov
        m.item_ints[at, NEXT_REFIT] = self._first_refit
        return rows

    def _first_rows(self, items: Sequence[Id]) -> tuple[Floats, Floats]:
        """Rows and content of items without ratings."""
        y = first_factors(self.settings, self.seed, items, self._memory.y.shape[1])
        content = np.zeros((len(items), 0)) if self._content is None else self._content.content(items)
        return y, _checked(content, items, self.n_content)

    @property
    def _first_refit(self) -> int:
        """Count at which a new row is refitted for the first time."""
        return 2 if self.settings.gamma < math.inf else refits.NEVER
