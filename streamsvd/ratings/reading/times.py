"""The time of a rating: seconds or milliseconds since 1970, or ISO dates; the file's first one says which."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.ratings.event import MAX_TIMESTAMP

MILLISECONDS = MAX_TIMESTAMP + 1
"""From this number on, a timestamp is in milliseconds."""


class Times:
    """Timestamps of one file, all of the kind of the first one."""

    def __init__(self) -> None:
        self._dates = False
        self._per_second = 1

    def begin(self, first: str) -> None:
        """Take the kind from the file's first timestamp."""
        try:
            self._per_second = 1000 if float(first) >= MILLISECONDS else 1
        except ValueError:
            self._dates = bool(first.strip())

    def read(self, texts: Any) -> NDArray[np.int64]:
        """Whole seconds since 1970 of an Arrow array of strings, shape (n,).

        Raises
        ------
        ValueError
            When anything is wrong with any of them; `check` says what.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        if self._dates:
            encoded = texts.dictionary_encode()
            days = [self.check(text) for text in encoded.dictionary.to_pylist()]
            by_text: NDArray[np.int64] = np.array(days, dtype=np.int64)[encoded.indices.to_numpy()]
            return by_text
        numbers = pc.cast(pc.utf8_trim_whitespace(texts), pa.float64()).to_numpy(zero_copy_only=False)
        if not np.isfinite(numbers).all():
            raise ValueError("a timestamp is not a number")
        seconds = np.floor(numbers / self._per_second)
        if len(seconds) and not 0 <= seconds.min() <= seconds.max() <= MAX_TIMESTAMP:
            raise ValueError("a timestamp is out of range")
        whole: NDArray[np.int64] = seconds.astype(np.int64)
        return whole

    def check(self, text: str) -> int:
        """Whole seconds since 1970; raises what is wrong with one timestamp as a `ValueError`."""
        seconds = _seconds_of_date(text) if self._dates else self._seconds(text)
        if not 0 <= seconds <= MAX_TIMESTAMP:
            unit = "seconds" if self._per_second == 1 else "milliseconds"
            raise ValueError(
                f"the timestamp {text.strip()} is out of range for {unit} since 1970, the unit of the "
                "first rating; use one unit in every line"
            )
        return seconds

    def _seconds(self, text: str) -> int:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or "_" in text:
            raise ValueError(
                f"the timestamp is {text!r}, not a number of seconds; use seconds, milliseconds or "
                "ISO dates, the same in every line"
            )
        return math.floor(number / self._per_second)


def _seconds_of_date(text: str) -> int:
    try:
        date = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(
            f"the timestamp is {text!r}, not an ISO date such as 2014-05-01; convert the column"
        ) from error
    if date.year < 1970:
        raise ValueError(f"the date {text.strip()} is before 1970; correct or delete the line")
    return math.floor((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp())
