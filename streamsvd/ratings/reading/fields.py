"""The fields of a rating: its user and item, and the rating itself (its time is in `times`).

Each of them reads a whole column of texts, and refuses it by a `ValueError` when anything in it is wrong. `check` then
says what is wrong with one of its texts, and what to do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from streamsvd.ratings.id_text import MAX_ID_LENGTH, parse_id
from streamsvd.ratings.order import ranks_of

Array = NDArray[Any]

_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+")

MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "\\n", "missing"})
"""What stands in files, in small letters, where there is no rating."""


class GrowingArray:
    """An array that grows at its end.

    Room is taken by half as much again; what is not yet filled costs no memory, and what is outgrown goes back to the
    system at once, which it would not as a list of small blocks.
    """

    __slots__ = ("_size", "_values")

    def __init__(self) -> None:
        self._values: Array = np.empty(0, dtype=np.int32)
        self._size = 0

    def extend(self, block: Array) -> None:
        """Add a block, in the wider one of both types; int64 as int32 where that loses nothing."""
        if block.dtype == np.int64:
            block = _exact(block, np.int32)
        kind = np.promote_types(self._values.dtype, block.dtype) if self._size else block.dtype
        end = self._size + len(block)
        if end > len(self._values) or kind != self._values.dtype:
            room = np.empty(max(end, len(self._values) * 3 // 2), dtype=kind)
            room[: self._size] = self._values[: self._size]
            self._values = room
        self._values[self._size : end] = block
        self._size = end

    def take(self) -> Array:
        """All values, in the type that they are kept in; the array is empty afterwards."""
        values = self._values[: self._size]
        self.__init__()  # type: ignore[misc]
        return values


def _exact(values: Array, narrow: DTypeLike) -> Array:
    """The values in a narrower type where that loses nothing, else as they are."""
    narrowed = values.astype(narrow)
    return narrowed if np.array_equal(narrowed, values, equal_nan=True) else values


class IdColumn:
    """Ids of users or of items: integers while all of them are, else text, kept as int32 codes.

    Parameters
    ----------
    what : str
        `user` or `item`, for messages.
    as_text : bool
        Whether they are text whatever they look like.
    rule : str
        Why they have to be integers, for messages; empty where they may be text.
    """

    def __init__(self, what: str, as_text: bool, rule: str) -> None:
        self.what, self.rule = what, rule
        self._codes: dict[str, int] | None = {} if as_text else None
        self._values = GrowingArray()

    def add(self, texts: Any) -> None:
        """Take in an Arrow array of strings.

        Raises
        ------
        ValueError
            When one of them is no id here; `check` says which.
        """
        integers = _integers(texts) if self._codes is None else None
        if integers is not None:
            self._values.extend(integers)
            return
        encoded = texts.dictionary_encode()
        names = [name.strip() for name in encoded.dictionary.to_pylist()]
        if self.rule or any(not 0 < len(name) <= MAX_ID_LENGTH for name in names):
            raise ValueError(f"one {self.what} is none")
        codes = self._text_codes()
        numbers = [codes.setdefault(name, len(codes)) for name in names]
        self._values.extend(np.array(numbers, dtype=np.int32)[encoded.indices.to_numpy()])

    def _text_codes(self) -> dict[str, int]:
        """Codes by text; the integers so far become text, which is what they print."""
        if self._codes is None:
            found, codes = np.unique(self._values.take(), return_inverse=True)
            self._codes = {str(integer): code for code, integer in enumerate(found.tolist())}
            self._values.extend(codes.astype(np.int32))
        return self._codes

    def check(self, text: str) -> None:
        """Raise what is wrong with one id."""
        if not text.strip():
            raise ValueError(f"the {self.what} is empty; every rating names its user and its item")
        if len(text.strip()) > MAX_ID_LENGTH:
            raise ValueError(f"the {self.what} is longer than {MAX_ID_LENGTH} characters: {text.strip()[:20]!r} …")
        if self.rule and isinstance(parse_id(text), str):
            raise ValueError(f"the {self.what} is {text[:80]!r}, not an integer of 64 bits; {self.rule}")

    def numbers(self) -> Array:
        """All ids as integers in the order of the ids, text by code points; the column is empty afterwards."""
        values = self._values.take()
        return values if self._codes is None else ranks_of(list(self._codes))[values]

    def named(self, numbers: Array) -> Array:
        """Ids as they stand in the file, of what `numbers` gives."""
        if self._codes is None:
            return numbers.astype(np.int64, copy=False)
        return np.array(sorted(self._codes), dtype=object)[numbers]


def _integers(texts: Any) -> Array | None:
    """An array of strings as integers where each is just what its integer prints, else None."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for trim in (False, True):
        with suppress(pa.ArrowInvalid):
            trimmed = pc.utf8_trim_whitespace(texts) if trim else texts
            integers = pc.cast(trimmed, pa.int64())
            if pc.cast(integers, pa.string()).equals(trimmed):
                found: Array = integers.to_numpy()
                return found
    return None


class Ratings:
    """The ratings themselves: finite numbers, within the limits where there are some.

    Parameters
    ----------
    limits : tuple of float or None
        Lowest and highest rating.
    dropped : collection of float
        Values to leave out; NaN stands for a missing rating.
    """

    def __init__(self, limits: tuple[float, float] | None, dropped: Collection[float]) -> None:
        self.limits = limits
        self._dropped = frozenset(dropped)
        self._drops_missing = any(map(math.isnan, dropped))

    def read(self, texts: Any) -> Array:
        """Ratings of an Arrow array of strings: float32 where that loses nothing, else float64; NaN where left out.

        Raises
        ------
        ValueError
            When one of them is none.
        """
        encoded = texts.dictionary_encode()
        values = np.array([self.check(text) for text in encoded.dictionary.to_pylist()], dtype=np.float64)
        ratings: Array = _exact(values, np.float32)[encoded.indices.to_numpy()]
        return ratings

    def check(self, text: str) -> float:
        """One rating, NaN where it is to be left out; raises what is wrong with it as a `ValueError`."""
        if text.strip().lower() in MISSING:
            if self._drops_missing:
                return math.nan
            raise ValueError(
                f"the rating is {text!r}, not a finite number; correct the line, "
                "or leave out missing ratings (--drop-ratings missing)"
            )
        rating = self._number(text)
        if rating in self._dropped:
            return math.nan
        if self.limits is not None and not self.limits[0] <= rating <= self.limits[1]:
            raise ValueError(
                f"the rating {text.strip()} is outside the scale {self.limits[0]:g} to {self.limits[1]:g}; "
                "correct the line, declare the scale of this data set (--scale LOW:HIGH), "
                f"or leave such ratings out (--drop-ratings {rating:g})"
            )
        return rating

    def _number(self, text: str) -> float:
        """A finite number, with a decimal point or comma; 1,250 may be either of two numbers and is refused."""
        if _THOUSANDS.fullmatch(text.strip()):
            whole, point = text.replace(",", "").strip(), text.replace(",", ".").strip()
            raise ValueError(f"the rating is {text!r}, which may be {whole} or {point}; write it without the comma")
        try:
            number = float(text.replace(",", "."))
        except ValueError:
            number = math.nan
        if math.isfinite(number) and "_" not in text:
            return number
        raise ValueError(f"the rating is {text[:80]!r}, not a finite number; correct or delete the line")
