"""The commands of one checkpoint, encoded before anything is watched, and run in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from redis.client import Pipeline

from model_store.codec.blobs import pack
from model_store.codec.checkpoint import Checkpoint, Head, shared_fields
from model_store.codec.delta import delta_fields
from model_store.codec.keys import SIDES, Keys, Side, field
from model_store.codec.row_frames import RowFrames
from model_store.codec.rows import RowLayout, encode_rows
from model_store.write.stage import Stage
from streamsvd.kernels import Rows
from streamsvd.ratings import CatalogueItem, Id, ProgressCallback, encode_item

FEED_LENGTH = 10_000
"""Entries of the feed that are kept, or some more."""

FeedEntry = tuple[str, Mapping[str, bytes]]
"""An entry's id, such as `"1200-0"`, greater than all before it, and its fields."""

ArrayBlobs = dict[str, dict[str, bytes]]
"""Array blobs as they were last written: key → array name → blob."""

_CHUNK = 500
"""Fields in one HSET."""
_MANY = 1000
"""Changed rows of a side from which on they are staged: fewer take the server a few milliseconds."""

_UNDO = (Path(__file__).parent / "undo.lua").read_text()

_COUNT = """
for k, side in ipairs({'users', 'items'}) do
  local n = KEYS[k + 1] == KEYS[1] and 0 or redis.call('HLEN', KEYS[k + 1])
  redis.call('HSET', KEYS[1], side, n)
end
"""


class CheckpointStep:
    """The commands of one checkpoint.

    Parameters
    ----------
    keys : Keys
    checkpoint : Checkpoint
    known : Head or None
        Of the version before; None for a whole write.
    known_arrays : dict
        Arrays as this writer last wrote them; others are written.
    keep : int
        Earlier versions that are to be kept.
    kept : int
        Earlier versions that the store keeps.
    staging : bool
        Stage rows: all of a whole write, and those of a side of which a third or more changed.

    Attributes
    ----------
    kept : int
        Earlier versions that the store keeps after the step.
    staged : tuple of "users" or "items"
        Sides whose rows are staged.
    """

    def __init__(
        self,
        keys: Keys,
        checkpoint: Checkpoint,
        known: Head | None,
        known_arrays: ArrayBlobs,
        *,
        keep: int = 0,
        kept: int = 0,
        staging: bool = False,
    ) -> None:
        self._keys = keys
        self._checkpoint = checkpoint
        self._known = known
        self._known_arrays = known_arrays if known else {}
        self.arrays: ArrayBlobs = {}
        self._commands: list[tuple[Any, ...]] = []
        self.version = checkpoint.version
        self.whole = known is None
        self.layout = (RowLayout(known.dtypes, known.blocks) if known else RowLayout()).extended(checkpoint.state)
        self.bytes = 0
        self.head: Head
        self.doc: bytes
        self.kept = 0
        self._undo: str | None = None
        if known is not None:
            self._keep(known.version, keep, kept)
        large = [] if keep else [side for side, rows in self._sides() if _is_large(rows)]
        self.staged: tuple[Side, ...] = (SIDES if self.whole else tuple(large)) if staging else ()
        self._has_delta = "items" in self.staged and not self.whole
        if staging and not self._has_delta:
            self._commands.append(("UNLINK", keys.delta))

    def _keep(self, before: int, keep: int, kept: int) -> None:
        """Start the undo record of the previous version, and drop those that are too old."""
        keys = self._keys
        self.kept = min(kept + 1, keep)
        for version in range(before - kept, min(before, before + 1 - self.kept)):
            self._commands += [("UNLINK", keys.undo(version)), ("SREM", keys.all, keys.undo(version))]
        if keep:
            self._undo = keys.undo(before)
            self._commands.append(("SADD", keys.all, self._undo))
            self._save(keys.head, [b"version"], everything=True)

    def _save(self, key: str, fields: list[bytes], *, everything: bool = False) -> None:
        """Copy fields of a hash, or with `everything` all of them, into the undo record."""
        if self._undo is not None:
            flag = b"1" if everything else b"0"
            self._commands.append(("EVAL", _UNDO, 2, key, self._undo, self._keys.name(key), flag, *fields))

    def _hset(self, key: str, fields: list[bytes], values: list[bytes]) -> None:
        for first in range(0, len(fields), _CHUNK):
            part = values[first : first + _CHUNK]
            flat: list[bytes] = [b""] * (2 * len(part))
            flat[::2], flat[1::2] = fields[first : first + _CHUNK], part
            self._save(key, flat[::2])
            self._commands.append(("HSET", key, *flat))
            self.bytes += sum(map(len, part))

    def _mark(self, side: Side, fields: list[bytes]) -> None:
        for first in range(0, len(fields), _CHUNK):
            members = [x for name in fields[first : first + _CHUNK] for x in (self.version, name)]
            self._commands.append(("ZADD", self._keys.versions(side), *members))

    def remove(self, side: Side, ids: list[Id]) -> None:
        """Delete rows. An item leaves a mark, so that readers drop it; of a user, the id is deleted too.

        Ids that are in the state as well are skipped: staged rows are switched before this runs, and must stay.
        """
        back = set(dict(self._sides())[side].ids) if ids else set()
        ids = [id_ for id_ in ids if id_ not in back]
        if not ids:
            return
        if side == "items" and self._has_delta:  # a delta cannot hold removed rows
            self._has_delta = False
            self._commands.append(("UNLINK", self._keys.delta))
        fields = [field(id_) for id_ in ids]
        for name in self.layout.blocks[side]:
            self._save(self._keys.block(side, name), fields)
            self._commands.append(("HDEL", self._keys.block(side, name), *fields))
        if side == "users":
            self._commands.append(("ZREM", self._keys.versions(side), *fields))
        else:
            self._mark(side, fields)

    def write_rows(self) -> None:
        """Rows that changed, except those that are staged."""
        for side, rows in self._sides():
            if side in self.staged:
                continue
            fields = [field(id_) for id_ in rows.ids]
            for name, blobs in encode_rows(rows, side, self.layout).items():
                self._hset(self._keys.block(side, name), fields, blobs)
            self._mark(side, fields)

    def stage_rows(self, stage: Stage, progress: ProgressCallback = lambda _done, _total: None) -> None:
        """Send the rows of the staged sides; the server adds the stored ones that did not change."""
        staged = [(side, rows) for side, rows in self._sides() if side in self.staged]
        total, done = sum(len(rows) for _, rows in staged), 0
        for side, rows in staged:
            if side == "items" and self._has_delta:
                for names, blobs in delta_fields(self.version, rows):
                    stage.put(self._keys.delta, names, blobs)
            stage.put_rows(side, RowFrames(rows, side, self.layout), self.layout.blocks[side] if len(rows) else ())
            if not self.whole:
                stage.keep_others(side, self.layout.blocks[side])
            done += len(rows)
            progress(done, total)
        self.bytes += stage.bytes

    def _sides(self) -> Iterator[tuple[Side, Rows]]:
        state = self._checkpoint.state
        return zip(SIDES, (state.users, state.items), strict=True)

    def write_arrays(self) -> None:
        """Globals and metrics whose bytes differ from what this writer wrote last."""
        for key, arrays in (
            (self._keys.globals_, self._checkpoint.state.globals_),
            (self._keys.metrics, self._checkpoint.metrics),
        ):
            packed = self.arrays[key] = {name: pack(array) for name, array in arrays.items()}
            known = self._known_arrays.get(key, {})
            if not known or not known.keys() <= packed.keys():
                self._save(key, [], everything=True)
                self._commands.append(("DEL", key))
                known = {}
            new = {name: blob for name, blob in packed.items() if known.get(name) != blob}
            self._hset(key, [name.encode() for name in new], list(new.values()))

    def write_feed(self, entries: Iterable[FeedEntry]) -> None:
        for id_, fields in entries:
            flat = [part for name, value in fields.items() for part in (name.encode(), value)]
            self._commands.append(("XADD", self._keys.feed, "MAXLEN", "~", FEED_LENGTH, id_, *flat))
            self.bytes += sum(map(len, flat))

    def write_now(self, fields: Mapping[str, bytes]) -> None:
        if fields:
            self._hset(self._keys.now, [name.encode() for name in fields], list(fields.values()))

    def write_catalogue(self, catalogue: Iterable[CatalogueItem]) -> None:
        by_field = {field(entry.item): encode_item(entry) for entry in catalogue}
        self._save(self._keys.catalogue, [], everything=True)
        self._commands.append(("UNLINK", self._keys.catalogue))
        self._hset(self._keys.catalogue, list(by_field), list(by_field.values()))

    def write_head(self, *, new_catalogue: bool) -> None:
        """The head document, the list of keys and the number of rows."""
        new, known, keys = self._checkpoint, self._known, self._keys
        self.head = Head(
            **shared_fields(new),
            base=known.base if known else new.version,
            catalogue_version=new.version if new_catalogue else (known.catalogue_version if known else 0),
            settings=new.state.settings,
            dtypes=self.layout.dtypes,
            blocks=self.layout.blocks,
            arrays={"globals": list(new.state.globals_), "metrics": list(new.metrics)},
        )
        self.doc = self.head.encode()
        self._commands += head_commands(keys, self.head, self.doc, self.kept)
        self.bytes += len(self.doc)

    def follows(self, version: int) -> bool:
        """Whether it may be written after this version."""
        return self.version == version + 1

    def queue(self, pipe: Pipeline) -> None:
        for command in self._commands:
            pipe.execute_command(*command)  # type: ignore[no-untyped-call]


def _is_large(rows: Rows) -> bool:
    """Whether many rows changed, and a third of all, which the highest row number estimates."""
    return len(rows) >= _MANY and rows.numbers.max() < 3 * len(rows)


def head_commands(keys: Keys, head: Head, doc: bytes, kept: int) -> list[tuple[Any, ...]]:
    """The list of keys, the head and the numbers of rows: the last commands of every step."""
    blocks = {side: [keys.block(side, name) for name in head.blocks[side]] for side in SIDES}
    every = [keys.head, keys.globals_, keys.metrics, keys.catalogue, keys.feed, keys.now, keys.delta]
    every += map(keys.versions, SIDES)
    return [
        ("SADD", keys.all, *every, *blocks["users"], *blocks["items"]),
        ("HSET", keys.head, "version", head.version, "token", head.token, "doc", doc, "kept", kept),
        ("EVAL", _COUNT, 3, keys.head, *((blocks[side] or [keys.head])[0] for side in SIDES)),
    ]
