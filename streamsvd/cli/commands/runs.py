"""`streamsvd runs`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from evaluation.studies import draw_runs, stored_runs
from streamsvd.cli.options import AsJsonOption
from streamsvd.cli.picturing import check_picture, write_picture
from streamsvd.cli.simulation_tables import runs_table
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
    as_json: AsJsonOption = False,
) -> None:
    """List and compare simulation runs.

    Examples:

        streamsvd runs

        streamsvd runs --only rank --picture ranks.svg

        streamsvd runs --json
    """
    if picture is not None:
        check_picture(picture)
    found = [run for run in stored_runs(folder) if not only or any(text in run.path.name for text in only)]
    if not found:
        raise InputError(f"{folder} holds no such runs; `streamsvd simulate DATA --out {folder}` makes some")
    if picture is not None:
        curves = [(run.label, run.curve(), run.manifest["figures"]) for run in found]
        write_picture(picture, draw_runs(str(folder), curves))
    if as_json:
        typer.echo(json.dumps([{"folder": str(run.path), **run.manifest} for run in found], indent=2))
    else:
        Console().print(runs_table(str(folder), found))
