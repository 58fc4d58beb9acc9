"""Ids of users and items as they come over HTTP: in a body the type says what an id is, in an address its look does."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, StrictInt, StrictStr

_INT64 = 2**63
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}")

LONGEST = 255
"""Characters of an id."""

IdText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST,
        description="An id. A whole number of 64 bits is an integer; `text:` before it marks a string.",
        examples=["196"],
    ),
]
Id = Annotated[StrictInt, Field(ge=-_INT64, lt=_INT64)] | Annotated[StrictStr, Field(min_length=1, max_length=LONGEST)]


def id_of(text: str) -> int | str:
    """The id that a text stands for.

    Examples
    --------
    >>> id_of("196"), id_of("text:196"), id_of("0042"), id_of("ann"), id_of(str(2**63))
    (196, '196', '0042', 'ann', '9223372036854775808')
    """
    if text.startswith("text:") and len(text) > 5:
        return text[5:]
    if _WHOLE.fullmatch(text) and -_INT64 <= int(text) < _INT64:
        return int(text)
    return text
