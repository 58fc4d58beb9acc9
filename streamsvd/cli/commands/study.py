"""`streamsvd study`."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from evaluation.models import BATCH, LEARNER, MODELS, descriptions
from evaluation.studies import FOLDS, Study, check_pictures, compile_study, draw_study, run_study, study_specs
from streamsvd.cli.data_options import AS_FOUND, DataOptions, with_data_options
from streamsvd.cli.figures import versions
from streamsvd.cli.json_output import json_bytes
from streamsvd.cli.options import (
    CatalogueOption,
    DataArgument,
    JsonFlag,
    QuietFlag,
    SeedOption,
    SetOption,
    parse_settings,
)
from streamsvd.cli.output_files import check_file, make_folder, write_file
from streamsvd.cli.progress_bars import share_bar
from streamsvd.cli.tables import best_in_bold, new_table, print_found


@with_data_options
def study(
    data: DataArgument,
    catalogue: CatalogueOption = True,
    quick: Annotated[
        bool, typer.Option("--quick", help="Hold out one random fifth instead of all five in turn.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Write study.json, study.csv and the pictures (PNG, SVG) there."),
    ] = None,
    settings: SetOption = None,
    reading: DataOptions = AS_FOUND,
    seed: SeedOption = 0,
    window: Annotated[int, typer.Option(help="Newest ratings that the rolling errors cover.")] = 5000,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Compare all learners on one data set, online and offline, by error and cost.

    The learners:

    {models}

    Examples:

        streamsvd study ml-100k

        streamsvd study ml-latest-small --quick --no-catalogue

        streamsvd study ml-100k --out study-of-ml-100k
    """
    console = Console(stderr=True)
    if out is not None:
        check_pictures()
        make_folder(out)
        for name in ("study.json", "study.csv"):
            check_file(out / name)
    changes = parse_settings(settings)
    chosen, in_batch = (MODELS[name].with_changes(changes) for name in (LEARNER, BATCH))
    table, content = reading.load(data, catalogue=catalogue)
    with share_bar(console, quiet=quiet) as show:
        compile_study()
        found = run_study(
            table,
            study_specs(changes, catalogue=content is not None, seed=seed),
            content,
            folds=1 if quick else FOLDS,
            seed=seed,
            window=window,
            progress=show,
        )
        show("done", 1.0)
    name = table.dataset.name
    facts = {
        "dataset": name,
        "sha256": table.dataset.sha256,
        "events": len(table),
        **table.times(),
        "catalogue": content is not None,
        "settings": chosen,
        "batch_settings": in_batch,
    }
    whole = {**facts, **found.to_dict(), "versions": versions()}
    if out is not None:
        write_file(out / "study.json", json_bytes(whole))
        write_file(out / "study.csv", _csv(found).encode())
        draw_study(found, out, name)
    print_found(whole, _tables(name, found), as_json=as_json)


study.__doc__ = (study.__doc__ or "").replace("{models}", "\n\n    ".join(descriptions("study")))


def _tables(name: str, found: Study) -> Group:
    """Online and offline, a model a row, the best figure of a column in bold."""

    def table(title: str, heads: list[str], rows: list[tuple[str, list[float | None], list[str]]]) -> Table:
        made = new_table(title, "learner", *heads)
        made.columns[0].no_wrap = True
        cells = best_in_bold(zip(*(errors for _, errors, _ in rows), strict=True))
        for (learner, _, costs), *errors in zip(rows, *cells, strict=True):
            made.add_row(learner, *errors, *costs)
        return made

    online = table(
        f"{name}: online, predicted before learning",
        ["RMSE event", "RMSE page", "MAE event", "MAE page", "s", "k/s"],
        [
            (
                each.name,
                [each.figures.rmse_event, each.figures.rmse_page, each.figures.mae_event, each.figures.mae_page],
                [f"{each.seconds:.2f}", f"{each.events_per_second / 1000:,.0f}"],
            )
            for each in found.online
        ],
    )
    split = f"random fifths, {found.folds} of 5" if found.folds > 1 else "a random fifth"
    random = table(
        f"{name}: offline, {split} held out",
        ["RMSE", "MAE", "s to fit"],
        [(each.name, [each.random_rmse, each.random_mae], [f"{each.seconds:.2f}"]) for each in found.offline],
    )
    temporal = table(
        f"{name}: offline, the last 20 % of the stream held out",
        ["RMSE", "MAE", "RMSE learning on", "MAE learning on"],
        [
            (each.name, [each.temporal_rmse, each.temporal_mae, each.further_rmse, each.further_mae], [])
            for each in found.offline
        ],
    )
    notes = [
        Text(
            f"{each.name}: discarded singular values add up to {each.discarded:,.1f} stars, which bounds the "
            "Frobenius distance from the matrix that was never truncated",
            style="dim",
        )
        for each in found.online
        if each.discarded is not None
    ]
    legend = Text("s: seconds of learning and predicting · k/s: thousand ratings a second", style="dim")
    return Group(online, legend, *notes, random, temporal)


def _csv(found: Study) -> str:
    """A row for each model and measure: long form, which every tool can pivot."""
    rows: list[tuple[str, str, str, float]] = []
    for each in found.online:
        figures = each.figures
        rows += [
            ("online", each.name, measure, getattr(figures, measure))
            for measure in ("rmse_event", "mae_event", "rmse_page", "mae_page")
        ]
        rows += [("online", each.name, "seconds", each.seconds)]
        rows += [("online", each.name, "events_per_second", each.events_per_second)]
        if each.discarded is not None:
            rows.append(("online", each.name, "discarded", each.discarded))
    measures = ("random_rmse", "random_mae", "temporal_rmse", "temporal_mae", "further_rmse", "further_mae", "seconds")
    for held in found.offline:
        values = ((measure, getattr(held, measure)) for measure in measures)
        rows += [("offline", held.name, measure, value) for measure, value in values if value is not None]
    text = StringIO(newline="")
    csv.writer(text).writerows([("part", "learner", "measure", "value"), *rows])
    return text.getvalue()
