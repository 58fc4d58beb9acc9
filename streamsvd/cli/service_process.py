"""The service as a process: stores lent to it, kernels warm, keys known; what `streamsvd serve` runs."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field

from rich.console import Console

from consumer import DEFAULT_SCALE
from model_store import ModelReader, connect
from streamsvd.cli.kernel_cache import warm_up
from streamsvd.cli.services import open_kafka, open_redis
from streamsvd.errors import StreamSVDError
from streamsvd.listening import listen
from streamsvd.log import LogClient, RatingSink, Topics, create_topics, describe_topic, log_client, read_catalogue
from streamsvd.service import (
    ApiKey,
    EventSender,
    Limits,
    RatingLog,
    create_app,
    json_journal,
    redirect_logging,
    serve_until,
)
from streamsvd.stopping import stop_on_signals

_LINGER_SECONDS = 0.002  # the sender of a rating waits for it
_SWITCH_SECONDS = 0.0001  # a thread that computes yields to a request within this; by default it is fifty times that


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlan:
    """What is to be served, and to whom.

    Attributes
    ----------
    host, port
        To listen on.
    model : str
    redis, kafka : str or None
        As given to the command.
    topics : Topics or None
        None: lookups only.
    keys : tuple of ApiKey
    limits : Limits
    """

    host: str
    port: int
    model: str
    redis: str | None
    kafka: str | None
    topics: Topics | None
    keys: tuple[ApiKey, ...]
    limits: Limits = field(default_factory=Limits)


def run_service(plan: ServicePlan, environ: Mapping[str, str]) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises
    ------
    SettingsError
        The address cannot be listened on, or one of Redis or Kafka is none.
    """
    journal = json_journal(sys.stderr.buffer)
    with stop_on_signals() as stop, ExitStack() as stack:
        url = stack.enter_context(open_redis(plan.redis, environ))
        log = None
        if plan.topics is not None:
            log = rating_log(log_client(stack.enter_context(open_kafka(plan.kafka, environ))), plan.topics, plan.limits)
        client = stack.enter_context(closing(connect(url, for_lookups=True)))
        listening = stack.enter_context(listen(plan.host, plan.port))
        reader = ModelReader(client, plan.model)
        redirect_logging(journal)
        sys.setswitchinterval(_SWITCH_SECONDS)
        warm_up(Console(quiet=True))
        with suppress(StreamSVDError):  # a first look, so that the first request finds the items here
            reader.recommend(0, 1)
            reader.predict(0, 0)
        gc.collect()
        gc.freeze()  # what is there now stays; collections need not look at it again
        app = create_app(
            reader, journal, model=plan.model, log=log, keys=plan.keys, limits=plan.limits, clock=time.time
        )
        serve_until(app, listening, stop, journal, grace_seconds=plan.limits.request_seconds)


def rating_log(client: LogClient, topics: Topics, limits: Limits) -> RatingLog:
    """The writing side of a topic, which is made where it is missing; connects when it is first needed."""

    def sink() -> RatingSink:
        create_topics(client, topics)
        return RatingSink(
            client, topics.ratings, delivery_seconds=limits.delivery_seconds, linger_seconds=_LINGER_SECONDS
        )

    def scale() -> tuple[float, float]:
        dataset = read_catalogue(client, topics.catalogue).dataset
        return dataset.scale if dataset else DEFAULT_SCALE

    sender = EventSender(sink, limits.delivery_seconds + 1.0)
    return RatingLog(topics.ratings, sender, scale, lambda: describe_topic(client, topics.ratings))
