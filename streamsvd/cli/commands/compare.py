"""`streamsvd compare`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from evaluation.models import described
from evaluation.studies import PeerResult, Stream, draw_peers, installed_peers
from evaluation.studies import compare as run
from streamsvd.cli.figures import versions
from streamsvd.cli.json_output import print_json
from streamsvd.cli.kernel_cache import warm_up
from streamsvd.cli.options import ColumnsOption, JsonFlag, ScaleOption, load_data
from streamsvd.cli.output_files import check_picture, write_picture
from streamsvd.errors import InputError


def compare(
    data: Annotated[
        str, typer.Argument(help="A MovieLens name (ml-latest-small, ml-100k, …), folder, zip or csv file.")
    ],
    until: Annotated[int | None, typer.Option(min=100, metavar="N", help="Only the first N ratings.")] = None,
    picture: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it, as .png or .svg.")] = None,
    columns: ColumnsOption = None,
    scale: ScaleOption = None,
    as_json: JsonFlag = False,
) -> None:
    """This learner beside River and Surprise, on the same events: error and speed, in one thread.

    All predict each rating before they learn it, just before it (event) and before its page (page). A peer that is not
    installed is left out, and its package is named.

    {models}

    Examples:

        streamsvd compare ml-100k

        streamsvd compare ml-latest-small --until 30000 --picture peers.svg --json > peers.json
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy loads: one thread for everybody

    check_picture(picture)
    table, films = load_data(data, columns, scale)
    table = table[:until]
    if len(table) < _FEWEST:
        raise InputError(f"{table.dataset.name}: {len(table)} ratings are too few to compare on; {_FEWEST} are needed")
    console = Console(stderr=True, highlight=False)
    stream = Stream.of(table, films)
    there, missing = installed_peers(stream)
    for package, reason in missing.items():
        console.print(f"Not compared: {package} ({reason})", markup=False, soft_wrap=True)
    warm_up(console)
    with console.status("…") as status:
        found = run(stream, there, lambda what: status.update(what))
    title = f"{table.dataset.name}, {len(table):,} ratings"
    if picture is not None:
        write_picture(picture, draw_peers(title, found))
    if as_json:
        facts = {"dataset": table.dataset.name, "sha256": table.dataset.sha256, "events": len(table)}
        curves = [list(zip(*(column.tolist() for column in one.curve), strict=True)) for one in found]
        rows = [{**asdict(one), "curve": curve} for one, curve in zip(found, curves, strict=True)]
        print_json({**facts, "peers": rows, "missing": missing, "versions": versions()})
    else:
        Console().print(_tables(title, found, stream.first_fit))


compare.__doc__ = (compare.__doc__ or "").replace("{models}", "\n\n    ".join(described("compare")))
_FEWEST = 100


def _tables(title: str, found: Sequence[PeerResult], first_fit: int) -> Group:
    errors = Table(title=f"{title}: error", title_justify="left", box=box.ROUNDED)
    errors.add_column("learner")
    names = ("rmse_event", "rmse_page", "rmse_page_after_first_fit", "mae_event", "mae_page")
    for head in ("RMSE event", "page", "late", "MAE event", "page"):
        errors.add_column(head, justify="right")
    least = {name: min(value for one in found if (value := one.errors[name]) is not None) for name in names}
    speed = Table(title=f"{title}: ratings a second", title_justify="left", box=box.ROUNDED)
    speed.add_column("learner")
    for head in ("in arrays", "one by one"):
        speed.add_column(head, justify="right")
    for one in found:
        cells = [(one.errors[name], one.errors[name] == least[name]) for name in names]
        errors.add_row(
            one.name, *("–" if e is None else f"[bold]{e:.4f}[/]" if best else f"{e:.4f}" for e, best in cells)
        )
        rates = [one.rates.get(form) for form in ("arrays", "one_call")]
        speed.add_row(one.name, *("–" if rate is None else f"{rate['median']:,.0f}" for rate in rates))
    note = (
        f"late: page protocol, after the first {first_fit:,} ratings, when Surprise has been fitted for the first time"
    )
    return Group(errors, Text(note, style="dim"), speed)
