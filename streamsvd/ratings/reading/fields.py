"""The fields of a rating: its user and item, its value, and its time.

Each of them reads a whole column, and refuses it by a `ValueError` when anything in it is wrong. `check` then says what
is wrong with one of its texts, and what to do.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.ratings.event import MAX_TIMESTAMP

MILLISECONDS = MAX_TIMESTAMP + 1
"""From this number on, a timestamp is in milliseconds."""

Array = NDArray[Any]

_INTEGER = re.compile(r"\s*[+-]?\d+(\.0*)?\s*")


class TextIds(Exception):
    """A column of ids that were taken for integers holds text: read the file again with this one as text."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Ids:
    """Ids of users or of items: integers, or text that is kept as int32 codes until all of the file is read.

    A `rule` is why they may not be text, for messages.
    """

    def __init__(self, what: str, text: bool, rule: str) -> None:
        self.what, self.text, self.rule = what, text, rule
        self.dtype = "str" if text else "int64"
        self._names: dict[str, int] = {}

    def read(self, column: Any) -> Array:
        """Integers or codes of a column."""
        if not self.text:
            integers: Array = column.to_numpy(np.int64, copy=True)
            return integers
        codes, found = column.factorize()
        if "" in found:
            raise ValueError("an id is empty")
        numbers = [self._names.setdefault(name, len(self._names)) for name in found.tolist()]
        by_text: Array = np.array(numbers, dtype=np.int32)[codes]
        return by_text

    def check(self, text: str) -> None:
        """Raise what is wrong with one id, `TextIds` where text would be right."""
        if not text.strip():
            raise ValueError(f"the {self.what} is empty; every rating names its user and its item")
        if self.text:
            return
        if not _INTEGER.fullmatch(text):
            if not self.rule:
                raise TextIds(self.what)
            raise ValueError(f"the {self.what} is {text!r}, not an integer; {self.rule}")
        if not -(2**63) <= int(text.partition(".")[0]) < 2**63:
            raise ValueError(f"the {self.what} {text} does not fit into 64 bits; use smaller ids, or text")

    def named(self, values: Array) -> Array:
        """Ids as they stand in the file, of what `read` has made of them."""
        return np.array(list(self._names), dtype=object)[values] if self.text else values


class Ratings:
    """The ratings themselves: finite numbers, and within the limits where there are some."""

    dtype = "float64"

    def __init__(self, limits: tuple[float, float] | None) -> None:
        self.limits = limits

    def read(self, column: Any) -> Array:
        """Ratings as float32 where that loses nothing, else as float64."""
        ratings: Array = column.to_numpy(np.float64, copy=True)
        low, high = self.limits or (-math.inf, math.inf)
        if not (np.isfinite(ratings) & (ratings >= low) & (ratings <= high)).all():
            raise ValueError("a rating is not a number of the scale")
        narrow = ratings.astype(np.float32)
        return narrow if np.array_equal(narrow, ratings) else ratings

    def check(self, text: str) -> None:
        """Raise what is wrong with one rating."""
        rating = _number(text)
        if rating is None:
            raise ValueError(f"the rating is {text!r}, not a finite number; correct or delete the line")
        if self.limits is not None and not self.limits[0] <= rating <= self.limits[1]:
            raise ValueError(
                f"the rating {text.strip()} is outside the scale {self.limits[0]:g} to {self.limits[1]:g}; "
                "correct the line, or declare the scale of this data set (scale=(low, high))"
            )


class Times:
    """Timestamps: seconds or milliseconds since 1970, or ISO dates; the file's first one says which."""

    def __init__(self) -> None:
        self.dates = False
        self.per_second = 1

    @property
    def dtype(self) -> str:
        """What pandas reads them as."""
        return "str" if self.dates else "float64"

    def begin(self, first: str) -> None:
        """Take the unit from the file's first timestamp."""
        try:
            self.per_second = 1000 if float(first) >= MILLISECONDS else 1
        except ValueError:
            self.dates = bool(first.strip())

    def read(self, column: Any) -> Array:
        """Whole seconds since 1970."""
        seconds = _seconds_of_dates(column) if self.dates else self._seconds(column.to_numpy(np.float64))
        if len(seconds) and not 0 <= seconds.min() <= seconds.max() <= MAX_TIMESTAMP:
            raise ValueError("a timestamp is out of range")
        return seconds

    def _seconds(self, numbers: Array) -> Array:
        if not np.isfinite(numbers).all():
            raise ValueError("a timestamp is not a number")
        seconds: Array = np.floor(numbers / self.per_second).astype(np.int64)
        return seconds

    def check(self, text: str) -> None:
        """Raise what is wrong with one timestamp."""
        if self.dates:
            _check_date(text)
            return
        time = _number(text)
        if time is None:
            raise ValueError(
                f"the timestamp is {text!r}, not a number of seconds; use seconds, milliseconds or "
                "ISO dates, the same in every line"
            )
        if not 0 <= time // self.per_second <= MAX_TIMESTAMP:
            unit = "seconds" if self.per_second == 1 else "milliseconds"
            raise ValueError(
                f"the timestamp {text.strip()} is out of range for {unit} since 1970, the unit of the "
                "first rating; use one unit in every line"
            )


Field = Ids | Ratings | Times


def _seconds_of_dates(column: Any) -> Array:
    import pandas as pd  # here, so that the workers of an engine can do without

    codes, found = column.factorize()
    days = pd.to_datetime(found, utc=True, format="ISO8601")
    if days.hasnans:
        raise ValueError("a date is empty")
    seconds: Array = days.tz_convert(None).to_numpy().astype("datetime64[s]").astype(np.int64)[codes]
    return seconds


def _check_date(text: str) -> None:
    try:
        early = datetime.fromisoformat(text.strip()).year < 1970
    except ValueError as error:
        raise ValueError(
            f"the timestamp is {text!r}, not an ISO date such as 2014-05-01; convert the column"
        ) from error
    if early:
        raise ValueError(f"the date {text.strip()} is before 1970; correct or delete the line")


def _number(text: str) -> float | None:
    """A finite number as pandas would read it, None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None
