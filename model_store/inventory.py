"""The models in a store: versions, blocks and memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import redis

from model_store.client import translated
from model_store.codec.blobs import json_to_dtype
from model_store.codec.checkpoint import Head
from model_store.codec.keys import SIDES, Keys
from model_store.read.snapshot import kept_versions

_SAMPLES = 50  # fields that the server samples to estimate the size of a hash


@dataclass(frozen=True, slots=True)
class BlockSize:
    """One block of one side.

    Attributes
    ----------
    side, name, kind : str
        `kind` is "fixed" or "ragged".
    element_bytes : int
        Of one element: a fixed block has one a row.
    rows : int
    memory : int
        Bytes of the server's memory, estimated by it from a sample.
    """

    side: str
    name: str
    kind: str
    element_bytes: int
    rows: int
    memory: int


@dataclass(frozen=True, slots=True)
class Inventory:
    """One model in a store.

    Attributes
    ----------
    model : str
    versions : dict of int to Head
        Those that can be read, the newest first.
    users, items : int
        Rows of the newest.
    blocks : list of BlockSize
    memory : int
        Bytes of the server's memory, of all keys of the model, kept versions included; estimated from samples.
    kept_memory : int
        Of these, the kept versions'.
    """

    model: str
    versions: dict[int, Head]
    users: int
    items: int
    blocks: list[BlockSize]
    memory: int
    kept_memory: int

    @property
    def head(self) -> Head:
        """Of the newest version."""
        return next(iter(self.versions.values()))


def model_names(client: redis.Redis) -> list[str]:
    """Names of the models in a store, sorted."""
    with translated(client, "looking for models"):
        found = list(client.scan_iter("streamsvd:{*}:head", count=1000))
    return sorted(key.decode().removeprefix("streamsvd:{").removesuffix("}:head") for key in found)


def read_inventory(client: redis.Redis, model: str) -> Inventory | None:
    """What a store holds of a model; None when it is unknown.

    Raises
    ------
    SnapshotCorrupt
        A head document is damaged, or of a format that this release does not know.
    StoreUnavailable, StoreError
    """
    keys, versions = Keys(model), kept_versions(client, model)
    if not versions:
        return None
    head = next(iter(versions.values()))
    with translated(client, f"reading model {model}"):
        counts = cast("list[bytes | None]", client.hmget(keys.head, ["users", "items"]))
        every = cast("set[bytes]", client.smembers(keys.all))
        memory = {key.decode(): _memory(client, key.decode()) for key in every}
        blocks = [
            BlockSize(
                side,
                name,
                about["kind"],
                json_to_dtype(head.dtypes[about["dtype"] - 1]).itemsize,
                int(client.hlen(keys.block(side, name))),
                memory.get(keys.block(side, name), 0),
            )
            for side in SIDES
            for name, about in sorted(head.blocks[side].items())
        ]
    kept = sum(memory.get(keys.undo(version), 0) for version in versions)
    users, items = (int(count or 0) for count in counts)
    return Inventory(model, versions, users, items, blocks, sum(memory.values()), kept)


def _memory(client: redis.Redis, key: str) -> int:
    return int(client.memory_usage(key, _SAMPLES) or 0)
