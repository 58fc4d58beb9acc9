"""Every metric that the consumer and the service show to Prometheus, as their own registries make it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache

import httpx
import numpy as np
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from consumer import CheckpointStats, Lag, Progress
from evaluation import Prequential
from evaluation.metrics.drift import DETECTORS
from model_store import ModelReader, connect
from streamsvd.cli.consumer_metrics import ConsumerMetrics
from streamsvd.errors import EventError
from streamsvd.service import create_app
from streamsvd.service.journal import json_journal
from streamsvd.service.model_gauges import ModelGauges

ADDED = {"job", "instance"}  # by Prometheus, to everything that it scrapes


@dataclass(slots=True)
class Sample:
    """A series' name, and the labels and values that were seen of it.

    Attributes
    ----------
    family, kind : str
        Of its family: the name in a `# TYPE` line, and counter, gauge, summary or histogram.
    labels : dict of str to set of str
    """

    family: str
    kind: str
    labels: dict[str, set[str]] = field(default_factory=dict)


@cache
def real_metrics() -> dict[str, Sample]:
    """By the samples' names, both sides together."""
    found: dict[str, Sample] = {}
    for family in [*_of_the_consumer(), *_of_the_service()]:
        for sample in family.samples:
            seen = found.setdefault(sample.name, Sample(family.name, family.type))
            for label, value in sample.labels.items():
                seen.labels.setdefault(label, set()).add(value)
    return found


def _of_the_consumer() -> Iterator[Metric]:
    metrics = Prequential()
    metrics.update(np.array([3.0, 4.0]), np.array([3.5, 4.5]), np.array([4.0, 5.0]))
    shown = ConsumerMetrics("films")
    shown.progress = Progress(
        learned=2,
        positions={0: 2},
        figures=metrics.figures(),
        event_time=900,
        rejected=1,
        repeated=1,
        version=1,
        dead_letters=dict.fromkeys(EventError.REASONS, 1),
        drift=dict.fromkeys(DETECTORS, 1),
        users=1,
        items=2,
        lag=Lag(3, 60),
        checkpoints=CheckpointStats().after(990.0, 0.5, 1000),
    )
    registry = CollectorRegistry()
    registry.register(shown)
    registry.register(ModelGauges("films", shown.point, lambda: 1000.0))
    yield from registry.collect()


def _of_the_service() -> Iterator[Metric]:
    with closing(connect("redis://127.0.0.1:1/0", for_lookups=True)) as nobody:
        app = create_app(ModelReader(nobody, "films"), json_journal(io.BytesIO()), model="films")
        assert asyncio.run(_status(app, "/livez")) == 200
        app.state.context.posted.labels("rating", "confirmed").inc()
        yield from app.state.context.registry.collect()


async def _status(app: FastAPI, path: str) -> int:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return (await client.get(path)).status_code
