"""Files of a data set, wherever they lie: plain, compressed, or in a zip (never unpacked to disk)."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from streamsvd.errors import DatasetError

UNPACKERS = {".gz": gzip.open}
"""What opens a compressed file, by the end of its name."""

_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a data set.

    Attributes
    ----------
    path : Path
        The file on disk: this file, or the zip that holds it.
    member : str or None
        Name inside the zip.
    dataset : str
        Name of the data set, in messages.
    """

    path: Path
    member: str | None
    dataset: str

    @property
    def label(self) -> str:
        """How messages call the file."""
        return str(self.path) if self.member is None else f"{self.path}/{self.member}"

    @contextmanager
    def open(self) -> Iterator[tuple[BinaryIO, Callable[[], int], int]]:
        """Stream of the file's bytes, a function that says how many bytes are read, and how many there are.

        The two numbers count compressed bytes for a compressed file, whose length is not known before its end.
        """
        with guarded(self.label):
            if self.member is not None:
                with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as stream:
                    yield cast(BinaryIO, stream), stream.tell, archive.getinfo(self.member).file_size
            else:
                with self.path.open("rb") as raw:
                    size = self.path.stat().st_size
                    if unpack := UNPACKERS.get(self.path.suffix):
                        with unpack(raw) as unpacked:
                            yield cast(BinaryIO, unpacked), raw.tell, size
                    else:
                        yield cast(BinaryIO, raw), raw.tell, size

    def beside(self, name: str) -> DataFile | None:
        """The file called `name` in the same folder, None where there is none."""
        if self.member is None:
            path = self.path.with_name(name)
            return replace(self, path=path) if path.is_file() else None
        wanted = str(PurePosixPath(self.member).with_name(name))
        return replace(self, member=wanted) if wanted in members(self.path) else None

    def lines(self) -> Iterator[tuple[int, str]]:
        """Number and text of every line that is not blank, without its end."""
        for number, line in enumerate(self.text(), 1):
            if line.strip():
                yield number, line.rstrip("\r\n")

    def text(self) -> io.StringIO:
        """The whole text: UTF-8 where it is that, else Latin-1, which the oldest sets are in."""
        with self.open() as (stream, _, _):
            data = stream.read()
        try:
            return io.StringIO(data.decode("utf-8-sig"), newline="")
        except UnicodeDecodeError:
            return io.StringIO(data.decode("latin-1"), newline="")

    def wrong(self, number: int, what: str, todo: str = "correct the line") -> DatasetError:
        """The error that a line of this file raises."""
        return DatasetError(f"{self.label}, line {number}: {what}; {todo}")


def packed_suffix(name: str) -> str:
    """The end of a file's name that says how it is compressed; empty where it is not."""
    return next((suffix for suffix in UNPACKERS if name.endswith(suffix)), "")


def members(path: Path) -> list[str]:
    """Names of all files in a zip."""
    with guarded(str(path)), zipfile.ZipFile(path) as archive:
        return [info.filename for info in archive.infolist() if not info.is_dir()]


@contextmanager
def guarded(label: str) -> Iterator[None]:
    """Turn what goes wrong while opening or unpacking into a `DatasetError` that names the file."""
    try:
        yield
    except _DAMAGED as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DatasetError(
            f"{label}: cannot be read ({what}); check that the file is complete and yours to read, or fetch it again"
        ) from error
