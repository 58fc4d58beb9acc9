"""`streamsvd simulate`."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from evaluation.models import shadow_names
from evaluation.studies import Run, RunArchive, check_pictures, grid_specs, parse_grid
from streamsvd.cli.data_options import AS_FOUND, DataOptions, note_bounds, with_data_options
from streamsvd.cli.options import (
    CatalogueOption,
    DataArgument,
    JsonFlag,
    QuietFlag,
    SeedOption,
    SetOption,
    parse_settings,
    read_settings,
)
from streamsvd.cli.simulation_runs import event_range_of, outcomes, past_recommendations
from streamsvd.cli.simulation_tables import past_recommendations_table, runs_object, runs_table
from streamsvd.cli.tables import print_found
from streamsvd.errors import SettingsError
from streamsvd.ratings import typed_id
from streamsvd.stopping import stop_on_signals

_BASELINES = " or ".join(shadow_names(baselines=True))
_BOUND = "a date or time (1997-12-05, in UTC), @ and seconds since 1970, or a number of ratings"


@with_data_options
def simulate(
    data: DataArgument,
    start: Annotated[str | None, typer.Option("--from", metavar="BOUND", help=f"Begin here: {_BOUND}.")] = None,
    until: Annotated[str | None, typer.Option(metavar="BOUND", help="End before this; same forms.")] = None,
    warm_up: Annotated[
        str | None,
        typer.Option(
            "--warm-up", metavar="BOUND", help="Learn, but do not score: this many ratings, or all before a date."
        ),
    ] = None,
    settings: SetOption = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            "--grid", metavar="NAME=A,B,…", help="A run for each value; repeated, for every combination of values."
        ),
    ] = None,
    settings_file: Annotated[
        list[Path] | None,
        typer.Option(
            "--settings",
            metavar="FILE",
            help="A run with the settings in FILE, such as `streamsvd tune` writes; repeat for more.",
        ),
    ] = None,
    baseline: Annotated[
        list[str] | None, typer.Option(help=f"Also {_BASELINES}, with settings after commas; repeat for more.")
    ] = None,
    catalogue: CatalogueOption = True,
    through: Annotated[
        str, typer.Option(metavar="process|kafka", help="In process, or with producer, Kafka, consumer and Redis.")
    ] = "process",
    jobs: Annotated[int, typer.Option(min=1, help="Runs at the same time, each in its own process.")] = 1,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where each run gets a folder.")] = Path("runs"),
    kind: Annotated[
        str, typer.Option("--format", metavar="parquet|csv", help="File format of the metrics over time.")
    ] = "parquet",
    picture: Annotated[bool, typer.Option(help="Draw each run.")] = True,
    points: Annotated[
        int, typer.Option(min=1, help="Points in time, evenly spaced in ratings, at which metrics are kept.")
    ] = 200,
    window: Annotated[int, typer.Option(min=1, help="Newest ratings that the rolling errors cover.")] = 5000,
    again: Annotated[bool, typer.Option("--again", help="Repeat runs whose folder exists already.")] = False,
    lookup: Annotated[
        str | None,
        typer.Option(metavar="USER", help="Instead: what this user would have been recommended at the end of the run."),
    ] = None,
    n: Annotated[int, typer.Option("-n", help="Recommendations of --lookup.", min=1)] = 10,
    as_json: JsonFlag = False,
    reading: DataOptions = AS_FOUND,
    seed: SeedOption = 0,
    quiet: QuietFlag = False,
) -> None:
    """Run models over a history, with a folder for each run that holds all that is needed to repeat it.

    Every rating is predicted, scored and learned, in order, between any two moments. A run is known by the checksum of
    all that its figures depend on: run the same command again, and nothing is repeated. One that is interrupted leaves
    no folder. `streamsvd runs` lists and compares them.

    Examples:

        streamsvd simulate ml-100k

        streamsvd simulate ml-100k --grid rank=4,8,16 --grid gamma=0.25,inf --baseline damped-means --jobs 2

        streamsvd simulate ml-100k --from 1997-11-01 --until 1998-03-01 --warm-up 10000

        streamsvd simulate ml-latest-small --through kafka

        streamsvd simulate ml-100k --until 1998-01-15 --lookup 269
    """
    for name, value, allowed in (("through", through, ("process", "kafka")), ("format", kind, ("parquet", "csv"))):
        if value not in allowed:
            raise SettingsError(f"--{name} {value!r}: it can be {' or '.join(allowed)}")
    if picture:
        check_pictures()
    specs = grid_specs(
        files=[read_settings(file) for file in settings_file or ()],
        changes=parse_settings(settings),
        grid=parse_grid(grid or ()),
        baselines=baseline or (),
        seed=seed,
        catalogue=catalogue,
    )
    if lookup is not None and (len(specs) > 1 or through == "kafka"):
        raise SettingsError(f"--lookup is of one model, in process; this asks for {len(specs)}, through {through}")
    table, items = reading.load(data, catalogue=catalogue)
    note_bounds(table, {"--from": start, "--until": until, "--warm-up": warm_up})
    part = event_range_of(table, start, until, warm_up)
    runs = [
        Run(spec=spec, events=part, window=window, points=points, through=through)  # type: ignore[arg-type]  # checked above
        for spec in specs
    ]
    console = Console(stderr=True, highlight=False)
    if lookup is not None:
        with stop_on_signals() as stop:
            answer = past_recommendations(table, items, runs[0], typed_id(lookup), n, stop, console)
        if answer is None:
            raise typer.Exit(1)
        print_found(answer, past_recommendations_table(answer), as_json=as_json)
        return
    archive = RunArchive(table, items, out, kind, picture=picture)  # type: ignore[arg-type]  # checked above
    missing = runs if again else [run for run in runs if archive.known(run) is None]
    if len(missing) < len(runs):
        console.print(f"{len(runs) - len(missing)} of {len(runs)} runs are in {out} already; --again repeats them.")
    done = len(runs) - len(missing)
    with stop_on_signals() as stop:
        if missing:
            more = reading.words()
            for run, outcome in outcomes(data, table, items, missing, jobs, more, stop, console, quiet=quiet):
                started = datetime.fromtimestamp(time.time() - outcome.seconds, UTC).isoformat(timespec="milliseconds")
                archive.keep(run, outcome, command=["streamsvd", *sys.argv[1:]], started=started)
                done += 1
    if done < len(runs):
        console.print(f"Stopped on request after {done} of {len(runs)} runs; the same command does the others.")
        raise typer.Exit(1)
    kept = [found for run in runs if (found := archive.known(run))]
    print_found(runs_object(kept), runs_table(f"{table.dataset.name}, in {out}", kept), as_json=as_json)
