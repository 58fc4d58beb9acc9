"""The report as one self-contained HTML page: pictures inside, no script, no network."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from evaluation.reporting.blocks import Picture, Report
from streamsvd.errors import InputError


def check_page() -> None:
    """Check that a page can be rendered, before long work.

    Raises
    ------
    InputError
        jinja2 is not installed.
    """
    _environment()


def render(report: Report) -> str:
    """The whole page.

    Raises
    ------
    InputError
        jinja2 is not installed.
    """
    return str(_environment().get_template("page.html.j2").render(report=report))


def write(report: Report, folder: Path) -> list[Path]:
    """Write `report.html`, and every picture as PNG in `pictures`.

    Parameters
    ----------
    report : Report
    folder : Path
        Made where it is not there.

    Returns
    -------
    list of Path
        What was written, the page first.

    Raises
    ------
    InputError
        The folder cannot be written, or jinja2 is not installed.
    """
    page = render(report)
    written = [folder / "report.html"]
    try:
        (folder / "pictures").mkdir(parents=True, exist_ok=True)
        written[0].write_text(page, encoding="utf-8")
        for picture in report.pictures():
            written.append(folder / "pictures" / f"{picture.name}.png")
            written[-1].write_bytes(picture.drawing.png)
    except OSError as error:
        raise InputError(f"{error.filename} cannot be written: {error.strerror}; name another folder") from error
    return written


def _environment() -> Any:
    try:
        import jinja2
    except ImportError:
        raise InputError("a report needs the package jinja2: pip install 'streamsvd[report]'") from None
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("evaluation.reporting", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["embedded"] = _embedded
    return made


def _embedded(picture: Picture) -> str:
    """The picture as a data URL: an image, not markup, so that ids cannot clash."""
    return "data:image/svg+xml;base64," + base64.b64encode(picture.drawing.svg).decode()
