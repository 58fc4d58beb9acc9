"""What changed between two versions: rows added, rows removed, and how far rows moved.

A row's move is the Euclidean distance between its vectors (the first field of more than one element of the block
`factors`): for an item its bias and factors, for a user the weights of everything that an item has. Both are in the
units of the learner's scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_store.codec.blobs import unpack_rows
from model_store.codec.keys import Side, parse_field
from model_store.codec.rows import RowLayout
from model_store.read.snapshot import Snapshot
from streamsvd.errors import InputError
from streamsvd.lookup import FACTORS
from streamsvd.ratings import Id


@dataclass(frozen=True, slots=True)
class Move:
    """One row that is in both versions and not the same.

    Attributes
    ----------
    id : int or str
    title : str or None
    ratings : int
        How many it has now more than before.
    moved : float
    """

    id: Id
    title: str | None
    ratings: int
    moved: float


@dataclass(frozen=True, slots=True)
class SideDiff:
    """The rows of one side.

    Attributes
    ----------
    added, removed : list of id
    changed, same : int
        Rows of both versions, with other factors, and with the same to the last bit.
    mean_move : float
        Over those that changed; 0 when none did.
    movers : tuple of Move
        The rows that moved most, by distance; ties by id.
    """

    added: list[Id]
    removed: list[Id]
    changed: int
    same: int
    mean_move: float
    movers: tuple[Move, ...]


def diff_snapshots(before: Snapshot, after: Snapshot, side: Side, movers: int = 10) -> SideDiff:
    """What changed on one side.

    Raises
    ------
    InputError
        Their layouts differ: they are not versions of one model.
    SnapshotCorrupt
        A row is damaged.
    """
    (old, old_rows), (new, new_rows) = (_factors(snapshot, side) for snapshot in (before, after))
    if old and new and old_rows.dtype != new_rows.dtype:
        raise InputError(
            f"the {side} of the two have different layouts, {old_rows.dtype} and {new_rows.dtype}: "
            "only versions of one model, with the same settings and catalogue, can be compared"
        )
    both = [name for name in old if name in new]
    first = old_rows[[old[name] for name in both]]
    second = new_rows[[new[name] for name in both]]
    differ = np.array([a.tobytes() != b.tobytes() for a, b in zip(first, second, strict=True)], bool)
    moved = _distance(first, second) if len(both) else np.zeros(0)
    catalogue = after.catalogue() if side == "items" else {}
    ids = [parse_field(name, FACTORS) for name in both]
    order = sorted(np.flatnonzero(differ), key=lambda k: (-moved[k], isinstance(ids[k], str), ids[k]))[:movers]
    counts = _counts(second) - _counts(first)
    return SideDiff(
        added=_ids(name for name in new if name not in old),
        removed=_ids(name for name in old if name not in new),
        changed=int(differ.sum()),
        same=int(len(both) - differ.sum()),
        mean_move=float(moved[differ].mean()) if differ.any() else 0.0,
        movers=tuple(
            Move(ids[k], catalogue[ids[k]].title if ids[k] in catalogue else None, int(counts[k]), float(moved[k]))
            for k in order
        ),
    )


def _factors(snapshot: Snapshot, side: Side) -> tuple[dict[bytes, int], NDArray[Any]]:
    """Places by field, and the rows of the block `factors`."""
    about = snapshot.head.blocks[side].get(FACTORS)
    if about is None:
        return {}, np.zeros(0)
    block = snapshot.block(side, FACTORS)
    table = RowLayout(snapshot.head.dtypes, snapshot.head.blocks).numpy_dtypes(snapshot.keys.head)
    fields = sorted(block)
    if not fields:
        return {}, np.zeros(0, table[about["dtype"] - 1])
    key = snapshot.keys.block(side, FACTORS)
    _, values, _ = unpack_rows([block[name] for name in fields], key, table, fields)
    return {name: k for k, name in enumerate(fields)}, values


def _distance(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float64]:
    fields: Mapping[str, Any] = first.dtype.fields or {}
    name = next((name for name, (dtype, *_) in fields.items() if dtype.shape and dtype.base.kind == "f"), None)
    if name is None:
        return np.zeros(len(first))
    found: NDArray[np.float64] = np.linalg.norm(second[name] - first[name], axis=1)
    return found


def _counts(rows: NDArray[Any]) -> NDArray[np.int64]:
    named = rows.dtype.names or ()
    return rows["count"].astype(np.int64) if "count" in named else np.zeros(len(rows), np.int64)


def _ids(names: Any) -> list[Id]:
    found: Sequence[Id] = [parse_field(name, FACTORS) for name in names]
    return sorted(found, key=lambda id_: (isinstance(id_, str), id_))
