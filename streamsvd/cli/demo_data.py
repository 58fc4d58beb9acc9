"""The data of a demonstration: what was asked for, or the first of a few sets that can be had."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from streamsvd.errors import DatasetError, DatasetUnavailable
from streamsvd.ratings import SYNTHETIC, Catalogue, Network, ProgressCallback, RatingTable, load, locate

PREFERRED = ("ml-latest-small", "ml-100k")
"""Without one that was asked for, in this order; then the synthetic stream."""
PATIENCE_SECONDS = 4.5
"""What a demonstration waits, in all, for a network that does not answer."""


def demo_data(
    asked: str | None,
    environ: Mapping[str, str],
    notify: Callable[[str], None],
    progress: ProgressCallback | None = None,
) -> tuple[str, RatingTable, Catalogue | None]:
    """Where the data lies, its ratings and its catalogue.

    Parameters
    ----------
    asked : str or None
        A name or path; None for the first of `PREFERRED` that can be had, else the synthetic stream.
    environ : mapping
    notify : callable
        Called with a line that says which set replaces a preferred one, and why.
    progress : callable, optional
        Called with bytes done and bytes in all.

    Returns
    -------
    str
        The path, which another process can open without the network; `synthetic` for that stream.
    RatingTable
    Catalogue or None

    Raises
    ------
    DatasetError
        What was asked for cannot be had.
    """
    network = Network(PATIENCE_SECONDS)

    def read(name: str) -> tuple[str, RatingTable, Catalogue | None]:
        if name == SYNTHETIC:
            return name, *load(name, environ=environ)
        path = locate(name, environ=environ, network=network, progress=progress)
        return str(path), *load(path, environ=environ)

    if asked is not None:
        return read(asked)
    missing: list[str] = []
    for name in PREFERRED:
        try:
            found = read(name)
        except DatasetError as error:
            missing.append(f"{name} cannot be had ({_reason(error)})")
            continue
        if missing:
            notify(f"{missing[0]}, so this is {name}.")
        return found
    notify(f"{'; '.join(missing)}: so this is the synthetic stream. `streamsvd doctor` says more.")
    return read(SYNTHETIC)


def _reason(error: DatasetError) -> str:
    if isinstance(error, DatasetUnavailable):
        return ", ".join(f"{attempt.source} {attempt.reason}" for attempt in error.attempts)
    return "its files cannot be read"
