"""The schema of ids over HTTP: in a body the type says what an id is, in an address its look."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictInt, StrictStr

_INT64 = 2**63

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
