"""`streamsvd demo`."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, closing
from typing import Annotated

import typer
from rich.console import Console

from consumer import ConsumerPlan, Progress, Schedule, open_consumer
from evaluation import Prequential
from model_store import ModelReader, connect
from streamsvd.cli.dashboard_process import DashboardProcess, run_dashboard
from streamsvd.cli.demo_setup import prepared
from streamsvd.cli.lookup_tables import answer_table
from streamsvd.cli.lookups import explained_items
from streamsvd.cli.options import CatalogueOption, JsonFlag, SettingsFileOption, chosen_settings
from streamsvd.cli.producer_process import ProducerProcess
from streamsvd.cli.progress_bars import learning_bar
from streamsvd.cli.run_results import print_run
from streamsvd.cli.tables import print_note
from streamsvd.log import Topics, log_client
from streamsvd.stopping import stop_on_signals

_STOPPED = "Stopped on request; everything that was started is stopped too."


def demo(
    data: Annotated[
        str | None, typer.Argument(help="A MovieLens name, folder, zip or ratings file; ml-latest-small by default.")
    ] = None,
    catalogue: CatalogueOption = True,
    settings_file: SettingsFileOption = None,
    as_json: JsonFlag = False,
    rate: Annotated[
        float | None, typer.Option(help="Ratings to send a second, for watching; by default as fast as possible.")
    ] = None,
    dashboard: Annotated[bool, typer.Option(help="Serve the dashboard during the run, on a free port.")] = True,
    keep_open: Annotated[
        bool, typer.Option("--keep-open", help="Keep the dashboard, Kafka and Redis running at the end, until Ctrl-C.")
    ] = False,
    recommendations: Annotated[int, typer.Option("-n", help="Recommendations to show at the end.", min=1)] = 5,
) -> None:
    """Run the whole system once: start real Kafka and Redis, and replay a history of ratings.

    A producer puts all ratings on Kafka in the order in which they were given; a consumer predicts, scores and learns
    each of them and writes snapshots to Redis; at the end, recommendations are looked up there. A dashboard shows all
    of it in the browser. Everything that was started is stopped again, and nothing is left behind.

    Examples:

        streamsvd demo

        streamsvd demo --rate 2000 --keep-open

        streamsvd demo ml-100k --no-dashboard --json > figures.json
    """
    console = Console(stderr=True)

    def notify(text: str) -> None:
        print_note(text, console)

    chosen = chosen_settings(settings_file, None)
    topics = Topics("demo")

    def open_page(kafka: str, redis: str) -> AbstractContextManager[DashboardProcess]:
        return run_dashboard(kafka, redis, topics, "demo", notify, wanted=dashboard or keep_open)

    with stop_on_signals() as stop, prepared(data, os.environ, open_page, lambda: bool(stop), console) as ready:
        if ready is None:
            notify(_STOPPED)
            return
        kafka, redis, table, page = ready.kafka, ready.redis, ready.table, ready.page
        dataset = table.dataset
        plan = ConsumerPlan(
            log=log_client(kafka),
            redis=redis,
            topics=topics,
            model="demo",
            settings=chosen,
            metrics=Prequential(),
            catalogue=catalogue,
            schedule=Schedule(events=10_000, seconds=2.0),
        )
        producer = ProducerProcess(ready.source, kafka, topics, dataset, ready.catalogue, rate)
        with (
            producer,
            open_consumer(plan, stop.wait, notify) as (consumer, _),
            learning_bar(console, len(table)) as bar,
        ):

            def show(progress: Progress) -> None:
                lag = progress.lag.records or 0
                bar.show(progress.learned, progress.figures, progress.event_time, len(table), lag)
                if not stop:  # a terminal's Ctrl-C reaches the producer too
                    producer.check()
                page.notify_url()

            end = consumer.run(until={0: len(table)}, stop=lambda: bool(stop), progress=show)
            speed = bar.rate(end.learned)
        if stop:
            notify(_STOPPED)
            return
        with closing(connect(redis)) as client:
            reader = ModelReader(client, "demo")
            user = table.users[-1].item()
            answer = reader.recommend(user, recommendations)
            reasons = reader.reasons(user, [item.item for item in answer.items])
        print_run(
            f"{dataset.name}, through Kafka and Redis",
            consumer.model,
            consumer.metrics,
            speed,
            {
                "ratings a second": f"{speed:,.0f}, with the producer beside it",
                "snapshots in Redis": str(end.version),
            },
            [answer_table(answer, reasons)],
            as_json=as_json,
            dataset=dataset.name,
            sha256=dataset.sha256,
            snapshots=end.version,
            **table.times(),
            recommendations=explained_items(answer, reasons),
        )
        if keep_open:
            page.wait_for_url()
            notify("All stays up until Ctrl-C.")
            while not stop:
                stop.wait(3600.0)
    notify("Kafka and Redis are stopped.")
