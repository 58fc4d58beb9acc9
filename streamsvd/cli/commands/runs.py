"""`streamsvd runs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluation.studies import draw_runs, stored_runs
from streamsvd.cli.options import JsonFlag
from streamsvd.cli.picture_files import check_picture, write_picture
from streamsvd.cli.simulation_tables import runs_object, runs_table
from streamsvd.cli.tables import print_found
from streamsvd.errors import InputError


def runs(
    folder: Annotated[Path, typer.Argument(help="Folder of `streamsvd simulate`.")] = Path("runs"),
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="Runs with this in their folder's name, such as rank=8; repeat for more."),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw their errors over time, as .png or .svg.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """List and compare simulation runs.

    Examples:

        streamsvd runs

        streamsvd runs --only rank --picture ranks.svg

        streamsvd runs --json
    """
    check_picture(picture)
    found = [run for run in stored_runs(folder) if not only or any(text in run.path.name for text in only)]
    if not found:
        raise InputError(f"{folder} holds no such runs; `streamsvd simulate DATA --out {folder}` makes some")
    if picture is not None:
        curves = [(run.label, run.curve(), run.manifest["figures"]) for run in found]
        write_picture(picture, draw_runs(str(folder), curves, dated=all(run.is_dated for run in found)))
    print_found(runs_object(found), runs_table(str(folder), found), as_json=as_json)
