"""The data of a demonstration: what was asked for, or the synthetic stream where the network does not give it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from streamsvd.errors import DatasetError
from streamsvd.ratings import Catalogue, RatingTable
from streamsvd.ratings.datasets import SYNTHETIC, load

DEFAULT = "ml-latest-small"


def demo_data(
    asked: str | None, environ: Mapping[str, str], say: Callable[[str], None]
) -> tuple[str, RatingTable, Catalogue | None]:
    """Name or path, ratings and catalogue.

    Parameters
    ----------
    asked : str or None
        A name or path; None for the default, which may be replaced by the synthetic stream.
    environ : mapping
    say : callable
        Told, in one line, when the synthetic stream takes the place of the default.

    Raises
    ------
    DatasetError
        What was asked for cannot be had.
    """
    name = asked or DEFAULT
    try:
        return name, *load(name, environ=environ)
    except DatasetError as error:
        if asked is not None:
            raise
        say(f"{DEFAULT} cannot be had ({error}), so this is the synthetic stream.")
        return SYNTHETIC, *load(SYNTHETIC, environ=environ)
