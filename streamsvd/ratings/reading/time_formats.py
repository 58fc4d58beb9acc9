"""The ways in which files write times: numbers in a unit, digits of a date, ISO 8601, and formats of `strptime`.

`NAMED` holds those that have a name; `named` finds one by what a caller says, `readings` those that fit one text.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from streamsvd.errors import SettingsError

Numbers = NDArray[Any]
"""int64 where all are integers that fit, else float64."""

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Unit:
    """Numbers of one unit since one moment.

    Attributes
    ----------
    name : str
        For messages.
    per_second, seconds : int
        Units in a second, and seconds in a unit; one of them is 1.
    zero : int
        The moment, in seconds since 1970.
    """

    name: str
    per_second: int = 1
    seconds: int = 1
    zero: int = 0

    def read(self, numbers: Numbers) -> Numbers:
        """Seconds since 1970, not yet floored where they are float64.

        Examples
        --------
        >>> NAMED["excel"].read(np.array([41760.5])).tolist()
        [1398945600.0]
        """
        if self.seconds == 1:
            return numbers // self.per_second
        # As float64, in which nothing overflows; rounded, since 10:00 as a fraction of a day is a little less.
        return np.round(numbers.astype(np.float64) * self.seconds + self.zero, 3)


@dataclass(frozen=True, slots=True)
class Digits:
    """Dates written as one number, such as 20140501, with hours, minutes and seconds where it has more digits."""

    name: str
    digits: int

    def read(self, numbers: Numbers) -> Numbers:
        """Seconds since 1970; `ValueError` where one number is no date of the years 1900 to 2100.

        Examples
        --------
        >>> NAMED["yyyymmdd"].read(np.array([20140501])).tolist()
        [1398902400]
        """
        year_size = 10 ** (self.digits - 4)
        if not ((numbers >= 1900 * year_size) & (numbers < 2101 * year_size)).all():  # most columns end here, quickly
            raise ValueError(f"a number is not one of {self.name}")
        whole = _integers(numbers) * 10 ** (14 - self.digits)
        date, clock = np.divmod(whole, 10**6)
        year, month, day = date // 10_000, date // 100 % 100, date % 100
        hour, minute, second = clock // 10_000, clock // 100 % 100, clock % 100
        months = (year - 1970) * 12 + month - 1
        days = months.astype("datetime64[M]").astype("datetime64[D]") + (day - 1)
        there = (month >= 1) & (month <= 12) & (day >= 1)
        there &= days.astype("datetime64[M]").astype(np.int64) == months
        there &= (hour < 24) & (minute < 60) & (second < 60)
        if not there.all():
            raise ValueError(f"a number is not one of {self.name}")
        seconds: Numbers = days.astype(np.int64) * _DAY + hour * 3600 + minute * 60 + second
        return seconds


@dataclass(frozen=True, slots=True)
class Years:
    """Years: the first second of each."""

    name: str = "years"

    def read(self, numbers: Numbers) -> Numbers:
        """Seconds since 1970; `ValueError` where one number is no year."""
        years = _integers(numbers)
        if not ((years >= 1) & (years <= 9999)).all():
            raise ValueError("a number is not a year")
        seconds: Numbers = (years - 1970).astype("datetime64[Y]").astype("datetime64[s]").astype(np.int64)
        return seconds


@dataclass(frozen=True, slots=True)
class TextFormat:
    """Dates and times as text, in UTC where they name no zone.

    Attributes
    ----------
    name : str
    format : str
        As `strptime` takes it; `ISO8601` for all forms of that.
    """

    name: str
    format: str

    def read(self, column: pa.Array) -> Numbers:
        """Seconds since 1970; `ValueError` where one text has another form.

        Examples
        --------
        >>> named("%d/%m/%Y").read(pa.array(["01/05/2014"])).tolist()
        [1398902400]
        """
        import pandas as pd  # here, so that the workers of an engine can do without

        if not _is_text(column):
            raise ValueError("numbers are no dates")
        encoded = column.dictionary_encode()
        texts = pc.utf8_trim_whitespace(encoded.dictionary)
        if self.format == "ISO8601" and not pc.all(pc.match_substring_regex(texts, r"^(\d{4}[-/]\d|\d{8}T\d)")).as_py():
            raise ValueError("a text is no date")  # pandas takes `now` for one
        moments = pd.to_datetime(texts.to_pylist(), utc=True, format=self.format)
        if moments.hasnans:
            raise ValueError("a text is no date")
        seconds: Numbers = moments.tz_convert(None).to_numpy().astype("datetime64[s]").astype(np.int64)
        indices: NDArray[np.int32] = encoded.indices.to_numpy(zero_copy_only=False)
        return seconds[indices]


TimeFormat = Unit | Digits | Years | TextFormat

SECONDS = Unit("seconds since 1970")
ISO = TextFormat("ISO 8601 dates", "ISO8601")
NAMED: dict[str, TimeFormat] = {
    "s": SECONDS,
    "ms": Unit("milliseconds since 1970", per_second=10**3),
    "us": Unit("microseconds since 1970", per_second=10**6),
    "ns": Unit("nanoseconds since 1970", per_second=10**9),
    "minutes": Unit("minutes since 1970", seconds=60),
    "hours": Unit("hours since 1970", seconds=3600),
    "days": Unit("days since 1970", seconds=_DAY),
    "excel": Unit("days since 1899-12-30", seconds=_DAY, zero=-25_569 * _DAY),
    "year": Years(),
    "yyyymmdd": Digits("dates written YYYYMMDD", 8),
    "yyyymmddhhmm": Digits("times written YYYYMMDDhhmm", 12),
    "yyyymmddhhmmss": Digits("times written YYYYMMDDhhmmss", 14),
    "iso": ISO,
}
"""Formats by the word that names them."""

_LIMITS = {"s": 1e11, "ms": 1e14, "us": 1e17, "ns": math.inf}  # seconds to the year 5138, the others from 1973 on


def named(format_: str) -> TimeFormat:
    """The format that a caller names: a word of `NAMED`, or a format of `strptime`.

    Raises
    ------
    SettingsError
        When it is neither, or names no year.

    Examples
    --------
    >>> named("excel").name, named("%d/%m/%Y").name
    ('days since 1899-12-30', 'times written %d/%m/%Y')
    """
    if format_ in NAMED:
        return NAMED[format_]
    moment = datetime(2014, 5, 1, tzinfo=UTC)
    try:
        if datetime.strptime(moment.strftime(format_), format_).year == moment.year:
            return TextFormat(f"times written {format_}", format_)
    except ValueError:
        pass
    raise SettingsError(
        f"time format {format_!r}: one of {', '.join(NAMED)} is needed, or a format as Python's strptime has it, "
        "with its year, such as %d/%m/%Y or '%Y-%m-%d %H:%M:%S UTC'"
    )


def word_of(format_: TimeFormat) -> str:
    """What `named` finds a format by."""
    return next((word for word, one in NAMED.items() if one == format_), getattr(format_, "format", ""))


def recognised(numbers: Numbers) -> TimeFormat:
    """The format of numbers, shape (n,) with n > 0, of which nobody says what they are.

    Dates as digits where the first one is a date, so that one that is none is refused by its line; else the unit by the
    size of the first one.
    """
    for form in (one for one in NAMED.values() if isinstance(one, Digits)):
        try:
            form.read(numbers[:1])
        except ValueError:
            continue
        return form
    return unit_of(float(numbers[0]))


def unit_of(number: float) -> TimeFormat:
    """The unit since 1970 in which a number of this size is a time of our days."""
    return NAMED[next((word for word, limit in _LIMITS.items() if abs(number) < limit), "ns")]


def are_alike(numbers: Numbers, unit: TimeFormat) -> bool:
    """Whether `unit_of` all of these numbers is this one."""
    sizes = np.abs(numbers)
    lower = 0.0
    for word, limit in _LIMITS.items():
        if NAMED[word] == unit:
            return bool(((sizes >= lower) & (sizes < limit)).all())
        lower = limit
    return True  # one that is not told by size


def numbers_of(column: pa.Array) -> Numbers:
    """The numbers of a column of text, or of numbers.

    Raises
    ------
    ValueError
        When one is not a finite number.

    Examples
    --------
    >>> numbers_of(pa.array(["881250949", "881250950"])).dtype, numbers_of(pa.array(["1.5", " 2"])).tolist()
    (dtype('int64'), [1.5, 2.0])
    """
    if not _is_text(column):
        return _finite(column.to_numpy(zero_copy_only=False))
    if not pc.all(pc.ascii_is_decimal(column)).as_py():  # most columns are nothing but digits
        if pc.any(pc.match_substring(column, "x", ignore_case=True)).as_py():  # pyarrow reads 0x1F
            raise ValueError("a text is no number")
        column = pc.utf8_trim_whitespace(column)
    for kind in (pa.int64(), pa.float64()):
        try:
            return _finite(column.cast(kind).to_numpy(zero_copy_only=False))
        except pa.ArrowInvalid:
            continue
    raise ValueError("a text is no number")


def _is_text(column: pa.Array) -> bool:
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def _finite(numbers: Numbers) -> Numbers:
    if not np.isfinite(numbers).all():
        raise ValueError("a number is not finite")
    return numbers


def _integers(numbers: Numbers) -> NDArray[np.int64]:
    """Numbers as integers below 10**15; `ValueError` where one is none."""
    if not (np.abs(numbers) < 1e15).all():
        raise ValueError("a number is too large")
    integers = numbers.astype(np.int64)
    if not np.array_equal(integers, numbers):
        raise ValueError("a number has a fraction")
    return integers


_NUMERIC_DATES = ("%Y%m", "%d%m%Y", "%m%d%Y", "%y%m%d")
_DATES = (
    *(f"{form.replace(' ', mark)}{year}" for year in ("%Y", "%y") for mark in "/.- " for form in ("%d %m ", "%m %d ")),
    *("%d %m, %Y", "%m %d, %Y", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d"),
    *("%B %d, %Y", "%d %B %Y", "%b %d, %Y", "%d %b %Y", "%d-%b-%Y", "%a, %d %b %Y"),
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S")
_ZONES = ("", " UTC", " GMT", " %z")
_TWITTER = "%a %b %d %H:%M:%S %z %Y"


def readings(text: str) -> list[tuple[str, datetime]]:
    """Formats in which a text is a time between 1980 and 2040, one for each such time.

    Examples
    --------
    >>> [(format_, str(time.date())) for format_, time in readings("01/05/2014")]
    [('%d/%m/%Y', '2014-05-01'), ('%m/%d/%Y', '2014-01-05')]
    >>> [(format_, str(time.date())) for format_, time in readings("41760")]
    [('excel', '2014-05-01')]
    """
    found: dict[datetime, str] = {}
    for format_, time in (*_number_readings(text), *_text_readings(text)):
        if 1980 <= time.year <= 2040:
            found.setdefault(time.replace(tzinfo=UTC), format_)
    return [(format_, time) for time, format_ in found.items()]


def _number_readings(text: str) -> Iterator[tuple[str, datetime]]:
    for word, form in NAMED.items():
        if isinstance(form, TextFormat):
            continue
        try:
            seconds = float(form.read(numbers_of(pa.array([text], pa.string())))[0])
            yield word, datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        except (ValueError, OverflowError):
            continue


def _text_readings(text: str) -> Iterator[tuple[str, datetime]]:
    dates = _NUMERIC_DATES if text.strip().isdecimal() else ()
    texts = () if text.strip().isdecimal() else ("".join(parts) for parts in product(_DATES, _CLOCKS, _ZONES))
    for format_ in (*dates, *texts, _TWITTER):
        try:
            yield format_, datetime.strptime(text.strip(), format_)
        except ValueError:
            continue
