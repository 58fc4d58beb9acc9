"""What `streamsvd consume` shows to Prometheus: work done, lag, checkpoints, dead letters, errors, drift.

Counters of ratings, dead letters and drift continue over restarts: they are in the checkpoint. Base units; no ids in
labels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from consumer import Progress
from evaluation import Figures
from evaluation.metrics import Output
from streamsvd.errors import SettingsError
from streamsvd.service import ModelGauges, ModelPoint


class ConsumerMetrics(Collector):
    """The newest progress of one consumer, as metrics.

    Parameters
    ----------
    model : str
        The label `model`.

    Attributes
    ----------
    progress : Progress or None
        What is shown; to be set after every poll. None shows the names alone.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self.progress: Progress | None = None

    def point(self) -> ModelPoint | None:
        """The snapshot that this consumer wrote last, for `ModelGauges`; None before its first one."""
        found = self.progress
        if found is None or found.checkpoints.written_at is None:
            return None
        rmse = found.figures.rmse_last_window
        return ModelPoint(
            found.version, found.checkpoints.written_at, found.event_time, None if math.isnan(rmse) else rmse
        )

    def describe(self) -> Iterator[Metric]:
        """The names."""
        return self._families(None)

    def collect(self) -> Iterator[Metric]:
        """The metrics now; what is not known is left out."""
        return self._families(self.progress)

    def _families(self, found: Progress | None) -> Iterator[Metric]:
        yield from self._counters(found)
        yield from self._gauges(found)
        yield from self._checkpoints(found)

    def _counters(self, found: Progress | None) -> Iterator[Metric]:
        ratings = CounterMetricFamily(
            "streamsvd_consumer_ratings", "Ratings learned since the model's beginning", labels=["model"]
        )
        repeated = CounterMetricFamily(
            "streamsvd_consumer_repeated", "Repeated deliveries left out since the consumer's start", labels=["model"]
        )
        letters = CounterMetricFamily(
            "streamsvd_consumer_dead_letters",
            "Records that were no valid ratings, since the model's beginning, by reason",
            labels=["model", "reason"],
        )
        drift = CounterMetricFamily(
            "streamsvd_consumer_drift",
            "Changes of the page error found since the model's beginning, by detector",
            labels=["model", "detector"],
        )
        if found is not None:
            ratings.add_metric([self._model], found.figures.events)
            repeated.add_metric([self._model], found.repeated)
            for reason, n in found.dead_letters.items():
                letters.add_metric([self._model, reason], n)
            for detector, n in found.drift.items():
                drift.add_metric([self._model, detector], n)
        yield from (ratings, repeated, letters, drift)

    def _gauges(self, found: Progress | None) -> Iterator[Metric]:
        records, seconds = (found.lag.records, found.lag.seconds) if found else (None, None)
        users, items = (found.users, found.items) if found else (None, None)
        values = {
            "lag_records": ("Records between the consumer and the end of the log", records),
            "lag_event_time_seconds": ("Newest event time in the log less the newest one learned", seconds),
            "users": ("Users that the model knows", users),
            "items": ("Items that the model knows", items),
        }
        for name, (text, number) in values.items():
            gauge = GaugeMetricFamily(f"streamsvd_consumer_{name}", text, labels=["model"])
            if number is not None:
                gauge.add_metric([self._model], number)
            yield gauge
        yield from self._errors(found)

    def _errors(self, found: Progress | None) -> Iterator[Metric]:
        """A gauge for each measure."""
        for measure, figures in Figures.by_measure(Output.PROMETHEUS).items():
            text = f"{measure.help}, by protocol, over all ratings or the newest ones"
            gauge = GaugeMetricFamily(f"streamsvd_consumer_{measure.name}", text, labels=["model", "protocol", "over"])
            for figure in figures:
                value = None if found is None else figure.value(found.figures)
                if value is not None:
                    gauge.add_metric([self._model, figure.protocol, figure.over], value)
            yield gauge

    def _checkpoints(self, found: Progress | None) -> Iterator[Metric]:
        duration = SummaryMetricFamily(
            "streamsvd_consumer_checkpoint_duration_seconds", "Time that checkpoints took", labels=["model"]
        )
        size = SummaryMetricFamily(
            "streamsvd_consumer_checkpoint_size_bytes", "What checkpoints sent to Redis", labels=["model"]
        )
        if found is not None:
            checkpoints = found.checkpoints
            duration.add_metric([self._model], count_value=checkpoints.count, sum_value=checkpoints.total_seconds)
            size.add_metric([self._model], count_value=checkpoints.count, sum_value=checkpoints.total_bytes)
        yield from (duration, size)


@contextmanager
def served_metrics(
    metrics: ConsumerMetrics, model: str, host: str, port: int, clock: Callable[[], float]
) -> Iterator[int]:
    """Serve `/metrics` for the length of the block.

    Parameters
    ----------
    metrics : ConsumerMetrics
    model : str
    host, port : str and int
        Where to listen; the system picks a port in place of 0.
    clock : callable
        Seconds since 1970, for the snapshot's age.

    Yields
    ------
    int
        The port.

    Raises
    ------
    SettingsError
        The port cannot be had.
    """
    registry = CollectorRegistry()
    registry.register(metrics)
    registry.register(ModelGauges(model, metrics.point, clock))
    server: WSGIServer
    thread: Thread
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise SettingsError(
            f"--metrics-port {port}: {host} does not let us listen there ({error.strerror}); choose another port"
        ) from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
