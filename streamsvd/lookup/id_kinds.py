"""Lookups by an id of the other kind: where a model knows only the text "196", a lookup of 196 finds it, and says so.

Where both are known, or none, the id is the one that was given.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from streamsvd.ratings import Id, other_kind


def known_as(id_: Id, known: Container[Id]) -> Id:
    """The id under which something is known: of the other kind where only that is.

    Examples
    --------
    >>> known_as(196, {"196"}), known_as(196, {196, "196"}), known_as("196", {196}), known_as(196, set())
    ('196', 196, 196, 196)
    """
    other = other_kind(id_)
    return other if other is not None and other in known and id_ not in known else id_


def kind_notes(what: str, ids: Iterable[tuple[Id, Id]]) -> tuple[str, ...]:
    """What to say of ids that were looked up, each with the id under which it was found.

    Examples
    --------
    >>> kind_notes("user", [(196, "196"), ("7", 7), (8, 8)])
    ("user 196 is the text '196' in this model", "user '7' is the integer 7 in this model")
    """
    return tuple(f"{what} {id_!r} is {described(found)} in this model" for id_, found in ids if id_ != found)


def described(id_: Id) -> str:
    """An id with its kind.

    Examples
    --------
    >>> described(196), described("196")
    ('the integer 196', "the text '196'")
    """
    return f"the {'integer' if isinstance(id_, int) else 'text'} {id_!r}"
