"""`streamsvd report`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from evaluation.reporting import ReportPlan, check_page, check_tuning, make_report, write
from evaluation.studies import check_pictures, compile_study
from streamsvd.cli.data_options import AS_FOUND, DataOptions, with_data_options
from streamsvd.cli.figures import versions
from streamsvd.cli.json_output import print_json
from streamsvd.cli.kernel_cache import warm_up
from streamsvd.cli.options import DataArgument, JsonFlag, QuietFlag, SeedOption
from streamsvd.cli.output_files import make_folder
from streamsvd.cli.progress_bars import share_bar
from streamsvd.cli.tables import plain_text, print_note


@with_data_options
def report(
    data: DataArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Folder of the report; by default report-NAME in the current folder."
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Hold out one random fifth instead of all five, and search 4 settings.")
    ] = False,
    trials: Annotated[
        int | None, typer.Option(help="Settings that each search tries; 0 skips tuning.  [default: 12]", min=0)
    ] = None,
    catalogue: Annotated[bool, typer.Option(help="Use genres and years where the data set has them.")] = True,
    reading: DataOptions = AS_FOUND,
    seed: SeedOption = 0,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """The whole study of a data set, as one page to read, print and share.

    Describes the ratings; compares baseline SVD, iterated SVD in batch and iterated SVD with rank-one updates, offline
    and online, on all ratings and on a filtered core, before and after tuning; and shows where predictions fail. Writes
    report.html, one file without external parts, and each of its pictures as PNG. Takes a few minutes for 100,000
    ratings.

    Examples:

        streamsvd report ml-latest-small

        streamsvd report ml-100k --quick --out study-of-ml-100k

        streamsvd report books.csv --columns reader,isbn,stars,day --scale 1:10 --trials 40
    """
    console = Console(stderr=True)
    budget = trials if trials is not None else 4 if quick else 12
    check_pictures()
    check_page()
    check_tuning(budget)
    table, items = reading.load(data, catalogue=catalogue)
    folder = out if out is not None else Path(f"report-{table.dataset.name}")
    make_folder(folder)
    plan = ReportPlan(folds=1 if quick else 5, trials=budget, seed=seed, catalogue=catalogue)
    words = ["streamsvd", "report", data, *(["--quick"] if quick else []), "--trials", str(budget), "--seed", str(seed)]
    words += [] if catalogue else ["--no-catalogue"]
    words += reading.words()
    warm_up(console)
    with share_bar(console, quiet=quiet) as show:
        compile_study(items)
        made = make_report(table, items, plan, versions=versions(), command=shlex.join(words), progress=show)
    written = write(made, folder)
    if as_json:
        print_json(made.figures)
        return
    shown = Console()
    for sentence in made.summary:
        shown.print(plain_text(f"• {sentence}"), highlight=False)
    print_note(f"\n{written[0]}, and {len(written) - 1} pictures in the same folder", shown)
