"""From a user's row to recommendations: the profile, what may be recommended, and the best of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels.algebra import unpack
from streamsvd.lookup.answers import Recommendation
from streamsvd.lookup.exploration import exploration_bonus
from streamsvd.lookup.folded_rows import fold_in, precision
from streamsvd.lookup.item_table import FACTORS, SEEN, TRAINING, ItemTable, UserRow
from streamsvd.lookup.options import CheckedOptions
from streamsvd.lookup.ranking import NO_PLACES, Profile, ranking_called
from streamsvd.lookup.selection import MODEL_SCORING, Scoring, best_items
from streamsvd.ratings import Id


def user_blocks(options: CheckedOptions) -> list[str]:
    """Blocks of the user that an answer needs."""
    blocks = [FACTORS, *([SEEN] if options.exclude_seen else []), *([TRAINING] if options.explore else [])]
    return list(dict.fromkeys([*blocks, *ranking_called(options.rank_by).user_blocks]))


def item_blocks(options: CheckedOptions) -> tuple[str, ...]:
    """Blocks of items that it needs."""
    return (FACTORS, *([TRAINING] if options.explore else []), *ranking_called(options.rank_by).item_blocks)


def recommend_to(
    items: ItemTable, row: UserRow, options: CheckedOptions, scoring: Scoring = MODEL_SCORING
) -> tuple[Recommendation, ...]:
    """Recommendations for a user of the model, best first; the best for an average user when the row is empty.

    Parameters
    ----------
    items : ItemTable
    row : mapping of str to array
        The user's blocks, as many as `user_blocks` names.
    options : CheckedOptions
    scoring : Scoring
    """
    covariance = None
    if options.explore and items.numbers:
        covariance = unpack(row[TRAINING][0]["cov"] if row else items.globals_["prior_cov"], items.width)
    profile = Profile(row[FACTORS][0] if row else None, row, covariance=covariance)
    seen = row[SEEN]["item"] if SEEN in row else NO_PLACES
    return _recommended(items, profile, seen[items.here(seen)], options, scoring)


def recommend_for_ratings(
    items: ItemTable, ratings: Mapping[Id, float], options: CheckedOptions, scoring: Scoring = MODEL_SCORING
) -> tuple[tuple[Recommendation, ...], bool]:
    """Recommendations for an anonymous user with these ratings, and whether any of their items is known.

    Raises
    ------
    InputError
        A rating is not a number, or not on the scale.
    """
    row, places = fold_in(items, ratings), items.places(ratings)
    covariance = None
    if options.explore and items.numbers:
        covariance = np.asarray(np.linalg.inv(precision(items, items.factors_at(places))))
    known = len(places) > 0
    profile = Profile(row[0] if known else None, {}, places, covariance)
    return _recommended(items, profile, places, options, scoring), known


def _recommended(
    items: ItemTable, profile: Profile, seen: NDArray[np.intp], options: CheckedOptions, scoring: Scoring
) -> tuple[Recommendation, ...]:
    if not items.numbers:  # before the first item there is nothing to score, and no rows either
        return ()
    bonus = None
    if options.explore and profile.covariance is not None:
        bonus = exploration_bonus(items, profile.factors, profile.covariance, options.explore, options.seed)
    may = allowed(items, options, seen)
    places, ratings = best_items(items, profile, may, options.n, options.rank_by, bonus=bonus, scoring=scoring)
    shown = np.clip(ratings, *items.settings["scale"])
    return tuple(
        Recommendation(**items.about(place), score=score)
        for place, score in zip(places.tolist(), shown.tolist(), strict=True)
    )


def allowed(items: ItemTable, options: CheckedOptions, seen: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Which places may be recommended, shape (places,).

    Raises
    ------
    InputError
        When no item has a requested genre.
    """
    may = items.present.copy()
    if options.exclude_seen:
        may[seen] = False
    if options.exclude:
        may[items.places(options.exclude)] = False
    if options.min_ratings > 0:
        may &= items.counts >= options.min_ratings
    if options.filters_catalogue:
        items.facets.exclude(options, may)
    return may
