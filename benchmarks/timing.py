"""Time and CPU time of a part of a benchmark."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any


class Timed:
    """Seconds and CPU seconds of the body of a `with`, all threads of this process together."""

    def __enter__(self) -> Timed:
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds, self.cpu_seconds = (
            end - began for end, began in zip((time.perf_counter(), time.process_time()), self._began, strict=True)
        )


def summary(times: Sequence[Timed], count: int) -> dict[str, Any]:
    """Medians of some rounds that handled `count` ratings each: ratings a second, and CPU time a rating."""
    rates = [count / one.seconds for one in times]
    return {
        "ratings_per_second": statistics.median(rates),
        "slowest": min(rates),
        "fastest": max(rates),
        "cpu_microseconds": 1e6 * statistics.median(one.cpu_seconds for one in times) / count,
    }
