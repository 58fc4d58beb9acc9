"""Reading a model back: head, arrays, rows and catalogue, in pages, so that the server is never blocked for long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import redis
from numpy.typing import NDArray

from model_store.client import address
from model_store.codec.blobs import unpack
from model_store.codec.checkpoint import Checkpoint, Head, shared_fields
from model_store.codec.keys import SIDES, Keys, Side, parse_field
from model_store.codec.rows import RowLayout, decode_rows
from streamsvd.errors import EventError, SnapshotCorrupt, SnapshotMissing
from streamsvd.kernels import Rows, State
from streamsvd.ratings import CatalogueItem, Id, decode_item

_PAGE = 1000


def missing_snapshot(client: redis.Redis, keys: Keys) -> SnapshotMissing:
    """The error for a model without a snapshot."""
    return SnapshotMissing(
        f"Redis at {address(client)} holds no snapshot of model {keys.model!r}: start `streamsvd consume` for it, or "
        "check the name"
    )


def read_hash(client: redis.Redis, key: str, progress: Callable[[int], None] = lambda _: None) -> dict[bytes, bytes]:
    """All fields of a hash, page by page; those added or removed meanwhile may or may not be in it."""
    found: dict[bytes, bytes] = {}
    cursor = 0
    while True:
        cursor, page = cast("tuple[int, dict[bytes, bytes]]", client.hscan(key, cursor, count=_PAGE))
        found.update(page)
        progress(len(found))
        if not cursor:
            return found


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


def load_checkpoint(client: redis.Redis, keys: Keys) -> Checkpoint | None:
    """A model's checkpoint, whole; the model must not be written meanwhile.

    Raises
    ------
    SnapshotCorrupt
        When something is damaged or missing.
    """
    version, doc, *counts = cast("list[bytes | None]", client.hmget(keys.head, ["version", "doc", "users", "items"]))
    if version is None:
        return None
    head = Head.decode(doc or b"", keys.head)
    places = [keys.globals_, keys.metrics, *(keys.block(side, name) for side in SIDES for name in head.blocks[side])]
    hashes = {keys.name(key): read_hash(client, key) for key in places}
    expected = {side: int(count) if count else None for side, count in zip(SIDES, counts, strict=True)}
    return assemble_checkpoint(head, expected, hashes, keys)


def assemble_checkpoint(
    head: Head, counts: Mapping[Side, int | None], hashes: Mapping[str, dict[bytes, bytes]], keys: Keys
) -> Checkpoint:
    """A checkpoint from its head, its numbers of rows and its hashes, by key without the model's name.

    The rows' blobs are emptied while they are decoded.

    Raises
    ------
    SnapshotCorrupt
        When something is damaged or missing.
    """
    layout = RowLayout(head.dtypes, head.blocks)
    rows: dict[str, Rows] = {}
    for side in SIDES:
        blobs = {name: hashes[keys.name(keys.block(side, name))] for name in layout.blocks[side]}
        rows[side] = decode_rows(blobs, side, layout, keys)
        if counts[side] != len(rows[side]):
            raise SnapshotCorrupt(
                f"{keys.head} counts {counts[side]} {side}, {len(rows[side])} are there: keys were "
                "lost; rebuild the snapshot from the log"
            )
    globals_ = read_arrays(hashes["globals"], head.arrays["globals"], keys.globals_)
    metrics = read_arrays(hashes["metrics"], head.arrays["metrics"], keys.metrics)
    state = State(head.settings, globals_, rows["users"], rows["items"])
    return Checkpoint(**shared_fields(head), state=state, metrics=metrics)
