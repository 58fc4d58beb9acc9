"""One version of a model in one file: the blobs as stored in Redis, in frames with checksums. No pickle.

All integers are little-endian. The file is `SVDSNAP`, one byte with the format's version (1), and frames:

    offset  size  what
    0       4     crc32 (zlib) of everything in the frame that follows
    4       1     kind: `h` head, `p` page of a hash, `e` end
    5       4     length of the payload
    9       …     payload

The *head* comes first: the head document as in Redis, with its own checksum; its token is 0, and `base` is its version.
A *page* is a 2-byte length, the key's name without the model's (`users:block:factors`), a 4-byte number of fields, and
for each a 4-byte length of the field, a 4-byte length of the value, the field and the value. Pages come in a fixed
order: catalogue, globals, metrics, blocks of users, blocks of items, by name; rows by their number. The *end* holds the
number of all fields, 8 bytes; nothing follows it. So the same version always gives the same bytes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model_store.codec.blobs import unpack_rows
from model_store.codec.checkpoint import Head
from model_store.codec.keys import SIDES, Keys, Side
from model_store.codec.rows import FIXED, RowLayout
from model_store.read.load import read_arrays
from model_store.read.snapshot import Hash, Snapshot
from streamsvd.errors import InputError, SnapshotCorrupt
from streamsvd.ratings import ProgressCallback

MAGIC = b"SVDSNAP"
FORMAT = 1
_FRAME = struct.Struct("<IBI")
_LONGEST = 1 << 30  # of one frame: a length that was damaged asks for no more memory than this


class Page(NamedTuple):
    """Some fields of one hash, by its key without the model's name."""

    name: str
    fields: list[bytes]
    values: list[bytes]


class _Block:
    """The rows of a block that have been checked so far."""

    def __init__(self) -> None:
        self._last, self._count, self._seen = -1, 0, sha256()

    def add(self, fields: list[bytes], numbers: NDArray[np.int64]) -> bool:
        """Add rows; False when their numbers do not increase."""
        last, self._last = self._last, int(numbers[-1])
        self._count += len(fields)
        for field, number in zip(fields, numbers.tolist(), strict=True):
            self._seen.update(b"%d %s\n" % (number, field))
        return bool(numbers[0] > last and np.all(np.diff(numbers) > 0))

    def rows(self) -> tuple[int, str]:
        """How many, and a digest of their numbers and ids."""
        return self._count, self._seen.hexdigest()


class SnapshotFile:
    """A version in a file, checked; its pages are read on demand, so it may be larger than memory.

    Parameters
    ----------
    path : Path
    progress : callable
        Called while it is checked, with the bytes done and of how many.

    Attributes
    ----------
    head : Head
    users, items : int
        Rows.
    fields : int
        Fields of all pages.

    Raises
    ------
    InputError
        The file cannot be read, or is no snapshot.
    SnapshotCorrupt
        It is damaged, cut short, or of a format that this release does not know.
    """

    def __init__(self, path: Path, progress: ProgressCallback = lambda _done, _total: None) -> None:
        self.path = path
        self.head = self._read_head()
        self.fields = 0
        self._keys = Keys("file")
        self.users, self.items = self._check(progress)

    def _check(self, progress: ProgressCallback) -> tuple[int, int]:
        """Read the file once; numbers of users and items."""
        table = RowLayout(self.head.dtypes, self.head.blocks).numpy_dtypes(str(self.path))
        arrays: dict[str, Hash] = {"globals": {}, "metrics": {}}
        blocks: dict[str, _Block] = {}
        for page in self.pages(progress):
            side, _, name = page.name.replace(":block:", " ").partition(" ")
            if page.name in arrays:
                arrays[page.name] |= dict(zip(page.fields, page.values, strict=True))
            elif side in SIDES:
                rows, values, _ = unpack_rows(page.values, f"{self.path}: {page.name}", table, page.fields)
                about = self.head.blocks[side][name]
                fixed = about["kind"] == FIXED and len(values) != len(rows)
                block = blocks.setdefault(page.name, _Block())
                if values.dtype != table[about["dtype"] - 1] or fixed or not block.add(page.fields, rows):
                    raise self._damaged(f"{page.name} is not what its head says")
        for name, found in arrays.items():
            read_arrays(found, self.head.arrays[name], f"{self.path}: {name}")
        found_rows = {side: {blocks.get(name, _Block()).rows() for name in self._blocks(side)} for side in SIDES}
        if any(len(rows) > 1 for rows in found_rows.values()):
            raise self._damaged("blocks of one side hold different rows")
        users, items = (max((n for n, _ in found_rows[side]), default=0) for side in SIDES)
        return users, items

    def pages(self, progress: ProgressCallback = lambda _done, _total: None) -> Iterator[Page]:
        """All pages, one after another; raises as the class does."""
        size, found = self.path.stat().st_size, 0
        with self._open() as file:
            file.seek(len(MAGIC) + 1)
            _, payload = self._frame(file)  # the head
            while True:
                kind, payload = self._frame(file)
                if kind == b"e":
                    break
                page = self._page(kind, payload)
                found += len(page.fields)
                yield page
                progress(file.tell(), size)
            if payload != struct.pack("<Q", found) or file.read(1):
                raise self._damaged("data follows its end, or pages are missing")
        self.fields = found

    def snapshot(self) -> Snapshot:
        """All of it, in memory."""
        hashes: dict[str, Hash] = {name: {} for name in self._names()}
        for page in self.pages():
            hashes[page.name] |= dict(zip(page.fields, page.values, strict=True))
        return Snapshot(self._keys, self.head, self.users, self.items, hashes)

    def _read_head(self) -> Head:
        with self._open() as file:
            start = file.read(len(MAGIC) + 1)
            if start[:-1] != MAGIC:
                raise InputError(f"{self.path} is not a streamsvd snapshot; make one with `streamsvd snapshot export`")
            if start[-1] != FORMAT:
                raise SnapshotCorrupt(
                    f"{self.path} is of format {start[-1]}, this release reads format {FORMAT}: use the release that "
                    "wrote it"
                )
            kind, payload = self._frame(file)
            if kind != b"h":
                raise self._damaged("its head is missing")
            return Head.decode(payload, str(self.path))

    def _open(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except OSError as error:
            raise InputError(f"{self.path} cannot be read: {error.strerror}") from error

    def _frame(self, file: BinaryIO) -> tuple[bytes, bytes]:
        raw = file.read(_FRAME.size)
        if len(raw) < _FRAME.size:
            raise self._damaged("it is cut short")
        crc, kind, length = _FRAME.unpack(raw)
        payload = file.read(length) if length <= _LONGEST else b""
        if len(payload) < length:
            raise self._damaged("it is cut short")
        if zlib.crc32(payload, zlib.crc32(raw[4:])) != crc:
            raise self._damaged(f"a checksum does not match, at byte {file.tell() - length - _FRAME.size}")
        return bytes([kind]), payload

    def _page(self, kind: bytes, payload: bytes) -> Page:
        try:
            if kind != b"p":
                raise ValueError(f"kind {kind!r}")
            (length,) = struct.unpack_from("<H", payload)
            name = payload[2 : 2 + length].decode()
            (count,) = struct.unpack_from("<I", payload, 2 + length)
            at, fields, values = 6 + length, [], []
            for _ in range(count):
                n_field, n_value = struct.unpack_from("<II", payload, at)
                start = at + 8 + n_field
                fields.append(payload[at + 8 : start])
                at = start + n_value
                values.append(payload[start:at])
            if at != len(payload) or not count or name not in self._names():
                raise ValueError(name)
        except (struct.error, ValueError) as error:
            raise self._damaged(f"a page cannot be read ({error})") from error
        return Page(name, fields, values)

    def _blocks(self, side: Side) -> list[str]:
        return [self._keys.name(self._keys.block(side, name)) for name in self.head.blocks[side]]

    def _names(self) -> set[str]:
        return {"globals", "metrics", "catalogue", *self._blocks("users"), *self._blocks("items")}

    def _damaged(self, why: str) -> SnapshotCorrupt:
        return SnapshotCorrupt(f"{self.path} is damaged: {why}. Export it again, or rebuild the model from the log")


def write_frame(file: BinaryIO, kind: bytes, payload: bytes) -> None:
    """One frame."""
    head = _FRAME.pack(0, kind[0], len(payload))
    file.write(_FRAME.pack(zlib.crc32(payload, zlib.crc32(head[4:])), kind[0], len(payload)))
    file.write(payload)


def encode_page(page: Page) -> bytes:
    """The payload of a page."""
    name = page.name.encode()
    parts = [struct.pack("<H", len(name)), name, struct.pack("<I", len(page.fields))]
    for field, value in zip(page.fields, page.values, strict=True):
        parts += [struct.pack("<II", len(field), len(value)), field, value]
    return b"".join(parts)
