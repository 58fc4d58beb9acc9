"""Ratings files into columns, a few megabytes at a time.

The fast path hands each block of whole lines to pandas' C parser and checks the resulting columns. When
anything in a block is wrong, the slow path reads it again line by line, to say which line it is and why.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import DatasetError
from streamsvd.ratings.event import MAX_TIMESTAMP
from streamsvd.ratings.reading.layout import Layout

BLOCK_BYTES = 1 << 23
MILLISECONDS = MAX_TIMESTAMP + 1
"""From this number on, a timestamp is in milliseconds."""

Read = Callable[[], None]
Array = NDArray[Any]

_INTEGER = re.compile(r"\s*[+-]?\d+(\.0*)?\s*")


class TextIds(Exception):
    """A column of ids that were taken for integers holds text: read the file again with this side as text."""

    def __init__(self, side: int) -> None:
        super().__init__(side)
        self.side = side


@dataclass(slots=True)
class Parser:
    """Turns blocks into columns and keeps what must agree over all of them.

    Attributes
    ----------
    layout : Layout
    label : str
        The file's name in messages.
    scale : tuple of float or None
        Limits that no rating may leave; None accepts every finite number.
    text : tuple of bool
        Whether users and items are text.
    """

    layout: Layout
    label: str
    scale: tuple[float, float] | None
    text: tuple[bool, bool]
    dates: bool = False
    per_second: int = 1
    lines: int = 0
    names: tuple[dict[str, int], dict[str, int]] = field(default_factory=lambda: ({}, {}))

    def start(self, line: bytes) -> None:
        """Take the unit of time from the file's first rating."""
        try:
            text = self.layout.split(line.decode())[self.layout.columns[3]].strip()
            number = float(text)
        except (UnicodeDecodeError, IndexError, csv.Error):
            return  # the slow path will say what is wrong with this line
        except ValueError:
            self.dates = bool(text)
        else:
            self.per_second = 1000 if number >= MILLISECONDS else 1

    def parse(self, block: bytes) -> list[Array]:
        """Users, items, ratings and timestamps of whole lines; ids that are text come as int32 codes.

        Raises
        ------
        DatasetError
            Naming the first line that cannot be read.
        TextIds
            When a column of integer ids turns out to hold text.
        """
        try:
            columns = self._parse(block)
        except (ValueError, OverflowError, csv.Error) as error:  # pandas' own errors are ValueErrors
            self._explain(block)
            last = self.lines + block.count(b"\n")
            raise DatasetError(
                f"{self.label}, between lines {self.lines + 1} and {last}: {error}; "
                "write one rating a line, every field as the first line has it"
            ) from error
        self.lines += block.count(b"\n")
        return columns

    def _parse(self, block: bytes) -> list[Array]:
        import pandas as pd  # here, so that the workers of an engine can do without

        layout = self.layout
        types = ["str" if text else "int64" for text in self.text]
        types += ["float64", "str" if self.dates else "float64"]
        frame = pd.read_csv(
            io.BytesIO(block.replace(b"::", b"\t") if layout.delimiter == "::" else block),
            sep=layout.delimiter[:1] if layout.delimiter != "::" else "\t",
            header=None,
            names=range(layout.width),
            usecols=list(layout.columns),
            dtype=dict(zip(layout.columns, types, strict=True)),
            index_col=False,
            na_filter=False,
            quoting=layout.quoting,
        )
        # Fields beyond the last one wanted are dropped silently, so count them.
        if not self._has_width(block, len(frame)):
            raise ValueError("lines have different numbers of fields")
        user, item, rating, time = (frame[column] for column in layout.columns)
        ratings = rating.to_numpy(np.float64, copy=True)
        low, high = self.scale or (-math.inf, math.inf)
        if not (np.isfinite(ratings) & (ratings >= low) & (ratings <= high)).all():
            raise ValueError("a rating is not a number of the scale")
        narrow = ratings.astype(np.float32)
        return [
            self._codes(user, 0) if self.text[0] else user.to_numpy(np.int64, copy=True),
            self._codes(item, 1) if self.text[1] else item.to_numpy(np.int64, copy=True),
            narrow if np.array_equal(narrow, ratings) else ratings,
            self._seconds(time),
        ]

    def _has_width(self, block: bytes, lines: int) -> bool:
        """Whether every line has as many fields as the first one."""
        width, delimiter, quoting = self.layout.width, self.layout.delimiter, self.layout.quoting
        if b'"' not in block or len(delimiter) > 1 or quoting == csv.QUOTE_NONE:
            return block.count(delimiter.encode()) == lines * (width - 1)
        rows = csv.reader(io.StringIO(block.decode(), newline="\n"), delimiter=delimiter)  # a quoted one counts as none
        return all(len(row) == width for row in rows if row)

    def _codes(self, column: Any, side: int) -> NDArray[np.int32]:
        names = self.names[side]
        codes, found = column.factorize()
        if "" in found:
            raise ValueError("an id is empty")
        numbers = [names.setdefault(name, len(names)) for name in found.tolist()]
        by_text: NDArray[np.int32] = np.array(numbers, dtype=np.int32)[codes]
        return by_text

    def _seconds(self, column: Any) -> NDArray[np.int64]:
        if self.dates:
            import pandas as pd

            codes, found = column.factorize()
            days = pd.to_datetime(found, utc=True, format="ISO8601")
            if days.hasnans:
                raise ValueError("a date is empty")
            epoch = days.tz_convert(None).to_numpy().astype("datetime64[s]").astype(np.int64)
            seconds: NDArray[np.int64] = epoch[codes]
        else:
            numbers = column.to_numpy(np.float64)
            if not np.isfinite(numbers).all():
                raise ValueError("a timestamp is not a number")
            seconds = np.floor(numbers / self.per_second).astype(np.int64)
        if len(seconds) and not 0 <= seconds.min() <= seconds.max() <= MAX_TIMESTAMP:
            raise ValueError("a timestamp is out of range")
        return seconds

    def _explain(self, block: bytes) -> None:
        """Raise what is wrong with the first line of the block that cannot be read; return if all of them can."""
        layout = self.layout
        for number, raw in enumerate(block.split(b"\n"), self.lines + 1):
            where = f"{self.label}, line {number}"
            try:
                line = raw.decode().rstrip("\r")
            except UnicodeDecodeError as error:
                raise DatasetError(f"{where}: not text in UTF-8 ({error.reason}); convert the file") from error
            if not line.strip():
                continue
            try:
                fields = layout.split(line)
            except csv.Error as error:
                raise DatasetError(f"{where}: {error}; correct or delete the line") from error
            if len(fields) != layout.width:
                raise DatasetError(
                    f"{where}: found {len(fields)} fields instead of {layout.width} in {line[:80]!r}; "
                    "write one rating a line, every field as the first line has it"
                )
            user, item, rating, time = (fields[column] for column in layout.columns)
            for side, (what, text) in enumerate((("user", user), ("item", item))):
                self._explain_id(where, what, side, text)
            self._explain_rating(where, rating)
            self._explain_time(where, time)

    def _explain_id(self, where: str, what: str, side: int, text: str) -> None:
        if not text.strip():
            raise DatasetError(f"{where}: the {what} is empty; every rating names its user and its item")
        if self.text[side]:
            return
        if not _INTEGER.fullmatch(text):
            if not self.layout.published:
                raise TextIds(side)
            raise DatasetError(f"{where}: the {what} is {text!r}, not an integer; MovieLens' ids are integers")
        if not -(2**63) <= int(text.partition(".")[0]) < 2**63:
            raise DatasetError(f"{where}: the {what} {text} does not fit into 64 bits; use smaller ids, or text")

    def _explain_rating(self, where: str, text: str) -> None:
        rating = _number(text)
        if rating is None:
            raise DatasetError(f"{where}: the rating is {text!r}, not a finite number; correct or delete the line")
        if self.scale is not None and not self.scale[0] <= rating <= self.scale[1]:
            raise DatasetError(
                f"{where}: the rating {text.strip()} is outside the scale {self.scale[0]:g} to {self.scale[1]:g}; "
                "correct the line, or declare the scale of this data set (scale=(low, high))"
            )

    def _explain_time(self, where: str, text: str) -> None:
        if self.dates:
            try:
                early = datetime.fromisoformat(text.strip()).year < 1970
            except ValueError as error:
                raise DatasetError(
                    f"{where}: the timestamp is {text!r}, not an ISO date such as 2014-05-01; convert the column"
                ) from error
            if early:
                raise DatasetError(f"{where}: the date {text.strip()} is before 1970; correct or delete the line")
            return
        time = _number(text)
        if time is None:
            raise DatasetError(
                f"{where}: the timestamp is {text!r}, not a number of seconds; use seconds, milliseconds or "
                "ISO dates, the same in every line"
            )
        if not 0 <= time // self.per_second <= MAX_TIMESTAMP:
            unit = "seconds" if self.per_second == 1 else "milliseconds"
            raise DatasetError(
                f"{where}: the timestamp {text.strip()} is out of range for {unit} since 1970, the unit of the "
                "first rating; use one unit in every line"
            )


def _number(text: str) -> float | None:
    """A finite number as pandas would read it, None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


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


class Column:
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
        """All values; the column is empty afterwards."""
        values = self._values[: self._size]
        self.__init__()  # type: ignore[misc]
        return values


def read_columns(parser: Parser, stream: BinaryIO, on_read: Read) -> tuple[list[Column], str]:
    """Users, items, ratings and timestamps of the whole stream, in file order, and the SHA-256 of its bytes.

    The header of an atomic file is not part of the checksum, so that ml-100k has one identity in both of its forms.
    """
    digest = hashlib.sha256()
    columns = [Column(), Column(), Column(), Column()]

    def on_bytes(chunk: bytes) -> None:
        digest.update(chunk)
        on_read()

    if parser.layout.header:
        header = stream.readline()
        parser.lines = 1
        if parser.layout.kind != "atomic":
            on_bytes(header)
    first = True
    for block in whole_lines(stream, BLOCK_BYTES, on_bytes):
        if first:
            if not parser.layout.header:  # else the byte order mark went with it
                block = block.removeprefix(b"\xef\xbb\xbf")
            parser.start(block.lstrip().partition(b"\n")[0])
            first = False
        if block.strip():
            for column, values in zip(columns, parser.parse(block), strict=True):
                column.extend(values)
        else:
            parser.lines += block.count(b"\n")
    return columns, digest.hexdigest()
