"""What a caller of the reader hands over, made plain or refused; ids are the learner's matter (`inputs`)."""

from __future__ import annotations

import operator
from typing import Any

from streamsvd.errors import SettingsError

_MOST = 2**31 - 1
"""No answer is longer, because no model has more rows."""


def whole(name: str, value: Any) -> int:
    """A whole number, NumPy's too, as an int.

    Raises
    ------
    SettingsError
        It is none.
    """
    try:
        return operator.index(value)
    except TypeError:
        raise SettingsError(f"{name} is {value!r}; give a whole number") from None


def at_least(least: int, name: str, value: Any) -> int:
    """A whole number that is not below `least`.

    Raises
    ------
    SettingsError
        It is none, or less.
    """
    number = whole(name, value)
    if number < least:
        raise SettingsError(f"{name} is {number}; give at least {least}")
    return number


def how_many(n: Any) -> int:
    """How many to look for: 1 or more.

    Raises
    ------
    SettingsError

    Examples
    --------
    >>> how_many(10), how_many(10**30)
    (10, 2147483647)
    """
    return min(at_least(1, "n", n), _MOST)


def listed(name: str, values: Any) -> list[Any]:
    """What a list, tuple, set, array or column holds; nothing for None.

    A text is refused: Python would take it letter by letter.

    Raises
    ------
    SettingsError

    Examples
    --------
    >>> listed("genres", ("Drama",))
    ['Drama']
    """
    try:
        if isinstance(values, str | bytes):
            raise TypeError
        return [] if values is None else list(values)
    except TypeError:
        raise SettingsError(f"{name} is {values!r}; give a list, such as [{values!r}]") from None
