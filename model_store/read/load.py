"""Reading a model back: head, arrays, rows and catalogue, in pages, so that the server is never blocked for long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import redis
from numpy.typing import NDArray

from model_store.client import address
from model_store.codec.blobs import unpack
from model_store.codec.checkpoint import Checkpoint, Head, shared_fields
from model_store.codec.keys import SIDES, Keys, Side, parse_field
from model_store.codec.rows import RowLayout
from model_store.packed import read_in_pages
from model_store.read.side_rows import PAGE, Page, RowSource, SideReader
from streamsvd.errors import EventError, SnapshotCorrupt, SnapshotMissing
from streamsvd.kernels import Rows, State
from streamsvd.ratings import CatalogueItem, Id, decode_item


def missing_snapshot(client: redis.Redis, keys: Keys) -> SnapshotMissing:
    """The error for a model without a snapshot."""
    return SnapshotMissing(
        f"Redis at {address(client)} holds no snapshot of model {keys.model!r}: start `streamsvd consume` for it, or "
        "check the name"
    )


def read_hash(client: redis.Redis, key: str, progress: Callable[[int], None] = lambda _: None) -> dict[bytes, bytes]:
    """All fields of a hash, page by page; those added or removed meanwhile may or may not be in it."""
    found: dict[bytes, bytes] = {}
    for page in hash_pages(client, key):
        found.update(page)
        progress(len(found))
    return found


def hash_pages(client: redis.Redis, key: str) -> Iterator[dict[bytes, bytes]]:
    """The fields of a hash in pages; one may come twice."""
    cursor = 0
    while True:
        cursor, page = cast("tuple[int, dict[bytes, bytes]]", client.hscan(key, cursor, count=PAGE))
        yield page
        if not cursor:
            return


def read_arrays(raw: dict[bytes, bytes], names: list[str], key: str) -> dict[str, NDArray[Any]]:
    """The arrays of a hash of array blobs: exactly those named.

    Raises
    ------
    SnapshotCorrupt
        When one is damaged or missing.
    """
    missing = [name for name in names if name.encode() not in raw]
    if missing:
        raise SnapshotCorrupt(f"{key} lacks {', '.join(missing)}; rebuild the snapshot from the log")
    return {name: unpack(raw[name.encode()], f"{key} {name}") for name in names}


def load_catalogue(client: redis.Redis, keys: Keys) -> dict[Id, CatalogueItem]:
    """The stored catalogue, by item."""
    return decode_catalogue(read_hash(client, keys.catalogue), keys)


def decode_catalogue(raw: dict[bytes, bytes], keys: Keys) -> dict[Id, CatalogueItem]:
    """A catalogue as it is stored; `SnapshotCorrupt` when one of its items is damaged."""
    catalogue = {}
    for name, value in raw.items():
        try:
            catalogue[parse_field(name, keys.catalogue)] = decode_item(value)
        except EventError as error:
            raise SnapshotCorrupt(
                f"{keys.catalogue} of {name!r} is damaged ({error}); rebuild the snapshot from the log"
            ) from error
    return catalogue


def load_checkpoint(
    client: redis.Redis, keys: Keys, guarded: Callable[[Callable[[], Any]], Any] = lambda read: read()
) -> Checkpoint | None:
    """A model's checkpoint; the model must not be written meanwhile.

    The blocks of its rows are read when they are asked for, each time anew, by way of `guarded`; see `in_memory`.

    Raises
    ------
    SnapshotCorrupt
        When something is damaged or missing; so does what reads a block.
    """
    version, doc, *counts = cast("list[bytes | None]", client.hmget(keys.head, ["version", "doc", "users", "items"]))
    if version is None:
        return None
    head = Head.decode(doc or b"", keys.head)
    expected = {side: int(count) if count else None for side, count in zip(SIDES, counts, strict=True)}
    arrays = {keys.name(key): read_hash(client, key) for key in (keys.globals_, keys.metrics)}
    return assemble_checkpoint(head, expected, StoredRows(client), arrays, keys, guarded)


def assemble_checkpoint(
    head: Head,
    counts: Mapping[Side, int | None],
    source: RowSource,
    arrays: Mapping[str, dict[bytes, bytes]],
    keys: Keys,
    guarded: Callable[[Callable[[], Any]], Any] = lambda read: read(),
) -> Checkpoint:
    """A checkpoint from its head, its numbers of rows, its rows and its other hashes; as `load_checkpoint`."""
    layout, rows = RowLayout(head.dtypes, head.blocks), dict[str, Rows]()
    for side in SIDES:
        rows[side] = SideReader(source, side, layout, keys).rows(guarded)
        if counts[side] != len(rows[side]):
            raise SnapshotCorrupt(
                f"{keys.head} counts {counts[side]} {side}, {len(rows[side])} are there: keys were "
                "lost; rebuild the snapshot from the log"
            )
    globals_ = read_arrays(arrays["globals"], head.arrays["globals"], keys.globals_)
    metrics = read_arrays(arrays["metrics"], head.arrays["metrics"], keys.metrics)
    state = State(head.settings, globals_, rows["users"], rows["items"])
    return Checkpoint(**shared_fields(head), state=state, metrics=metrics)


def in_memory(checkpoint: Checkpoint) -> Checkpoint:
    """The same checkpoint with all blocks read."""

    def read(rows: Rows) -> Rows:
        return replace(rows, fixed=dict(rows.fixed), ragged=dict(rows.ragged))

    state = checkpoint.state
    return replace(checkpoint, state=replace(state, users=read(state.users), items=read(state.items)))


class StoredRows:
    """The `RowSource` of a model in Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def count(self, key: str) -> int:
        return self._client.hlen(key)

    def pages(self, key: str) -> Iterator[Page]:
        for page in hash_pages(self._client, key):
            yield list(page), list(page.values())

    def values(self, key: str, pages: Iterable[Sequence[bytes]]) -> Iterator[Sequence[bytes | None]]:
        return read_in_pages(self._client, key, pages)
