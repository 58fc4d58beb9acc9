"""Simulations in process, or through a Kafka and a Redis of their own.

Through Kafka, the real producer writes the history once, and each run is a real consumer with a model of its own. Every
prediction comes back on a topic, number by number, so it is scored exactly as one that was made in process.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import msgspec
import numpy as np
from rich.console import Console

from consumer import ConsumerPlan, Progress, Schedule, open_consumer
from evaluation import Prequential
from evaluation.studies import (
    EventRange,
    Outcome,
    PastRecommendations,
    PredictedPart,
    Predictor,
    Run,
    Stopped,
    event_number,
    event_range,
    in_process,
    load_kernels,
    look_up,
    simulate_all,
)
from producer import Bound
from streamsvd.cli.kernel_cache import warm_up
from streamsvd.cli.producer_process import ProducerProcess
from streamsvd.cli.simulation_tables import simulation_bars
from streamsvd.embedded import provide_kafka, provide_redis
from streamsvd.errors import InputError
from streamsvd.learner import Settings
from streamsvd.log import Predicted, Topics, log_client, read_all
from streamsvd.ratings import Catalogue, Id, RatingTable
from streamsvd.stopping import StopRequest

TOPICS = Topics("simulation")
_SERVICES, _KINDS = ("STREAMSVD_KAFKA", "STREAMSVD_REDIS"), ("docker", "embedded")


def event_range_of(table: RatingTable, start: str | None, until: str | None, warm_up: str | None) -> EventRange:
    """A range of events of a history from its bounds as they are typed; a warm-up by number counts from the beginning.

    Raises
    ------
    SettingsError, InputError
        One cannot be read, or nothing is left to score.
    """
    first, end, scored = (
        None if bound is None else event_number(table, bound.value, bound.by)
        for bound in (None if text is None else Bound.parse(text) for text in (start, until, warm_up))
    )
    if scored is not None and warm_up is not None and Bound.parse(warm_up).by == "count":
        scored += first or 0
    return event_range(table, first, end, scored)


def outcomes(
    data: str,
    table: RatingTable,
    catalogue: Catalogue | None,
    runs: Sequence[Run],
    jobs: int,
    more: Sequence[str],
    stop: StopRequest,
    console: Console,
    *,
    quiet: bool = False,
) -> Iterator[tuple[Run, Outcome]]:
    """Simulate, showing how far it is; ends early when asked to stop.

    Parameters
    ----------
    data : str
        As `streamsvd replay` takes it.
    table : RatingTable
        The whole history.
    catalogue : Catalogue or None
    runs : sequence of Run
        All of one range of events, and all through the same.
    jobs : int
        Processes.
    more : sequence of str
        Further arguments of `streamsvd replay`.
    stop : StopRequest
    console : Console
    quiet : bool
        No bars.
    """
    warm_up(console)
    load_kernels(runs)
    with ExitStack() as stack:
        predict: Predictor = in_process
        check: Callable[[], None] = _nothing
        if runs[0].through == "kafka":
            console.print("Starting Kafka and Redis …")
            predict, check = stack.enter_context(_through_kafka(data, table, catalogue, runs[0].events, more))
        show = stack.enter_context(simulation_bars(console, runs, quiet=quiet))

        def asked() -> bool:
            check()
            return bool(stop)

        found = simulate_all(table, catalogue, runs, jobs=jobs, predict=predict, show=show, stopped=asked)
        with suppress(Stopped):
            yield from found


def past_recommendations(
    table: RatingTable, catalogue: Catalogue | None, run: Run, user: Id, n: int, stop: StopRequest, console: Console
) -> PastRecommendations | None:
    """What a user would have been recommended at the end of a run; None when asked to stop."""
    warm_up(console)
    with simulation_bars(console, [run]) as show, suppress(Stopped):
        return look_up(table, catalogue, run, user, n, tell=lambda done: show([done]), stopped=lambda: bool(stop))
    return None


@dataclass(frozen=True, slots=True)
class ThroughKafka:
    """A `Predictor` of the whole system; can be sent to another process.

    Attributes
    ----------
    kafka, redis : str
        Address and URL; the ratings are on their way onto `TOPICS`.
    """

    kafka: str
    redis: str

    def __call__(
        self,
        table: RatingTable,
        _catalogue: Catalogue | None,  # the consumer has them from Kafka
        run: Run,
        tell: Callable[[int], None],
        stopped: Callable[[], bool],
    ) -> Iterator[PredictedPart]:
        """Consume the range of events, then read what was predicted."""
        model = _model_name(run)
        plan = ConsumerPlan(
            log=log_client(self.kafka),
            redis=self.redis,
            topics=TOPICS,
            model=model,
            settings=Settings.from_dict(run.spec.settings),
            metrics=Prequential(),
            seed=run.spec.seed,
            catalogue=run.spec.catalogue,
            schedule=Schedule(events=20_000, seconds=60.0),
            predictions=f"predictions-{model}",
        )

        def show(progress: Progress) -> None:
            tell(progress.learned)

        with open_consumer(plan, lambda _: None) as (consumer, _):
            end = consumer.run(until={0: len(table)}, stop=stopped, progress=show)
        if stopped():
            raise Stopped
        yield _predicted(self.kafka, plan.predictions, end.learned)


@contextmanager
def _through_kafka(
    data: str, table: RatingTable, catalogue: Catalogue | None, part: EventRange, more: Sequence[str]
) -> Iterator[tuple[Predictor, Callable[[], None]]]:
    """Kafka and Redis with a running producer, and a check that raises when it has failed; all end with the `with`.

    Services that are given by address are not used: a simulation would leave its topics and models there.
    """
    kinds = {name: kind for name in _SERVICES if (kind := os.environ.get(name, "")) in _KINDS}
    arguments = ["--from", str(part.first), "--until", str(part.end), *more]
    with (
        provide_kafka(environ=kinds) as kafka,
        provide_redis(environ=kinds) as redis,
        ProducerProcess(data, kafka, TOPICS, table.dataset, catalogue, more=arguments) as producer,
    ):
        yield ThroughKafka(kafka, redis), producer.check


def _nothing() -> None:
    """Without a producer nothing is checked."""


def _model_name(run: Run) -> str:
    return hashlib.sha256(repr(run).encode()).hexdigest()[:16]


def _predicted(kafka: str, topic: str, n: int) -> PredictedPart:
    """What was predicted for each of n ratings; a prediction that was sent twice is the same both times."""
    columns = np.full((3, n), np.nan)
    decoder = msgspec.json.Decoder(Predicted)
    for record in read_all(log_client(kafka), topic):
        found = decoder.decode(record.value or b"")
        columns[:, found.number - 1] = found.rating, found.event, found.page
    if np.isnan(columns).any():
        raise InputError(f"topic {topic} lacks predictions of {int(np.isnan(columns[0]).sum())} of {n} ratings")
    return PredictedPart(*columns)
