"""Ids of users and items as typed in commands and URLs: an id that looks like an integer is one."""

from __future__ import annotations

import re

_INT64 = 2**63
_MARK = "text:"
_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")


def parse_id(text: str) -> int | str:
    """The id that a text stands for: a whole number of 64 bits is an int, and `text:` before it marks a string.

    Examples
    --------
    >>> parse_id("196"), parse_id("ann"), parse_id("text:196"), parse_id("007"), parse_id(str(2**63))
    (196, 'ann', '196', '007', '9223372036854775808')
    """
    if text.startswith(_MARK) and text != _MARK:
        return text.removeprefix(_MARK)
    number = int(text) if _WHOLE_NUMBER.fullmatch(text) else None
    return number if number is not None and -_INT64 <= number < _INT64 else text
