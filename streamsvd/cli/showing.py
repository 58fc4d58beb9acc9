"""Where a consumer's progress goes besides the terminal: `/metrics`, when a port is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from consumer import Progress
from streamsvd.errors import SettingsError

Tell = Callable[[Progress], None]


@contextmanager
def shown_metrics(
    port: int | None, host: str, model: str, clock: Callable[[], float], say: Callable[[str], None]
) -> Iterator[Tell]:
    """Yield a function that takes every progress; without a port, it does nothing.

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
        say(f"Metrics for Prometheus: http://{host}:{found}/metrics")

        def tell(progress: Progress) -> None:
            metrics.progress = progress

        yield tell
