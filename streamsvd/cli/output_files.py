"""Files and folders that an option names: checked before the work, written after it."""

from __future__ import annotations

from pathlib import Path

from evaluation.studies import Drawing, check_pictures
from streamsvd.errors import InputError, SettingsError


def check_file(path: Path) -> None:
    """Make sure that a file can be written.

    Raises
    ------
    InputError
    """
    there = path.exists()
    try:
        path.open("ab").close()
        if not there:
            path.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error


def write_file(path: Path, content: bytes) -> None:
    """Write a file.

    Raises
    ------
    InputError
        It cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise _unwritable(path, error) from error


def make_folder(path: Path) -> None:
    """Make a folder, unless it is there.

    Raises
    ------
    InputError
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path} is no folder and cannot be made one: {error.strerror}; name another") from error


def check_picture(path: Path | None) -> None:
    """Make sure that a picture can be drawn there, if one is asked for.

    Raises
    ------
    SettingsError, InputError
        The file's ending names no known format, or matplotlib is not installed.
    """
    if path is None:
        return
    if path.suffix not in (".png", ".svg"):
        raise SettingsError(f"--picture {path}: give a file that ends in .png or .svg")
    check_pictures()


def write_picture(path: Path, drawing: Drawing) -> None:
    """Write a picture in the format that the file's ending names; InputError where that fails."""
    write_file(path, drawing.png if path.suffix == ".png" else drawing.svg)


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path} cannot be written: {error.strerror}; name another file")
