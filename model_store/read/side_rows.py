"""Rows of one side, read block by block, in the order of their numbers, into arrays.

Which rows there are is read first, from the smallest block. Every other block then comes in that order, in pages, and
goes straight to its place: at no time is there more of it as blobs than one page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from model_store.codec.blobs import as_bytes, unpack_rows
from model_store.codec.keys import Keys, Side, parse_field
from model_store.codec.rows import FIXED, RowLayout
from streamsvd.errors import SnapshotCorrupt
from streamsvd.kernels import Ragged, Rows, Structured

PAGE = 1000
"""Rows asked for at a time."""

Block = TypeVar("Block")
Page = tuple[Sequence[bytes], Sequence[bytes]]
"""Fields and their blobs."""


class RowSource(Protocol):
    """Where blocks are stored, as hashes: field → blob."""

    def count(self, key: str) -> int:
        """How many rows a block has."""
        ...

    def pages(self, key: str) -> Iterator[Page]:
        """All rows of a block, in any order; one may come twice."""
        ...

    def values(self, key: str, pages: Iterable[Sequence[bytes]]) -> Iterator[Sequence[bytes | None]]:
        """Some rows of a block, page by page, by their fields; None where there is none."""
        ...


class SideReader:
    """Reads the rows of one side.

    Parameters
    ----------
    source : RowSource
    side : "users" or "items"
    layout : RowLayout
    keys : Keys

    Raises
    ------
    SnapshotCorrupt
        When a blob is damaged, or a row is not in all blocks; so do the methods.
    """

    def __init__(self, source: RowSource, side: Side, layout: RowLayout, keys: Keys) -> None:
        self._source, self._side, self._layout, self._keys = source, side, layout.blocks[side], keys
        self._dtypes = layout.numpy_dtypes(keys.head)
        found: dict[bytes, int] = {}
        if self._layout:
            key = keys.block(side, min(self._layout, key=self._width))
            for fields, blobs in source.pages(key):
                if fields:
                    found.update(zip(fields, unpack_rows(blobs, key, self._dtypes, fields)[0].tolist(), strict=True))
        self._fields = sorted(found, key=found.__getitem__)
        self._numbers = np.fromiter((found[name] for name in self._fields), np.int64, len(found))

    def rows(self, guarded: Callable[[Callable[[], Any]], Any] = lambda read: read()) -> Rows:
        """The rows, each block of which is read when it is asked for, and every time anew.

        Parameters
        ----------
        guarded : callable
            Calls what reads a block, and returns what that returns.
        """
        marks = self._keys.versions(self._side)
        fixed = [name for name, about in self._layout.items() if about["kind"] == FIXED]
        return Rows(
            self._numbers,
            [parse_field(name, marks) for name in self._fields],
            StoredBlocks(fixed, lambda name: guarded(lambda: self._fixed(name))),
            StoredBlocks([n for n in self._layout if n not in fixed], lambda name: guarded(lambda: self._ragged(name))),
        )

    def _width(self, name: str) -> tuple[bool, int]:
        """Sort key: bytes of an element, ragged blocks last."""
        about = self._layout[name]
        return about["kind"] != FIXED, self._dtype(name).itemsize

    def _dtype(self, name: str) -> np.dtype[Any]:
        number: int = self._layout[name]["dtype"]
        return self._dtypes[number - 1]

    def _fixed(self, name: str) -> Structured:
        block: Structured = np.empty(len(self._fields), self._dtype(name))
        payload = as_bytes(block)
        for first, last, values, offsets in self._pages(name):
            if not np.array_equal(offsets, np.arange(last - first + 1)):
                raise self._of_other_layout(name)
            payload[first * block.itemsize : last * block.itemsize] = as_bytes(values)
        return block

    def _ragged(self, name: str) -> Ragged:
        payload, lengths = bytearray(), np.zeros(len(self._fields), np.int64)
        for first, last, values, offsets in self._pages(name):
            payload += as_bytes(values).data  # grows in place
            lengths[first:last] = np.diff(offsets)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return Ragged(np.frombuffer(payload, self._dtype(name)), offsets)

    def _pages(self, name: str) -> Iterator[tuple[int, int, NDArray[Any], NDArray[np.int64]]]:
        """Pages of a block: which rows, their elements, and the offsets that part those."""
        key, n = self._keys.block(self._side, name), len(self._fields)
        if self._source.count(key) != n:
            raise self._of_other_rows(key)
        pages = [self._fields[first : first + PAGE] for first in range(0, n, PAGE)]
        last = 0
        for fields, found in zip(pages, self._source.values(key, pages), strict=True):
            blobs = [blob for blob in found if blob is not None]
            if len(blobs) < len(fields):
                raise self._of_other_rows(key)
            first, last = last, last + len(fields)
            numbers, values, offsets = unpack_rows(blobs, key, self._dtypes, fields)
            if values.dtype != self._dtype(name):
                raise self._of_other_layout(name)
            if not np.array_equal(numbers, self._numbers[first:last]):
                raise self._of_other_rows(key)
            yield first, last, values, offsets

    def _of_other_rows(self, key: str) -> SnapshotCorrupt:
        return SnapshotCorrupt(
            f"{key} and the other blocks of the {self._side} hold different rows; rebuild the snapshot from the log"
        )

    def _of_other_layout(self, name: str) -> SnapshotCorrupt:
        key = self._keys.block(self._side, name)
        return SnapshotCorrupt(f"{key} does not hold what the head document says; rebuild the snapshot from the log")


class StoredBlocks(Mapping[str, Block]):
    """Blocks by name, each read when it is asked for."""

    def __init__(self, names: Sequence[str], read: Callable[[str], Block]) -> None:
        self._names, self._read = dict.fromkeys(names), read

    def __getitem__(self, name: str) -> Block:
        if name not in self._names:
            raise KeyError(name)
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names


class HashRows:
    """A `RowSource` of hashes in memory, by key; rows are taken out as they are asked for, to save memory."""

    def __init__(self, hashes: Mapping[str, dict[bytes, bytes]]) -> None:
        self._hashes = hashes

    def count(self, key: str) -> int:
        return len(self._hashes[key])

    def pages(self, key: str) -> Iterator[Page]:
        yield list(self._hashes[key]), list(self._hashes[key].values())

    def values(self, key: str, pages: Iterable[Sequence[bytes]]) -> Iterator[Sequence[bytes | None]]:
        for fields in pages:
            yield [self._hashes[key].pop(name, None) for name in fields]
