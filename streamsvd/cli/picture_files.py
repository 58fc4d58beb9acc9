"""Pictures into the file that `--picture` names."""

from __future__ import annotations

from pathlib import Path

from evaluation.studies import Drawing, check_pictures
from streamsvd.cli.output_files import write_file
from streamsvd.errors import SettingsError


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
