"""Prometheus gauges of one model: version, age and error of its newest snapshot.

For every command that has a `/metrics`; each has its own registry. Base units; no ids of users or items in labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_HELP = {
    "up": "1 when a snapshot of the model can be read, else 0",
    "snapshot_version": "Version of the newest snapshot",
    "snapshot_age_seconds": "Time since the newest snapshot was written",
    "event_time_seconds": "Newest event time learned, in seconds since 1970",
    "rolling_rmse": "RMSE over the newest ratings at that snapshot, event protocol, in stars",
}


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
        yield from (_gauge(name) for name in _HELP)

    def collect(self) -> Iterator[Metric]:
        """The gauges now; unknown values are left out."""
        found = self._point()
        values: dict[str, float | None] = {"up": found is not None}
        if found is not None:
            values["snapshot_version"] = found.version
            values["snapshot_age_seconds"] = max(0.0, self._clock() - found.written_at)
            values["event_time_seconds"] = found.event_time
            values["rolling_rmse"] = found.rmse
        for name, value in values.items():
            if value is not None:
                gauge = _gauge(name)
                gauge.add_metric([self._model], float(value))
                yield gauge


def _gauge(name: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"streamsvd_model_{name}", _HELP[name], labels=["model"])
