"""Ids of users and items as texts: in files, on the command line, in addresses.

One rule says what a text is: an integer where it is exactly what that integer prints, in 64 bits, else a string,
without white space around it. So 7 is an integer, and 007, +7, 7.0, 7e0 and 9223372036854775808 are strings.
"""

from __future__ import annotations

import re

_INT64 = 2**63
_MARK = "text:"
_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")


def id_of_text(text: str) -> int | str:
    """The id that stands in a file as this text.

    Examples
    --------
    >>> id_of_text(" 196 "), id_of_text("007"), id_of_text("ann "), id_of_text(str(2**63))
    (196, '007', 'ann', '9223372036854775808')
    """
    text = text.strip()
    number = int(text) if _WHOLE_NUMBER.fullmatch(text) else None
    return number if number is not None and -_INT64 <= number < _INT64 else text


def parse_id(text: str) -> int | str:
    """The id that people type: as `id_of_text`, and `text:` before it marks a string.

    Examples
    --------
    >>> parse_id("196"), parse_id("ann"), parse_id("text:196"), parse_id("007"), parse_id(str(2**63))
    (196, 'ann', '196', '007', '9223372036854775808')
    """
    return text.removeprefix(_MARK) if text.startswith(_MARK) and text != _MARK else id_of_text(text)
