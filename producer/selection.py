"""The part of a data set to replay: between two bounds, each a time or a count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from streamsvd.errors import DatasetError, SettingsError
from streamsvd.ratings import MAX_AHEAD, RatingTable, utc_day


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range.

    Attributes
    ----------
    value : int
        Event time in seconds since 1970, or number of ratings before it in the whole ordered data set.
    by : {"time", "count"}
        Kind of the value.
    """

    value: int
    by: Literal["time", "count"]

    @classmethod
    def parse(cls, text: str) -> Bound:
        """Read a bound: an ISO date or time (UTC unless it says otherwise), `@` and seconds since 1970, or a count.

        Raises
        ------
        SettingsError

        Examples
        --------
        >>> Bound.parse("1997-12-05")
        Bound(value=881280000, by='time')
        >>> Bound.parse("@881250949"), Bound.parse("5000")
        (Bound(value=881250949, by='time'), Bound(value=5000, by='count'))
        """
        plain = text.strip().replace("_", "")
        if plain.isdecimal() and len(plain) < 9:
            return cls(int(plain), "count")
        if plain.startswith("@") and plain[1:].isdecimal():
            return cls(int(plain[1:]), "time")
        try:
            moment = datetime.fromisoformat(plain)
        except ValueError:
            raise SettingsError(
                f"{text!r} is neither a date (1997-12-05, 1997-12-05T10:30), nor seconds since 1970 (@881250949), "
                "nor a number of ratings (5000)."
            ) from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return cls(int(moment.timestamp()), "time")

    def remark(self, table: RatingTable) -> str:
        """Where the bound lies, if that is before or after all ratings of a table; else empty.

        Examples
        --------
        >>> from streamsvd.ratings import Synthetic
        >>> table = Synthetic(1000, users=10, items=2000).table()
        >>> Bound.parse("20150101").remark(table)
        'a number of ratings, of which there are 1,000'
        >>> Bound.parse("1970-01-01").remark(table).partition(" (")[0]
        'before the first rating'
        """
        if not len(table):
            return ""
        if self.by == "count":
            return f"a number of ratings, of which there are {len(table):,}" if self.value > len(table) else ""
        first, last = (int(time) for time in table.timestamps[[0, -1]])
        if first <= self.value <= last:
            return ""
        what, time = ("before the first", first) if self.value < first else ("after the last", last)
        return f"{what} rating ({utc_day(time)})"


@dataclass(frozen=True, slots=True)
class Selection:
    """Ratings from `start` up to, not including, `until`; None leaves that side open."""

    start: Bound | None = None
    until: Bound | None = None

    @property
    def is_all(self) -> bool:
        """Whether both sides are open."""
        return self.start is None and self.until is None

    def of(self, table: RatingTable) -> RatingTable:
        """The selected rows of a table."""
        if self.start is not None:
            table = table.between(self.start.value, None, by=self.start.by)
        if self.until is not None:
            table = table.between(None, self.until.value, by=self.until.by)
        return table

    def check_past(self, table: RatingTable, clock: float) -> None:
        """Refuse selected ratings that a consumer would refuse: ahead of the clock, in seconds, by more than a day.

        Raises
        ------
        DatasetError
            With how many there are.
        """
        rows = self.of(table)
        ahead = rows.between(int(clock) + MAX_AHEAD + 1, None)
        if len(ahead):
            first = utc_day(int(ahead.timestamps[0]))
            raise DatasetError(
                f"{table.dataset.name}: {len(ahead):,} of {len(rows):,} ratings lie in the future, from "
                f"{first} on, and a consumer would refuse them; correct their times, name their format with "
                f"--time-format, or leave them out with --until {first}"
            )

    def ends_before(self, table: RatingTable) -> bool:
        """Whether no row of this table or of a later one can be selected."""
        if self.until is None or not len(table):
            return False
        begin = table.first if self.until.by == "count" else int(table.timestamps[0])
        return begin >= self.until.value
