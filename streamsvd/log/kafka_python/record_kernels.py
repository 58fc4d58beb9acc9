"""Where the records of record batches lie, compiled: thousands at a time, without an object for each.

The format is version 2 of Kafka's (https://kafka.apache.org/documentation/#recordbatch). Nothing outside of a record's
own bytes is read, whatever they hold.
"""

from __future__ import annotations

import numpy as np

from streamsvd.compiler import compiled, inlined

INVALID_RECORD, UNREAD_BYTES = 1, 2
"""What is wrong with a batch."""

_LARGEST = np.iinfo(np.int64).max


@inlined
def _varint(data, at, end):  # type: ignore[no-untyped-def]
    """The zigzag number at a place, and the place after it; -1 for the place if it is cut off or exceeds 64 bits."""
    bits, shift = np.int64(0), np.int64(0)
    while at < end:
        byte = np.int64(data[at])
        at += 1
        if shift == 63 and byte > 1:
            break
        bits |= (byte & 127) << shift
        if byte < 128:
            return ((bits >> 1) & _LARGEST) ^ -(bits & 1), at
        shift += 7
    return np.int64(0), -1


@inlined
def _text(data, at, end):  # type: ignore[no-untyped-def]
    """Start and size of the byte string at a place, and the place after it; a size of -1 is None."""
    size, start = _varint(data, at, end)
    if start < 0 or size > end - start:
        return start, size, -1
    if size < 0:
        return start, np.int64(-1), start
    return start, size, start + size


@compiled
def index_records(data, batches, columns):  # type: ignore[no-untyped-def]
    """Find the records of some batches of one partition.

    Parameters
    ----------
    data : uint8 array
        The records of the batches, without compression.
    batches : int64 array, shape (m, 7)
        Of each batch: where its records start and stop in `data`, their number, the batch's first and last offset, a
        timestamp, and whether that is the one of all records or the one that theirs are added to.
    columns : int64 array, shape (8, n)
        Written here, of each record: offset, timestamp, start and size of key and of value, start and number of its
        headers. At least as many as the batches say.

    Returns
    -------
    n, damage : int
        Number of records found, up to the damage, and 0 or what is wrong after them.
    """
    n = 0
    for batch in range(len(batches)):
        at, stop, count = batches[batch, 0], batches[batch, 1], batches[batch, 2]
        base, last_delta = batches[batch, 3], batches[batch, 4] - batches[batch, 3]
        time, is_of_all = batches[batch, 5], batches[batch, 6] != 0
        before = np.int64(-1)
        for _ in range(count):
            size, at = _varint(data, at, stop)
            if at < 0 or size < 1 or size > stop - at:
                return n, INVALID_RECORD
            end = at + size
            if data[at] > 127:  # attributes, none of which has a meaning yet
                return n, INVALID_RECORD
            time_delta, at = _varint(data, at + 1, end)
            if at < 0:
                return n, INVALID_RECORD
            delta, at = _varint(data, at, end)
            if at < 0 or delta <= before or delta > last_delta:
                return n, INVALID_RECORD
            before = delta
            key, key_size, at = _text(data, at, end)
            if at < 0:
                return n, INVALID_RECORD
            value, value_size, at = _text(data, at, end)
            if at < 0:
                return n, INVALID_RECORD
            headers, at = _varint(data, at, end)
            if at < 0 or headers < 0:
                return n, INVALID_RECORD
            header = at
            for _ in range(headers):
                _, name_size, at = _text(data, at, end)
                if at < 0 or name_size < 0:
                    return n, INVALID_RECORD
                _, _, at = _text(data, at, end)
                if at < 0:
                    return n, INVALID_RECORD
            own_time = time + time_delta
            if is_of_all:
                own_time = time
            elif ((time ^ own_time) & (time_delta ^ own_time)) < 0:  # more than 64 bits
                return n, INVALID_RECORD
            if at != end:
                return n, INVALID_RECORD
            columns[0, n], columns[1, n] = base + delta, own_time
            columns[2, n], columns[3, n], columns[4, n], columns[5, n] = key, key_size, value, value_size
            columns[6, n], columns[7, n] = header, headers
            n += 1
        if at != stop:
            return n, UNREAD_BYTES
    return n, 0
