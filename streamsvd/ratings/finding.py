"""Finding the ratings file of a data set: in a folder, in a zip, as the path itself, or on standard input."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from streamsvd.errors import DatasetError
from streamsvd.ratings.formats import FORMATS
from streamsvd.ratings.reading.files import DataFile, is_hidden, is_zip, members
from streamsvd.ratings.reading.kinds import refuse_office_files
from streamsvd.ratings.reading.unpacking import packed_suffix

STANDARD_INPUT = "-"
"""What stands for standard input where a path is asked for."""

_NAMES = [name for each in FORMATS for name in each.file_names if "*" not in name]
_PATTERNS = [name for each in FORMATS for name in each.file_names if "*" in name]
_TABLES = (".csv", ".tsv")


def is_there(path: Path) -> bool:
    """Whether a path is a file or folder, a zip's member (`archive.zip/ratings.csv`), or standard input.

    >>> is_there(Path("-")), is_there(Path("no such file"))
    (True, False)
    """
    return str(path) == STANDARD_INPUT or path.exists() or _archive_above(path) is not None


@contextmanager
def open_ratings(path: str | Path) -> Iterator[DataFile]:
    """The ratings file of a folder, a zip, a zip's member, a plain path or `-`, standard input.

    Standard input is copied to a temporary file, for as long as the context lasts.

    Raises
    ------
    DatasetError
        When there is none, or the zip is damaged.
    """
    if str(path) != STANDARD_INPUT:
        yield find_ratings(path)
        return
    with tempfile.TemporaryDirectory(prefix="streamsvd-") as folder:
        copy = Path(folder) / "stdin"
        with copy.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
        yield _in_zip(copy, "standard input") if is_zip(copy) else DataFile(copy, None, "stdin", "standard input")


def find_ratings(path: str | Path) -> DataFile:
    """The ratings file of a folder, a zip, a zip's member or a plain path.

    Raises
    ------
    DatasetError
        When there is none, or the zip is damaged.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        return _in_folder(path)
    if archive := _archive_above(path):
        return _member(archive, path.relative_to(archive).as_posix())
    if not path.is_file():
        raise DatasetError(f"{path}: no such file or folder; give the path of a ratings file, its folder or its zip")
    if is_zip(path):
        return _in_zip(path)
    return DataFile(path, None, path.resolve().parent.name if _unpacked_name(path.name) in _NAMES else _stem(path.name))


def _in_folder(folder: Path) -> DataFile:
    inside = [path.relative_to(folder) for pattern in ("*", "*/*") for path in folder.glob(pattern)]
    names = [name.as_posix() for name in inside if not is_hidden(name.as_posix()) and (folder / name).is_file()]
    chosen = _chosen(names)
    if chosen is None:
        raise DatasetError(
            f"{folder}: no ratings in this folder (looked for {_LOOKED_FOR}{_held(names)}); give the path of the "
            "ratings file itself, or parts without headers as one (cat PARTS | streamsvd evaluate -)"
        )
    return DataFile(folder / chosen, None, folder.resolve().name)


def _in_zip(path: Path, title: str = "") -> DataFile:
    inside = members(path)
    refuse_office_files(inside, title or str(path))
    chosen = _chosen(inside)
    if chosen is None:
        raise DatasetError(
            f"{title or path}: no ratings in this zip (looked for {_LOOKED_FOR}{_held(inside)}); "
            f"name the file in it that holds them, such as {path.name}/{inside[0] if inside else 'FILE'}"
        )
    return DataFile(path, chosen, path.stem, title)


def _member(archive: Path, name: str) -> DataFile:
    inside = members(archive)
    if name not in inside:
        raise DatasetError(f"{archive}: no file {name} in this zip; it holds {', '.join(inside)[:200]}")
    base = PurePosixPath(name).name
    return DataFile(archive, name, archive.stem if _unpacked_name(base) in _NAMES else _stem(base))


def _archive_above(path: Path) -> Path | None:
    """The zip that a path leads into."""
    path = path.expanduser()
    above = next((parent for parent in path.parents if parent.is_file()), None)
    return above if above is not None and is_zip(above) else None


def _chosen(names: list[str]) -> str | None:
    """The one of these files that holds the ratings: by a known name, else the only one of the first kind there is."""
    by_depth = sorted(names, key=lambda name: (name.count("/"), len(name), name))
    for wanted in _NAMES:
        for name in by_depth:
            if _unpacked_name(PurePosixPath(name).name) == wanted:
                return name
    for pattern in (*_PATTERNS, *(f"*{suffix}" for suffix in _TABLES)):
        found = [name for name in names if fnmatchcase(_unpacked_name(name).lower(), pattern)]
        if found:
            return found[0] if len(found) == 1 else None  # which of them is not ours to guess
    return None


def _held(names: list[str]) -> str:
    return f"; it holds {', '.join(sorted(names))[:200]}" if names else ""


def _unpacked_name(name: str) -> str:
    return name.removesuffix(packed_suffix(name))


def _stem(name: str) -> str:
    return _unpacked_name(name).rpartition(".")[0] or name


_LOOKED_FOR = ", ".join([*_NAMES, *(f"one {pattern}" for pattern in (*_PATTERNS, "*.csv"))])
