"""A picture into the file that an option names, in the format that its ending asks for."""

from __future__ import annotations

from pathlib import Path

from evaluation.studies import Drawing, check_pictures
from streamsvd.errors import InputError, SettingsError


def check_picture(path: Path) -> None:
    """Make sure that a picture can be drawn there, before the work that it is to show.

    Raises
    ------
    SettingsError, InputError
        Its ending says no format that we draw, or matplotlib is not installed.
    """
    if path.suffix not in (".png", ".svg"):
        raise SettingsError(f"--picture {path}: give a file that ends in .png or .svg")
    check_pictures()


def write_picture(path: Path, drawing: Drawing) -> None:
    """Write a picture.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    try:
        path.write_bytes(drawing.png if path.suffix == ".png" else drawing.svg)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; name another file") from error
