"""Items found by words of their titles."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from model_store.read.view import View
from streamsvd.ratings import Id


def items_called(view: View, text: str, n: int) -> list[Id]:
    """The item whose id `text` is, then the most rated whose title holds all its words, `n` in all; ties by place.

    Case does not matter, and a word may be a part of one.
    """
    if not len(view.items):  # before the first item there is no layout either
        return []
    words = text.casefold().split()
    return [item for *_, item in heapq.nlargest(n, _found(view, text, words), key=lambda found: found[:3])]


def _found(view: View, text: str, words: list[str]) -> Iterator[tuple[bool, int, int, Id]]:
    """Whether it is by id, count of ratings, negative place and id of every match."""
    counts = view.factors["count"]
    for item, place in view.items.numbers.items():
        film = view.films.get(item)
        title = film.title.casefold() if film and film.title else ""
        by_id = str(item) == text
        if by_id or (title and words and all(word in title for word in words)):
            yield by_id, int(counts[place]), -place, item
