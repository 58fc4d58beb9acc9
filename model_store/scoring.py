"""The best few of all items for one user: seen at a glance, settled by the learner's own scoring."""

from __future__ import annotations

from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from model_store.choosing import Choice
from model_store.ranking import Asker, ByRating, ChosenAndLiked, Order, in_order, ranking_called
from model_store.read.view import Columns, View
from model_store.screen_kernels import candidates
from model_store.screening import ItemColumns
from streamsvd.kernels.scale import Scale
from streamsvd.kernels.scoring import score_items

Floats = NDArray[np.float64]

_FEW = 4
"""Items put in order without another choice, for each that is wanted."""


class Scoring(Protocol):
    """Predicted ratings, from rows; the learner's, unless a test has its own."""

    def columns(self) -> Columns:
        """Columns without an item yet, for `glance`."""

    def glance(self, view: View, user: Any | None) -> tuple[NDArray[np.floating[Any]], float]:
        """Predicted ratings at all places of a view, and how far off any of them may be."""

    def exact(
        self, settings: dict[str, Any], globals_: dict[str, NDArray[Any]], user: Any | None, factors: NDArray[Any], /
    ) -> Floats:
        """Predicted ratings of some items, not clipped to the scale."""


class LearnersScoring:
    """Scoring as the learner does it."""

    def columns(self) -> Columns:
        """See `screening`."""
        return ItemColumns()

    def glance(self, view: View, user: Any | None) -> tuple[NDArray[np.floating[Any]], float]:
        """See `screening`."""
        settings, scale = view.head.settings, Scale(*view.head.settings["scale"])
        stars, error = cast("ItemColumns", view.columns).screened(view.items.size, settings, view.globals_, user)
        if scale.internal_limits == (scale.low, scale.high):  # stars are what ratings are given in
            return stars, error
        return scale.from_internal(stars.astype(np.float64)), error / scale.slope

    def exact(
        self, settings: dict[str, Any], globals_: dict[str, NDArray[Any]], user: Any | None, factors: NDArray[Any], /
    ) -> Floats:
        """See `streamsvd.kernels.scoring.score_items`."""
        return score_items(settings, globals_, user, factors)


def top(
    view: View, scoring: Scoring, asker: Asker, allowed: NDArray[np.bool_], choice: Choice, benefit: Floats | None
) -> tuple[NDArray[np.intp], Floats]:
    """The best items for somebody.

    Parameters
    ----------
    view : View
        With at least one item.
    scoring : Scoring
    asker : Asker
    allowed : bool array, shape (places,)
        Which may be taken.
    choice : Choice
        How many, and how they are ranked.
    benefit : float64 array, shape (places,), optional
        What is added to predicted ratings before they are ranked: the benefit of the doubt.

    Returns
    -------
    intp array, shape (at most n,)
        Places, best first; ties by id.
    float64 array
        Their predicted ratings, not clipped to the scale.
    """
    order, n = ranking_called(choice.rank_by).order(view, asker), min(choice.n, view.items.size)

    if isinstance(order, ChosenAndLiked) and isinstance(view.columns, ItemColumns) and benefit is None:
        places = view.columns.likely(order, view.head.settings, view.globals_, asker.factors, allowed, n)
    else:
        places = _at_a_glance(view, scoring, asker, allowed, n, order, benefit)
    predicted = scoring.exact(view.head.settings, view.globals_, asker.factors, view.factors[places])
    numbers = order(predicted if benefit is None else predicted + benefit[places], places)
    if len(places) > _FEW * n:
        few = candidates(numbers, numbers, 0.0, np.ones(len(numbers), bool), n)
        places, predicted, numbers = places[few], predicted[few], numbers[few]
    ranks = in_order(numbers, [view.items.ids[place] for place in places.tolist()])[:n]
    return places[ranks], predicted[ranks]


def _at_a_glance(
    view: View,
    scoring: Scoring,
    asker: Asker,
    allowed: NDArray[np.bool_],
    n: int,
    order: Order,
    benefit: Floats | None,
) -> NDArray[np.intp]:
    """Places among which the best are, from what a glance says of all."""
    glance, error = scoring.glance(view, asker.factors)
    if isinstance(order, ByRating) and benefit is None:
        return np.asarray(candidates(glance, glance, 2.0 * error, allowed, n))
    hoped = glance.astype(np.float64) if benefit is None else glance + benefit
    lower, upper = (order(hoped + off, slice(None)) for off in (-error, error))
    return np.asarray(candidates(lower, upper, 0.0, allowed, n))
