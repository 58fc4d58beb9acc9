"""The items of the synthetic world: popularity, quality, genres, years, titles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

GENRES = (
    "Action",
    "Adventure",
    "Animation",
    "Children",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)
RANK = 8

_ITEMS, _TITLES = 0, 3  # streams of random numbers
_FIRST = (
    "Silent",
    "Last",
    "Crimson",
    "Borrowed",
    "Northern",
    "Paper",
    "Second",
    "Hollow",
    "Golden",
    "Wandering",
    "Broken",
    "Quiet",
    "Electric",
    "Distant",
    "Salted",
    "Midnight",
    "Careless",
    "Winter",
    "Glass",
    "Lucky",
)
_SECOND = (
    "Harbour",
    "Letters",
    "Orchard",
    "Kingdom",
    "Detective",
    "Summer",
    "Engine",
    "Garden",
    "Witness",
    "River",
    "Company",
    "Carousel",
    "Frontier",
    "Promise",
    "Station",
    "Daughter",
    "Lantern",
    "Heist",
    "Atlas",
    "Echo",
)


@dataclass(frozen=True, slots=True)
class Items:
    """Properties of all items, in order of release; n is their number.

    Attributes
    ----------
    reach : float64 array, shape (n,)
        Running sum of popularity.
    bias, swing, phase : float64 array, shape (n,)
        Quality, and the size and phase of its slow change.
    factors : float64 array, shape (n, RANK)
    genres : float64 array, shape (n, n_genres)
        1 over the square root of the item's number of genres, or 0.
    years : int64 array, shape (n,)
    """

    reach: NDArray[np.float64]
    bias: NDArray[np.float64]
    swing: NDArray[np.float64]
    phase: NDArray[np.float64]
    factors: NDArray[np.float64]
    genres: NDArray[np.float64]
    years: NDArray[np.int64]

    def genres_of(self, item: int) -> tuple[str, ...]:
        """Names of one item's genres."""
        return tuple(GENRES[k] for k in np.flatnonzero(self.genres[item]))


def make_items(n: int, seed: int) -> Items:
    """Make `n` items; the same for the same seed and number."""
    rng = np.random.default_rng([seed, _ITEMS])
    place = rng.permutation(n)
    popularity = (place + 1 + n / 100) ** -1.1
    belongs = rng.random((n, len(GENRES))) < rng.dirichlet(np.full(len(GENRES), 2.0)) * 2.0
    belongs[np.arange(n), rng.integers(0, len(GENRES), n)] = True
    age = rng.exponential(8.0, n)
    return Items(
        reach=np.cumsum(popularity),
        bias=rng.normal(0.0, 0.42, n) - 0.1 * np.log((place + 1) / n + 0.01) - 0.1,
        swing=rng.normal(0.0, 0.12, n),
        phase=rng.uniform(0.0, 2 * np.pi, n),
        factors=rng.normal(0.0, 0.42 / np.sqrt(RANK), (n, RANK)),
        genres=belongs / np.sqrt(belongs.sum(axis=1, keepdims=True)),
        years=np.clip(1995 + 20 * np.arange(n) / n - age, 1920, 2020).astype(np.int64),
    )


def titles(n: int, seed: int) -> list[str]:
    """Different titles for `n` items; numbered from II on when the words run out."""
    rng = np.random.default_rng([seed, _TITLES])
    pairs = [f"{first} {second}" for first in _FIRST for second in _SECOND]
    order = rng.permutation(len(pairs))
    names = []
    for k in range(n):
        part, pair = divmod(k, len(pairs))
        names.append(f"The {pairs[order[pair]]}" + (f", Part {part + 1}" if part else ""))
    return names
