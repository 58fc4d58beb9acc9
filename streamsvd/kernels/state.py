"""What a learner remembers, as arrays: the form in which it is saved, sent and compared.

A learner's state is a few small global arrays and two tables of rows, one for users and one for items. Each row has
several blocks of bytes: fixed-width ones (a NumPy structured array with one element per row) and ragged ones (a row's
newest ratings). A store that keeps each block of each row apart can write just the rows that changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Id = int | str
"""A user or an item."""
Structured = NDArray[np.void]
"""A structured array: an element for each row, with named fields."""


@dataclass(frozen=True, slots=True)
class Ragged:
    """One block of rows of different lengths.

    Attributes
    ----------
    values : structured or plain array, shape (total,)
        The entries of all rows, one row after another.
    offsets : int64 array, shape (n_rows + 1,)
        Row `k` is `values[offsets[k]:offsets[k + 1]]`.
    """

    values: NDArray[Any]
    offsets: NDArray[np.int64]

    def row(self, k: int) -> NDArray[Any]:
        """Entries of row `k`."""
        return self.values[self.offsets[k] : self.offsets[k + 1]]


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of one side: users or items.

    Attributes
    ----------
    numbers : int64 array, shape (n_rows,)
        Row numbers in the learner: 0, 1, 2, … in order of first appearance.
    ids : list of int or str
        The id that belongs to each number.
    fixed : mapping of structured array, shape (n_rows,)
        Blocks of one fixed-width element per row, by name.
    ragged : mapping of Ragged
        Blocks of several elements per row, by name.
    removed : list of int or str
        Ids whose rows are gone since the last call of `IteratedSVD.changes`.
    """

    numbers: NDArray[np.int64]
    ids: list[Id]
    fixed: Mapping[str, Structured]
    ragged: Mapping[str, Ragged]
    removed: list[Id] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class State:
    """A learner's state, whole or only the rows that changed.

    Attributes
    ----------
    settings : dict
        What rebuilds the learner (JSON values only): its settings, scale, seed and content width.
    globals_ : dict of array
        Everything that does not belong to one row; small, always whole.
    users, items : Rows
        All rows, or those changed since the last call of `IteratedSVD.changes`.
    """

    settings: dict[str, Any]
    globals_: dict[str, NDArray[Any]]
    users: Rows
    items: Rows
