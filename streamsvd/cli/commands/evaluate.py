"""`streamsvd evaluate`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from evaluation import Monitor, Prequential, Ranking, RankingSampler
from evaluation import evaluate as run
from evaluation.metrics import ORDERS
from evaluation.models import compile_kernels
from evaluation.shadows import Shadows, comparison_rows
from streamsvd.cli.data_options import AS_FOUND, DataOptions, with_data_options
from streamsvd.cli.figure_tables import detail_tables, details_object, drift_line, ranking_object, ranking_table
from streamsvd.cli.kernel_cache import warm_up
from streamsvd.cli.options import (
    CatalogueOption,
    DataArgument,
    DetailOption,
    JsonFlag,
    QuietFlag,
    SeedOption,
    SetOption,
    SettingsFileOption,
    chosen_settings,
)
from streamsvd.cli.progress_bars import learning_bar
from streamsvd.cli.run_results import print_run
from streamsvd.cli.shadows import ShadowOption, parse_shadows, shadow_objects, shadows_table
from streamsvd.learner import IteratedSVD
from streamsvd.ratings import count_repeats


@with_data_options
def evaluate(
    data: DataArgument,
    catalogue: CatalogueOption = True,
    settings: SetOption = None,
    settings_file: SettingsFileOption = None,
    reading: DataOptions = AS_FOUND,
    seed: SeedOption = 0,
    shadow: ShadowOption = None,
    window: Annotated[int, typer.Option(help="Newest ratings that the rolling errors cover.", min=1)] = 5000,
    detail: DetailOption = False,
    ranking: Annotated[
        bool, typer.Option("--ranking", help="Also hit rate, NDCG and MRR of the lists that would have been shown.")
    ] = False,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Evaluate the model on a history: predict, score and learn every rating, in order.

    Runs in this process, without Kafka or Redis, and gives the consumer's figures to the last digit. With --shadow,
    other models learn the same ratings, and each is compared with this one.

    Examples:

        streamsvd evaluate ml-latest-small --detail

        streamsvd evaluate books.csv --columns reader,isbn,stars,day --scale 1:10

        streamsvd evaluate ml-100k --no-catalogue --set rank=16 --json > figures.json

        streamsvd evaluate ml-latest-small --ranking

        streamsvd evaluate ml-100k --shadow means=damped-means --shadow wide=rank=16
    """
    console = Console(stderr=True)
    chosen = chosen_settings(settings_file, settings)
    table, content = reading.load(data, catalogue=catalogue)
    dated = not table.is_file_order
    times = table.timestamps if dated else None
    repeats = count_repeats(table.users, table.items, table.ratings, times)
    model = IteratedSVD(chosen, scale=table.dataset.scale, content=content, seed=seed)
    specs = parse_shadows(shadow, seed)
    beside = Shadows(table.dataset.scale)
    for name, spec in specs.items():
        beside.add(name, spec, content, 0)
    warm_up(console)
    compile_kernels(specs.values())
    metrics = Monitor(Prequential(window=window), content, unit=model.scale.slope)
    sampler = RankingSampler({order: Ranking() for order in ORDERS}, every=10) if ranking else None
    with learning_bar(console, len(table), quiet=quiet) as bar:

        def show(done: int, metrics: Monitor) -> None:
            bar.show(done, metrics.figures(), None if times is None else int(times[done - 1]), len(table))

        run(model, table, metrics, progress=show, shadows=beside, sampler=sampler)
        rate = bar.rate(len(table))
    rows, dataset = comparison_rows(beside, model), table.dataset
    print_run(
        f"{dataset.name}, in process",
        model,
        metrics,
        rate,
        {
            "exact duplicates": f"{repeats.duplicates:,} (same user, item, rating{', time' if dated else ''})",
            "re-ratings": f"{repeats.re_ratings:,} (rated before by the same user)",
            "content": f"{model.n_content} columns" if content is not None else "none",
            "scale": f"{dataset.scale[0]:g} to {dataset.scale[1]:g}",
            "changes of the page error": drift_line(metrics),
            "sha256": dataset.sha256[:16] + "…",
        },
        [
            detail_tables(metrics, dated=dated) if detail else None,
            shadows_table(rows, dated=dated) if rows else None,
            ranking_table(sampler) if sampler else None,
        ],
        as_json=as_json,
        dataset=dataset.name,
        sha256=dataset.sha256,
        **table.times(),
        **asdict(repeats),
        **details_object(metrics, detail=detail, dated=dated),
        **shadow_objects(rows),
        **({"ranking": ranking_object(sampler)} if sampler else {}),
    )
