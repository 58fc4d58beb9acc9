"""What a format of ratings files is: how it is recognised, how its rows are read, and which further files it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from numpy.typing import NDArray

from streamsvd.ratings.catalogue import CatalogueItem
from streamsvd.ratings.event import Id
from streamsvd.ratings.reading.files import DataFile
from streamsvd.ratings.reading.sample import Sample

Limits = tuple[float, float]
Found = TypeVar("Found", covariant=True)


@dataclass(frozen=True, slots=True)
class Block:
    """Some consecutive rows of a file.

    Attributes
    ----------
    columns : callable
        Arrow arrays of strings: users, items, ratings and, where the file has them, timestamps, as they stand in the
        file. Raises `ValueError` where there is a row that is none.
    rows : callable
        The same again, row by row, to say what is wrong: where each row stands (`line 7`) and its texts. Raises
        `BadRow` at a row that is none.
    done, total : int
        How much of the file is read with this block, and how much there is, in one unit.
    """

    columns: Callable[[], Sequence[Any]]
    rows: Callable[[], Iterator[tuple[str, Sequence[str]]]]
    done: int
    total: int


class BadRow(ValueError):
    """A row that cannot be read: where it stands, and what is wrong with it."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")


class RowReader(Protocol):
    """How the rows of one file are read."""

    @property
    def has_times(self) -> bool:
        """Whether there is a column of timestamps."""

    def blocks(self, file: DataFile, on_bytes: Callable[[bytes], None]) -> Iterator[Block]:
        """All rows in the file's order; `on_bytes` sees the bytes that identify the data set.

        Raises
        ------
        BadRow
            Where there are no rows to make columns of.
        DatasetError
            When the file is damaged.
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
        What its ratings files are called in a folder or zip. A name with `*` counts where just one file has it;
        where several have it, the caller has to choose.
    recognises : callable
        Whether a file that begins like this has this format.
    rows : callable
        How such a file's rows are read.
    id_rule : str
        What a message says of an id that is no integer; empty where ids may be text.
    limits : tuple of float, optional
        Limits that no rating may leave; None where every number is one.
    scale : callable, optional
        The scale of a file whose caller declares none; the limits, else those found, when left out.
    items, users : CompanionFile, optional
        Where the format describes items and users, and how that is read.
    """

    name: str
    first_line: str = ""
    file_names: tuple[str, ...] = ()
    recognises: Callable[[Sample], bool]
    rows: Callable[[Sample], RowReader]
    id_rule: str = ""
    limits: Limits | None = None
    scale: Callable[[NDArray[Any]], Limits] | None = None
    items: CompanionFile[Iterator[CatalogueItem]] | None = None
    users: CompanionFile[dict[Id, dict[str, str]]] | None = None

    def scale_of(self, ratings: NDArray[Any]) -> Limits:
        """The scale of a file's ratings, shape (n,), where the caller declares none."""
        if self.scale is not None:
            return self.scale(ratings)
        return self.limits or (float(ratings.min()), float(ratings.max()))
