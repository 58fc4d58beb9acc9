"""Ratings files into columns, a few megabytes at a time.

The fast path reads each block of whole lines at once and checks the resulting columns. When anything in a block is
wrong, the slow path reads it again line by line, to say which line it is and why.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import BinaryIO

import numpy as np

from streamsvd.errors import DatasetError
from streamsvd.ratings.reading.fields import Array, Field, Ids, Ratings, Times
from streamsvd.ratings.reading.format import RowReader

BLOCK_BYTES = 1 << 23


class BlockReader:
    """Reads blocks of rows into columns and keeps what must agree over all of them; messages call the file `label`."""

    def __init__(self, rows: RowReader, users: Ids, items: Ids, ratings: Ratings, times: Times, label: str) -> None:
        self.rows, self.label = rows, label
        self.lines = 1 if rows.header else 0
        self._fields: tuple[Field, ...] = (users, items, ratings, times)
        self._times: Times | None = times  # until their unit is known

    def read(self, block: bytes) -> list[Array]:
        """Users, items, ratings and timestamps of whole lines; ids that are text come as int32 codes.

        Raises
        ------
        DatasetError
            Naming the first line that cannot be read.
        TextIds
            When a column of integer ids turns out to hold text.
        """
        if self._times is not None:
            self._begin(block, self._times)
            self._times = None
        last = self.lines + block.count(b"\n")
        try:
            columns = self.rows.columns(block, [field.dtype for field in self._fields])
            read = [field.read(column) for field, column in zip(self._fields, columns, strict=True)]
        except (ValueError, OverflowError, csv.Error) as error:  # pandas' own errors are ValueErrors
            self._explain(block)
            raise DatasetError(
                f"{self.label}, between lines {self.lines + 1} and {last}: {error}; "
                "write one rating a line, every field as the first line has it"
            ) from error
        self.lines = last
        return read

    def _begin(self, block: bytes, times: Times) -> None:
        """Take the unit of time from the file's first rating."""
        with suppress(ValueError):  # the slow path will say what is wrong with the line
            lines = (self.rows.fields(_decoded(line)) for line in io.BytesIO(block))
            if first := next(filter(None, lines), None):
                times.begin(first[3])

    def _explain(self, block: bytes) -> None:
        """Raise what is wrong with the first line of the block that cannot be read; return if all of them can."""
        for number, line in enumerate(block.split(b"\n"), self.lines + 1):
            try:
                for field, text in zip(self._fields, self.rows.fields(_decoded(line)) or (), strict=False):
                    field.check(text)
            except ValueError as error:
                raise DatasetError(f"{self.label}, line {number}: {error}") from error


def _decoded(line: bytes) -> str:
    try:
        return line.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"not text in UTF-8 ({error.reason}); convert the file") from error


def whole_lines(stream: BinaryIO, size: int, on_bytes: Callable[[bytes], None]) -> Iterator[bytes]:
    """Blocks of whole lines, each ending with a line feed; `on_bytes` sees all bytes as they are read."""
    rest = b""
    while chunk := stream.read(size):
        on_bytes(chunk)
        cut = chunk.rfind(b"\n") + 1
        if cut:
            yield rest + chunk[:cut]
            rest = chunk[cut:]
        else:
            rest += chunk
    if rest:
        yield rest + b"\n"


class GrowingArray:
    """An array that grows at its end.

    Room is taken by half as much again; what is not yet filled costs no memory, and what is outgrown goes back to the
    system at once, which it would not as a list of small blocks.
    """

    __slots__ = ("_size", "_values")

    def __init__(self) -> None:
        self._values: Array = np.empty(0, dtype=np.int32)
        self._size = 0

    def extend(self, block: Array) -> None:
        """Add a block, in the wider one of both types."""
        kind = np.promote_types(self._values.dtype, block.dtype) if self._size else block.dtype
        end = self._size + len(block)
        if end > len(self._values) or kind != self._values.dtype:
            room = np.empty(max(end, len(self._values) * 3 // 2), dtype=kind)
            room[: self._size] = self._values[: self._size]
            self._values = room
        self._values[self._size : end] = block
        self._size = end

    def take(self) -> Array:
        """All values; the array is empty afterwards."""
        values = self._values[: self._size]
        self.__init__()  # type: ignore[misc]
        return values


def read_columns(
    reader: BlockReader, stream: BinaryIO, header_counts: bool, on_read: Callable[[], None]
) -> tuple[list[GrowingArray], str]:
    """Users, items, ratings and timestamps of the whole stream, in file order, and the SHA-256 of its bytes."""
    digest = hashlib.sha256()
    columns = [GrowingArray() for _ in range(4)]

    def on_bytes(chunk: bytes) -> None:
        digest.update(chunk)
        on_read()

    if reader.rows.header:
        header = stream.readline()
        if header_counts:
            on_bytes(header)
    mark = b"" if reader.rows.header else codecs.BOM_UTF8  # the byte order mark went with the header
    for block in whole_lines(stream, BLOCK_BYTES, on_bytes):
        text, mark = block.removeprefix(mark), b""
        if text.strip():
            for column, values in zip(columns, reader.read(text), strict=True):
                column.extend(values)
        else:
            reader.lines += text.count(b"\n")
    return columns, digest.hexdigest()
