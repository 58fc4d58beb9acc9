"""The partition of a key: Kafka's default partitioner, so that clients in all languages agree."""

from __future__ import annotations

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
