"""A whole data set in memory: columns in the order of the stream.

The order is that of the stream: by timestamp, and at one timestamp by user and item (see `order`). A rating's position
in the table is its sequence number, so a slice remembers where it starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import DatasetError
from streamsvd.ratings.dataset import Dataset
from streamsvd.ratings.event import Rating

if TYPE_CHECKING:
    import pandas as pd

FILE_ORDER = "the order of its lines"
"""What stands for time where there is none, as a `time_format`."""


@dataclass(frozen=True, slots=True, eq=False)
class RatingTable:
    """Ratings in the order of `stream_order`, one array a column, all of shape (n,).

    Attributes
    ----------
    users, items : int64 array, or object array of str
        Ids as they stand in the file.
    ratings : float32 or float64 array
        On the data set's own scale; float32 when that loses nothing.
    timestamps : int64 array
        Event times in whole seconds since 1970, never decreasing.
    dataset : Dataset
        Where the ratings come from.
    first : int
        Sequence number of the first row: 0 for a whole data set, the position in it for a slice.
    is_file_order : bool
        Whether the file has no times, so that the number of a row stands for its timestamp.
    left_out : int
        Ratings of the file that the caller did not want.
    time_format : str
        What the file's times were taken as, such as `seconds since 1970`; empty where there is no file.

    Examples
    --------
    >>> one = np.array([1, 1, 2])
    >>> dataset = Dataset("toy", "0" * 64, (1.0, 5.0))
    >>> table = RatingTable(one, one, one.astype(np.float64), np.array([10, 20, 30]), dataset)
    >>> len(table), len(table[1:]), len(table.between(20, 30)), table.between(20, None).first
    (3, 2, 1, 1)
    >>> next(table[2:].events()).sequence
    2
    """

    users: NDArray[Any]
    items: NDArray[Any]
    ratings: NDArray[np.floating[Any]]
    timestamps: NDArray[np.int64]
    dataset: Dataset
    first: int = 0
    is_file_order: bool = False
    left_out: int = 0
    time_format: str = ""

    def __post_init__(self) -> None:
        shapes = {column.shape for column in (self.users, self.items, self.ratings, self.timestamps)}
        if shapes != {(len(self.timestamps),)}:
            raise DatasetError(f"{self.dataset.name}: columns need one equal shape (n,), found {sorted(shapes)}")
        if len(self) and np.any(self.timestamps[1:] < self.timestamps[:-1]):
            raise DatasetError(f"{self.dataset.name}: timestamps decrease; sort the columns by stream_order first")

    @property
    def notes(self) -> list[str]:
        """What a reader of figures has to know of how the file was read."""
        notes = []
        if self.is_file_order:
            notes.append(
                f"{self.dataset.name} has no time column: the order of its lines stands for time (0, 1, 2, …), "
                "and every figure is one of this order"
            )
        if self.left_out:
            notes.append(f"{self.left_out:,} ratings of {self.dataset.name} were left out, as asked for")
        return notes

    def __len__(self) -> int:
        return len(self.timestamps)

    def __getitem__(self, rows: slice) -> RatingTable:
        """Rows of a slice with step 1, as views."""
        start, stop, step = rows.indices(len(self))
        if step != 1:
            raise DatasetError(f"a slice of a table keeps the stream's order: step 1, not {step}")
        return replace(
            self,
            users=self.users[start:stop],
            items=self.items[start:stop],
            ratings=self.ratings[start:stop],
            timestamps=self.timestamps[start:stop],
            first=self.first + start,
        )

    def describe(self) -> str:
        """What it holds, in one line for people.

        Examples
        --------
        >>> one = np.array([1, 1, 2])
        >>> times = np.array([881250949, 881250949, 891717742])
        >>> dataset = Dataset("toy", "0" * 64, (0.5, 5.0))
        >>> table = RatingTable(one, one, one / 2, times, dataset, time_format="seconds since 1970")
        >>> table.describe()
        'toy: 3 ratings of 2 users on 2 items, 1997-12-04 to 1998-04-04 (seconds since 1970)'
        """
        import pandas as pd  # here, so that the workers of an engine can do without

        users, items = (len(pd.unique(column)) for column in (self.users, self.items))
        return f"{self.dataset.name}: {len(self):,} ratings of {users:,} users on {items:,} items{self._between()}"

    def times(self) -> dict[str, int | str | None]:
        """From when to when it goes, for JSON; the timestamps are None where there are none."""
        first, last = (int(self.timestamps[at]) if len(self) and not self.is_file_order else None for at in (0, -1))
        return {"first_timestamp": first, "last_timestamp": last, "time_format": self.time_format}

    def _between(self) -> str:
        if self.is_file_order or not len(self):
            return f", in {FILE_ORDER}" if self.is_file_order else ""
        first, last = self.timestamps[[0, -1]].astype("datetime64[s]").astype("datetime64[D]")
        return f", {first} to {last}{f' ({self.time_format})' if self.time_format else ''}"

    def between(self, start: int | None, stop: int | None, *, by: Literal["time", "count"] = "time") -> RatingTable:
        """Rows from `start` up to, not including, `stop`; None leaves that side open.

        Parameters
        ----------
        start, stop : int or None
            Event times in seconds, or sequence numbers.
        by : {"time", "count"}
            Which of the two.
        """
        if by == "time":
            edges = [None if t is None else int(np.searchsorted(self.timestamps, t)) for t in (start, stop)]
        else:
            edges = [None if n is None else max(n - self.first, 0) for n in (start, stop)]
        return self[edges[0] : edges[1]]

    def events(self, block: int = 65_536) -> Iterator[Rating]:
        """Every row as an event of this data set's source, made `block` rows at a time."""
        source = self.dataset.source
        for start in range(0, len(self), block):
            rows = slice(start, start + block)
            columns = (self.users[rows], self.items[rows], self.ratings[rows], self.timestamps[rows])
            values = zip(*(column.tolist() for column in columns), strict=True)
            for sequence, (user, item, rating, timestamp) in enumerate(values, self.first + start):
                yield Rating(user, item, rating, timestamp, source, sequence)

    def to_pandas(self, *, datetimes: bool = False) -> pd.DataFrame:
        """The table as a data frame, which `load` takes back.

        Parameters
        ----------
        datetimes : bool
            Whether times are datetimes in UTC, to the second, instead of seconds since 1970.

        Returns
        -------
        DataFrame
            Columns `user`, `item` (int64, or str), `rating` and `timestamp`, a row for each rating, in order.
        """
        import pandas as pd  # here, so that the workers of an engine can do without

        times = pd.to_datetime(self.timestamps.astype("datetime64[s]"), utc=True) if datetimes else self.timestamps
        return pd.DataFrame({"user": self.users, "item": self.items, "rating": self.ratings, "timestamp": times})
