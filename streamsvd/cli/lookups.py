"""What the commands that look something up have in common: a reader, items by title, answers as objects."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from model_store import Answer, ModelReader, connect
from streamsvd.cli.services import open_redis
from streamsvd.errors import InputError
from streamsvd.lookup import Reason
from streamsvd.ratings import CatalogueItem, Id, other_kind, typed_id

_SHOWN = 10
"""Candidates named when a title is ambiguous."""


def ratings_given(reader: ModelReader, texts: Iterable[str]) -> dict[Id, float]:
    """Ratings from `ITEM=STARS`, the item by its id or by words of its title.

    Raises
    ------
    InputError
    """
    given = {}
    for text in texts:
        item, _, stars = text.rpartition("=")
        try:
            value = float(stars)
        except ValueError:
            value = math.nan
        if not item or math.isnan(value):
            raise InputError(f"--rated {text!r}: an item and a rating are needed, such as --rated 'heat=5'")
        given[item_called(reader, item)] = value
    return given


@contextmanager
def lookups(redis: str | None, model: str) -> Iterator[ModelReader]:
    """A reader of a model, for the body of a `with`."""
    with open_redis(redis, os.environ) as url, closing(connect(url, for_lookups=True)) as client:
        yield ModelReader(client, model)


def item_called(reader: ModelReader, text: str, *, unrated: bool = False) -> Id:
    """The item that a text names: by its id, else by words of its title.

    Where several titles hold the words, one that is exactly these words, with or without its year, is meant.

    Parameters
    ----------
    reader : ModelReader
    text : str
    unrated : bool
        Where nothing is found, take the text for the id of an item that has not been rated.

    Raises
    ------
    InputError
        None is called so, or several are; these are named.
    """
    id_, text = typed_id(text), text.strip()
    found = reader.find(text, _SHOWN + 1)
    if any(item.item in (id_, other_kind(id_)) for item in found) or text.startswith("text:"):
        return id_
    exact = [item for item in found if text.casefold() in _names(item)]
    if len(exact) == 1 or len(found) == 1:
        return (exact or found)[0].item
    if not found and unrated:
        return id_
    if not found:
        raise InputError(f"no item that has been rated has the id {text!r}, or these words in its title")
    candidates = "; ".join(f"{item.item}: {item.title}" for item in found[:_SHOWN])
    more = ", and more" if len(found) > _SHOWN else ""
    raise InputError(f"{text!r} can be several items, name one by its id: {candidates}{more}")


def _names(item: CatalogueItem) -> tuple[str, ...]:
    title = (item.title or "").casefold()
    return title, title.removesuffix(f"({item.year})").strip()


def as_object(answer: Any) -> dict[str, Any]:
    """The fields of an answer."""
    return {field.name: getattr(answer, field.name) for field in dataclasses.fields(answer)}


def explained_items(answer: Answer, reasons: Mapping[Id, tuple[Reason, ...]]) -> list[dict[str, Any]]:
    """Recommended items with their reasons, for programs."""
    return [{**as_object(item), "reasons": reasons.get(item.item, ())} for item in answer.items]
