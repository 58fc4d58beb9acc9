"""Filters by what the catalogue says of items: each field that can be filtered is declared and applied here.

The fields are kept as arrays by place (`Facets`), so that a lookup filters all items at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import InputError, SettingsError
from streamsvd.lookup.arguments import listed, whole
from streamsvd.ratings import CatalogueItem, Id

Years = tuple[int | None, int | None]
NO_YEAR = int(np.iinfo(np.int32).min)


class ItemFilters(TypedDict, total=False):
    """Filters as a caller gives them.

    Attributes
    ----------
    genres : iterable of str
        Only items of at least one of these; case does not matter. A single string is refused.
    years : (int or None, int or None) or None
        Only items from the first year to the last, both included; None is open.
    """

    genres: Iterable[str]
    years: Years | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFilters:
    """`ItemFilters` with their defaults, checked and converted.

    Raises
    ------
    SettingsError
        When a value is out of its range.
    """

    genres: Iterable[str] = ()
    years: Years | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "genres", _genres(self.genres))
        object.__setattr__(self, "years", _years(self.years))

    @property
    def filters_catalogue(self) -> bool:
        """Whether any filter is set: then the items' facets are needed."""
        return bool(self.genres or self.years)


@dataclass(frozen=True, slots=True)
class Facets:
    """Years and genres by place.

    Attributes
    ----------
    years : int32 array, shape (places,)
        `NO_YEAR` where it is unknown.
    genres : dict of str to bool array, shape (places,)
        By genre in lower case; every genre of the catalogue is there.
    """

    years: NDArray[np.int32]
    genres: dict[str, NDArray[np.bool_]]

    def extended(self, ids: Sequence[Id | None], catalogue: Mapping[Id, CatalogueItem]) -> Facets:
        """With more places at the end."""
        more = facets_of(ids, catalogue, self.genres)
        return Facets(
            np.concatenate([self.years, more.years]),
            {genre: np.concatenate([which, more.genres[genre]]) for genre, which in self.genres.items()},
        )

    def exclude(self, filters: CheckedFilters, allowed: NDArray[np.bool_]) -> None:
        """Take the places that do not match out of those allowed.

        Raises
        ------
        InputError
            When no item has a requested genre.
        """
        if filters.genres:
            allowed &= np.any([self._genre(genre) for genre in filters.genres], axis=0)
        if filters.years:
            first, last = filters.years
            allowed &= self.years != NO_YEAR
            if first is not None:
                allowed &= self.years >= first
            if last is not None:
                allowed &= self.years <= last

    def _genre(self, name: str) -> NDArray[np.bool_]:
        if name.casefold() not in self.genres:
            known = ", ".join(sorted(self.genres)) or "none: the model has no catalogue"
            raise InputError(f"no item is of genre {name!r}; the genres are: {known}")
        return self.genres[name.casefold()]


def facets_of(
    ids: Sequence[Id | None], catalogue: Mapping[Id, CatalogueItem], genres: Mapping[str, object] | None = None
) -> Facets:
    """Facets of some items.

    Parameters
    ----------
    ids : sequence of id or None, length n
    catalogue : mapping of id to CatalogueItem
    genres : collection of str, optional
        The catalogue's genres in lower case, where they are known already.

    Examples
    --------
    >>> facets = facets_of([1, 2], {1: CatalogueItem(1, "Heat (1995)", ("Crime",), 1995)})
    >>> facets.genres["crime"].tolist(), facets.years[0].item()
    ([True, False], 1995)
    """
    there = [(place, entry) for place, id_ in enumerate(ids) if id_ is not None and (entry := catalogue.get(id_))]
    names = genres or dict.fromkeys(genre.casefold() for entry in catalogue.values() for genre in entry.genres)
    years = np.full(len(ids), NO_YEAR, np.int32)
    which = {name: np.zeros(len(ids), bool) for name in names}
    for place, entry in there:
        if entry.year is not None:
            years[place] = entry.year
        for genre in entry.genres:
            which[genre.casefold()][place] = True
    return Facets(years, which)


def _genres(genres: Any) -> tuple[str, ...]:
    found = tuple(listed("genres", genres))
    for genre in found:
        if not isinstance(genre, str):
            raise SettingsError(f"genres hold {genre!r}; each is a string")
    return found


def _years(years: Any) -> Years | None:
    if years is None:
        return None
    try:
        first, last = (None if year is None else whole("a year", year) for year in years)
    except (TypeError, ValueError):
        raise SettingsError(f"years are {years!r}; give the first and the last, or None for either") from None
    if first is not None and last is not None and first > last:
        raise SettingsError(f"years are {first} to {last}: give the earlier one first")
    return first, last
