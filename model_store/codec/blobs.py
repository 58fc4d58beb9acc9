"""Arrays as bytes: a small versioned binary format with a checksum. No pickle.

All integers are little-endian.

    offset  size  what
    0       4     crc32 (zlib) of everything that follows
    4       1     0x5B, the format's mark
    5       1     format version, 1
    6       2     dtype number: 0 = an array blob, else a row blob whose dtype the checkpoint's table names
    8       4     row number in the learner (0 in an array blob)
    12      …     payload

A *row blob* is one row of one block: its payload is the row's elements, as many as fit. An *array blob*
is self-describing: its payload begins with a 4-byte length and that many bytes of JSON, `{"dtype": …, "shape":
[…]}`, and the elements follow in C order. A dtype in JSON is a NumPy type string (`"<f4"`) or a list of
fields `[name, dtype]` or `[name, dtype, shape]`.
"""

from __future__ import annotations

import itertools
import json
import struct
import zlib
from collections.abc import Sequence
from functools import cache
from typing import Any, NoReturn

import numpy as np
from numpy.lib.format import descr_to_dtype, dtype_to_descr
from numpy.typing import NDArray

from model_store.codec.row_kernels import TABLES, pack_blobs, unpack_blobs
from streamsvd.errors import SnapshotCorrupt, StoreError

MARK = 0x5B
VERSION = 1
HEADER = np.dtype([("crc", "<u4"), ("mark", "u1"), ("version", "u1"), ("dtype", "<u2"), ("row", "<u4")])
_HEADER = struct.Struct("<IBBHI")
_REBUILD = "rebuild the snapshot from the log"
_BATCH = 2000  # rows decoded at a time, which limits the size of the joined buffer


@cache  # a model has a dozen, and every block of every checkpoint names one
def dtype_to_json(dtype: np.dtype[Any]) -> Any:
    """A dtype as JSON values: a type string, or a list of fields.

    Examples
    --------
    >>> dtype_to_json(np.dtype("<f4")), dtype_to_json(np.dtype([("x", "<f8", (3,)), ("n", "<i4")]))
    ('<f4', [['x', '<f8', [3]], ['n', '<i4']])

    Raises
    ------
    StoreError
        When it holds Python objects, or cannot be named in this way.
    """
    try:
        described = json.loads(json.dumps(dtype_to_descr(dtype)))
        faithful = not dtype.hasobject and json_to_dtype(described) == dtype
    except (TypeError, ValueError):
        faithful = False
    if not faithful:
        raise StoreError(f"dtype {dtype} cannot be stored: use numbers, fixed strings and structures of them")
    return described


def json_to_dtype(described: Any) -> np.dtype[Any]:
    """The dtype that `dtype_to_json` wrote; `ValueError` or `TypeError` when it is none."""
    return descr_to_dtype(_fields(described))


def _fields(described: Any) -> Any:
    if isinstance(described, str):
        return described
    return [
        (name, _fields(inner)) if not shape else (name, _fields(inner), tuple(shape[0]))
        for name, inner, *shape in described
    ]


def pack(array: NDArray[Any]) -> bytes:
    """An array blob of any shape.

    Examples
    --------
    >>> unpack(pack(np.eye(2)), "example")
    array([[1., 0.],
           [0., 1.]])
    """
    about = {"dtype": dtype_to_json(array.dtype), "shape": array.shape}
    text = json.dumps(about, separators=(",", ":")).encode()
    body = _HEADER.pack(0, MARK, VERSION, 0, 0)[4:] + struct.pack("<I", len(text)) + text + array.tobytes()
    return struct.pack("<I", zlib.crc32(body)) + body


def unpack(blob: bytes, key: str) -> NDArray[Any]:
    """The array of an array blob, writable.

    Parameters
    ----------
    blob : bytes
    key : str
        Where it was found, for the message.

    Raises
    ------
    SnapshotCorrupt
        When it is damaged, or of a format that this release does not know.
    """
    if _check(blob, key)["dtype"] != 0:
        raise SnapshotCorrupt(f"{key} holds a row where an array belongs; {_REBUILD}")
    try:
        (length,) = struct.unpack_from("<I", blob, HEADER.itemsize)
        start = HEADER.itemsize + 4
        about = json.loads(blob[start : start + length])
        dtype = json_to_dtype(about["dtype"])
        return np.frombuffer(bytearray(memoryview(blob)[start + length :]), dtype).reshape(about["shape"])
    except (struct.error, ValueError, TypeError, KeyError) as error:
        raise SnapshotCorrupt(f"{key} holds no array ({error}); {_REBUILD}") from error


def pack_rows(
    values: NDArray[Any], offsets: NDArray[np.int64], rows: NDArray[np.int64], dtype_number: int
) -> list[bytes]:
    """Row blobs of one block.

    Parameters
    ----------
    values : array, shape (total,)
        Elements of all rows, one row after another.
    offsets : int64 array, shape (n + 1,)
        Row `k` is `values[offsets[k]:offsets[k + 1]]`.
    rows : int64 array, shape (n,)
        Row numbers, below 2**32.
    dtype_number : int
        Which entry of the checkpoint's table of dtypes this is, from 1 on.

    Returns
    -------
    list of bytes, length n
    """
    ends = offsets * values.itemsize
    out = np.empty(int(ends[-1] - ends[0]) + HEADER.itemsize * len(rows), np.uint8)
    pack_blobs(as_bytes(values), ends, rows, second_word(dtype_number), TABLES, out)
    blobs, joined = (ends - ends[0] + HEADER.itemsize * np.arange(len(ends))).tolist(), out.tobytes()
    return [joined[start:end] for start, end in itertools.pairwise(blobs)]


def as_bytes(values: NDArray[Any]) -> NDArray[np.uint8]:
    """The bytes of an array, as a view if they lie next to each other."""
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8)


def second_word(dtype_number: int) -> np.uint32:
    """Bytes 4 to 8 of a row blob of this dtype."""
    return np.uint32(MARK | VERSION << 8 | dtype_number << 16)


def unpack_rows(
    blobs: Sequence[bytes], key: str, dtypes: Sequence[np.dtype[Any]], ids: Sequence[object] = ()
) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[np.int64]]:
    """Rows of one block, checked.

    Parameters
    ----------
    blobs : sequence of bytes, length n
        At least one: which dtype it is, the blobs say.
    key : str
        Where they were found, for the message.
    dtypes : sequence of dtype
        The checkpoint's table; number 1 is its first entry.
    ids : sequence, length n
        Names of the rows, for the message.

    Returns
    -------
    rows : int64 array, shape (n,)
    values : array, shape (total,), writable
    offsets : int64 array, shape (n + 1,)

    Raises
    ------
    SnapshotCorrupt
        When one is damaged, of an unknown format, or of another dtype than the rest.
    """
    width, n = HEADER.itemsize, len(blobs)
    sizes = np.fromiter(map(len, blobs), np.int64, n)
    if sizes.min() < width:
        _raise_for_damage(blobs, key, ids)
    (number,) = struct.unpack_from("<H", blobs[0], 6)
    if not 1 <= number <= len(dtypes):
        _raise_for_damage(blobs, key, ids)
    dtype, word = dtypes[number - 1], second_word(number)
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(sizes - width, out=offsets[1:])
    rows, payload = np.empty(n, np.int64), np.empty(int(offsets[-1]), np.uint8)
    for first in range(0, n, _BATCH):
        last = min(first + _BATCH, n)
        piece = np.frombuffer(b"".join(blobs[first:last]), np.uint8)
        into = payload[offsets[first] : offsets[last]]
        if not unpack_blobs(piece, sizes[first:last], word, TABLES, rows[first:last], into):
            _raise_for_damage(blobs, key, ids)
    if np.any(offsets % dtype.itemsize):
        raise SnapshotCorrupt(f"{key}: a row is not a whole number of {dtype} elements; {_REBUILD}")
    return rows, payload.view(dtype), offsets // dtype.itemsize


def unpack_row(blob: bytes, key: str, dtypes: Sequence[np.dtype[Any]], id_: object) -> NDArray[Any]:
    """The elements of one row blob; as `unpack_rows`, for a lookup that reads single rows, and not to be written to."""
    if len(blob) >= HEADER.itemsize:
        crc, mark, version, number, _ = _HEADER.unpack_from(blob)
        if (
            crc == zlib.crc32(memoryview(blob)[4:])
            and (mark, version) == (MARK, VERSION)
            and 1 <= number <= len(dtypes)
        ):
            dtype = dtypes[number - 1]
            if (len(blob) - HEADER.itemsize) % dtype.itemsize == 0:
                return np.frombuffer(blob, dtype, offset=HEADER.itemsize)
    return unpack_rows([blob], key, dtypes, [id_])[1]  # raises the error that fits


def row_order(blob: bytes) -> bytes:
    """Sort key of row blobs: by row number."""
    return blob[8:12][::-1]


def _raise_for_damage(blobs: Sequence[bytes], key: str, ids: Sequence[object]) -> NoReturn:
    """Raise for the first blob that is wrong."""
    for k, blob in enumerate(blobs):
        name = ids[k] if ids else None
        name = name.decode(errors="replace") if isinstance(name, bytes) else name
        _check(blob, key if name is None else f"{key} of {name}")
    raise SnapshotCorrupt(f"{key} mixes rows of several layouts, or of an unknown one; {_REBUILD}")


def _check(blob: bytes, key: str) -> Any:
    """The header of a blob that is sound."""
    if len(blob) < HEADER.itemsize:
        raise SnapshotCorrupt(f"{key} is damaged: {len(blob)} bytes are too few; {_REBUILD}")
    header = np.frombuffer(blob, HEADER, count=1)[0]
    if header["crc"] != zlib.crc32(memoryview(blob)[4:]) or header["mark"] != MARK:
        raise SnapshotCorrupt(f"{key} is damaged: its checksum does not match; {_REBUILD}")
    if header["version"] != VERSION:
        raise SnapshotCorrupt(
            f"{key} is of format {header['version']}, this release reads format {VERSION}: "
            f"use the release that wrote it, or {_REBUILD}"
        )
    return header
