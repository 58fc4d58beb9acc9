"""Opens a consumer: connects its parts, runs the guards, and resumes from the checkpoint.

It starts from the model's checkpoint, or at the beginning of the log; the group's committed offset is never read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field

from redis import Redis

from consumer.checkpointer import Checkpointer, Clocks
from consumer.decoding import ClockBound
from consumer.guards import check_learned_from, check_log_reaches, check_same_partitions, check_same_topic
from consumer.lag import LagMonitor
from consumer.loop import Consumer
from consumer.schedule import Schedule
from consumer.shadows import ShadowPlan, initial_shadows, resume_shadows
from consumer.state import DEFAULT_SCALE, ConsumerState, initial, restored
from evaluation import Prequential
from model_store import Checkpoint, ModelWriter, connect, read_shadows, requested_promotion
from streamsvd.errors import SnapshotCorrupt
from streamsvd.figures import ShadowRow
from streamsvd.learner import Settings
from streamsvd.log import (
    DeadLetters,
    LogClient,
    PredictionSink,
    RatingSource,
    Topics,
    check_partitions,
    check_ratings_topic,
    describe_topic,
    read_catalogue,
    topic_exists,
)
from streamsvd.ratings import MAX_AHEAD, Catalogue

_WAIT_SECONDS = 0.5  # between two checks of whether the topic holds something


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerPlan:
    """Configuration of a consumer.

    Attributes
    ----------
    log : LogClient
    redis : str
        URL.
    topics : Topics
    model : str
        Name of the model in Redis.
    settings, metrics, seed
        For a fresh start; a stored model keeps its own.
    catalogue : bool
        Use the items' content, in a fresh start.
    rebuild : bool
        Ignore the checkpoint and learn from the beginning of the log.
    keep : int
        Versions kept in Redis besides the newest.
    schedule : Schedule
    shadows : ShadowPlan
    predictions : str
        Topic for all predictions; empty for none.
    max_ahead : int
        Seconds that a rating's timestamp may be ahead of the clock; beyond, it is a dead letter.
    """

    log: LogClient
    redis: str
    topics: Topics
    model: str
    settings: Settings
    metrics: Prequential
    seed: int = 0
    catalogue: bool = True
    rebuild: bool = False
    keep: int = 0
    schedule: Schedule
    shadows: ShadowPlan = field(default_factory=ShadowPlan)
    predictions: str = ""
    max_ahead: int = MAX_AHEAD


def topic_is_filled(plan: ConsumerPlan) -> bool:
    """Whether the topic exists and has a data set record or a rating.

    The producer writes the catalogue before the first rating, so either of them shows that the catalogue is complete.

    Raises
    ------
    LogUnavailable, LogError
    """
    if not topic_exists(plan.log, plan.topics.ratings):
        return False
    if read_catalogue(plan.log, plan.topics.catalogue).dataset:
        return True
    with closing(plan.log.reader()) as reader:
        return any(part.end for part in reader.ranges(plan.topics.ratings))


def wait_for_topic(
    plan: ConsumerPlan, stop: Callable[[], bool], pause: Callable[[float], None], notify: Callable[[str], None]
) -> bool:
    """Wait until the topic is filled; False when a stop is requested before."""
    notified = False
    while not stop():
        if topic_is_filled(plan):
            return True
        if not notified:
            notify(f"Topic {plan.topics.ratings} holds nothing yet; waiting. Fill it: streamsvd replay ml-latest-small")
            notified = True
        pause(_WAIT_SECONDS)
    return False


@contextmanager
def open_consumer(
    plan: ConsumerPlan,
    pause: Callable[[float], None],
    notify: Callable[[str], None] = lambda _: None,
    clock: Callable[[], float] = time.time,
) -> Iterator[tuple[Consumer, RatingSource]]:
    """A consumer that owns the model and is ready to run from its checkpoint; `clock` in seconds since 1970.

    Raises
    ------
    TopicUnsafe
        The topic would lose ratings, or partitions were added to it, or the stored model was learned from another one
        or from records that this one no longer holds.
    SnapshotCorrupt
        The stored model is damaged; `rebuild` replaces it.
    LogUnavailable, StoreUnavailable, LogError, StoreError
    """
    log, group = plan.log, f"streamsvd-{plan.model}"
    check_ratings_topic(log, plan.topics.ratings)
    with (
        closing(connect(plan.redis)) as client,
        closing(log.source(plan.topics.ratings, group=group, gather_seconds=plan.schedule.gather_seconds)) as source,
        DeadLetters(log, plan.topics) as dead_letters,
        PredictionSink(log, plan.predictions) if plan.predictions else nullcontext() as predictions,
        closing(ModelWriter(client, plan.model, keep=plan.keep)) as writer,
    ):
        writer.acquire()
        refusals = dead_letters.refusals()
        start = _start(plan, client, source, dead_letters, writer, notify)
        check_log_reaches(plan.topics.ratings, start.offsets, source.end_offsets())
        start.last_records.check(log, plan.topics.ratings)
        clocks = Clocks(wall=clock, timer=time.monotonic, pause=pause)
        bound = ClockBound(clock=clock, max_ahead=plan.max_ahead, refusals=refusals)
        checkpointer = Checkpointer(
            start,
            writer,
            source,
            dead_letters,
            predictions,
            check_topic=lambda: _check_topic(plan, source),
            topic=plan.topics.ratings,
            schedule=plan.schedule,
            clocks=clocks,
            notify=notify,
        )
        consumer = Consumer(
            source,
            start,
            checkpointer,
            dead_letters,
            predictions,
            schedule=plan.schedule,
            clocks=clocks,
            bound=bound,
            requested=lambda: requested_promotion(client, plan.model),
            lag=LagMonitor(source, clocks.timer, notify, bound.latest).behind,
            notify=notify,
        )
        yield consumer, source


def _start(
    plan: ConsumerPlan,
    client: Redis,
    source: RatingSource,
    dead_letters: DeadLetters,
    writer: ModelWriter,
    notify: Callable[[str], None],
) -> ConsumerState:
    """Where to begin; nothing of the stored checkpoint is held afterwards."""
    with _suggesting_rebuild():
        checkpoint = None if plan.rebuild else writer.open()
        rows = _stored_rows(client, plan)
    if checkpoint is None:
        return _beginning(plan, rows, dead_letters, notify)
    check_learned_from(checkpoint, plan.topics.ratings, source.topic_id)
    learned = [number for topic, number in checkpoint.offsets if topic == plan.topics.ratings]
    check_same_partitions(plan.topics.ratings, learned, source.partitions)
    with _suggesting_rebuild():
        start = _resumed(plan, checkpoint, rows, writer)
    if plan.settings not in (Settings(), start.model.settings):
        notify(
            f"Model {plan.model} keeps the settings that it was created with. For others use another model name "
            "(--model), or relearn the model (--rebuild)."
        )
    return start


def _check_topic(plan: ConsumerPlan, source: RatingSource) -> None:
    """Refuse a topic that was recreated, or to which partitions were added, since the source was opened."""
    now = describe_topic(plan.log, plan.topics.ratings)
    check_same_topic(plan.topics.ratings, source.topic_id, now.id)
    check_same_partitions(plan.topics.ratings, source.partitions, range(now.partitions))


def _beginning(
    plan: ConsumerPlan, rows: Sequence[ShadowRow], dead_letters: DeadLetters, notify: Callable[[str], None]
) -> ConsumerState:
    """The state before the log's first rating; records of the catalogue topic that are refused get a dead letter."""
    logged = read_catalogue(plan.log, plan.topics.catalogue)
    check_partitions(plan.log, plan.topics.ratings, logged, {logged.dataset.source} if logged.dataset else ())
    if logged.refused:
        notify(f"{logged.refusal()}. They are in topic {plan.topics.dead_letters}.")
    for record, error in logged.refused:
        dead_letters.send(record, "catalogue", error)
    if logged.dataset is None:
        notify(
            f"Topic {plan.topics.catalogue} names no data set: ratings are taken to be on the scale "
            f"{DEFAULT_SCALE[0]:g} to {DEFAULT_SCALE[1]:g}."
        )
    if not plan.catalogue:
        logged = logged._replace(catalogue=None)
    start = initial(logged, plan.topics.catalogue, plan.settings, plan.metrics, seed=plan.seed)
    for _, error in logged.refused:
        start.dead_letters[error.reason] += 1
    start.model, start.shadows = initial_shadows(start.model, rows, plan.shadows, logged.catalogue)
    return start


def _resumed(
    plan: ConsumerPlan, checkpoint: Checkpoint, rows: Sequence[ShadowRow], writer: ModelWriter
) -> ConsumerState:
    """The state that the checkpoint was taken from, with the shadows that the plan wants."""
    stored = writer.catalogue()
    content = Catalogue(stored.values()) if stored else None
    start = restored(checkpoint, plan.topics.ratings, content)
    start.shadows = resume_shadows(
        checkpoint,
        rows,
        writer.load_shadow,
        plan.shadows,
        model=start.model,
        content=content,
        events=start.metrics.events,
    )
    return start


@contextmanager
def _suggesting_rebuild() -> Iterator[None]:
    try:
        yield
    except SnapshotCorrupt as error:
        raise SnapshotCorrupt(f"{error}. `streamsvd consume --rebuild` does that") from error


def _stored_rows(client: Redis, plan: ConsumerPlan) -> list[ShadowRow]:
    try:
        return read_shadows(client, plan.model)
    except SnapshotCorrupt:
        if plan.rebuild:
            return []
        raise
