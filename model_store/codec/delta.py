"""The delta: the items that the newest version changed, stored a second time, column by column.

A hash field per row suits a reader of few rows. A reader that updates thousands with each version would spend most of
its time on single rows, and so would the server. So a checkpoint that changes many items also stores them in pieces of
1,000 rows, each a few array blobs: the items' fields, their row numbers, and every fixed block. Only the newest version
has a delta; a reader that is further behind reads rows. It is redundant: losing it loses no data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import redis
from numpy.typing import NDArray

from model_store.codec.blobs import pack, unpack
from model_store.codec.keys import Keys, field
from model_store.codec.rows import batches
from streamsvd.errors import SnapshotCorrupt
from streamsvd.kernels import Rows

_ROWS = 1000
_FIELDS, _NUMBERS = "fields", "rows"


@dataclass(frozen=True, slots=True)
class DeltaPiece:
    """Some rows that changed: their fields, their numbers, and some fixed blocks by name."""

    fields: list[bytes]
    numbers: NDArray[np.int64]
    blocks: dict[str, NDArray[Any]]


def delta_fields(version: int, items: Rows) -> Iterator[tuple[list[bytes], list[bytes]]]:
    """The delta of the items that a version changes: names of fields and their blobs, piece by piece."""
    count = 0
    for part in batches(items, "items", _ROWS):
        arrays: dict[str, NDArray[Any]] = {_block(name): rows for name, rows in part.fixed.items()}
        arrays[_FIELDS] = np.frombuffer(b"\n".join(map(field, part.ids)), np.uint8)
        arrays[_NUMBERS] = part.numbers
        yield [_name(version, count, name) for name in arrays], [pack(a) for a in arrays.values()]
        count += 1
    yield [_count(version)], [b"%d" % count]


def read_delta(client: redis.Redis, keys: Keys, version: int, blocks: Sequence[str]) -> Iterator[DeltaPiece | None]:
    """The items that a version changed, in pieces; None as the last one when the store no longer has that delta.

    Raises
    ------
    SnapshotCorrupt
        When something is damaged.
    """
    count = cast("bytes | None", client.hget(keys.delta, _count(version)))
    if count is None:
        yield None
        return
    if not count.isdigit():
        raise SnapshotCorrupt(
            f"{keys.delta} holds {count[:40]!r} where a number belongs; rebuild the snapshot from the log"
        )
    names = [_FIELDS, _NUMBERS, *map(_block, blocks)]
    for piece in range(int(count)):
        found = cast("list[bytes | None]", client.hmget(keys.delta, [_name(version, piece, name) for name in names]))
        blobs = [blob for blob in found if blob is not None]
        if len(blobs) < len(names):
            yield None
            return
        fields, numbers, *rows = (unpack(blob, f"{keys.delta} {piece}") for blob in blobs)
        yield DeltaPiece(fields.tobytes().split(b"\n"), numbers, dict(zip(blocks, rows, strict=True)))


def _block(name: str) -> str:
    return f"block:{name}"


def _name(version: int, piece: int, name: str) -> bytes:
    return f"{version}:{piece}:{name}".encode()


def _count(version: int) -> bytes:
    return b"%d:pieces" % version
