"""What a format of ratings files is: how it is recognised, how its rows are read, and which further files it has."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from numpy.typing import NDArray

from streamsvd.errors import DatasetError
from streamsvd.ratings.catalogue import CatalogueItem
from streamsvd.ratings.event import Id
from streamsvd.ratings.reading.columns import Columns
from streamsvd.ratings.reading.delimited import likeliest_delimiter, split
from streamsvd.ratings.reading.files import DataFile

Limits = tuple[float, float]
Found = TypeVar("Found", covariant=True)

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class FirstLine:
    """A file's first line, from which its format is found.

    Attributes
    ----------
    label : str
        The file's name in messages.
    text : str
        The line without its end.
    delimiter : str
        What most likely stands between two fields.
    fields : list of str
        The fields between it, stripped of spaces.
    columns : Columns or None
        What the caller says that the columns hold.
    """

    label: str
    text: str
    delimiter: str
    fields: list[str]
    columns: Columns | None

    @classmethod
    def of(cls, line: bytes, label: str, columns: Columns | None) -> FirstLine:
        """Decode and split a line.

        Raises
        ------
        DatasetError
            When it is no line of text, whatever the format.
        """
        if not line:
            raise DatasetError(f"{label}: the file is empty; fetch it again")
        where = f"{label}, line 1"
        try:
            text = line.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise DatasetError(f"{where}: not text in UTF-8 ({error.reason}); give a csv or dat file") from error
        if not text.strip():
            raise DatasetError(f"{where}: empty; the file has to start with its header or its first rating")
        delimiter = likeliest_delimiter(text)
        try:
            fields = split(text, delimiter)
        except csv.Error as error:
            raise DatasetError(f"{where}: {error}; end every line with a line feed (LF), or CR and LF") from error
        return cls(label, text, delimiter, [field.strip() for field in fields], columns)

    @property
    def four_numbers(self) -> bool:
        """Whether it is a rating, of a file of which the caller need say nothing."""
        return self.columns is None and len(self.fields) == 4 and all(map(_NUMBER.fullmatch, self.fields))


class RowReader(Protocol):
    """How the lines of one file become rows: quickly in blocks, and one line at a time to say what is wrong."""

    @property
    def header(self) -> bool:
        """Whether the first line holds no rating."""

    def columns(self, block: bytes, dtypes: Sequence[str]) -> Sequence[Any]:
        """Users, items, ratings and timestamps of whole lines, as pandas Series of these types.

        Raises
        ------
        ValueError
            When anything is wrong with any of the lines.
        """

    def fields(self, line: str) -> Sequence[str] | None:
        """User, item, rating and timestamp of one line as text; None where it holds no rating.

        Raises
        ------
        ValueError
            Saying what is wrong with the line, and what to do.
        """


@dataclass(frozen=True, slots=True)
class CompanionFile(Generic[Found]):
    """A further file in the folder of the ratings: its name, where `*` is what it is in theirs, and what reads it."""

    name: str
    read: Callable[[DataFile], Found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format of ratings files.

    Attributes
    ----------
    name : str
        Its name in messages.
    first_line : str
        What it begins with, for messages; empty where that says nothing.
    file_names : tuple of str
        What its ratings files are called in a folder or zip. A name with `*` counts where just one file has it.
    recognises : callable
        Whether a file that begins with this line has this format.
    rows : callable
        How such a file's lines are read.
    id_rule : str
        What a message says of an id that is no integer; empty where ids may be text.
    limits : tuple of float, optional
        Limits that no rating may leave; None where every number is one.
    scale : callable, optional
        The scale of a file whose caller declares none; the limits, else those found, when left out.
    header_counts : bool
        Whether the header is part of the checksum.
    items, users : CompanionFile, optional
        Where the format describes items and users, and how that is read.
    """

    name: str
    first_line: str = ""
    file_names: tuple[str, ...] = ()
    recognises: Callable[[FirstLine], bool]
    rows: Callable[[FirstLine], RowReader]
    id_rule: str = ""
    limits: Limits | None = None
    scale: Callable[[NDArray[Any]], Limits] | None = None
    header_counts: bool = True
    items: CompanionFile[Iterator[CatalogueItem]] | None = None
    users: CompanionFile[dict[Id, dict[str, str]]] | None = None

    def scale_of(self, ratings: NDArray[Any]) -> Limits:
        """The scale of a file's ratings, shape (n,), where the caller declares none."""
        if self.scale is not None:
            return self.scale(ratings)
        return self.limits or (float(ratings.min()), float(ratings.max()))
