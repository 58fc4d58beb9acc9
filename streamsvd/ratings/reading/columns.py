"""Which columns of a table hold what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streamsvd.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table hold what: names in its header, or positions from 0 where it has no header.

    Without a `timestamp` the file's order stands for time.

    Examples
    --------
    >>> Columns("reader", "isbn", "stars", "day")
    Columns(user='reader', item='isbn', rating='stars', timestamp='day')
    >>> Columns.parse("0, 1, 2")
    Columns(user=0, item=1, rating=2, timestamp=None)
    """

    user: str | int
    item: str | int
    rating: str | int
    timestamp: str | int | None = None

    @classmethod
    def parse(cls, text: str) -> Columns:
        """Columns from `USER,ITEM,RATING,TIMESTAMP` or `USER,ITEM,RATING`, as a command line gives them.

        Raises
        ------
        DatasetError
            When there are not three or four different names.
        """
        names = [name.strip() for name in text.split(",")]
        if all(name.isdecimal() for name in names):
            return cls.of([int(name) for name in names])
        return cls.of(names)

    @classmethod
    def of(cls, names: Sequence[str | int]) -> Columns:
        """Columns by their names or positions, of user, item, rating and perhaps timestamp.

        Raises
        ------
        DatasetError
            When there are not three or four different ones.
        """
        if len(set(names)) != len(names) or len(names) not in {3, 4} or "" in names:
            raise DatasetError(
                f"columns {','.join(map(str, names))!r}: three or four different names are needed, for user, item, "
                "rating and timestamp, such as user_id,book_id,rating,date; without a time, the file's order counts"
            )
        return cls(*names)

    def __iter__(self) -> Iterator[str | int]:
        """Those that there are."""
        columns = (self.user, self.item, self.rating, self.timestamp)
        return (column for column in columns if column is not None)

    @property
    def are_positions(self) -> bool:
        """Whether all of them are positions."""
        return all(isinstance(column, int) for column in self)

    def positions(self, names: list[str], where: str) -> tuple[int, ...]:
        """Where the columns stand in a line whose fields, or whose header's names, are these.

        Raises
        ------
        DatasetError
            When one is not there, or two are the same; `where` says which line it is.
        """
        twice = next((column for column in self if isinstance(column, str) and names.count(column) > 1), None)
        if twice is not None:
            raise DatasetError(
                f"{where}: {names.count(twice)} columns are called {twice!r}; rename all but the one that is meant, "
                "or give positions from 0 and no header"
            )
        found = [column if isinstance(column, int) else _position(names, column) for column in self]
        missing = [column for column, at in zip(self, found, strict=True) if not 0 <= at < len(names)]
        if missing or len(set(found)) != len(found):
            what = f"no column {', '.join(map(repr, missing))}" if missing else "one column is named for two things"
            raise DatasetError(
                f"{where}: {what}; the columns found are {shortened(', '.join(names))}: name those of user, item, "
                "rating and, where there is one, timestamp (--columns USER,ITEM,RATING,TIME; positions from 0 where "
                "there is no header)"
            )
        return tuple(found)


def _position(names: list[str], column: str) -> int:
    return names.index(column) if column in names else -1


def shortened(text: str) -> str:
    """A text in quotes for a message, without what is beyond 80 characters."""
    return repr(text if len(text) <= 80 else f"{text[:77]}…")
