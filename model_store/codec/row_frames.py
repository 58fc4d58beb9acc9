"""Rows of a side as arguments of Redis commands, made from the arrays without a Python object for each row.

A page of arguments is as long as a command should be. It is a view of memory that the next page overwrites.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model_store.codec.blobs import as_bytes, second_word, unpack_rows
from model_store.codec.keys import Side, field
from model_store.codec.row_kernels import FRAME_BYTES, HEADER_BYTES, TABLES, frame_marks, frame_rows
from model_store.codec.rows import RowLayout, block_of, check_fit, encode_rows
from streamsvd.kernels import Ragged, Rows, State

_PAGE_BYTES = 2 << 20
"""Of one command, about: a few milliseconds of server time."""
_PAGE_ROWS = 2000

Ints = NDArray[np.int64]
_Write = Callable[[int, int, NDArray[np.uint8]], int]


class FramedPage(NamedTuple):
    """Arguments of one command.

    Attributes
    ----------
    rows : int
        Each has two arguments.
    text : memoryview
        As they are sent.
    blob_bytes : int
        Size of the blobs in them.
    """

    rows: int
    text: memoryview
    blob_bytes: int


class RowFrames:
    """All rows of one side, to be sent.

    Parameters
    ----------
    rows : Rows
    side : "users" or "items"
    layout : RowLayout
        Holds the side's blocks.

    Raises
    ------
    StoreError
        The arrays do not fit each other.
    """

    def __init__(self, rows: Rows, side: Side, layout: RowLayout) -> None:
        check_fit(rows, side)
        names = [field(id_) for id_ in rows.ids]
        self._rows, self._layout = rows, layout.blocks[side]
        self._fields = np.frombuffer(b"".join(names), np.uint8)
        self._ends = np.fromiter(accumulate(map(len, names), initial=0), np.int64, len(names) + 1)

    def block(self, name: str) -> Iterator[FramedPage]:
        """Fields and blobs of a block, for HSET."""
        values, offsets = block_of(self._rows, name)
        payload, ends, numbers = as_bytes(values), offsets * values.itemsize, self._rows.numbers
        word = second_word(self._layout[name]["dtype"])

        def write(first: int, last: int, out: NDArray[np.uint8]) -> int:
            size: int = frame_rows(self._fields, self._ends, payload, ends, numbers, word, TABLES, first, last, out)
            return size

        return self._pages(ends + HEADER_BYTES * np.arange(len(ends)), write)

    def marks(self, version: int) -> Iterator[FramedPage]:
        """The version and each row's field, for ZADD."""
        text = np.frombuffer(b"%d" % version, np.uint8)

        def write(first: int, last: int, out: NDArray[np.uint8]) -> int:
            size: int = frame_marks(self._fields, self._ends, text, first, last, out)
            return size

        return self._pages(len(text) * np.arange(len(self._ends)), write)

    def _pages(self, ends: Ints, write: _Write) -> Iterator[FramedPage]:
        """Pages of a second argument for each row, which ends at `ends`."""
        framed = ends + self._ends + FRAME_BYTES * np.arange(len(ends))
        out, first, n = np.empty(0, np.uint8), 0, len(ends) - 1
        while first < n:
            last = int(np.searchsorted(framed, framed[first] + _PAGE_BYTES))
            last = min(max(last, first + 1), first + _PAGE_ROWS, n)
            room = int(framed[last] - framed[first])
            if room > len(out):
                out = np.empty(max(room, min(_PAGE_BYTES, int(framed[-1]))), np.uint8)
            size = write(first, last, out)
            yield FramedPage(last - first, out.data[:size], int(ends[last] - ends[first]))
            first = last


def compile_row_kernels() -> None:
    """Compile what makes and decodes rows, or load it from the cache, so that no checkpoint or lookup waits for it."""
    ragged = Ragged(np.zeros(1), np.array([0, 1]))
    rows, nothing = Rows(np.zeros(1, np.int64), [0], {}, {"row": ragged}), Rows(np.zeros(0, np.int64), [], {}, {})
    layout = RowLayout().extended(State({}, {}, rows, nothing))
    frames = RowFrames(rows, "users", layout)
    for _ in (*frames.block("row"), *frames.marks(1)):
        pass
    unpack_rows(encode_rows(rows, "users", layout)["row"], "", [ragged.values.dtype])
