"""Figures for programs: the JSON object of `demo`, `consume`, `evaluate` and the benchmarks."""

from __future__ import annotations

import math
import platform
import resource
import sys
from typing import Any

from evaluation import Figures
from evaluation.metrics import Output
from streamsvd.errors import InputError
from streamsvd.kernels import Settings
from streamsvd.learner import IteratedSVD
from streamsvd.versions import package_versions

_NAMED = ("streamsvd", "numpy", "scipy", "numba", "pandas", "kafka-python", "redis")


def figures_object(
    *,
    dataset: str,
    sha256: str,
    model: IteratedSVD,
    figures: Figures,
    events_per_second: float,
    **more: Any,
) -> dict[str, Any]:
    """What a run found, with everything needed to make it again.

    Parameters
    ----------
    dataset, sha256 : str
        Name of the data set and checksum of the ratings file; empty where the log does not say.
    model, figures
        At the end of the run.
    events_per_second : float
    **more
        Further entries.

    Raises
    ------
    InputError
        A figure is NaN: nothing was measured.
    """
    found = {
        "dataset": dataset,
        "sha256": sha256,
        "events": figures.events,
        "users": model.n_users,
        "items": model.n_items,
        **{figure.name: getattr(figures, figure.name) for figure in figures.for_output(Output.JSON)},
        "window": figures.window,
        "events_per_second": events_per_second,
        "peak_rss_bytes": peak_rss_bytes(),
        "settings": settings_object(model),
        "versions": versions(),
        **more,
    }
    nan = [name for name, value in found.items() if isinstance(value, float) and math.isnan(value)]
    if nan:
        raise InputError(f"no ratings were scored, so {', '.join(nan)} have no value; give a data set with ratings")
    return found


def settings_object(model: IteratedSVD) -> dict[str, Any]:
    """The learner's settings, its scale, seed and content width."""
    settings: Settings = model.settings
    scale = [model.scale.low, model.scale.high]
    return {**settings.to_dict(), "scale": scale, "seed": model.seed, "content_columns": model.n_content}


def versions(*more: str) -> dict[str, str]:
    """Versions of Python, of the packages that decide a figure, and of `more` packages."""
    return {"machine": platform.machine(), **package_versions(*_NAMED, *more)}


def peak_rss_bytes() -> int:
    """Most memory that this process has held, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, Linux KiB
