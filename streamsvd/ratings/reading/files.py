"""Files of a data set, wherever they lie: plain, compressed, or in a zip (never unpacked to disk)."""

from __future__ import annotations

import io
import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from streamsvd.errors import DatasetError
from streamsvd.ratings.reading.encodings import in_utf8
from streamsvd.ratings.reading.unpacking import ZIP_MAGIC, Bounded, unpacked

MAX_COMPANION = 1 << 28
"""Bytes that a file of items or users may have: it is read at once. All of MovieLens' titles take 4 MB."""

_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, NotImplementedError)


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
    title : str
        How messages call the file, where its path says nothing.
    """

    path: Path
    member: str | None
    dataset: str
    title: str = ""

    @property
    def label(self) -> str:
        """How messages call the file; a member of a zip can be given to the reader by this name."""
        path = self.title or str(self.path)
        return path if self.member is None else f"{path}/{self.member}"

    @contextmanager
    def open(self) -> Iterator[tuple[BinaryIO, Callable[[], int], int]]:
        """Stream of the file's unpacked bytes, a function that says how many are read, and how many there are.

        The two numbers count compressed bytes for a compressed file, whose length is not known before its end.

        Raises
        ------
        DatasetError
            When the file is damaged, or unpacks to more than is believable.
        """
        with guarded(self.label), ExitStack() as opened:
            if self.member is not None:
                archive = opened.enter_context(zipfile.ZipFile(self.path))
                info = archive.getinfo(self.member)
                stored = opened.enter_context(archive.open(info))
                bounded = Bounded(cast(BinaryIO, stored), lambda: info.compress_size, self.label)
                stream = unpacked(io.BufferedReader(bounded), lambda: info.compress_size, self.label)
                yield stream, stored.tell, info.file_size
            else:
                raw = opened.enter_context(self.path.open("rb"))
                yield unpacked(raw, raw.tell, self.label), raw.tell, self.path.stat().st_size

    @contextmanager
    def open_text(self) -> Iterator[tuple[BinaryIO, Callable[[], int], int]]:
        """As `open`, with the text of UTF-16 and UTF-32 as UTF-8."""
        with self.open() as (stream, position, total):
            yield in_utf8(cast(io.BufferedReader, stream)), position, total

    @contextmanager
    def open_seekable(self) -> Iterator[BinaryIO]:
        """Stream of the file's unpacked bytes that can be read in any order; a copy on disk where it is packed."""
        with self.open() as (stream, _, _):
            if isinstance(cast(io.BufferedReader, stream).raw, io.FileIO):
                yield stream
                return
            with tempfile.TemporaryFile() as copy:
                shutil.copyfileobj(stream, copy, 1 << 20)
                copy.seek(0)
                yield cast(BinaryIO, copy)

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
        with self.open_text() as (stream, _, _):
            data = stream.read(MAX_COMPANION + 1)
        if len(data) > MAX_COMPANION:
            raise DatasetError(
                f"{self.label}: more than {MAX_COMPANION >> 20} MiB of items or users; leave it out (--no-catalogue)"
            )
        try:
            return io.StringIO(data.decode("utf-8-sig"), newline="")
        except UnicodeDecodeError:
            return io.StringIO(data.decode("latin-1"), newline="")

    def wrong(self, number: int, what: str, todo: str = "correct the line") -> DatasetError:
        """The error that a line of this file raises."""
        return DatasetError(f"{self.label}, line {number}: {what}; {todo}")


def is_zip(path: Path) -> bool:
    """Whether a file begins as a zip does."""
    with guarded(str(path)), path.open("rb") as file:
        return file.read(4) in ZIP_MAGIC


def members(path: Path) -> list[str]:
    """Names of the files in a zip, without those that are hidden or that macOS adds."""
    with guarded(str(path)), zipfile.ZipFile(path) as archive:
        names = [info.filename for info in archive.infolist() if info.filename and not info.is_dir()]
    return [name for name in names if not is_hidden(name)]


def is_hidden(name: str) -> bool:
    """Whether a path within a folder or zip is one that people do not see.

    >>> is_hidden("__MACOSX/._ratings.csv"), is_hidden("ml/ratings.csv")
    (True, False)
    """
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)


@contextmanager
def guarded(label: str) -> Iterator[None]:
    """Turn what goes wrong while opening or unpacking into a `DatasetError` that names the file."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise DatasetError(f"{label}: not text in {error.encoding} ({error.reason}); save it in UTF-8") from error
    except _DAMAGED as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DatasetError(
            f"{label}: cannot be read ({what}); check that the file is complete and yours to read, or fetch it again"
        ) from error
