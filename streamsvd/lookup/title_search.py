"""Items found by words of their titles."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from streamsvd.lookup.item_table import ItemTable
from streamsvd.ratings import Id


def items_by_title(items: ItemTable, text: str, n: int) -> list[Id]:
    """The item whose id `text` is, then the most rated whose title holds all its words, `n` in all; ties by place.

    Case does not matter, and a word may be a part of one.
    """
    if not items.numbers:  # before the first item there are no rows either
        return []
    words = text.casefold().split()
    return [item for *_, item in heapq.nlargest(n, _matches(items, text, words), key=lambda match: match[:3])]


def _matches(items: ItemTable, text: str, words: list[str]) -> Iterator[tuple[bool, int, int, Id]]:
    """Whether it is by id, count of ratings, negative place and id of every match."""
    counts = items.counts
    for item, place in items.numbers.items():
        entry = items.catalogue.get(item)
        title = entry.title.casefold() if entry and entry.title else ""
        by_id = str(item) == text
        if by_id or (title and words and all(word in title for word in words)):
            yield by_id, int(counts[place]), -place, item
