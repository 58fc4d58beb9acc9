"""A consumer put together from its parts: log, Redis, catalogue, stored model, clocks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass

from redis import Redis

from consumer.checkpointer import Checkpointer, Clocks
from consumer.guards import check_log_reaches, check_same_topic
from consumer.lag import LagWatch
from consumer.loop import Consumer
from consumer.resume import StoredShadows, resume
from consumer.schedule import Schedule
from consumer.shadows import Wanted
from evaluation import Prequential
from model_store import Checkpoint, ModelWriter, ShadowRow, connect, read_shadows
from model_store.shadow_rows import requested_promotion
from streamsvd.errors import SnapshotCorrupt
from streamsvd.learner import Settings
from streamsvd.log import (
    DeadLetters,
    LogClient,
    PredictionSink,
    RatingSource,
    Topics,
    check_ratings_topic,
    describe_topic,
    read_catalogue,
    topic_exists,
)
from streamsvd.ratings import Catalogue

_LOOK_AGAIN_SECONDS = 0.5
NO_SHADOWS = Wanted(shadows={})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerPlan:
    """What is to be consumed, and how.

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
        Use the films' content, in a fresh start.
    rebuild : bool
        Forget what is stored and learn from the beginning of the log.
    keep : int
        Versions that are kept in Redis beside the newest.
    schedule : Schedule
    wanted : Wanted
        Shadows that are to be there, or to go.
    predictions : str
        Topic to which every prediction is sent; empty for none.
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
    wanted: Wanted = NO_SHADOWS
    predictions: str = ""


def wait_for_topic(
    plan: ConsumerPlan, stop: Callable[[], bool], pause: Callable[[float], None], say: Callable[[str], None]
) -> bool:
    """Wait until the ratings topic says what it holds; False when asked to stop before.

    The producer writes the catalogue before the first rating, so a topic that holds a rating, or a catalogue that says
    which data set it is of, is ready.
    """
    said = False
    while not stop():
        if topic_exists(plan.log, plan.topics.ratings):
            if read_catalogue(plan.log, plan.topics.catalogue).dataset:
                return True
            with closing(plan.log.reader()) as reader:
                if any(part.end for part in reader.ranges(plan.topics.ratings)):
                    return True
        if not said:
            say(f"Topic {plan.topics.ratings} holds nothing yet; waiting. Fill it: streamsvd replay ml-latest-small")
            said = True
        pause(_LOOK_AGAIN_SECONDS)
    return False


@contextmanager
def open_consumer(
    plan: ConsumerPlan, pause: Callable[[float], None], say: Callable[[str], None] = lambda _: None
) -> Iterator[tuple[Consumer, RatingSource]]:
    """Take the model over and lend its consumer, ready to run from its checkpoint.

    Raises
    ------
    TopicUnsafe
        The topic would lose ratings, or the stored model belongs to another one.
    SnapshotCorrupt
        What is stored cannot be used; `rebuild` replaces it.
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
        checkpoint = None if plan.rebuild else _loaded(writer)
        films = writer.films() if checkpoint else {}
        logged = read_catalogue(log, plan.topics.catalogue)
        start = resume(
            checkpoint,
            topic=plan.topics.ratings,
            topic_id=source.topic_id,
            catalogue_topic=plan.topics.catalogue,
            logged=logged if plan.catalogue else logged._replace(catalogue=None),
            stored_catalogue=Catalogue(films.values()) if films else None,
            settings=plan.settings,
            metrics=plan.metrics,
            stored_shadows=StoredShadows(rows=_rows(client, plan), load=writer.load_shadow),
            wanted=plan.wanted,
            seed=plan.seed,
        )
        if checkpoint is not None and plan.settings not in (Settings(), start.model.settings):
            say(
                f"Model {plan.model} goes on with the settings that it was made with. For others give it another name "
                "with --model, or learn it anew with --rebuild."
            )
        check_log_reaches(plan.topics.ratings, start.offsets, source.end_offsets())
        clocks = Clocks(wall=time.time, timer=time.monotonic, pause=pause)
        checkpointer = Checkpointer(
            start,
            writer,
            source,
            dead_letters,
            predictions,
            check_topic=lambda: check_same_topic(
                plan.topics.ratings, source.topic_id, describe_topic(log, plan.topics.ratings).id
            ),
            topic=plan.topics.ratings,
            topic_id=source.topic_id,
            schedule=plan.schedule,
            clocks=clocks,
            say=say,
        )
        consumer = Consumer(
            source,
            start,
            checkpointer,
            dead_letters,
            predictions,
            schedule=plan.schedule,
            clocks=clocks,
            requested=lambda: requested_promotion(client, plan.model),
            lag=LagWatch(source, clocks.timer, say).behind,
            say=say,
        )
        yield consumer, source


def _loaded(writer: ModelWriter) -> Checkpoint | None:
    try:
        return writer.load()
    except SnapshotCorrupt as error:
        raise SnapshotCorrupt(f"{error}. `streamsvd consume --rebuild` does that") from error


def _rows(client: Redis, plan: ConsumerPlan) -> list[ShadowRow]:
    try:
        return read_shadows(client, plan.model)
    except SnapshotCorrupt as error:
        if plan.rebuild:
            return []
        raise SnapshotCorrupt(f"{error}. `streamsvd consume --rebuild` does that") from error
