"""`streamsvd tune`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from evaluation.studies import TASKS, Trial, TrialFile, best_trial, optuna_version, search
from streamsvd.cli.data_options import AS_FOUND, DataOptions, with_data_options
from streamsvd.cli.figures import versions
from streamsvd.cli.json_output import json_bytes, print_json
from streamsvd.cli.kernel_cache import warm_up
from streamsvd.cli.options import CatalogueOption, DataArgument, JsonFlag, QuietFlag, SeedOption
from streamsvd.cli.output_files import check_file, write_file
from streamsvd.cli.tuning_tables import tuning_bar, tuning_table
from streamsvd.compiler import CACHE
from streamsvd.stopping import stop_on_signals


class TuningProtocol(StrEnum):
    """What settings are judged by."""

    PREQUENTIAL = "prequential"
    CV = "cv"


@with_data_options
def tune(
    data: DataArgument,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Write the settings found to FILE, as JSON.")],
    trials: Annotated[int, typer.Option(help="Settings to try, the defaults among them.", min=1)] = 60,
    protocol: Annotated[
        TuningProtocol, typer.Option(help="Minimise the prequential error of the stream, or that of held-out folds.")
    ] = TuningProtocol.PREQUENTIAL,
    jobs: Annotated[
        int, typer.Option(help="Trials at the same time; the result does not depend on it.", min=1, max=4)
    ] = 1,
    catalogue: CatalogueOption = True,
    reading: DataOptions = AS_FOUND,
    seed: SeedOption = 0,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Search for the learner's settings on a history, and test them on ratings that the search has not seen.

    The search sees a part of the ratings only: the first half of the stream (prequential), or four fifths of all
    (cv: five folds, each predicted by a model that was fitted to the other four in batch). The error on the rest is
    shown for the settings found and for the defaults.

    Ctrl-C at any time: the trials are kept in FILE.trials, and the same command continues where it stopped, with the
    same result. Later, more --trials continue from there, too.

    Examples:

        streamsvd tune ml-100k --out settings.json

        streamsvd evaluate ml-100k --settings settings.json
    """
    console = Console(stderr=True)
    check_file(out)
    optimiser = {"optuna": optuna_version()}
    table, content = reading.load(data, catalogue=catalogue)
    task = TASKS[protocol.value](table, content, seed)
    about = {
        "dataset": table.dataset.name,
        "sha256": table.dataset.sha256,
        "ratings": len(table),
        "scale": list(table.dataset.scale),
        "content_columns": 0 if content is None else content.content([]).shape[1],
        "protocol": task.name,
        "seed": seed,
    }
    space = [[r.name, r.low, r.high] for r in task.space]
    learner = {"learner": CACHE.name, "defaults": task.defaults.to_dict(), "space": space}  # another one: other scores
    file = TrialFile(out.with_name(out.name + ".trials"), {**about, **learner, **optimiser})
    warm_up(console)
    with stop_on_signals() as stop:
        with tuning_bar(console, trials, quiet=quiet) as show:
            show(list(file.trials.values()))

            def keep(trial: Trial) -> None:
                file.add(trial)
                show(list(file.trials.values()))

            found = search(
                task,
                trials=trials,
                seed=seed,
                jobs=jobs,
                known=dict(file.trials),
                keep=keep,
                stopped=lambda: bool(stop),
            )
        if len(found) < trials:
            console.print(f"Stopped on request after {len(found)} of {trials} trials; the same command continues.")
            return
        chosen = best_trial(found)
        settings = task.defaults.replace(**chosen.changes)
        errors = {"defaults": task.report(task.defaults), "found": task.report(settings)}
    found_by = {"tuned_on": {**about, **table.times(), "trials": trials}, "versions": {**versions(), **optimiser}}
    whole = {"settings": settings.to_dict(), "rmse": errors, **found_by}
    write_file(out, json_bytes(whole))
    if as_json:
        print_json(whole)
    else:
        Console().print(tuning_table(f"{table.dataset.name}, {task.name}, {trials} trials", errors, chosen.changes))
