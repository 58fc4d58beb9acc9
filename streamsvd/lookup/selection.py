"""The best few of all items for one user: candidates by approximate scores, ordered by exact ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels import score_items
from streamsvd.lookup.candidate_screening import ItemColumns
from streamsvd.lookup.item_table import ItemTable, ScreeningColumns
from streamsvd.lookup.ranking import ByRating, ChosenAndLiked, Order, Profile, in_order, ranking_called
from streamsvd.lookup.screening_kernels import candidates

Floats = NDArray[np.float64]

_FEW = 4
"""Candidates per wanted item that are sorted without another selection."""
_LIKELIEST = 100
"""Items that are looked at first when there are no columns."""


class Scoring(Protocol):
    """Predicted ratings, from rows; the learner's, unless a test has its own."""

    def columns(self) -> ScreeningColumns:
        """Columns without an item yet, for `approximate`."""

    def approximate(self, items: ItemTable, user: Any | None) -> tuple[NDArray[np.floating[Any]], float]:
        """Predicted ratings at all places of a table, and a bound on their error."""

    def exact(
        self, settings: dict[str, Any], globals_: dict[str, NDArray[Any]], user: Any | None, factors: NDArray[Any], /
    ) -> Floats:
        """Predicted ratings of some items, not clipped to the scale."""


class ModelScoring:
    """Scoring by the learner's own functions; approximate where the table has columns."""

    def columns(self) -> ScreeningColumns:
        """See `candidate_screening`."""
        return ItemColumns()

    def approximate(self, items: ItemTable, user: Any | None) -> tuple[NDArray[np.floating[Any]], float]:
        """See `candidate_screening`; exact without columns."""
        if items.columns is None:
            return score_items(items.settings, items.globals_, user, items.factors), 0.0
        columns, scale = cast("ItemColumns", items.columns), items.scale
        stars, error = columns.screened(items.size, items.settings, items.globals_, user)
        if scale.internal_limits == (scale.low, scale.high):  # the data's own scale is the internal one
            return stars, error
        return scale.from_internal(stars.astype(np.float64)), error / scale.slope

    def exact(
        self, settings: dict[str, Any], globals_: dict[str, NDArray[Any]], user: Any | None, factors: NDArray[Any], /
    ) -> Floats:
        """See `streamsvd.kernels.scoring.score_items`."""
        return score_items(settings, globals_, user, factors)


MODEL_SCORING = ModelScoring()
"""The scoring of all lookups, unless a test has its own."""


def best_items(
    items: ItemTable,
    profile: Profile,
    allowed: NDArray[np.bool_],
    n: int,
    rank_by: str,
    *,
    bonus: Floats | None = None,
    scoring: Scoring = MODEL_SCORING,
) -> tuple[NDArray[np.intp], Floats]:
    """The best items for a user.

    Parameters
    ----------
    items : ItemTable
        With at least one item.
    profile : Profile
    allowed : bool array, shape (places,)
        Which places may be taken.
    n : int
        How many, 1 or more.
    rank_by : str
        Name of a ranking.
    bonus : float64 array, shape (places,), optional
        Added to predicted ratings before they are ranked; see `exploration`.
    scoring : Scoring

    Returns
    -------
    intp array, shape (at most n,)
        Places, best first; ties by id.
    float64 array
        Their predicted ratings, not clipped to the scale.
    """
    order, n = ranking_called(rank_by).order(items, profile), min(n, items.size)

    def predict(places: NDArray[np.intp]) -> Floats:
        return scoring.exact(items.settings, items.globals_, profile.factors, items.factors_at(places))

    by_choice = isinstance(order, ChosenAndLiked) and bonus is None
    if by_choice and items.columns is None:
        places, predicted = _likeliest(cast("ChosenAndLiked", order), predict, allowed, n)
    elif by_choice and isinstance(items.columns, ItemColumns):
        liked = cast("ChosenAndLiked", order)
        places = items.columns.likely(liked, items.settings, items.globals_, profile.factors, allowed, n)
        predicted = predict(places)
    else:
        approximate, error = scoring.approximate(items, profile.factors)
        places = _screened(approximate, error, allowed, n, order, bonus)
        predicted = np.asarray(approximate[places], np.float64) if items.columns is None else predict(places)
    scores = order(predicted if bonus is None else predicted + bonus[places], places)
    if len(places) > _FEW * n:
        few = candidates(scores, scores, 0.0, np.ones(len(scores), bool), n)
        places, predicted, scores = places[few], predicted[few], scores[few]
    ranks = in_order(scores, [items.ids[place] for place in places.tolist()])[:n]
    return places[ranks], predicted[ranks]


def _screened(
    approximate: NDArray[np.floating[Any]],
    error: float,
    allowed: NDArray[np.bool_],
    n: int,
    order: Order,
    bonus: Floats | None,
) -> NDArray[np.intp]:
    """Places among which the best are, by approximate predicted ratings."""
    if isinstance(order, ByRating) and bonus is None:
        return np.asarray(candidates(approximate, approximate, 2.0 * error, allowed, n))
    optimistic = approximate.astype(np.float64) if bonus is None else approximate + bonus
    lower, upper = (order(optimistic + off, slice(None)) for off in (-error, error))
    return np.asarray(candidates(lower, upper, 0.0, allowed, n))


def _likeliest(
    order: ChosenAndLiked, predict: Callable[[NDArray[np.intp]], Floats], allowed: NDArray[np.bool_], n: int
) -> tuple[NDArray[np.intp], Floats]:
    """Places among which the best are, and their predicted ratings: the likeliest to be chosen, as many as it takes.

    No other item can have a better score than its chance.
    """
    chance, few = order.chances(), max(_LIKELIEST, n)
    total = int(np.count_nonzero(allowed))
    while True:
        places: NDArray[np.intp] = candidates(chance, chance, 0.0, allowed, few)
        predicted = predict(places)
        if len(places) == total:
            return places, predicted
        rest = allowed.copy()
        rest[places] = False
        if np.sort(order(predicted, places))[-n] > chance[rest].max():
            return places, predicted
        few *= 4
