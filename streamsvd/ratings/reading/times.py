"""The times of ratings, as whole seconds since 1970, from columns whose unit or format is found or named.

Found are numbers of seconds, milli-, micro- and nanoseconds since 1970, told apart by size; dates as digits (20140501);
and ISO 8601. All of a column has to be of the one that its first block is of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streamsvd.ratings.event import MAX_TIMESTAMP, utc_day
from streamsvd.ratings.reading.time_formats import (
    ISO,
    NAMED,
    SECONDS,
    Numbers,
    TextFormat,
    TimeFormat,
    Unit,
    are_alike,
    named,
    numbers_of,
    readings,
    recognised,
    unit_of,
    word_of,
)

_END_OF_1970 = 365 * 86_400
_YEAR_2100 = 4_102_444_800


class Times:
    """Reads a column of times block by block.

    Parameters
    ----------
    time_format : str, optional
        A word such as `excel`, or a format of `strptime`; found from the column when left out.

    Raises
    ------
    SettingsError
        There is no such format.

    Examples
    --------
    >>> times = Times()
    >>> times.read(pa.array(["20140501", "20150601"])).tolist(), times.format
    ([1398902400, 1433116800], 'dates written YYYYMMDD')
    """

    def __init__(self, time_format: str | None = None) -> None:
        self._named = time_format is not None
        self._form: TimeFormat | None = None if time_format is None else named(time_format)
        self._extremes: dict[int, str] = {}  # what stands in the file for the oldest and the newest time

    @property
    def format(self) -> str:
        """What the times are taken as, such as `seconds since 1970`; empty before the first block."""
        return "" if self._form is None else self._form.name

    def read(self, column: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
        """Whole seconds since 1970.

        Parameters
        ----------
        column : pyarrow array, shape (n,)
            Text; or numbers, where a reader has them already.

        Raises
        ------
        ValueError
            When anything is wrong with any of them; `check` says of each what.
        """
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        if column.null_count:
            raise ValueError("a timestamp is empty")
        if not len(column):
            return np.empty(0, np.int64)
        form = self._form or _found(column)
        times = self._read(column, form)
        self._form = form
        seconds = _whole(times)
        for row in (int(seconds.argmin()), int(seconds.argmax())):
            self._extremes[int(seconds[row])] = _plain(column[row].as_py())
        self._extremes = {at: self._extremes[at] for at in (min(self._extremes), max(self._extremes))}
        return seconds

    def _read(self, column: pa.Array, form: TimeFormat) -> Numbers:
        """Seconds, whole or not, in range or not."""
        if isinstance(form, TextFormat):
            return form.read(column)
        numbers = numbers_of(column)
        if not self._named and not are_alike(numbers, form):
            raise ValueError("a timestamp is of another unit")
        return form.read(numbers)

    def check(self, text: str) -> None:
        """Raise what is wrong with one time, and what to do, as a `ValueError`.

        Before a block has been read, the first text that is checked says which format the others should have.
        """
        if not text.strip():
            raise ValueError("the timestamp is empty; every rating needs its time")
        column = pa.array([text], pa.string())
        if self._form is None:
            self._form = _found(column)
        try:
            _whole(self._read(column, self._form))
        except ValueError as error:
            raise ValueError(f"the timestamp {text.strip()[:40]!r} {self._fault(text, self._form)}") from error

    def end(self) -> None:
        """Refuse numbers that cannot be what they were taken as, as a `ValueError`; after the last block.

        These are seconds that all lie in 1970, times after the year 2100, and a date such as 20140501 among seconds.
        """
        if self._named or not isinstance(self._form, Unit) or not self._extremes:
            return
        (oldest, first), (newest, last) = min(self._extremes.items()), max(self._extremes.items())
        if self._form == SECONDS and newest < _END_OF_1970:
            what = f"all timestamps lie in 1970: the newest one, {last}, is {utc_day(newest)}"
        elif newest >= _YEAR_2100:
            what = f"the newest timestamp, {last}, is {utc_day(newest)}"
        elif self._form == SECONDS and _or_none(lambda: NAMED["yyyymmdd"].read(np.array([float(first)]))) is not None:
            what = f"the oldest timestamp, {first}, is {utc_day(oldest)}; is it a date among seconds?"
        else:
            return
        raise ValueError(
            f"as {self._form.name}, {what}. {_advice(first, last)} If they are right, say so: "
            f"--time-format {word_of(self._form)}"
        )

    def _fault(self, text: str, form: TimeFormat) -> str:
        """What is wrong with a text that is none of this format, and what to do; after the text itself."""
        column = pa.array([text], pa.string())
        number = _or_none(lambda: float(numbers_of(column)[0]))
        if (
            not self._named
            and number is not None
            and number >= 0
            and isinstance(form, Unit)
            and unit_of(number) != form
        ):
            return (
                f"would be {unit_of(number).name}, and the lines before it are {form.name}; use one unit in every "
                f"line, or name it (--time-format {word_of(form)})"
            )
        seconds = _or_none(lambda: form.read(column if isinstance(form, TextFormat) else numbers_of(column))[0])
        if seconds is not None:
            return f"is {'before 1970' if seconds < 0 else 'after the year 5138'}; correct or delete the line"
        if self._named:
            return f"is not one of {form.name}; correct or delete the line, or name another --time-format"
        if form == ISO and number is None:
            return f"is not an ISO date such as 2014-05-01T10:00:00Z. {_advice(text)}"
        return f"is not one of {form.name}, as the lines before it are; use one format in every line"


def _whole(times: Numbers) -> NDArray[np.int64]:
    if not ((times >= 0) & (times < MAX_TIMESTAMP + 1)).all():
        raise ValueError("a timestamp is out of range")
    seconds: NDArray[np.int64] = np.floor(times).astype(np.int64)
    return seconds


def _found(column: pa.Array) -> TimeFormat:
    try:
        return recognised(numbers_of(column))
    except ValueError:
        return ISO


def _or_none(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except ValueError:
        return None


def _advice(*texts: str) -> str:
    """Formats in which some of the texts are times."""
    found = {format_: (text, time) for text in texts for format_, time in readings(text)}
    if not found:
        return "Name what it is with --time-format, such as --time-format %d/%m/%Y, or convert the column."
    options = [
        f"--time-format {_quoted(format_)}{f' ({NAMED[format_].name})' if format_ in NAMED else ''} reads {text} as "
        f"{time:%Y-%m-%d}"
        for format_, (text, time) in found.items()
    ]
    return f"{'; '.join(options)}."


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


def _plain(value: Any) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)
