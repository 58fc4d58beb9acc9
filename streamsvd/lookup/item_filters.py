"""Which items may be recommended: not rated yet, of these genres and years, rated often enough."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import InputError
from streamsvd.lookup.facets import NO_YEAR, Facets
from streamsvd.lookup.item_table import ItemTable
from streamsvd.lookup.options import CheckedOptions


def allowed(items: ItemTable, options: CheckedOptions, seen: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Which places may be recommended, shape (places,).

    Raises
    ------
    InputError
        When no item has a requested genre.
    """
    may = items.present.copy()
    may[seen] = False
    if options.exclude:
        may[items.places(options.exclude)] = False
    if options.min_ratings > 0:
        may &= items.counts >= options.min_ratings
    if options.genres or options.years:
        facets = items.facets
        if options.genres:
            may &= np.any([_genre(facets, genre) for genre in options.genres], axis=0)
        if options.years:
            first, last = options.years
            may &= facets.years != NO_YEAR
            if first is not None:
                may &= facets.years >= first
            if last is not None:
                may &= facets.years <= last
    return may


def _genre(facets: Facets, name: str) -> NDArray[np.bool_]:
    if name.casefold() not in facets.genres:
        known = ", ".join(sorted(facets.genres)) or "none: the model has no catalogue"
        raise InputError(f"no item is of genre {name!r}; the genres are: {known}")
    return facets.genres[name.casefold()]
