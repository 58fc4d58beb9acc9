"""Files of lines: read in blocks of whole records, a few megabytes at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from streamsvd.ratings.reading.files import DataFile
from streamsvd.ratings.reading.format import BadRow, Block
from streamsvd.ratings.reading.splitting import EndlessRecord, whole_records


@dataclass(kw_only=True)
class TextRows(ABC):
    """Rows of a text; a subclass says how a block of it is read.

    Attributes
    ----------
    delimiter : str
        One of `DELIMITERS`.
    line_end : bytes
        LF or CR.
    start, line : int
        Bytes before the first rating's line, and its number.
    start_counts : bool
        Whether these bytes are part of the checksum.
    has_times : bool
        As in `RowReader`.
    """

    delimiter: str
    line_end: bytes
    start: int
    line: int
    start_counts: bool = True
    has_times: bool = True

    @abstractmethod
    def columns(self, block: bytes) -> Sequence[Any]:
        """The columns of a block, as `Block.columns` gives them."""

    @abstractmethod
    def rows(self, block: bytes, line: int) -> Iterator[tuple[str, Sequence[str]]]:
        """The rows of a block that begins at this line, as `Block.rows` gives them."""

    def blocks(self, file: DataFile, on_bytes: Callable[[bytes], None]) -> Iterator[Block]:
        """All blocks, as `RowReader` has it."""
        with file.open_text() as (stream, position, total):

            def read(size: int) -> bytes:
                chunk = stream.read(size)
                on_bytes(chunk)
                return chunk

            start = stream.read(self.start)
            if self.start_counts:
                on_bytes(start)
            line = self.line
            try:
                for block in whole_records(read, self.delimiter, self.line_end):
                    if block.strip():
                        yield Block(partial(self.columns, block), partial(self.rows, block, line), position(), total)
                    line += int(np.count_nonzero(np.frombuffer(block, np.uint8) == ord(self.line_end)))
            except EndlessRecord as error:
                raise BadRow(f"line {line}", str(error)) from error
