"""Small deterministic streams of ratings, item content without a file, and a digest of all that a learner remembers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.learner import Id, IteratedSVD, Predictions, Rows, State


@dataclass(frozen=True)
class Stream:
    """Columns of a stream; timestamps never decrease, and what a user rates at one of them is a page."""

    users: list[Id]
    items: list[Id]
    ratings: NDArray[np.float64]
    timestamps: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ratings)

    def __iter__(self) -> Iterator[Any]:
        """The columns, as `learn` takes them."""
        return iter((self.users, self.items, self.ratings, self.timestamps))

    def having(self, **columns: Any) -> Stream:
        """The same stream with other columns."""
        return replace(self, **columns)

    def cut(self, start: int, stop: int) -> Stream:
        """Events from `start` up to `stop`."""
        part = slice(start, stop)
        return Stream(self.users[part], self.items[part], self.ratings[part], self.timestamps[part])


def stream(n: int = 600, users: int = 40, items: int = 60, seed: int = 0, *, again: float = 0.02) -> Stream:
    """Ratings with tastes, bursts, pages and a few films rated twice; ids are ints and strings."""
    random = np.random.default_rng(seed)
    tastes, films = random.normal(size=(users, 3)), random.normal(size=(items, 3))
    popularity = 1 / np.arange(1, items + 1)
    seen: dict[int, list[int]] = {}
    columns: list[tuple[int, int, float, int]] = []
    user, now = 0, 880_000_000
    for _ in range(n):
        if random.random() < 0.4:
            user, now = int(users * random.random() ** 2), now + int(random.integers(0, 3))
        mine = seen.setdefault(user, [])
        fresh = np.setdiff1d(np.arange(items), mine)
        if len(fresh) == 0 or (mine and random.random() < again):
            item = int(random.choice(mine))
        else:
            item = int(random.choice(fresh, p=popularity[fresh] / popularity[fresh].sum()))
            mine.append(item)
        score = 3.4 + 0.6 * tastes[user] @ films[item] + 0.4 * tastes[user, 0] + 0.5 * random.normal()
        columns.append((user, item, float(np.clip(np.round(score), 1, 5)), now))
    return Stream(
        [u if u % 2 else f"user {u}" for u, _, _, _ in columns],
        [f"film {i}" if i % 3 == 0 else i for _, i, _, _ in columns],
        np.array([r for _, _, r, _ in columns]),
        np.array([t for _, _, _, t in columns], np.int64),
    )


def interleaved(events: Stream, *, seconds: int = 5, seed: int = 0) -> Stream:
    """The same ratings at fewer timestamps, and at each of them in any order, so that users take turns."""
    times = events.timestamps // seconds
    order = np.lexsort((np.random.default_rng(seed).random(len(events)), times))
    names = [[column[k] for k in order] for column in (events.users, events.items)]
    return Stream(names[0], names[1], events.ratings[order], times[order])


def pages_of(events: Stream) -> list[list[int]]:
    """Of each page, in the order in which they begin, which events it has."""
    found: list[list[int]] = []
    opened: dict[Id, list[int]] = {}
    for k, user in enumerate(events.users):
        if k and events.timestamps[k] != events.timestamps[k - 1]:
            opened = {}
        if user not in opened:
            opened[user] = []
            found.append(opened[user])
        opened[user].append(k)
    return found


def learn(model: IteratedSVD, events: Stream, cuts: Iterable[int] = ()) -> Predictions:
    """Learn a stream in pieces that end at the given places."""
    ends = [*sorted(set(cuts) - {0, len(events)}), len(events)]
    parts = [model.learn(*events.cut(start, stop)) for start, stop in zip([0, *ends[:-1]], ends, strict=True)]
    columns = zip(*parts, strict=True)
    return Predictions(*(None if column[0] is None else np.concatenate(column) for column in columns))


class Genres:
    """Content of any item, from its id: three columns."""

    def content(self, items: Sequence[Id], /) -> NDArray[np.float64]:
        found = np.zeros((len(items), 3))
        for row, item in enumerate(items):
            found[row, len(str(item)) % 2] = 1.0
            found[row, 2] = len(repr(item)) / 10
        return found


def digest(state: State) -> str:
    """Of every bit of a state, its ids and their types; `removed` belongs to changes and is left out."""
    running = hashlib.sha256(json.dumps(state.settings, sort_keys=True).encode())

    def add(*parts: Any) -> None:
        for part in parts:
            if isinstance(part, np.ndarray):
                running.update(f"{part.dtype}{part.shape}".encode() + part.tobytes())
            else:
                running.update(repr(part).encode())

    for name in sorted(state.globals_):
        add(name, state.globals_[name])
    for rows in (state.users, state.items):
        add(rows.ids, rows.numbers)
        for name in sorted(rows.fixed):
            add(name, rows.fixed[name])
        for name in sorted(rows.ragged):
            add(name, rows.ragged[name].values, rows.ragged[name].offsets)
    return running.hexdigest()


def ids_of(rows: Rows) -> dict[Id, int]:
    """Where each id stands among these rows."""
    return {name: k for k, name in enumerate(rows.ids)}
