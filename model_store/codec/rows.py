"""Rows of a state as row blobs, by a layout that is stored with them.

The store knows no block by name: what a learner hands over is written, with its dtypes in a table. Within one
model the layout stays the same until a whole write.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_store.codec.blobs import dtype_to_json, json_to_dtype, pack_rows
from model_store.codec.keys import SIDES, Side
from streamsvd.errors import SnapshotCorrupt, StoreError
from streamsvd.kernels import Ragged, Rows, State

FIXED, RAGGED = "fixed", "ragged"


@dataclass(frozen=True, slots=True)
class RowLayout:
    """Which blocks there are and what they hold.

    Attributes
    ----------
    dtypes : list
        Dtypes as JSON; number 1 is the first.
    blocks : dict of dict of dict
        Side → block name → {"kind": "fixed" or "ragged", "dtype": number}.
    """

    dtypes: list[Any] = field(default_factory=list)
    blocks: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {side: {} for side in SIDES})

    def numpy_dtypes(self, key: str) -> list[np.dtype[Any]]:
        """The dtypes as NumPy has them."""
        try:
            return [json_to_dtype(described) for described in self.dtypes]
        except (TypeError, ValueError) as error:
            raise SnapshotCorrupt(
                f"{key} names a dtype that NumPy does not know ({error}); rebuild the snapshot from the log"
            ) from error

    def extended(self, state: State) -> RowLayout:
        """This layout with the blocks of a state.

        Raises
        ------
        StoreError
            When a side already has blocks, and others than these.
        """
        dtypes, blocks = list(self.dtypes), dict(self.blocks)
        for side in SIDES:
            rows = _rows(state, side)
            found = {name: {"kind": FIXED, "dtype": _number(dtypes, a.dtype)} for name, a in rows.fixed.items()}
            for name, ragged in rows.ragged.items():
                if name in found:
                    raise StoreError(f"{side}: {name!r} names two blocks; give each its own name")
                found[name] = {"kind": RAGGED, "dtype": _number(dtypes, ragged.values.dtype)}
            if not found and not len(rows):
                continue
            if blocks[side] and blocks[side] != found:
                raise StoreError(
                    f"{side}: the blocks {sorted(found)} are not laid out as those stored, "
                    f"{sorted(blocks[side])}: another release wrote them, or other settings. Write the state whole, "
                    "or rebuild it from the log"
                )
            blocks[side] = found
        return RowLayout(dtypes, blocks)


def _rows(state: State, side: Side) -> Rows:
    return state.users if side == "users" else state.items


def _number(dtypes: list[Any], dtype: np.dtype[Any]) -> int:
    described = dtype_to_json(dtype)
    if described not in dtypes:
        dtypes.append(described)
    return dtypes.index(described) + 1


def batches(rows: Rows, side: Side, size: int) -> Iterator[Rows]:
    """The rows in batches, as views; raises as `encode_rows`."""
    check_fit(rows, side)
    for first in range(0, len(rows), size):
        last = min(first + size, len(rows))

        def cut(block: Ragged, first: int = first, last: int = last) -> Ragged:
            start, stop = block.offsets[first], block.offsets[last]
            return Ragged(block.values[start:stop], block.offsets[first : last + 1] - start)

        yield Rows(
            rows.numbers[first:last],
            rows.ids[first:last],
            {name: block[first:last] for name, block in rows.fixed.items()},
            {name: cut(block) for name, block in rows.ragged.items()},
        )


def encode_rows(rows: Rows, side: Side, layout: RowLayout) -> dict[str, list[bytes]]:
    """One side's rows as blobs: block name → one blob a row, in the order of `ids`.

    Raises
    ------
    StoreError
        When the arrays do not fit each other.
    """
    check_fit(rows, side)
    encoded = {}
    for name, about in layout.blocks[side].items() if len(rows) else ():
        values, offsets = block_of(rows, name)
        encoded[name] = pack_rows(values, offsets, rows.numbers, about["dtype"])
    return encoded


def block_of(rows: Rows, name: str) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Elements of a block, and the offsets that part its rows."""
    if name in rows.fixed:
        return rows.fixed[name], np.arange(len(rows) + 1)
    return rows.ragged[name].values, rows.ragged[name].offsets


def check_fit(rows: Rows, side: Side) -> None:
    """Refuse arrays that do not fit each other."""
    n = len(rows)
    if len(rows.numbers) != n or (n and not 0 <= rows.numbers.min() <= rows.numbers.max() < 2**32):
        raise StoreError(f"{side}: {n} ids need {n} row numbers from 0 to 2**32 - 1")
    fits = {name: block.shape == (n,) for name, block in rows.fixed.items()}
    for name, block in rows.ragged.items():
        offsets = block.offsets
        within = offsets.shape == (n + 1,) and offsets[0] >= 0 and offsets[-1] <= len(block.values)
        fits[name] = within and bool(np.all(np.diff(offsets) >= 0))
    wrong = next((name for name, fit in fits.items() if not fit), None)
    if wrong is not None and n:
        raise StoreError(f"{side}: block {wrong!r} does not hold {n} rows, as many as there are ids")
