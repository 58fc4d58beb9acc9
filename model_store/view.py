"""What a reader keeps in the process: the items of one version. Never changed, only replaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import redis
from numpy.typing import NDArray

from model_store.blocks import unpack_rows
from model_store.checkpoint import Head
from model_store.keys import Keys, parse_field
from model_store.loading import read_arrays, read_hash
from model_store.rows import Layout
from streamsvd.errors import SnapshotMissing
from streamsvd.ratings import Film, Id

FACTORS = "factors"
"""Name of the block, on either side, that holds what scoring needs."""


@dataclass(frozen=True, slots=True)
class View:
    """The items of one version.

    Attributes
    ----------
    head : Head
        With version, offsets, settings and layout.
    dtypes : list of dtype
        The layout's table.
    globals_ : dict of array
    ids : list of int or str
        The items, in the order of ids (integers before strings): rank ties come out in this order.
    index : dict of id to int
        Where an item stands in `ids`.
    numbers : int64 array, shape (n_items,)
        Row numbers in the learner.
    factors : structured array, shape (n_items,)
    where : intp array
        By row number: where that item stands in `ids`; -1 where there is none.
    films : dict of id to Film
        The catalogue, as of version `films_version`.
    """

    head: Head
    dtypes: list[np.dtype[Any]]
    globals_: dict[str, NDArray[Any]]
    ids: list[Id]
    index: dict[Id, int]
    numbers: NDArray[np.int64]
    factors: NDArray[Any]
    where: NDArray[np.intp]
    films: dict[Id, Film]
    films_version: int

    def places(self, numbers: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
        """Where the items of some row numbers stand; -1 for those that are not here."""
        at = np.full(len(numbers), -1, np.intp)
        within = numbers < len(self.where)
        at[within] = self.where[numbers[within]]
        return at

    def positions(self, numbers: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
        """The same, with those that are not here left out."""
        at = self.places(numbers)
        return at[at >= 0]

    def updated(
        self,
        head: Head,
        raw_globals: Sequence[bytes],
        fields: Sequence[bytes],
        blobs: Sequence[bytes | None],
        keys: Keys,
    ) -> View:
        """The view of a later version: these items changed, or went (no blob)."""
        arrays = dict(zip(raw_globals[::2], raw_globals[1::2], strict=True))
        globals_ = read_arrays(arrays, head.arrays["globals"], keys.globals_)
        dtypes = self.dtypes if head.dtypes == self.head.dtypes else Layout(head.dtypes).table(keys.head)
        changed = [parse_field(name, keys.versions("items")) for name in fields]
        there = [(id_, blob) for id_, blob in zip(changed, blobs, strict=True) if blob is not None]
        new = replace(self, head=head, dtypes=dtypes, globals_=globals_)
        gone = [self.index[id_] for id_, blob in zip(changed, blobs, strict=True) if blob is None and id_ in self.index]
        if gone:
            kept = np.delete(np.arange(len(self.ids)), gone)
            new = new._arranged([self.ids[k] for k in kept], self.numbers[kept], self.factors[kept])
        if there:
            new = new._with(*_decode(there, dtypes, keys))
        return new

    def _with(self, ids: list[Id], numbers: NDArray[np.int64], factors: NDArray[Any]) -> View:
        """With some rows set; those that are new find their place."""
        if not self.ids:
            return self._arranged(ids, numbers, factors)
        old = np.array([k for k, id_ in enumerate(ids) if id_ in self.index], np.intp)
        at = [self.index[ids[k]] for k in old]
        all_numbers, all_factors = self.numbers.copy(), self.factors.copy()
        all_numbers[at], all_factors[at] = numbers[old], factors[old]
        new = replace(self, numbers=all_numbers, factors=all_factors)
        if len(old) == len(ids) and np.array_equal(all_numbers, self.numbers):
            return new
        added = np.array([k for k, id_ in enumerate(ids) if id_ not in self.index], np.intp)
        return new._arranged(
            [*self.ids, *(ids[k] for k in added)],
            np.concatenate([all_numbers, numbers[added]]),
            np.concatenate([all_factors, factors[added]]),
        )

    def _arranged(self, ids: list[Id], numbers: NDArray[np.int64], factors: NDArray[Any]) -> View:
        """With exactly these rows, put in the order of ids."""
        order = np.array(sorted(range(len(ids)), key=lambda k: (isinstance(ids[k], str), ids[k])), np.intp)
        arranged = [ids[k] for k in order]
        index = {id_: k for k, id_ in enumerate(arranged)}
        where = np.full(int(numbers.max()) + 1 if len(order) else 0, -1, np.intp)
        where[numbers[order]] = np.arange(len(order))
        return replace(self, ids=arranged, index=index, numbers=numbers[order], factors=factors[order], where=where)


def _decode(
    rows: list[tuple[Id, bytes]], dtypes: list[np.dtype[Any]], keys: Keys
) -> tuple[list[Id], NDArray[np.int64], NDArray[Any]]:
    ids = [id_ for id_, _ in rows]
    numbers, factors, _ = unpack_rows([blob for _, blob in rows], keys.block("items", FACTORS), dtypes, ids)
    return ids, numbers, factors


def first_view(client: redis.Redis, keys: Keys) -> View:
    """All items, read page by page, as a start.

    While the pages are read, versions may pass; so this is not yet a view to be served: every item that
    changed after `head.version` has still to be brought up to date by `View.updated`.

    Raises
    ------
    SnapshotMissing
        When the model has no snapshot.
    """
    version, doc = cast("list[bytes | None]", client.hmget(keys.head, ["version", "doc"]))
    if version is None:
        raise SnapshotMissing(
            f"Redis holds no snapshot of model {keys.model!r}: start `streamsvd consume` for it, or check the name"
        )
    head = Head.decode(doc or b"", keys.head)
    dtypes = Layout(head.dtypes).table(keys.head)
    about = head.blocks["items"].get(FACTORS)
    dtype = dtypes[about["dtype"] - 1] if about else np.dtype("V1")
    empty = View(head, dtypes, {}, [], {}, np.zeros(0, np.int64), np.zeros(0, dtype), np.zeros(0, np.intp), {}, 0)
    rows = [
        (parse_field(name, keys.block("items", FACTORS)), blob)
        for name, blob in read_hash(client, keys.block("items", FACTORS)).items()
    ]
    return empty._with(*_decode(rows, dtypes, keys)) if rows else empty
