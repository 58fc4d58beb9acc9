"""Lines of fields with a delimiter between them: how most formats hold their ratings."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

_DELIMITERS = (",", "\t", ";", "|")

Quoting = Literal[0, 3]


@dataclass(frozen=True, slots=True)
class Delimited:
    """Rows between delimiters.

    Attributes
    ----------
    delimiter : str
        One character, or `::`.
    header : bool
        Whether the first line names the columns.
    at : tuple of int
        Positions of user, item, rating and timestamp.
    width : int
        Fields in a line.
    quoting : int
        Whether a field may be quoted, as `csv` and pandas number it.
    """

    delimiter: str
    header: bool
    at: tuple[int, ...] = (0, 1, 2, 3)
    width: int = 4
    quoting: Quoting = csv.QUOTE_MINIMAL

    def fields(self, line: str) -> list[str] | None:
        """The four fields of one line, None for a blank one; raises as `RowReader.fields` does."""
        if not line.strip():
            return None
        try:
            fields = split(line, self.delimiter, self.quoting)
        except csv.Error as error:
            raise ValueError(f"{error}; correct or delete the line") from error
        if len(fields) != self.width:
            raise ValueError(
                f"found {len(fields)} fields instead of {self.width} in {line[:80]!r}; "
                "write one rating a line, every field as the first line has it"
            )
        return [fields[column] for column in self.at]

    def columns(self, block: bytes, dtypes: Sequence[str]) -> list[Any]:
        """The four columns of whole lines, by pandas' C parser; raises as `RowReader.columns` does."""
        import pandas as pd  # here, so that the workers of an engine can do without

        single = len(self.delimiter) == 1
        frame = pd.read_csv(
            io.BytesIO(block if single else block.replace(self.delimiter.encode(), b"\t")),
            sep=self.delimiter if single else "\t",
            header=None,
            names=range(self.width),
            usecols=list(self.at),
            dtype=dict(zip(self.at, dtypes, strict=True)),
            index_col=False,
            na_filter=False,
            quoting=self.quoting,
        )
        # Fields beyond the last one wanted are dropped silently, so count them.
        if not self._has_width(block, len(frame)):
            raise ValueError("lines have different numbers of fields")
        return [frame[column] for column in self.at]

    def _has_width(self, block: bytes, lines: int) -> bool:
        """Whether every line has as many fields as the first one."""
        if b'"' not in block or len(self.delimiter) > 1 or self.quoting == csv.QUOTE_NONE:
            return block.count(self.delimiter.encode()) == lines * (self.width - 1)
        rows = csv.reader(io.StringIO(block.decode(), newline="\n"), delimiter=self.delimiter)  # a quoted one is none
        return all(len(row) == self.width for row in rows if row)


def split(line: str, delimiter: str, quoting: Quoting = csv.QUOTE_MINIMAL) -> list[str]:
    """Fields of one line; raises `csv.Error` as `csv.reader` does."""
    if len(delimiter) > 1:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter, quoting=quoting), [])


def likeliest_delimiter(line: str) -> str:
    """What stands between the fields of a line."""
    return "::" if "::" in line else max(_DELIMITERS, key=line.count)
