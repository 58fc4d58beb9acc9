"""Compressed files, known by their first bytes; never unpacked to more than their size makes believable."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from streamsvd.errors import DatasetError

FREE_BYTES = 1 << 26
"""Unpacked bytes that no ratio is asked of: a few million short lines, which take a few hundred megabytes."""

MAX_RATIO = 100
"""Most unpacked bytes for each packed one, beyond those: ratings shrink to a tenth or so, a bomb to a thousandth."""

PACKED_SUFFIXES = (".gz", ".bz2", ".xz", ".zst")
"""How names of compressed files end, in small letters."""

HEAD_BYTES = 512
"""Bytes from which the kind of a file is known."""

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")


def _zstd(stream: BinaryIO) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(stream, "zstd")


_UNPACKERS: tuple[tuple[bytes, Callable[[BinaryIO], Any]], ...] = (
    (b"\x1f\x8b", lambda stream: gzip.GzipFile(fileobj=stream)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\x00", lzma.LZMAFile),
    (b"\x28\xb5\x2f\xfd", _zstd),
)


def packed_suffix(name: str) -> str:
    """The end of a file's name that says how it is compressed, as it is written; empty where it is not.

    >>> packed_suffix("ratings.csv.GZ"), packed_suffix("ratings.csv")
    ('.GZ', '')
    """
    suffix = next((suffix for suffix in PACKED_SUFFIXES if name.lower().endswith(suffix)), "")
    return name[len(name) - len(suffix) :]


def unpacked(stream: io.BufferedReader, packed_bytes: Callable[[], int], label: str) -> io.BufferedReader:
    """The stream's own bytes, or what a compressed stream holds.

    Parameters
    ----------
    stream : BufferedReader
    packed_bytes : callable
        How many packed bytes have been read, or are there in all.
    label : str
        The file's name in messages.
    """
    head = stream.peek(HEAD_BYTES)
    for magic, unpack in _UNPACKERS:
        if head.startswith(magic):
            return io.BufferedReader(Bounded(unpack(stream), packed_bytes, label))
    return stream


class Bounded(io.RawIOBase):
    """A stream of unpacked bytes that ends with an error where they are too many for the packed ones.

    Raises
    ------
    DatasetError
        While reading.
    """

    def __init__(self, stream: BinaryIO, packed_bytes: Callable[[], int], label: str) -> None:
        self._stream, self._packed_bytes, self._label = stream, packed_bytes, label
        self._given = 0

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Bytes for the buffer, as `RawIOBase` has it."""
        count = cast(Any, self._stream).readinto(buffer)
        self._given += count
        if self._given > FREE_BYTES and self._given > MAX_RATIO * self._packed_bytes():
            raise DatasetError(
                f"{self._label}: unpacks to more than {MAX_RATIO} times its size, which ratings never do; "
                "unpack it yourself if you trust it, and give the unpacked file"
            )
        return int(count)

    def close(self) -> None:
        """Close the stream below, too."""
        self._stream.close()
        super().close()
