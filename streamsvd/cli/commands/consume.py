"""`streamsvd consume`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from consumer import ConsumerPlan, Progress, Schedule, ShadowPlan, open_consumer, topic_is_filled, wait_for_topic
from evaluation import Prequential
from evaluation.models import compile_kernels
from streamsvd.cli.figure_tables import detail_tables, details_object, drift_line
from streamsvd.cli.kernel_cache import warm_up
from streamsvd.cli.options import (
    DetailOption,
    DropShadowOption,
    JsonFlag,
    KafkaOption,
    MaxAheadOption,
    ModelOption,
    QuietFlag,
    RedisOption,
    SeedOption,
    SetOption,
    SettingsFileOption,
    TopicOption,
    chosen_settings,
    parse_span,
)
from streamsvd.cli.progress_bars import learning_bar
from streamsvd.cli.run_results import print_run
from streamsvd.cli.services import open_kafka, open_redis
from streamsvd.cli.shadows import ShadowOption, parse_shadows, shadow_objects, shadows_table
from streamsvd.cli.tables import print_note
from streamsvd.errors import SettingsError
from streamsvd.log import Topics, log_client, require_topic
from streamsvd.stopping import stop_on_signals


def consume(
    kafka: KafkaOption = None,
    redis: RedisOption = None,
    topic: TopicOption = "ratings",
    model: ModelOption = "default",
    until_end: Annotated[
        bool, typer.Option("--until-end", help="Stop where the log ends now, instead of following it.")
    ] = False,
    checkpoint_events: Annotated[
        int | None,
        typer.Option(
            help="At most this many records between checkpoints. Without it about 50,000; no limit while catching up.",
            min=1,
        ),
    ] = None,
    checkpoint_seconds: Annotated[
        float,
        typer.Option(
            help="Seconds between checkpoints; while catching up, nine times as long as the last one took, if longer.",
            min=0.0,
        ),
    ] = 5.0,
    live: Annotated[
        bool,
        typer.Option(
            "--live", help="Write changes after every poll, so that lookups see a rating within milliseconds."
        ),
    ] = False,
    keep: Annotated[int, typer.Option(help="Older versions to keep besides the newest; see `snapshot`.", min=0)] = 0,
    patience: Annotated[float, typer.Option(help="Seconds to retry while Redis does not answer.", min=0.0)] = 60.0,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Discard the stored model and learn from the beginning of the log.")
    ] = False,
    catalogue: Annotated[
        bool, typer.Option(help="Use genres and years where the log has them; for a new model.")
    ] = True,
    settings: SetOption = None,
    settings_file: SettingsFileOption = None,
    seed: SeedOption = 0,
    shadow: ShadowOption = None,
    drop_shadow: DropShadowOption = None,
    window: Annotated[
        int, typer.Option(help="Newest ratings that the rolling errors cover; for a new model.", min=1)
    ] = 5000,
    predictions_topic: Annotated[
        str, typer.Option(metavar="TOPIC", help="Send every prediction to this topic too, at least once.")
    ] = "",
    max_ahead: MaxAheadOption = "1d",
    metrics_port: Annotated[
        int | None, typer.Option(help="Serve /metrics for Prometheus on this port.", min=0, max=65535)
    ] = None,
    metrics_host: Annotated[str, typer.Option(help="Address to serve it on; 0.0.0.0 for all.")] = "127.0.0.1",
    detail: DetailOption = False,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Learn from Kafka as ratings arrive, and keep the model in Redis.

    Each rating is predicted, scored and learned exactly once: the store holds the model, the metrics and the offsets
    of one moment, and a restart continues from there, also after a crash. After Ctrl-C or SIGTERM, what was read is
    learned, a checkpoint is written, and it exits. A second consumer of the same model takes it over, and the first one
    stops.

    Shadow models learn the same ratings, in the same checkpoints, and are compared with it (`streamsvd shadows`). They
    are stored with the model: name them once. One that is added later begins empty, or with --rebuild from the log's
    beginning.

    Without --until-end, a topic that is missing or empty is waited for. With it, an empty topic is at its end: nothing
    is learned, and the exit status is 0. A topic that does not exist is an error, with status 1, as is a Kafka or Redis
    that does not answer.

    Records that are no valid ratings go to the topic's dead letters, with the reason; so do ratings whose timestamp is
    ahead of the clock by more than --max-ahead, since one of them would move the model's event time for good.

    Examples:

        streamsvd consume --until-end

        streamsvd consume --live

        streamsvd consume --metrics-port 9464

        streamsvd consume --shadow wide=rank=16 --shadow means=damped-means --shadow tuned=settings.json

        streamsvd consume --kafka broker:9092 --redis redis://cache:6379/0 --model films
    """
    console = Console(stderr=True)

    def notify(text: str) -> None:
        print_note(text, console)

    chosen, ahead = chosen_settings(settings_file, settings), parse_span(max_ahead)
    shadow_plan = ShadowPlan(shadows=parse_shadows(shadow, seed), dropped=drop_shadow or ())
    with stop_on_signals() as stop, open_kafka(kafka, os.environ) as address, open_redis(redis, os.environ) as url:
        plan = ConsumerPlan(
            log=log_client(address),
            redis=url,
            topics=Topics(topic),
            model=model,
            settings=chosen,
            metrics=Prequential(window=window),
            seed=seed,
            catalogue=catalogue,
            rebuild=rebuild,
            keep=keep,
            schedule=Schedule(events=checkpoint_events, seconds=0.0 if live else checkpoint_seconds, patience=patience),
            predictions=predictions_topic,
            max_ahead=ahead,
            shadows=shadow_plan,
        )
        if until_end:
            require_topic(plan.log, topic)
            if not topic_is_filled(plan):
                notify(f"Topic {topic} holds nothing, so its end is reached: nothing was learned.")
                return
        elif not wait_for_topic(plan, lambda: bool(stop), stop.wait, notify):
            notify("Stopped on request: nothing was learned.")
            return
        warm_up(console)
        compile_kernels(shadow_plan.shadows.values())
        with (
            open_consumer(plan, stop.wait, notify) as (consumer, source),
            metrics_endpoint(metrics_port, metrics_host, model, time.time, notify) as update_metrics,
            learning_bar(console, None, quiet=quiet) as bar,
        ):
            ends = source.end_offsets() if until_end else None

            def show(progress: Progress) -> None:
                update_metrics(progress)
                lag = progress.lag.records or 0
                total = progress.figures.events + lag
                bar.show(progress.learned, progress.figures, progress.event_time, total, lag)

            end = consumer.run(until=ends, stop=lambda: bool(stop), progress=show)
            rate = bar.rate(end.learned)
        if end.figures.events == 0:
            notify("No ratings yet: nothing was learned.")
            return
        if stop:
            notify("Stopped on request: the model is in Redis, and the next `streamsvd consume` continues from there.")
    name, _, checksum = consumer.dataset.partition(" ")
    rows = consumer.comparison_rows()
    print_run(
        f"model {model}, topic {topic}",
        consumer.model,
        consumer.metrics,
        rate,
        {
            "ratings": f"{end.figures.events:,}, of which {end.learned:,} now",
            "changes of the page error": drift_line(consumer.metrics),
            "dead letters": f"{end.rejected:,}",
            "repeated deliveries": f"{end.repeated:,}",
            "snapshot": str(end.version),
        },
        [detail_tables(consumer.metrics) if detail else None, shadows_table(rows) if rows else None],
        as_json=as_json,
        dataset=name,
        sha256=checksum,
        model_name=model,
        version=end.version,
        learned=end.learned,
        dead_letters=end.rejected,
        repeated=end.repeated,
        **details_object(consumer.metrics, detail=detail),
        offsets={str(number): offset for number, offset in sorted(end.positions.items())},
        **shadow_objects(rows),
    )


@contextmanager
def metrics_endpoint(
    port: int | None, host: str, model: str, clock: Callable[[], float], notify: Callable[[str], None]
) -> Iterator[Callable[[Progress], None]]:
    """Serve `/metrics`, and yield a function that takes every progress; without a port, it does nothing.

    Raises
    ------
    SettingsError
        The port cannot be had, or the package prometheus-client is missing.
    """
    if port is None:
        yield lambda _: None
        return
    try:
        from streamsvd.cli.consumer_metrics import ConsumerMetrics, served_metrics
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"--metrics-port needs the package {error.name}: install it with pip install 'streamsvd[serve]'"
        ) from error
    metrics = ConsumerMetrics(model)
    with served_metrics(metrics, model, host, port, clock) as found:
        notify(f"Metrics for Prometheus: http://{host}:{found}/metrics")

        def update(progress: Progress) -> None:
            metrics.progress = progress

        yield update
