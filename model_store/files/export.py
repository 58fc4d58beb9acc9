"""A snapshot to a file, every blob checked.

What is written is sorted and holds nothing of the store it came from, so export, import and export again give the same
bytes wherever the version number can stay.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from model_store.codec.blobs import row_order, unpack_rows
from model_store.codec.keys import SIDES
from model_store.codec.rows import RowLayout
from model_store.files.snapshot_file import FORMAT, MAGIC, Page, encode_page, write_frame
from model_store.read.load import read_arrays
from model_store.read.snapshot import Hash, Snapshot
from streamsvd.errors import InputError, SnapshotCorrupt
from streamsvd.ratings import ProgressCallback

_PAGE_FIELDS = 500


def export_snapshot(snapshot: Snapshot, path: Path, progress: ProgressCallback = lambda _done, _total: None) -> int:
    """Write a version to a file, whole or not at all; returns its size in bytes.

    Parameters
    ----------
    snapshot : Snapshot
    path : Path
        Overwritten if it exists.
    progress : callable
        Called after every page.

    Raises
    ------
    SnapshotCorrupt
        A blob is damaged, or rows are missing.
    InputError
        The file cannot be written.
    """
    head, part = snapshot.head, path.with_name(path.name + ".part")
    plain = replace(head, token=0, base=head.version, catalogue_version=head.version if head.catalogue_version else 0)
    total, done = sum(map(len, snapshot.hashes.values())), 0
    try:
        with part.open("wb") as file:
            file.write(MAGIC + bytes([FORMAT]))
            write_frame(file, b"h", plain.encode())
            for page in _pages(snapshot):
                write_frame(file, b"p", encode_page(page))
                done += len(page.fields)
                progress(done, total)
            write_frame(file, b"e", struct.pack("<Q", done))
            size = file.tell()
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; name another file") from error
    finally:
        part.unlink(missing_ok=True)
    return size


def _pages(snapshot: Snapshot) -> Iterator[Page]:
    """Every field, checked, in the file's order."""
    head, keys = snapshot.head, snapshot.keys
    yield from _cut("catalogue", snapshot.hashes["catalogue"], sorted(snapshot.hashes["catalogue"]))
    for name, key in (("globals", keys.globals_), ("metrics", keys.metrics)):
        read_arrays(snapshot.hashes[name], head.arrays[name], key)
        yield from _cut(name, snapshot.hashes[name], [array.encode() for array in head.arrays[name]])
    table = RowLayout(head.dtypes, head.blocks).numpy_dtypes(keys.head)
    for side, count in zip(SIDES, (snapshot.users, snapshot.items), strict=True):
        order: list[bytes] | None = None
        for name in sorted(head.blocks[side]):
            block = snapshot.block(side, name)
            if order is None:
                order = sorted(block, key=lambda field: row_order(block[field]))
            if len(block) != count or not block.keys() >= set(order):
                raise SnapshotCorrupt(
                    f"{keys.block(side, name)} holds {len(block)} rows where there are {count}, or others: keys were "
                    "lost; rebuild the snapshot from the log"
                )
            for page in _cut(keys.name(keys.block(side, name)), block, order):
                unpack_rows(page.values, keys.block(side, name), table, page.fields)
                yield page


def _cut(name: str, fields: Hash, order: list[bytes]) -> Iterator[Page]:
    for first in range(0, len(order), _PAGE_FIELDS):
        names = order[first : first + _PAGE_FIELDS]
        yield Page(name, names, [fields[field] for field in names])
