"""Items found by words of their titles."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from model_store.view import View
from streamsvd.ratings import Id


def items_called(view: View, text: str, n: int) -> list[Id]:
    """The `n` most rated of the items whose title holds all words of `text`, or whose id it is; ties by place.

    Case does not matter, and a word may be a part of one.
    """
    if not len(view.items):  # before the first item there is no layout either
        return []
    words = text.casefold().split()
    return [item for _, _, item in heapq.nlargest(n, _found(view, text, words), key=lambda found: found[:2])]


def _found(view: View, text: str, words: list[str]) -> Iterator[tuple[int, int, Id]]:
    """Count of ratings, negative place and id of every match."""
    counts = view.factors["count"]
    for item, place in view.items.numbers.items():
        film = view.films.get(item)
        title = film.title.casefold() if film and film.title else ""
        if str(item) == text or (title and words and all(word in title for word in words)):
            yield int(counts[place]), -place, item
