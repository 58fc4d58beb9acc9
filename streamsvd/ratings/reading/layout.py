"""How the lines of a ratings file are laid out, found from its first line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from streamsvd.errors import DatasetError

WHOLE_STARS = (1.0, 5.0)
HALF_STARS = (0.5, 5.0)

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_DELIMITERS = (",", "\t", ";", "|")
_TYPED = re.compile(r"[^:\t]+:(?:token|token_seq|float|float_seq)")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table hold what: names in its header, or positions from 0 where it has no header.

    Examples
    --------
    >>> Columns("reader", "isbn", "stars", "day")
    Columns(user='reader', item='isbn', rating='stars', timestamp='day')
    >>> Columns.parse("0, 1, 2, 3")
    Columns(user=0, item=1, rating=2, timestamp=3)
    """

    user: str | int
    item: str | int
    rating: str | int
    timestamp: str | int

    @classmethod
    def parse(cls, text: str) -> Columns:
        """Columns from `USER,ITEM,RATING,TIMESTAMP`, as a command line gives them.

        Raises
        ------
        DatasetError
            When there are not four different names.
        """
        names = [name.strip() for name in text.split(",")]
        if len(set(names)) != 4 or len(names) != 4 or "" in names:
            raise DatasetError(
                f"columns {text!r}: four different names are needed, separated by commas, "
                "for user, item, rating and timestamp, such as user_id,book_id,rating,date"
            )
        if all(name.isdecimal() for name in names):
            return cls(*(int(name) for name in names))
        return cls(*names)

    def __iter__(self) -> Iterator[str | int]:
        return iter((self.user, self.item, self.rating, self.timestamp))


ATOMIC = Columns("user_id", "item_id", "rating", "timestamp")
"""What RecBole calls these columns."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Lines of one kind.

    Attributes
    ----------
    kind : str
        `100k`, `dat`, `csv` (MovieLens' formats), `atomic` (RecBole's) or `table` (columns named by the caller).
    delimiter : str
        What stands between two fields; `::` in `dat`.
    columns : tuple of int
        Positions of user, item, rating and timestamp.
    width : int
        Fields in a line.
    header : bool
        Whether the first line names the columns.
    """

    kind: str
    delimiter: str
    columns: tuple[int, int, int, int]
    width: int
    header: bool

    @property
    def published(self) -> bool:
        """Whether it is one of MovieLens' formats, whose ids are integers and whose scales are known."""
        return self.kind in ("100k", "dat", "csv")

    @property
    def quoting(self) -> Literal[0, 3]:
        """Whether a field may be quoted, for `csv` and pandas; an atomic file knows no quotes."""
        return csv.QUOTE_NONE if self.kind == "atomic" else csv.QUOTE_MINIMAL

    def split(self, line: str) -> list[str]:
        """Fields of one line."""
        if len(self.delimiter) > 1:
            return line.rstrip("\r\n").split(self.delimiter)
        return next(csv.reader([line], delimiter=self.delimiter, quoting=self.quoting), [])


def sniff(first_line: bytes, label: str, columns: Columns | None) -> Layout:
    """Find the layout from the first line.

    Raises
    ------
    DatasetError
        When the line is none of the published formats and no columns are given, or lacks one of those given.
    """
    try:
        line = first_line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{label}, line 1: not text in UTF-8 ({error.reason}); give a csv or dat file") from error
    if not line.strip():
        raise DatasetError(f"{label}, line 1: empty; the file has to start with its header or its first rating")
    delimiter = "::" if "::" in line else max(_DELIMITERS, key=line.count)
    try:
        fields = Layout("table", delimiter, (0, 1, 2, 3), 4, True).split(line)
    except csv.Error as error:
        raise DatasetError(f"{label}, line 1: {error}; end every line with a line feed (LF), or CR and LF") from error
    names = typed_names(line)
    if names is not None:
        return _named(names, "\t", label, columns or ATOMIC, "atomic")
    if columns is not None:
        return _named(fields, delimiter, label, columns)
    numbers = len(fields) == 4 and all(_NUMBER.fullmatch(field) for field in fields)
    if numbers and delimiter in ("\t", "::"):
        return Layout("dat" if delimiter == "::" else "100k", delimiter, (0, 1, 2, 3), 4, False)
    if [field.strip() for field in fields] == ["userId", "movieId", "rating", "timestamp"]:
        return Layout("csv", delimiter, (0, 1, 2, 3), 4, True)
    raise DatasetError(
        f"{label}, line 1: found {_short(line)}, which starts none of MovieLens' formats "
        "(userId,movieId,rating,timestamp; four numbers between tabs; four numbers between ::) and no atomic file; "
        "name the columns for user, item, rating and timestamp "
        "(columns=Columns(…), --columns USER,ITEM,RATING,TIMESTAMP; positions from 0 where there is no header)"
    )


def typed_names(line: str) -> list[str] | None:
    """Names in the header of an atomic file, each of which has a type; None for any other line.

    >>> typed_names("user_id:token\\titem_id:token\\trating:float")
    ['user_id', 'item_id', 'rating']
    """
    fields = line.rstrip("\r\n").split("\t")
    if not all(_TYPED.fullmatch(field) for field in fields):
        return None
    return [field.rpartition(":")[0] for field in fields]


def _named(fields: list[str], delimiter: str, label: str, columns: Columns, kind: str = "table") -> Layout:
    names = [field.strip() for field in fields]
    wanted = list(columns)
    positions = all(isinstance(column, int) for column in wanted)
    found = [column if isinstance(column, int) else _position(names, column) for column in wanted]
    missing = [column for column, at in zip(wanted, found, strict=True) if not 0 <= at < len(names)]
    if missing or len(set(found)) != 4:
        what = f"no column {', '.join(map(repr, missing))}" if missing else "one column is named for two things"
        raise DatasetError(
            f"{label}, line 1: {what}; the columns found are {_short(', '.join(names))}: "
            "name four of them, for user, item, rating and timestamp"
        )
    user, item, rating, timestamp = found
    header = kind == "atomic" or not positions
    return Layout(kind, delimiter, (user, item, rating, timestamp), len(names), header)


def _position(names: list[str], column: str) -> int:
    return names.index(column) if column in names else -1


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}…")
