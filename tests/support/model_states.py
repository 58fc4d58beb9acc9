"""Small states to store: any blocks will do, and every row says of which version it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_store import Checkpoint
from streamsvd.kernels.memory import SEEN_ENTRY
from streamsvd.kernels.state import Id, Ragged, Rows, State
from streamsvd.lookup.item_table import ItemTable, ScreeningColumns

FACTORS = np.dtype([("x", "<f8", (4,)), ("version", "<i8"), ("count", "<i4")])
TRAINING = np.dtype([("P", "<f4", (10,)), ("next_refit", "<f8")])
ENTRY = np.dtype([("item", "<i4"), ("rating", "<f4")])


def seen_entries(items: Any) -> NDArray[Any]:
    """Entries of `seen` for some row numbers of items, all rated 3."""
    entries = np.zeros(len(items), SEEN_ENTRY)
    entries["item"], entries["rating"] = items, 3.0
    return entries


def rows(version: int, ids: Sequence[Id], numbers: Iterable[int], *, seen: bool) -> Rows:
    """Rows whose content depends on version and number alone."""
    at = np.fromiter(numbers, np.int64)
    n = len(at)
    factors, training = np.zeros(n, FACTORS), np.zeros(n, TRAINING)
    factors["x"] = np.sin(at[:, None] * 7.0 + np.arange(4) + version)
    factors["version"], factors["count"] = version, at + version
    training["P"], training["next_refit"] = (at[:, None] + version) / 3.0, version * 1.25
    lengths = at % 4
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    window = np.zeros(offsets[-1], ENTRY)
    window["rating"] = version
    ragged = {"window": Ragged(window, offsets)}
    if seen:
        ragged["seen"] = Ragged(seen_entries(np.arange(offsets[-1]) % 5), offsets)
    return Rows(at, list(ids), {"factors": factors, "training": training}, ragged)


def state(version: int, users: Sequence[int], items: Sequence[int]) -> State:
    """A state, or changes of one: the row number of an integer id is the id itself."""
    globals_ = {"g": np.linspace(0, version, 5), "version": np.array(version), "R": np.eye(3, dtype=np.float32)}
    settings = {"k": 8, "name": "é", "scale": [-1e9, 1e9]}  # the stand-in for scoring knows no limits
    return State(settings, globals_, rows(version, users, users, seen=True), rows(version, items, items, seen=False))


def checkpoint(version: int, token: int, changes: State, **more: Any) -> Checkpoint:
    """A checkpoint of these changes."""
    about: dict[str, Any] = {
        "offsets": {("ratings", 0): 100 * version, ("films", 0): 7},
        "metrics": {"errors": np.arange(version, dtype=np.float64), "counts": np.array([[version, 2], [3, 4]])},
        "marks": {"ml-100k-06416e59/0": 100 * version - 1},
        "genres": ("Comedy", "Drama"),
        "event_time": 880_000_000 + version,
        "written_at": 1_700_000_000.25 + version,
        "summary": {"rmse": 0.9 + version / 1000, "events": 100 * version},
    }
    return Checkpoint(version=version, token=token, state=changes, **{**about, **more})


class NoColumns:
    """For a scoring that reads the rows themselves."""

    def put(self, places: NDArray[np.int64], factors: NDArray[Any], size: int) -> None:
        pass

    def combine(self, n: int, settings: dict[str, Any], globals_: dict[str, NDArray[Any]]) -> None:
        pass

    def copy(self) -> NoColumns:
        return self


class ByVersion:
    """A stand-in for scoring: the dot product, and the item's count for nobody in particular."""

    def columns(self) -> ScreeningColumns:
        return NoColumns()

    def approximate(self, items: ItemTable, user: Any | None) -> tuple[NDArray[np.floating[Any]], float]:
        return self.exact(items.settings, items.globals_, user, items.factors), 0.0

    def exact(
        self, _settings: dict[str, Any], _globals: dict[str, NDArray[Any]], user: Any | None, factors: NDArray[Any], /
    ) -> NDArray[np.float64]:
        if user is None:
            return factors["count"].astype(np.float64)
        scores: NDArray[np.float64] = factors["x"] @ user["x"]
        return scores


def plain(found: State) -> dict[str, Any]:
    """A state as plain values, to be compared with ==, bit for bit."""

    def array(a: NDArray[Any]) -> tuple[Any, ...]:
        return str(a.dtype), a.shape, a.tobytes()

    def side(part: Rows) -> dict[str, Any]:
        order = np.argsort(part.numbers)
        return {
            "numbers": part.numbers[order].tolist(),
            "ids": [part.ids[k] for k in order],
            "fixed": {name: array(block[order]) for name, block in part.fixed.items()},
            "ragged": {name: [array(block.row(k)) for k in order] for name, block in part.ragged.items()},
        }

    return {
        "settings": found.settings,
        "globals": {name: array(a) for name, a in found.globals_.items()},
        "users": side(found.users),
        "items": side(found.items),
    }
