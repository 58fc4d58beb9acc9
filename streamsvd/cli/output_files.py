"""Files and folders that an option names: checked before the work, written after it."""

from __future__ import annotations

from pathlib import Path

from streamsvd.errors import InputError


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


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path} cannot be written: {error.strerror}; name another file")
