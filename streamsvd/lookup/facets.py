"""What the catalogue says of the items, as arrays, so that a lookup filters all of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamsvd.ratings import Film, Id

NO_YEAR = int(np.iinfo(np.int32).min)


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

    def extended(self, ids: Sequence[Id | None], films: Mapping[Id, Film]) -> Facets:
        """With more places at the end."""
        more = facets_of(ids, films, self.genres)
        return Facets(
            np.concatenate([self.years, more.years]),
            {genre: np.concatenate([which, more.genres[genre]]) for genre, which in self.genres.items()},
        )


def facets_of(ids: Sequence[Id | None], films: Mapping[Id, Film], genres: Mapping[str, object] | None = None) -> Facets:
    """Facets of some items.

    Parameters
    ----------
    ids : sequence of id or None, length n
    films : mapping of id to Film
    genres : collection of str, optional
        The catalogue's genres in lower case, where they are known already.

    Examples
    --------
    >>> facets = facets_of([1, 2], {1: Film(1, "Heat (1995)", ("Crime",), 1995)})
    >>> facets.genres["crime"].tolist(), facets.years[0].item()
    ([True, False], 1995)
    """
    there = [(place, film) for place, id_ in enumerate(ids) if id_ is not None and (film := films.get(id_))]
    names = genres or dict.fromkeys(genre.casefold() for film in films.values() for genre in film.genres)
    years = np.full(len(ids), NO_YEAR, np.int32)
    which = {name: np.zeros(len(ids), bool) for name in names}
    for place, film in there:
        if film.year is not None:
            years[place] = film.year
        for genre in film.genres:
            which[genre.casefold()][place] = True
    return Facets(years, which)
