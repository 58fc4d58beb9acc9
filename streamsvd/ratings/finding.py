"""Finding the ratings file of a data set: in a folder, in a zip, or at the given path."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from streamsvd.errors import DatasetError
from streamsvd.ratings.formats import FORMATS
from streamsvd.ratings.reading.files import DataFile, members, packed_suffix

_NAMES = [name for each in FORMATS for name in each.file_names if "*" not in name]
_PATTERNS = [name for each in FORMATS for name in each.file_names if "*" in name]


def find_ratings(path: str | Path) -> DataFile:
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
    stem = path.name.removesuffix(packed_suffix(path.name)).rpartition(".")[0] or path.name
    return DataFile(path, None, path.resolve().parent.name if path.name in _NAMES else stem)


def _in_folder(folder: Path) -> DataFile:
    for pattern in ("", "*/"):  # the file itself, or one folder down, as a zip unpacks
        for name in _NAMES:
            for found in sorted(folder.glob(f"{pattern}{name}")):
                return DataFile(found, None, folder.resolve().name)
    for pattern in _PATTERNS:
        alone = list(folder.glob(pattern))
        if len(alone) == 1:
            return DataFile(alone[0], None, folder.resolve().name)
    raise DatasetError(
        f"{folder}: no ratings in this folder (looked for {_listed(_NAMES)}); give the path of the ratings file itself"
    )


def _in_zip(path: Path) -> DataFile:
    inside = members(path)
    names = [name for name in _NAMES if not packed_suffix(name)]
    for name in names:
        found = [member for member in inside if PurePosixPath(member).name == name]
        if found:
            return DataFile(path, min(found, key=len), path.stem)
    for pattern in _PATTERNS:
        found = [member for member in inside if fnmatchcase(member, pattern)]
        if len(found) == 1:
            return DataFile(path, found[0], path.stem)
    tables = [member for member in inside if member.lower().endswith((".csv", ".tsv"))]
    if len(tables) == 1:
        return DataFile(path, tables[0], path.stem)
    raise DatasetError(
        f"{path}: no ratings in this zip (looked for {_listed(names)}, one csv); "
        "unpack it and give the path of the ratings file"
    )


def _listed(names: list[str]) -> str:
    return ", ".join([*names, *(f"one {pattern}" for pattern in _PATTERNS)])
