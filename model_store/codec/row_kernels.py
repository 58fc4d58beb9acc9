"""Row blobs, thousands at a time, checked and decoded without blocking the other threads of the process.

A lookup's refresh decodes all items that have changed. One by one in Python, that takes a tenth of a second and
holds the interpreter lock; compiled, it takes a few milliseconds without the lock.

The checksum is zlib's crc32, eight bytes at a step with eight tables (Kounavis and Berry, "A Systematic Approach to
Building High Performance Software-Based CRC Generators", 2005): the k-th table holds the crc of a byte and k zeros.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from streamsvd.compiler import compiled

HEADER_BYTES = 12


def _tables() -> NDArray[np.uint32]:
    found = np.zeros((8, 256), np.uint32)
    found[0] = [zlib.crc32(bytes([k]), 0xFFFFFFFF) ^ 0xFFFFFFFF for k in range(256)]
    for k in range(1, 8):
        found[k] = (found[k - 1] >> 8) ^ found[0][found[k - 1] & 255]
    return found


TABLES = _tables()


@compiled
def _word(data, at):  # type: ignore[no-untyped-def]
    return (
        np.uint32(data[at])
        | np.uint32(data[at + 1]) << np.uint32(8)
        | np.uint32(data[at + 2]) << np.uint32(16)
        | np.uint32(data[at + 3]) << np.uint32(24)
    )


@compiled
def crc32(data, start, end, tables):  # type: ignore[no-untyped-def]
    """The crc32 of `data[start:end]`, as zlib's.

    Parameters
    ----------
    data : uint8 array
    start, end : int
    tables : uint32 array, shape (8, 256)
        `TABLES`.
    """
    eight, byte = np.uint32(8), np.uint32(255)
    crc, at = np.uint32(0xFFFFFFFF), start
    while at + 8 <= end:
        low = crc ^ _word(data, at)
        crc = (
            tables[7, low & byte]
            ^ tables[6, (low >> eight) & byte]
            ^ tables[5, (low >> np.uint32(16)) & byte]
            ^ tables[4, low >> np.uint32(24)]
            ^ tables[3, data[at + 4]]
            ^ tables[2, data[at + 5]]
            ^ tables[1, data[at + 6]]
            ^ tables[0, data[at + 7]]
        )
        at += 8
    while at < end:
        crc = (crc >> eight) ^ tables[0, (crc ^ data[at]) & byte]
        at += 1
    return crc ^ np.uint32(0xFFFFFFFF)


@compiled
def unpack_blobs(joined, sizes, second_word, tables, numbers, payload):  # type: ignore[no-untyped-def]
    """Check concatenated blobs, and copy out their row numbers and payloads.

    Parameters
    ----------
    joined : uint8 array
        The blobs.
    sizes : int64 array, shape (n,)
        Bytes of each, at least 12.
    second_word : uint32
        What bytes 4 to 8 of each have to be: mark, format and element type.
    tables : uint32 array
        `TABLES`.
    numbers : int64 array, shape (n,)
        Row numbers, written here.
    payload : uint8 array
        Payloads one after another, written here.

    Returns
    -------
    bool
        Whether all are valid.
    """
    at, to = 0, 0
    for k in range(len(sizes)):
        end = at + sizes[k]
        if _word(joined, at) != crc32(joined, at + 4, end, tables) or _word(joined, at + 4) != second_word:
            return False
        numbers[k] = _word(joined, at + 8)
        n = sizes[k] - HEADER_BYTES
        for b in range(n):  # a slice assignment takes two seconds to compile, for the shapes in its error message
            payload[to + b] = joined[at + HEADER_BYTES + b]
        at, to = end, to + n
    return True
