"""A model of any size without a history: what lookups need of it, with rows that are made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels import CHOICE_BLOCK, RECENT_BLOCK
from streamsvd.kernels.choices import RECENT
from streamsvd.kernels.memory import SEEN_ENTRY, USER_ENTRY
from streamsvd.learner import Choices, Id, IteratedSVD, Ragged, Rows, State


class _Content:
    """Content of as many columns as MovieLens' genres and year come to, or of none."""

    def __init__(self, columns: int, random: np.random.Generator) -> None:
        self._columns = columns
        self._random = random

    def content(self, items: Sequence[Id] | NDArray[Any], /) -> NDArray[np.float64]:
        return (self._random.random((len(items), self._columns)) < 0.15) * 0.6


def made_model(n_users: int, n_items: int, content: int, rated: int = 150, seed: int = 0) -> State:
    """The state of a model in which each user has rated so many items.

    Parameters
    ----------
    n_users, n_items : int
        Their ids are 0, 1, 2, …
    content : int
        Columns of item content.
    rated : int
    seed : int
    """
    random = np.random.default_rng(seed)
    source = _Content(content, random)
    model, choices = IteratedSVD(content=source if content else None), Choices()
    model.learn(np.arange(256) % 16, np.arange(256) % 32, random.integers(1, 6, 256).astype(float))
    choices.learn(model, np.arange(256) % 16, np.arange(256) % 32)
    state = choices.state(model)
    offsets = rated * np.arange(n_users + 1)
    seen = np.zeros(n_users * rated, SEEN_ENTRY)
    seen["item"] = np.sort(random.integers(0, n_items, (n_users, rated))).ravel()
    seen["rating"] = random.integers(1, 6, len(seen))
    window = np.zeros(len(seen), USER_ENTRY)
    window["item"], window["target"] = seen["item"], random.normal(size=len(seen))
    users = _rows(state.users, n_users, {"window": Ragged(window, offsets), "seen": Ragged(seen, offsets)})
    nothing = Ragged(state.items.ragged["window"].values[:0], np.zeros(n_items + 1, np.int64))
    items = _rows(state.items, n_items, {"window": nothing})
    of_users, of_items = users.fixed["factors"], items.fixed["factors"]
    of_users["x"], of_users["count"] = random.normal(0, 0.3, of_users["x"].shape), rated
    of_items["y"], of_items["count"] = random.normal(0, 0.3, of_items["y"].shape), random.zipf(1.3, n_items) % 5000
    of_items["content"] = source.content(items.ids)
    chosen = items.fixed[CHOICE_BLOCK]
    chosen["count"], chosen["at"] = random.zipf(1.3, n_items) % 500 + random.random(n_items), 0
    chosen["near"], chosen["weight"] = random.integers(0, n_items, chosen["near"].shape), 1.0
    users.fixed[RECENT_BLOCK]["items"] = random.integers(0, n_items, (n_users, RECENT))
    return replace(state, users=users, items=items)


def _rows(few: Rows, n: int, ragged: dict[str, Ragged]) -> Rows:
    numbers = np.arange(n)
    fixed = {name: block[numbers % len(few)] for name, block in few.fixed.items()}
    return Rows(numbers, numbers.tolist(), fixed, ragged)
