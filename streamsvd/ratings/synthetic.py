"""A made-up stream that looks like MovieLens, of any size, without holding it in memory.

Users arrive in cohorts. A cohort's ratings depend on nothing but the seed and the cohort's number: how many each user
gives (a long tail), when (sessions, and in them pages of one second), which items (by popularity among those released
by then, none twice) and how many stars (biases, low-rank taste, genres, slow drift, noise). Ratings that fall after
the next cohort's arrival wait in a buffer; a user stays for a few cohorts at most, so the buffer stays small.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import SettingsError
from streamsvd.ratings._synthetic_items import Items, make_items, titles
from streamsvd.ratings.catalogue import Catalogue, CatalogueItem
from streamsvd.ratings.dataset import Dataset
from streamsvd.ratings.table import RatingTable

COHORT = 256  # users that are made at once; part of what a seed means
STAY = 16  # cohorts after which a user has left
START = 820_454_400  # 1996-01-01
YEAR = 365 * 86_400
PAGE = 0.5  # share of ratings that open a new page
SESSION = 0.02  # share of ratings that open a new session
NOISE = 0.72

_USERS, _COHORTS = 1, 2  # streams of random numbers; the items' is 0

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Synthetic:
    """A synthetic data set; equal parameters give equal ratings.

    Parameters
    ----------
    ratings, users, items : int
        How many of each. Users are numbered from 1 as they arrive, items from 1 as they are released.
    seed : int
        Another seed is another world of the same kind.
    change : int, optional
        Number of ratings after which all tastes turn round: what would have been 5 stars is half a star. A sudden
        change, to see how a learner takes it and whether it is noticed.

    Raises
    ------
    SettingsError
        When the ratings do not fit: at least one a user, at most about a quarter of the items released
        when that user arrives.

    Examples
    --------
    >>> world = Synthetic(ratings=1_000, users=50, items=500)
    >>> sum(len(block) for block in world.blocks(300)), len(world.catalogue())
    (1000, 500)
    """

    ratings: int = 100_000
    users: int = 1_000
    items: int = 2_000
    seed: int = 0
    change: int | None = None

    def __post_init__(self) -> None:
        if min(self.ratings, self.users, self.items) < 1 or self.seed < 0 or (self.change or 0) < 0:
            raise SettingsError(f"{self}: ratings, users and items start at 1, the seed and the change at 0")
        if self.ratings < self.users:
            raise SettingsError(f"{self}: every user rates at least once; ask for fewer users or more ratings")
        room = int(_room(self).sum())
        if self.ratings > room:
            raise SettingsError(f"{self}: there is room for {room} ratings; ask for more users or more items")

    @property
    def dataset(self) -> Dataset:
        """Identity: the checksum is that of the parameters, since there is no file."""
        text = f"synthetic 1 {self.ratings} {self.users} {self.items} {self.seed}"
        text += "" if self.change is None else f" {self.change}"
        return Dataset("synthetic", hashlib.sha256(text.encode()).hexdigest(), (0.5, 5.0))

    def blocks(self, size: int = 65_536) -> Iterator[RatingTable]:
        """The stream in tables of `size` ratings (the last one may be shorter); the ratings do not depend on it."""
        if size < 1:
            raise SettingsError(f"a block must have 1 or more ratings, found {size}")
        first = 0
        waiting = np.empty((4, 0))
        for part in _stream(self):
            waiting = part if not waiting.shape[1] else np.concatenate([waiting, part], axis=1)
            whole = waiting.shape[1] - waiting.shape[1] % size
            for start in range(0, whole, size):
                yield _table(self, waiting[:, start : start + size], first)
                first += size
            waiting = waiting[:, whole:]
        if waiting.shape[1]:
            yield _table(self, waiting, first)

    def table(self) -> RatingTable:
        """The whole stream as one table."""
        return _table(self, np.concatenate(list(_stream(self)), axis=1), 0)

    def catalogue(self) -> Catalogue:
        """Made-up titles, with genres and years that the ratings lean on."""
        items = make_items(self.items, self.seed)
        names = titles(self.items, self.seed)
        return Catalogue(
            CatalogueItem(k + 1, f"{name} ({year})", items.genres_of(k), int(year))
            for k, (name, year) in enumerate(zip(names, items.years, strict=True))
        )


def _table(world: Synthetic, columns: Floats, first: int) -> RatingTable:
    users, items, ratings, timestamps = columns
    if world.change is not None:
        turned = first + np.arange(len(ratings)) >= world.change
        low, high = world.dataset.scale
        ratings = np.where(turned, low + high - ratings, ratings)
    return RatingTable(
        users.astype(np.int64),
        items.astype(np.int64),
        ratings.astype(np.float32),
        timestamps.astype(np.int64),
        world.dataset,
        first,
    )


def _span(world: Synthetic) -> float:
    """Seconds over which users arrive: one every two hours, for 25 years at most."""
    return min(world.users * 7_200.0, 25.0 * YEAR)


def _released(world: Synthetic, user: Integers) -> Integers:
    """Items released when these users arrive: a third from the start, the rest evenly."""
    return np.ceil(world.items * (1 + 2 * user / world.users) / 3).astype(np.int64)


def _room(world: Synthetic) -> Integers:
    """Most ratings that each user can give: about a quarter of the items that its cohort can choose from."""
    cohort_start = np.arange(world.users) // COHORT * COHORT
    return -(-_released(world, cohort_start) // 4)


def _activity(world: Synthetic) -> Integers:
    """Ratings of each user: log-normal, at least one, within the room there is, and as many as asked for in all."""
    rng = np.random.default_rng([world.seed, _USERS])
    weights = rng.lognormal(0.0, 1.1, world.users)
    room = _room(world)
    counts = np.ones(world.users, dtype=np.int64)
    while missing := world.ratings - int(counts.sum()):
        free = np.flatnonzero(counts < room)
        share = weights[free] * (missing / weights[free].sum())
        steps = np.diff(np.rint(np.cumsum(share)), prepend=0.0).astype(np.int64)
        counts[free] = np.minimum(counts[free] + steps, room[free])
    return counts


def _stream(world: Synthetic) -> Iterator[Floats]:
    """Arrays of shape (4, n): users, items, ratings, timestamps, in the order of the stream."""
    items = make_items(world.items, world.seed)
    counts = _activity(world)
    n_cohorts = -(-world.users // COHORT)
    rng = np.random.default_rng([world.seed, _USERS, 1])
    lengths = rng.lognormal(0.0, 0.5, n_cohorts)
    span = _span(world)
    edges = START + span * np.concatenate([[0.0], np.cumsum(lengths / lengths.sum())])
    stay = min(span / 20, STAY * span / n_cohorts) if n_cohorts > 1 else span
    pending = np.empty((4, 0))
    for cohort in range(n_cohorts):
        first = cohort * COHORT
        made = _cohort(world, items, cohort, counts[first : first + COHORT], edges[cohort : cohort + 2], stay)
        merged = np.concatenate([pending, made], axis=1)
        merged = merged[:, np.lexsort((merged[1], merged[0], merged[3]))]  # as stream_order
        due = np.searchsorted(merged[3], np.floor(edges[cohort + 1]))
        yield merged[:, :due]
        pending = merged[:, due:].copy()
    yield pending


def _cohort(world: Synthetic, items: Items, cohort: int, counts: Integers, edges: Floats, stay: float) -> Floats:
    """All ratings of one cohort, user by user."""
    rng = np.random.default_rng([world.seed, _COHORTS, cohort])
    first = cohort * COHORT
    released = int(_released(world, np.array([first]))[0])
    arrival = np.sort(rng.uniform(edges[0], edges[1], len(counts)))
    user = np.repeat(np.arange(len(counts)), counts)
    times = _times(rng, counts, user, arrival, stay)
    chosen = _choose(rng, counts, items.reach[:released])
    stars = _stars(rng, items, user, chosen, len(counts), times, arrival)
    return np.stack([user + first + 1.0, chosen + 1.0, stars, times])


def _times(rng: np.random.Generator, counts: Integers, user: Integers, arrival: Floats, stay: float) -> Floats:
    """Whole seconds, user by user: pages of one second, some seconds apart; sessions, some days apart."""
    n = len(user)
    opens = rng.random(n)
    gap = np.where(opens < PAGE, 2.0 + rng.exponential(25.0, n), 0.0)
    gap += np.where(opens < SESSION, rng.exponential(stay / 4, n), 0.0)
    start = np.cumsum(counts) - counts
    gap[start] = 0.0
    passed = np.cumsum(gap)
    passed -= passed[start][user]
    # No user stays longer than `stay`: late sessions are drawn together, in order, and pages remain pages.
    return np.floor(arrival[user] + stay * -np.expm1(-passed / stay))


def _choose(rng: np.random.Generator, counts: Integers, reach: Floats) -> Integers:
    """Items of each user, one user after another: by popularity, without replacement.

    Draws with replacement, drops what the user has already, and repeats for those who still lack some.
    """
    n_items, have = len(reach), np.empty(0, dtype=np.int64)
    done: list[Integers] = []
    left, effort = counts.copy(), 1.25
    while left.any():
        draws = np.where(left > 0, (left * effort).astype(np.int64) + 2, 0)
        who = np.repeat(np.arange(len(counts)), draws)
        what = np.searchsorted(reach, rng.random(len(who)) * reach[-1], side="right")
        keys = np.concatenate([have, who * n_items + what])
        keys = keys[np.sort(np.unique(keys, return_index=True)[1])]  # the first of each, in the order drawn
        keys = keys[np.argsort(keys // n_items, kind="stable")]
        owner = keys // n_items
        found = np.bincount(owner, minlength=len(counts))
        place = np.arange(len(keys)) - (np.cumsum(found) - found)[owner]
        complete = found >= counts
        done.append(keys[complete[owner] & (place < counts[owner])])
        have = keys[~complete[owner]]
        left = np.where((left > 0) & ~complete, counts - found, 0)
        effort = min(2 * effort, 64.0)
    keys = np.concatenate(done)
    return keys[np.argsort(keys // n_items, kind="stable")] % n_items


def _stars(
    rng: np.random.Generator,
    items: Items,
    user: Integers,
    chosen: Integers,
    n_users: int,
    times: Floats,
    arrival: Floats,
) -> Floats:
    """Half stars from 0.5 to 5: biases, taste in factors and genres, drift of item and user, noise."""
    taste = rng.normal(0.0, 1.0, (n_users, items.factors.shape[1]))
    genre_taste = rng.normal(0.0, 0.22, (n_users, items.genres.shape[1]))
    bias = rng.normal(0.0, 0.42, n_users)
    mood = rng.normal(0.0, 0.04, n_users)
    score = 3.55 + bias[user] + items.bias[chosen]
    score += np.einsum("nk,nk->n", taste[user], items.factors[chosen])
    score += np.einsum("nk,nk->n", genre_taste[user], items.genres[chosen])
    years = (times - START) / YEAR
    score += items.swing[chosen] * np.sin(items.phase[chosen] + 0.6 * years)
    score += mood[user] * np.log1p((times - arrival[user]) / 86_400 + 1.0)
    score += rng.normal(0.0, NOISE, len(user))
    return np.clip(np.rint(2 * score) / 2, 0.5, 5.0)
