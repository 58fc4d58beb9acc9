"""Prometheus gauges of one model: version, age and error of its newest snapshot.

For every command that has a `/metrics`; each has its own registry. Base units; no ids of users or items in labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True)
class ModelPoint:
    """One snapshot.

    Attributes
    ----------
    version : int
    written_at : float
        In seconds since 1970.
    event_time : int or None
        Newest event learned, in seconds since 1970.
    rmse : float or None
        The rolling error at that version.
    """

    version: int
    written_at: float
    event_time: int | None
    rmse: float | None


class ModelGauges(Collector):
    """Reads the newest point whenever it is scraped.

    Parameters
    ----------
    model : str
        The label `model`.
    point : callable
        The newest snapshot; None when it cannot be read, then `streamsvd_model_up` is 0.
    clock : callable
        Seconds since 1970, for the age.

    Examples
    --------
    >>> from prometheus_client import CollectorRegistry
    >>> registry = CollectorRegistry()
    >>> registry.register(ModelGauges("movies", lambda: ModelPoint(7, 100.0, 90, 0.9), lambda: 102.5))
    >>> registry.get_sample_value("streamsvd_model_snapshot_age_seconds", {"model": "movies"})
    2.5
    """

    def __init__(self, model: str, point: Callable[[], ModelPoint | None], clock: Callable[[], float]) -> None:
        self._model, self._point, self._clock = model, point, clock

    def describe(self) -> Iterator[Metric]:
        """The names, without reading a point."""
        yield from _families()

    def collect(self) -> Iterator[Metric]:
        """The gauges now; unknown values are left out."""
        found, (up, version, age, event_time, rmse) = self._point(), _families()
        labels = [self._model]
        up.add_metric(labels, float(found is not None))
        yield up
        if found is None:
            return
        version.add_metric(labels, found.version)
        age.add_metric(labels, max(0.0, self._clock() - found.written_at))
        yield from (version, age)
        if found.event_time is not None:
            event_time.add_metric(labels, found.event_time)
            yield event_time
        if found.rmse is not None:
            rmse.add_metric(labels, found.rmse)
            yield rmse


def _families() -> list[GaugeMetricFamily]:
    texts = {
        "streamsvd_model_up": "1 when a snapshot of the model can be read, else 0",
        "streamsvd_model_snapshot_version": "Version of the newest snapshot",
        "streamsvd_model_snapshot_age_seconds": "Time since the newest snapshot was written",
        "streamsvd_model_event_time_seconds": "Newest event time learned, in seconds since 1970",
        "streamsvd_model_rolling_rmse": "RMSE over the newest ratings at that snapshot, event protocol, in stars",
    }
    return [GaugeMetricFamily(name, text, labels=["model"]) for name, text in texts.items()]
