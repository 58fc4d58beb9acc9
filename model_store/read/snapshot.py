"""One version of a model, whole, read while its writer continues.

A version is read page by page, so that the server is never blocked; new versions arrive meanwhile, and the pages mix
them. Then everything that changed since the first page is read again, until so little has changed that one step of the
server returns it: the result is the newest version, whole. A kept earlier version is reached from there by its undo
records, which hold the previous value of every field that changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import redis

from model_store.client import translated
from model_store.codec.checkpoint import Checkpoint, Head
from model_store.codec.keys import SIDES, Keys, Side
from model_store.read.load import assemble_checkpoint, decode_catalogue, in_memory, missing_snapshot, read_hash
from model_store.read.side_rows import HashRows
from streamsvd.errors import SnapshotCorrupt, SnapshotMissing, StoreUnavailable
from streamsvd.ratings import CatalogueItem, Id, ProgressCallback

_SETTLE = (Path(__file__).parent / "settle.lua").read_text()
_MOST_ROWS = 5000  # read in one step of the server: some ten milliseconds
_PAGE = 500
_ATTEMPTS = 200

Hash = dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version, as it is stored.

    Attributes
    ----------
    keys : Keys
        Of the model; for messages.
    head : Head
    users, items : int
        Rows that the head counts.
    hashes : dict of dict
        Key without the model's name, such as `users:block:factors` → field → blob.
    """

    keys: Keys
    head: Head
    users: int
    items: int
    hashes: dict[str, Hash]

    def checkpoint(self) -> Checkpoint:
        """Its state, metrics and offsets; `SnapshotCorrupt` when something is damaged or missing.

        The rows' blobs are released while they are decoded, to save memory.
        """
        rows = HashRows({f"{self.keys.prefix}{name}": fields for name, fields in self.hashes.items()})
        counts: dict[Side, int | None] = {"users": self.users, "items": self.items}
        return in_memory(assemble_checkpoint(self.head, counts, rows, self.hashes, self.keys))

    def catalogue(self) -> dict[Id, CatalogueItem]:
        """The catalogue, by item."""
        return decode_catalogue(self.hashes.get("catalogue", {}), self.keys)

    def block(self, side: Side, name: str) -> Hash:
        """One block."""
        return self.hashes[self.keys.name(self.keys.block(side, name))]


def read_snapshot(
    client: redis.Redis, model: str, version: int | None = None, progress: ProgressCallback = lambda _done, _total: None
) -> Snapshot:
    """One version of a model, whole; its writer may continue meanwhile.

    Parameters
    ----------
    client : redis.Redis
        From `connect`.
    model : str
    version : int, optional
        One that was kept; by default the newest.
    progress : callable
        Called after every page.

    Raises
    ------
    SnapshotMissing
        No such model, or the version is not kept (any more).
    SnapshotCorrupt
        Something is damaged or missing.
    StoreUnavailable, StoreError
    """
    keys = Keys(model)
    with translated(client, f"reading model {model}"):
        reading = _Reading(client, keys, progress)
        return _older(client, reading.newest(), version)


def read_head(client: redis.Redis, model: str) -> Head | None:
    """The newest head document; None for an unknown model.

    Raises
    ------
    SnapshotCorrupt
        It is damaged, or of a format that this release does not know.
    StoreUnavailable, StoreError
    """
    keys = Keys(model)
    with translated(client, f"reading model {model}"):
        doc = cast("bytes | None", client.hget(keys.head, "doc"))
    return None if doc is None else Head.decode(doc, keys.head)


def kept_versions(client: redis.Redis, model: str) -> dict[int, Head]:
    """The heads of all versions that can be read, by version, the newest first; empty for an unknown model.

    A version that is dropped meanwhile is left out.
    """
    keys = Keys(model)
    with translated(client, f"reading model {model}"):
        version, doc, kept = cast("list[bytes | None]", client.hmget(keys.head, ["version", "doc", "kept"]))
        if version is None:
            return {}
        newest = int(version)
        found = {newest: Head.decode(doc or b"", keys.head)}
        for earlier in range(newest - 1, newest - 1 - int(kept or 0), -1):
            raw = cast("bytes | None", client.hget(keys.undo(earlier), "head doc"))
            if raw is not None:
                found[earlier] = Head.decode(raw, keys.undo(earlier))
    return found


class _Reading:
    """The newest version, being read."""

    def __init__(self, client: redis.Redis, keys: Keys, progress: ProgressCallback) -> None:
        self._client = client
        self._keys = keys
        self._progress = progress
        self._settle = client.register_script(_SETTLE)

    def newest(self) -> Snapshot:
        for _ in range(_ATTEMPTS):
            head, lineage = self._head()
            blocks = {side: [self._keys.block(side, name) for name in head.blocks[side]] for side in SIDES}
            hashes = self._pages([*blocks["users"], *blocks["items"]])
            found = self._settled(head, lineage, blocks, hashes)
            if found is not None:
                return found
        raise self._rewritten_too_often()

    def _head(self) -> tuple[Head, bytes | None]:
        names = ["version", "doc", "lineage"]
        version, doc, lineage = cast("list[bytes | None]", self._client.hmget(self._keys.head, names))
        if version is None:
            raise missing_snapshot(self._client, self._keys)
        return Head.decode(doc or b"", self._keys.head), lineage

    def _pages(self, keys: list[str]) -> dict[str, Hash]:
        total = sum(int(self._client.hlen(key)) for key in keys)
        hashes, done = {}, 0
        for key in keys:
            name = self._keys.name(key)
            hashes[name] = read_hash(self._client, key, lambda there: self._progress(done + there, total))  # noqa: B023
            done += len(hashes[name])
        return hashes

    def _settled(
        self, head: Head, lineage: bytes | None, blocks: dict[Side, list[str]], hashes: dict[str, Hash]
    ) -> Snapshot | None:
        """The newest version, completed in one last step; None when the model was rewritten whole meanwhile."""
        keys, layout, known, with_all_users = self._keys, head.blocks, head.version, False
        catalogue_version, catalogue = head.catalogue_version, read_hash(self._client, keys.catalogue)
        names = [keys.head, keys.globals_, keys.metrics, *map(keys.versions, SIDES), *blocks["users"], *blocks["items"]]
        for _ in range(_ATTEMPTS):
            arguments = [known, _MOST_ROWS, len(blocks["users"]), int(with_all_users)]
            flat, *found = cast("list[Any]", self._settle(keys=names, args=arguments))
            fields = dict(zip(flat[::2], flat[1::2], strict=True))
            head = Head.decode(fields.get(b"doc", b""), keys.head)
            if fields.get(b"lineage") != lineage or not head.continues(known) or head.blocks != layout:
                return None
            changed = dict(zip(SIDES, found[:2], strict=True))
            if len(found) == 2:  # too many for one step: read them in pages, and check again
                self._fetch(blocks, hashes, changed)
                known = head.version
                continue
            globals_, metrics, *blobs, all_users = found[2:]
            for side, part in zip(SIDES, blobs, strict=True):
                for key, values in zip(blocks[side], part, strict=True):
                    _put(hashes[keys.name(key)], changed[side], values)
            if with_all_users:
                _drop_others(blocks["users"], hashes, keys, set(all_users))
            counts = {side: int(fields[side.encode()]) for side in SIDES}
            there = {side: len(hashes[keys.name(blocks[side][0])]) if blocks[side] else 0 for side in SIDES}
            if there["users"] > counts["users"] and not with_all_users:
                known, with_all_users = head.version, True  # a user was erased, which leaves no mark
            elif head.catalogue_version != catalogue_version:
                known, catalogue_version = head.version, head.catalogue_version
                catalogue = read_hash(self._client, keys.catalogue)
            else:
                hashes |= {
                    "globals": dict(zip(globals_[::2], globals_[1::2], strict=True)),
                    "metrics": dict(zip(metrics[::2], metrics[1::2], strict=True)),
                    "catalogue": catalogue,
                }
                return Snapshot(keys, head, counts["users"], counts["items"], hashes)
        raise self._rewritten_too_often()

    def _fetch(self, blocks: dict[Side, list[str]], hashes: dict[str, Hash], changed: dict[Side, list[bytes]]) -> None:
        for side in SIDES:
            for key in blocks[side]:
                for first in range(0, len(changed[side]), _PAGE):
                    page = changed[side][first : first + _PAGE]
                    values = cast("list[bytes | None]", self._client.hmget(key, page))
                    _put(hashes[self._keys.name(key)], page, values)

    def _rewritten_too_often(self) -> StoreUnavailable:
        return StoreUnavailable(
            f"model {self._keys.model!r} was rewritten {_ATTEMPTS} times while it was read; try again later"
        )


def _put(fields: Hash, names: list[bytes], values: list[bytes | None]) -> None:
    for name, value in zip(names, values, strict=True):
        if value is None:
            fields.pop(name, None)
        else:
            fields[name] = value


def _drop_others(blocks: list[str], hashes: dict[str, Hash], keys: Keys, there: set[bytes]) -> None:
    for key in blocks:
        fields = hashes[keys.name(key)]
        for name in fields.keys() - there:
            del fields[name]


def _older(client: redis.Redis, newest: Snapshot, version: int | None) -> Snapshot:
    """An earlier version, reached from the newest by undo records."""
    keys, last = newest.keys, newest.head.version
    if version is None or version == last:
        return newest
    hashes, head = newest.hashes, dict[bytes, bytes]()
    for earlier in range(last - 1, min(version, last) - 1, -1):
        record = read_hash(client, keys.undo(earlier))
        if not record:
            break
        head = {}
        for place, name, value in _undone(record, keys, earlier):
            if place == "head":
                head[name] = value
            elif value:
                hashes.setdefault(place, {})[name] = value
            else:
                hashes.get(place, {}).pop(name, None)
    if head.get(b"version") != b"%d" % version:
        raise SnapshotMissing(
            f"version {version} of model {keys.model!r} is not kept (any more); the newest is {last}, and "
            "`streamsvd snapshot ls` shows which are. `streamsvd consume --keep N` keeps the last N"
        )
    doc = Head.decode(head.get(b"doc", b""), keys.undo(version))
    return Snapshot(keys, doc, int(head.get(b"users", 0)), int(head.get(b"items", 0)), hashes)


def _undone(record: Hash, keys: Keys, version: int) -> Iterator[tuple[str, bytes, bytes]]:
    """Key, field and value of every field of an undo record."""
    for place, value in record.items():
        key, space, name = place.partition(b" ")
        if not space:
            raise SnapshotCorrupt(
                f"{keys.undo(version)}: field {place[:40]!r} is damaged; read a newer version, or rebuild from the log"
            )
        yield key.decode(errors="replace"), name, value
