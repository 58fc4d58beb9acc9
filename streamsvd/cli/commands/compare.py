"""`streamsvd compare`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.text import Text

from evaluation.models import descriptions
from evaluation.studies import PeerResult, Stream, draw_peers, installed_peers
from evaluation.studies import compare as run
from streamsvd.cli.data_options import AS_FOUND, DataOptions, with_data_options
from streamsvd.cli.figures import versions
from streamsvd.cli.kernel_cache import warm_up
from streamsvd.cli.options import DataArgument, JsonFlag
from streamsvd.cli.picture_files import check_picture, write_picture
from streamsvd.cli.tables import best_in_bold, new_table, print_found
from streamsvd.errors import InputError


@with_data_options
def compare(
    data: DataArgument,
    until: Annotated[int | None, typer.Option(min=100, metavar="N", help="Only the first N ratings.")] = None,
    picture: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the comparison, as .png or .svg.")] = None,
    reading: DataOptions = AS_FOUND,
    as_json: JsonFlag = False,
) -> None:
    """Compare this learner with River and Surprise on the same events: error and speed, in one thread.

    Each learner predicts a rating before it learns it: just before the rating (event protocol), and before the first
    rating of its page (page protocol). A library that is not installed is left out, with a note that names its package.

    {models}

    Examples:

        streamsvd compare ml-100k

        streamsvd compare ml-latest-small --until 30000 --picture peers.svg --json > peers.json
    """
    check_picture(picture)
    table, catalogue = reading.load(data)
    table = table[:until]
    if len(table) < _FEWEST:
        raise InputError(f"{table.dataset.name}: {len(table)} ratings are too few to compare on; {_FEWEST} are needed")
    console = Console(stderr=True, highlight=False)
    stream = Stream.of(table, catalogue)
    there, missing = installed_peers(stream)
    for package, reason in missing.items():
        console.print(f"Not compared: {package} ({reason})", markup=False, soft_wrap=True)
    warm_up(console)
    with console.status("…") as status:
        found = run(stream, there, lambda what: status.update(what))
    title = f"{table.dataset.name}, {len(table):,} ratings"
    if picture is not None:
        write_picture(picture, draw_peers(title, found))
    curves = [list(zip(*(column.tolist() for column in one.curve), strict=True)) for one in found]
    whole = {
        "dataset": table.dataset.name,
        "sha256": table.dataset.sha256,
        "events": len(table),
        **table.times(),
        "peers": [{**asdict(one), "curve": curve} for one, curve in zip(found, curves, strict=True)],
        "missing": missing,
        "versions": versions(),
    }
    print_found(whole, _tables(title, found, stream.first_fit), as_json=as_json)


compare.__doc__ = (compare.__doc__ or "").replace("{models}", "\n\n    ".join(descriptions("compare")))
_FEWEST = 100


def _tables(title: str, found: Sequence[PeerResult], first_fit: int) -> Group:
    errors = new_table(f"{title}: error", "learner", "RMSE event", "page", "late", "MAE event", "page")
    names = ("rmse_event", "rmse_page", "rmse_page_after_first_fit", "mae_event", "mae_page")
    cells = best_in_bold([one.errors[name] for one in found] for name in names)
    speed = new_table(f"{title}: ratings a second", "learner", "in arrays", "one by one")
    for one, *row in zip(found, *cells, strict=True):
        errors.add_row(one.name, *row)
        rates = [one.rates.get(form) for form in ("arrays", "one_call")]
        speed.add_row(one.name, *("–" if rate is None else f"{rate['median']:,.0f}" for rate in rates))
    note = (
        f"late: page protocol, after the first {first_fit:,} ratings, when Surprise has been fitted for the first time"
    )
    return Group(errors, Text(note, style="dim"), speed)
