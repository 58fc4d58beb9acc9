"""Row blobs, thousands at a time, made, checked and decoded without blocking the other threads of the process.

A lookup's refresh decodes all items that have changed. One by one in Python, that takes a tenth of a second and
holds the interpreter lock; compiled, it takes a few milliseconds without the lock. A checkpoint of a large model makes
a million blobs, which become arguments of commands without being Python objects in between.

The checksum is zlib's crc32, eight bytes at a step with eight tables (Kounavis and Berry, "A Systematic Approach to
Building High Performance Software-Based CRC Generators", 2005): the k-th table holds the crc of a byte and k zeros.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from streamsvd.compiler import compiled, inlined

HEADER_BYTES = 12
FRAME_BYTES = 28
"""At most, around two arguments of a command: `$`, a length below 2**31, and two line ends for each."""


def _tables() -> NDArray[np.uint32]:
    found = np.zeros((8, 256), np.uint32)
    found[0] = [zlib.crc32(bytes([k]), 0xFFFFFFFF) ^ 0xFFFFFFFF for k in range(256)]
    for k in range(1, 8):
        found[k] = (found[k - 1] >> 8) ^ found[0][found[k - 1] & 255]
    return found


TABLES = _tables()


@inlined
def _word(data, at):  # type: ignore[no-untyped-def]
    return (
        np.uint32(data[at])
        | np.uint32(data[at + 1]) << np.uint32(8)
        | np.uint32(data[at + 2]) << np.uint32(16)
        | np.uint32(data[at + 3]) << np.uint32(24)
    )


@inlined
def _crc_step(low, b4, b5, b6, b7, tables):  # type: ignore[no-untyped-def]
    """The crc after eight bytes: the first four, with the crc before them, and four more."""
    eight, byte = np.uint32(8), np.uint32(255)
    return (
        tables[7, low & byte]
        ^ tables[6, (low >> eight) & byte]
        ^ tables[5, (low >> np.uint32(16)) & byte]
        ^ tables[4, low >> np.uint32(24)]
        ^ tables[3, b4]
        ^ tables[2, b5]
        ^ tables[1, b6]
        ^ tables[0, b7]
    )


@compiled
def copy_blob(second_word, number, data, start, end, out, to, tables):  # type: ignore[no-untyped-def]
    """Copy a row's payload, `data[start:end]`, to `out[to:]`; returns the crc32 of the blob behind its first word.

    Numbers without sign, because an index that may be negative takes half of the time.
    """
    byte, number = np.uint32(255), np.uint32(number)
    crc = second_word ^ np.uint32(0xFFFFFFFF)
    eight, sixteen, high = np.uint32(8), np.uint32(16), np.uint32(24)
    crc = _crc_step(crc, number & byte, (number >> eight) & byte, (number >> sixteen) & byte, number >> high, tables)
    one, two, three, four = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
    five, six, seven, step = np.uint64(5), np.uint64(6), np.uint64(7), np.uint64(8)
    at, stop, to = np.uint64(start), np.uint64(end), np.uint64(to)
    while at + step <= stop:
        b0, b1, b2, b3 = data[at], data[at + one], data[at + two], data[at + three]
        b4, b5, b6, b7 = data[at + four], data[at + five], data[at + six], data[at + seven]
        out[to], out[to + one], out[to + two], out[to + three] = b0, b1, b2, b3
        out[to + four], out[to + five], out[to + six], out[to + seven] = b4, b5, b6, b7
        low = np.uint32(b0) | np.uint32(b1) << eight | np.uint32(b2) << sixteen | np.uint32(b3) << high
        crc = _crc_step(crc ^ low, b4, b5, b6, b7, tables)
        at += step
        to += step
    while at < stop:
        out[to] = data[at]
        crc = (crc >> eight) ^ tables[0, (crc ^ np.uint32(data[at])) & byte]
        at += one
        to += one
    return crc ^ np.uint32(0xFFFFFFFF)


@inlined
def _put_word(data, at, word):  # type: ignore[no-untyped-def]
    for k in range(4):
        data[at + k] = np.uint8((word >> np.uint32(8 * k)) & np.uint32(255))


@inlined
def _put_blob(out, at, payload, start, end, second_word, number, tables):  # type: ignore[no-untyped-def]
    """Write the blob of `payload[start:end]`; returns where it ends."""
    _put_word(out, at + 4, second_word)
    _put_word(out, at + 8, np.uint32(number))
    to = at + HEADER_BYTES
    _put_word(out, at, copy_blob(second_word, number, payload, start, end, out, to, tables))
    return to + end - start


@inlined
def _put_length(out, at, length):  # type: ignore[no-untyped-def]
    """Write `$`, the length in decimal and a line end: what precedes an argument. Returns where it ends."""
    digits, rest = 1, length
    while rest >= 10:
        rest //= 10
        digits += 1
    out[at] = 36
    for k in range(digits, 0, -1):
        out[at + k] = 48 + length % 10
        length //= 10
    out[at + digits + 1], out[at + digits + 2] = 13, 10
    return at + digits + 3


@inlined
def _put_argument(out, at, text, start, end):  # type: ignore[no-untyped-def]
    """Write an argument, `text[start:end]`; returns where it ends."""
    to = _put_length(out, at, end - start)
    for k in range(end - start):
        out[to + k] = text[start + k]
    to += end - start
    out[to], out[to + 1] = 13, 10
    return to + 2


@compiled
def pack_blobs(payload, ends, numbers, second_word, tables, out):  # type: ignore[no-untyped-def]
    """Write row blobs one after another.

    Parameters
    ----------
    payload : uint8 array
        Elements of all rows.
    ends : int64 array, shape (n + 1,)
        Row `k` is `payload[ends[k]:ends[k + 1]]`.
    numbers : int64 array, shape (n,)
        Row numbers.
    second_word : uint32
        Bytes 4 to 8 of each: mark, format and element type.
    tables : uint32 array
        `TABLES`.
    out : uint8 array
        Of the payload's size and 12 bytes for each row; written here.
    """
    at = 0
    for k in range(len(numbers)):
        at = _put_blob(out, at, payload, ends[k], ends[k + 1], second_word, numbers[k], tables)


@compiled
def frame_rows(fields, field_ends, payload, ends, numbers, second_word, tables, first, last, out):  # type: ignore[no-untyped-def]
    """Write rows as arguments of HSET, field and blob in turns, in Redis' protocol.

    Parameters
    ----------
    fields : uint8 array
        Names of all rows, one after another.
    field_ends : int64 array, shape (n + 1,)
        Row `k` has the name `fields[field_ends[k]:field_ends[k + 1]]`.
    payload, ends, numbers, second_word, tables
        As for `pack_blobs`.
    first, last : int
        Which rows.
    out : uint8 array
        With room for names, blobs, and `FRAME_BYTES` for each row; written here.

    Returns
    -------
    int
        Bytes written.
    """
    at = 0
    for k in range(first, last):
        at = _put_argument(out, at, fields, field_ends[k], field_ends[k + 1])
        at = _put_length(out, at, HEADER_BYTES + ends[k + 1] - ends[k])
        at = _put_blob(out, at, payload, ends[k], ends[k + 1], second_word, numbers[k], tables)
        out[at], out[at + 1] = 13, 10
        at += 2
    return at


@compiled
def frame_marks(fields, field_ends, version, first, last, out):  # type: ignore[no-untyped-def]
    """Write rows as arguments of ZADD, the version and the row's name in turns; as `frame_rows`.

    Parameters
    ----------
    version : uint8 array
        In decimal.
    fields, field_ends, first, last, out
        As for `frame_rows`.
    """
    at = 0
    for k in range(first, last):
        at = _put_argument(out, at, version, 0, len(version))
        at = _put_argument(out, at, fields, field_ends[k], field_ends[k + 1])
    return at


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
        numbers[k] = _word(joined, at + 8)
        n = sizes[k] - HEADER_BYTES
        crc = copy_blob(second_word, numbers[k], joined, at + HEADER_BYTES, end, payload, to, tables)
        if _word(joined, at) != crc or _word(joined, at + 4) != second_word:
            return False
        at, to = end, to + n
    return True
