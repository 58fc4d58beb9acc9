"""Lookups: an application asks, the snapshot answers, and says what it was computed from.

The items of the newest version are kept in the process; each call reads the user's row and the version in one
step of the server. When the version has moved, the items that changed since are read together with the row,
so an answer is always made of one version.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import redis
from numpy.typing import NDArray

from model_store.blocks import unpack_rows
from model_store.checkpoint import Head
from model_store.client import address, translated
from model_store.keys import Keys, field
from model_store.loading import load_films
from model_store.ranking import best
from model_store.view import FACTORS, View, first_view
from streamsvd.errors import SettingsError, SnapshotCorrupt, SnapshotMissing, StoreUnavailable
from streamsvd.learner.scoring import score_items
from streamsvd.ratings import Id

SEEN = "seen"
"""Name of the ragged block of users that holds the row numbers of the items rated."""

_LOOKUP = (Path(__file__).parent / "lookup.lua").read_text()
_ATTEMPTS = 20


class Score(Protocol):
    """Predicted ratings of all items for one user, or for nobody in particular."""

    def __call__(
        self,
        settings: dict[str, Any],
        globals_: dict[str, NDArray[Any]],
        user_factors: Any | None,
        item_factors: NDArray[Any],
        /,
    ) -> NDArray[np.float64]: ...


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One item of an answer; title, genres and year as far as the catalogue knows them."""

    item: Id
    title: str | None
    genres: tuple[str, ...]
    year: int | None
    score: float


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an answer was computed from.

    Attributes
    ----------
    version : int
        Of the snapshot.
    offsets : dict of (topic, partition) to int
        Next offsets to read at that version: everything before was learned.
    event_time : int or None
        Newest event learned, in seconds.
    written_at, age_seconds : float
        When the snapshot was written, and how long ago that is.
    rmse : float or None
        The rolling error at that version; None where the writer gave none.
    known_user : bool
        False: the learner has not met this user, and the answer is the best for everybody.
    """

    version: int
    offsets: dict[tuple[str, int], int]
    event_time: int | None
    written_at: float
    age_seconds: float
    rmse: float | None
    known_user: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What `ModelReader.recommend` gives: items, best first, and their provenance."""

    user: Id
    items: tuple[Recommendation, ...]
    provenance: Provenance


class ModelReader:
    """Reads one model. Thread-safe; writes nothing.

    Parameters
    ----------
    client : redis.Redis
        From `connect`.
    model : str
    score : callable
        Predicted ratings of all items; the learner's, unless a test has its own.
    clock : callable
        Gives the time in seconds, for the age of answers.
    """

    def __init__(
        self,
        client: redis.Redis,
        model: str,
        *,
        score: Score = score_items,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if client.connection_pool.connection_kwargs.get("decode_responses"):
            raise SettingsError("the store holds bytes: make its client with model_store.connect(url)")
        self._client = client
        self._keys = Keys(model)
        self._score = score
        self._clock = clock
        self._lookup = client.register_script(_LOOKUP)
        self._refreshing = threading.Lock()
        self._view: View | None = None

    def recommend(self, user: Id, n: int = 10) -> Answer:
        """The `n` items with the highest predicted rating among those that the user has not rated;
        ties by item id.

        Raises
        ------
        SettingsError
            When `n` is below 1.
        SnapshotMissing, SnapshotCorrupt, StoreUnavailable, StoreError
        """
        if n < 1:
            raise SettingsError(f"n is {n}; ask for at least 1 item")
        view, row = self.read(user, (FACTORS, SEEN))
        factors = row[FACTORS][0] if row else None
        seen = view.positions(row[SEEN]) if row else np.zeros(0, np.intp)
        scores = np.zeros(0)
        if view.ids:  # before the first item there is nothing to score, and no layout either
            scores = self._score(view.head.settings, view.globals_, factors, view.factors)
        places = best(scores, n, seen)  # ranked by what lies beyond the scale too, shown within it
        shown = np.clip(scores[places], *view.head.settings.get("scale", (-np.inf, np.inf)))
        items = tuple(self._item(view, int(k), float(score)) for k, score in zip(places, shown, strict=True))
        return Answer(user, items, self._provenance(view.head, known_user=bool(row)))

    def user_blocks(self, user: Id) -> dict[str, NDArray[Any]]:
        """All blocks of a user, by name, of one version; empty when the user is unknown.

        A fixed block is an array of one element, a ragged one of as many as the row has.
        """
        view = self._view or self.read(user, ())[0]
        return self.read(user, tuple(view.head.blocks["users"]))[1]

    def read(self, user: Id, blocks: tuple[str, ...]) -> tuple[View, dict[str, NDArray[Any]]]:
        """The items and some blocks of one user, both of the same version. What all lookups are built on.

        Returns
        -------
        view : View
        row : dict of array
            Empty when the user is unknown.
        """
        with translated(self._client, f"reading model {self._keys.model}"):
            view = self._view
            if view is not None:
                version, raw = self._call(user, blocks, b"")
                if version == view.head.version:
                    return view, self._row(view, user, blocks, raw)
            with self._refreshing:
                view, raw = self._refreshed(user, blocks)
                self._view = view
        return view, self._row(view, user, blocks, raw)

    def _call(self, user: Id, blocks: tuple[str, ...], known: bytes) -> Any:
        keys = self._keys
        names = [keys.head, keys.globals_, keys.versions("items"), keys.block("items", FACTORS)]
        names += [keys.block("users", name) for name in blocks]
        version, *rest = cast("list[Any]", self._lookup(keys=names, args=[field(user), known]))
        if version is None:
            raise SnapshotMissing(
                f"Redis at {address(self._client)} holds no snapshot of model {keys.model!r}: "
                "start `streamsvd consume` for it, or check the name"
            )
        return int(version), *rest

    def _refreshed(self, user: Id, blocks: tuple[str, ...]) -> tuple[View, list[bytes | None]]:
        """The newest view, and the user's blobs of that version."""
        view = self._view
        for _ in range(_ATTEMPTS):
            view = view or first_view(self._client, self._keys)
            known = view.head.version
            version, raw, doc, globals_, changed, blobs = self._call(user, blocks, b"%d" % known)
            head = Head.decode(doc or b"", self._keys.head)
            if head.base > known or version < known:
                view = None  # written whole since: what is known counts for nothing
                continue
            view = view.updated(head, globals_, changed, blobs, self._keys)
            if head.films == view.films_version:
                return view, raw
            films = load_films(self._client, self._keys)
            view = replace(view, films=films, films_version=head.films)  # the next turn sees whether that still holds
        raise StoreUnavailable(
            f"model {self._keys.model!r} was rewritten {_ATTEMPTS} times while it was read; try again later"
        )

    def _row(self, view: View, user: Id, blocks: tuple[str, ...], raw: list[bytes | None]) -> dict[str, NDArray[Any]]:
        there = {name: blob for name, blob in zip(blocks, raw, strict=True) if blob is not None}
        if there and len(there) < len(blocks):
            missing = sorted(set(blocks) - set(there))
            raise SnapshotCorrupt(
                f"user {user!r} has no {', '.join(missing)} in model {self._keys.model!r}: part of the snapshot "
                "was lost; rebuild it from the log"
            )
        return {
            name: unpack_rows([blob], self._keys.block("users", name), view.dtypes, [user])[1]
            for name, blob in there.items()
        }

    def _item(self, view: View, position: int, score: float) -> Recommendation:
        item = view.ids[position]
        film = view.films.get(item)
        if film is None:
            return Recommendation(item, None, (), None, score)
        return Recommendation(item, film.title, film.genres, film.year, score)

    def _provenance(self, head: Head, *, known_user: bool) -> Provenance:
        rmse = head.summary.get("rmse")
        return Provenance(
            version=head.version,
            offsets=dict(head.offsets),
            event_time=head.event_time,
            written_at=head.written_at,
            age_seconds=max(0.0, self._clock() - head.written_at),
            rmse=rmse if isinstance(rmse, float) else None,
            known_user=known_user,
        )
