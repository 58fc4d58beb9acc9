"""Figures for programs: the one JSON object that `demo`, `consume`, `evaluate` and the benchmarks write."""

from __future__ import annotations

import errno
import json
import math
import os
import platform
import resource
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from evaluation import Figures
from evaluation.metrics import Output
from streamsvd.errors import InputError
from streamsvd.kernels.settings import Settings
from streamsvd.learner import IteratedSVD

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
        raise InputError(f"no ratings were scored, so {', '.join(nan)} cannot be said; give a data set with ratings")
    return found


def settings_object(model: IteratedSVD) -> dict[str, Any]:
    """The learner's settings, its scale, seed and content width."""
    settings: Settings = model.settings
    scale = [model.scale.low, model.scale.high]
    return {**settings.to_dict(), "scale": scale, "seed": model.seed, "content_columns": model.n_content}


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide a figure."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _NAMED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def peak_rss_bytes() -> int:
    """Most memory that this process has held, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, Linux KiB


def check_json(path: Path | None) -> None:
    """Make sure that a file can be written, before the work whose figures it is to hold.

    Raises
    ------
    InputError
    """
    if path is None:
        return
    part = _part(path)
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        part.touch()
        part.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error


def write_json(path: Path, found: dict[str, Any]) -> None:
    """Write one JSON object, whole or not at all.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    part = _part(path)
    try:
        part.write_text(json.dumps(found, indent=2, allow_nan=False) + "\n")
        part.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path} cannot be written: {error.strerror}; name another file")
