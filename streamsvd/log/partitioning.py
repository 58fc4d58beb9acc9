"""The partition of a key: Kafka's default partitioner, so that clients in all languages agree."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.compiler import compiled
from streamsvd.log.records import Spans

_MASK = 0xFFFFFFFF
_M = 0x5BD1E995


def partition_of(key: bytes, partitions: int) -> int:
    """Partition of a key.

    Examples
    --------
    >>> partition_of(b"196", 3), partition_of(b"196", 1)
    (0, 0)
    """
    return (_murmur2(key) & 0x7FFFFFFF) % partitions if partitions > 1 else 0


def _murmur2(data: bytes) -> int:
    """MurmurHash2 with the seed of Kafka's Java client."""
    whole = len(data) & ~3
    h = 0x9747B28C ^ len(data)
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * _M & _MASK
        k = (k ^ k >> 24) * _M & _MASK
        h = h * _M & _MASK ^ k
    if len(data) > whole:
        h = (h ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


def partitions_of(keys: Spans, data: NDArray[np.uint8], partitions: int) -> NDArray[np.int64]:
    """Partitions of many keys, which lie in `data`.

    Examples
    --------
    >>> partitions_of(Spans(np.array([0, 4]), np.array([3, 3])), np.frombuffer(b"196 197", np.uint8), 3).tolist()
    [0, 1]
    """
    found = np.zeros(len(keys.start), np.int64)
    if partitions > 1:
        _hash_keys(data, *keys, found)
        found = (found & 0x7FFFFFFF) % partitions
    return found


@compiled
def _hash_keys(data: Any, starts: Any, sizes: Any, out: Any) -> None:
    for row in range(len(starts)):
        start, size = starts[row], sizes[row]
        h = 0x9747B28C ^ size
        for at in range(0, size & ~3, 4):
            k = np.int64(0)
            for byte in range(3, -1, -1):
                k = k << 8 | np.int64(data[start + at + byte])
            k = k * _M & _MASK
            k = (k ^ k >> 24) * _M & _MASK
            h = h * _M & _MASK ^ k
        if size & 3:
            k = np.int64(0)
            for at in range(size - 1, (size & ~3) - 1, -1):
                k = k << 8 | np.int64(data[start + at])
            h = (h ^ k) * _M & _MASK
        h = (h ^ h >> 13) * _M & _MASK
        out[row] = h ^ h >> 15
