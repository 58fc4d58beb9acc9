"""The consumer as a user has it who sets nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from consumer import Consumer, ConsumerPlan, Schedule, open_consumer
from evaluation import Prequential
from streamsvd.learner import Settings
from streamsvd.log import Topics, log_client


@contextmanager
def default_consumer(
    kafka: str, redis: str, topics: Topics, model: str, *, catalogue: bool = True
) -> Iterator[Consumer]:
    """The consumer with its defaults, at the topic's beginning if the model is new."""
    plan = ConsumerPlan(
        log=log_client(kafka),
        redis=redis,
        topics=topics,
        model=model,
        settings=Settings(),
        metrics=Prequential(),
        catalogue=catalogue,
        schedule=Schedule(),
    )
    with open_consumer(plan, time.sleep) as (consumer, _):
        yield consumer
