"""Finding and opening ratings files: in a folder, in a zip (never unpacked to disk), plain, or gzipped."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from streamsvd.errors import DatasetError

RATINGS_NAMES = ("u.data", "ratings.dat", "ratings.csv", "ratings.csv.gz")
"""What MovieLens calls its ratings files."""
ATOMIC_SUFFIX = ".inter"
"""What the name of an atomic file of ratings ends with."""

_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class RatingsFile:
    """One ratings file, wherever it lies.

    Attributes
    ----------
    path : Path
        The file on disk: the ratings file itself, or the zip that holds it.
    member : str or None
        Name inside the zip.
    name : str
        Name of the data set, for people.
    """

    path: Path
    member: str | None
    name: str

    @property
    def label(self) -> str:
        """How messages call the file."""
        return str(self.path) if self.member is None else f"{self.path}/{self.member}"

    @contextmanager
    def open(self) -> Iterator[tuple[BinaryIO, Callable[[], int], int]]:
        """Stream of the file's bytes, a function that says how many bytes are read, and how many there are.

        The two numbers count compressed bytes for a gzipped file, whose length is not known before its end.
        """
        with guarded(self.label):
            if self.member is not None:
                with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as stream:
                    yield cast(BinaryIO, stream), stream.tell, archive.getinfo(self.member).file_size
            else:
                with self.path.open("rb") as raw:
                    size = self.path.stat().st_size
                    if self.path.suffix == ".gz":
                        with gzip.GzipFile(fileobj=raw) as unpacked:
                            yield cast(BinaryIO, unpacked), raw.tell, size
                    else:
                        yield cast(BinaryIO, raw), raw.tell, size

    def beside(self, name: str) -> bytes | None:
        """Bytes of the file called `name` in the same folder, None where there is none."""
        with guarded(f"{name} beside {self.label}"):
            if self.member is None:
                path = self.path.with_name(name)
                return path.read_bytes() if path.is_file() else None
            with zipfile.ZipFile(self.path) as archive:
                wanted = str(PurePosixPath(self.member).with_name(name))
                return archive.read(wanted) if wanted in archive.namelist() else None


def find_ratings(path: str | Path) -> RatingsFile:
    """Find the ratings file of a folder, a zip or a plain path.

    Raises
    ------
    DatasetError
        When there is none, or the zip is damaged.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        return _in_folder(path)
    if not path.is_file():
        raise DatasetError(f"{path}: no such file or folder; give the path of a ratings file, its folder or its zip")
    if path.suffix.lower() == ".zip":
        return _in_zip(path)
    stem = path.name.removesuffix(".gz").rpartition(".")[0] or path.name
    return RatingsFile(path, None, path.resolve().parent.name if path.name in RATINGS_NAMES else stem)


def _in_folder(folder: Path) -> RatingsFile:
    for pattern in ("", "*/"):  # the file itself, or one folder down, as a zip unpacks
        for name in RATINGS_NAMES:
            for found in sorted(folder.glob(f"{pattern}{name}")):
                return RatingsFile(found, None, folder.resolve().name)
    atomic = sorted(folder.glob(f"*{ATOMIC_SUFFIX}"))
    if len(atomic) == 1:
        return RatingsFile(atomic[0], None, folder.resolve().name)
    raise DatasetError(
        f"{folder}: no ratings in this folder (looked for {', '.join(RATINGS_NAMES)}, one *{ATOMIC_SUFFIX}); "
        "give the path of the ratings file itself"
    )


def _in_zip(path: Path) -> RatingsFile:
    with guarded(str(path)), zipfile.ZipFile(path) as archive:
        members = [info.filename for info in archive.infolist() if not info.is_dir()]
    for name in RATINGS_NAMES[:3]:
        found = [member for member in members if PurePosixPath(member).name == name]
        if found:
            return RatingsFile(path, min(found, key=len), path.stem)
    atomic = [member for member in members if member.endswith(ATOMIC_SUFFIX)]
    if len(atomic) == 1:
        return RatingsFile(path, atomic[0], path.stem)
    tables = [member for member in members if member.lower().endswith((".csv", ".tsv"))]
    if len(tables) == 1:
        return RatingsFile(path, tables[0], path.stem)
    raise DatasetError(
        f"{path}: no ratings in this zip (looked for {', '.join(RATINGS_NAMES[:3])}, one *{ATOMIC_SUFFIX}, one csv); "
        "unpack it and give the path of the ratings file"
    )


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


def lines_of(data: bytes) -> io.StringIO:
    """Text of a catalogue file: UTF-8 where it is that, else Latin-1, which the oldest sets are in."""
    try:
        return io.StringIO(data.decode("utf-8-sig"), newline="")
    except UnicodeDecodeError:
        return io.StringIO(data.decode("latin-1"), newline="")
