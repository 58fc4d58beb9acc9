"""What MovieLens' formats have in common: scales, integer ids, and how lines describe an item or a user."""

from __future__ import annotations

from collections.abc import Sequence

from streamsvd.ratings.event import Id
from streamsvd.ratings.id_text import MAX_ID_LENGTH, parse_id
from streamsvd.ratings.reading.files import DataFile

WHOLE_STARS = (1.0, 5.0)
HALF_STARS = (0.5, 5.0)
ID_RULE = "MovieLens' ids are integers"


def integer(text: str, what: str, file: DataFile, number: int) -> int:
    """The id of an item or a user.

    Raises
    ------
    DatasetError
        When it is no integer of 64 bits.
    """
    found = parse_id(text) if text.strip() and len(text) <= MAX_ID_LENGTH else text
    if isinstance(found, str):
        raise file.wrong(number, f"the {what} is {text[:40]!r}, not an integer of 64 bits")
    return found


def users_of(file: DataFile, delimiter: str, names: Sequence[str]) -> dict[Id, dict[str, str]]:
    """What a file says of each user in fields of these names, after its id.

    Raises
    ------
    DatasetError
        With the line, what was found and what to do.
    """
    found: dict[Id, dict[str, str]] = {}
    for number, line in file.lines():
        user, *fields = line.split(delimiter)
        if len(fields) != len(names):
            raise file.wrong(number, f"found {line[:80]!r} instead of {delimiter.join(('user', *names))}")
        found[integer(user, "user", file, number)] = dict(zip(names, fields, strict=True))
    return found
