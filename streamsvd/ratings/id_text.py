r"""Ids of users and items as text: the one rule for which of them are integers.

An id is an integer where its text, without the white space around it, is exactly what that integer prints, in 64 bits:
`INTEGER_TEXT`. Any other text is a text id: `007`, `+7`, `-0`, `1e5`, `7.0`, `True`, and integers beyond 64 bits. So
two ids are the same only where their texts are. Letters are compared as they are: case counts, and nothing is
normalised (`é` as one character is not `e` with an accent).

Files, commands, addresses and the dashboard hold text and use this rule. JSON has both kinds, and its type decides:
`7` is an integer, `"7"` is text. Text is stripped there too, and no id is empty or longer than `MAX_ID_LENGTH`.
"""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from streamsvd.errors import InputError
from streamsvd.ratings.event import Id

INTEGER_TEXT = r"0|-?[1-9][0-9]{0,18}"
"""Regular expression of all that an integer of 64 bits can print, and a few integers beyond (19 digits hold more)."""
MAX_ID_LENGTH = 255
"""Most characters of a text id."""

LoggedId = (
    Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
    | Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID_LENGTH)]
)
"""An id in a record of the log, before `stripped_id`."""

_MARK = "text:"
_is_integer = re.compile(INTEGER_TEXT).fullmatch


def parse_id(text: str) -> Id:
    """The id that a text stands for.

    Raises
    ------
    InputError
        The text is blank, too long, or not Unicode.

    Examples
    --------
    >>> parse_id("196"), parse_id(" ann "), parse_id("007"), parse_id("-0"), parse_id(str(2**63))
    (196, 'ann', '007', '-0', '9223372036854775808')
    """
    text = stripped_text(text)
    number = int(text) if _is_integer(text) else None
    return number if number is not None and -(2**63) <= number < 2**63 else text


def typed_id(text: str) -> Id:
    """The same for an id that was typed or came in an address, where `text:` marks text that looks like an integer.

    Raises
    ------
    InputError
        As `parse_id`.

    Examples
    --------
    >>> typed_id("196"), typed_id("text:196"), typed_id("text:text:196"), typed_id("text:")
    (196, '196', 'text:196', 'text:')
    """
    text = text.strip()
    marked = text.removeprefix(_MARK).strip()
    return stripped_text(marked) if text.startswith(_MARK) and marked else parse_id(text)


def stripped_text(text: str) -> str:
    """A text id without the white space around it, checked.

    Raises
    ------
    InputError
        As `parse_id`.
    """
    text = text.strip()
    if not text:
        raise InputError("an id is blank; give an integer, or text with at least one visible character")
    if len(text) > MAX_ID_LENGTH:
        raise InputError(f"an id has {len(text)} characters ({text[:20]!r} …); {MAX_ID_LENGTH} are the most")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InputError(f"an id is not Unicode: {text!r}; give it in UTF-8") from None
    return text


def stripped_id(id_: Id) -> Id:
    """An id whose kind is known, as in JSON: text is stripped and checked, an integer is left.

    Raises
    ------
    InputError
        As `parse_id`.

    Examples
    --------
    >>> stripped_id(7), stripped_id(" 7 ")
    (7, '7')
    """
    return stripped_text(id_) if isinstance(id_, str) else id_


def other_kind(id_: Id) -> Id | None:
    """The id of the other kind that has the same text; None where there is none.

    Examples
    --------
    >>> other_kind(196), other_kind("196"), other_kind("007")
    ('196', 196, None)
    """
    if isinstance(id_, int):
        return str(id_)
    found = parse_id(id_) if _is_integer(id_) else id_
    return found if isinstance(found, int) else None
