"""From a row to recommendations: who asks, what may be shown, what is best of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_store.answers import Recommendation
from model_store.choosing import Choice, allowed
from model_store.exploring import BLOCKS as EXPLORING
from model_store.exploring import benefit
from model_store.ranking import Asker, ranking_called
from model_store.read.row_table import FACTORS, SEEN, TRAINING
from model_store.read.user_row import UserRow
from model_store.read.view import View
from model_store.scoring import Scoring, top
from streamsvd.kernels.algebra import unpack
from streamsvd.kernels.inputs import as_column
from streamsvd.kernels.scale import Scale
from streamsvd.learner import from_rows
from streamsvd.ratings import Id

NOTHING: NDArray[np.intp] = np.zeros(0, np.intp)


def user_blocks(choice: Choice) -> list[str]:
    """Blocks of the user that an answer needs."""
    blocks = [FACTORS, *([SEEN] if choice.exclude_seen else []), *([TRAINING] if choice.explore else [])]
    return list(dict.fromkeys([*blocks, *ranking_called(choice.rank_by).user_blocks]))


def item_blocks(choice: Choice) -> tuple[str, ...]:
    """Blocks of items that it needs."""
    return (*(EXPLORING if choice.explore else (FACTORS,)), *ranking_called(choice.rank_by).item_blocks)


def asker_of(view: View, row: UserRow, choice: Choice) -> Asker:
    """A user of the model; somebody unknown when the row is empty."""
    covariance = None
    if choice.explore:
        packed = row[TRAINING][0]["cov"] if row else view.globals_["prior_cov"]
        covariance = unpack(packed, view.width)
    return Asker(row[FACTORS][0] if row else None, row, NOTHING, covariance)


def asker_without_account(view: View, ratings: Mapping[Id, float], choice: Choice) -> Asker:
    """Somebody who has given these ratings; items that the model does not know are left out.

    Raises
    ------
    InputError
        A rating is no number, or not on the scale.
    """
    settings, globals_ = view.head.settings, view.globals_
    Scale(*settings["scale"]).check(as_column("ratings", list(ratings.values()), np.float64))
    known = [item for item in ratings if item in view.items.numbers]
    places = view.places(known)
    rated = view.factors[places]
    factors = covariance = None
    if known:
        given = np.array([ratings[item] for item in known], np.float64)
        factors = from_rows.folded_in(settings, globals_, rated, given)[0]
    if choice.explore and len(view.items):
        covariance = np.asarray(np.linalg.inv(from_rows.precision(settings, globals_, rated)))
    return Asker(factors, {}, places, covariance)


def recommended(
    view: View, scoring: Scoring, asker: Asker, seen: NDArray[np.integer[Any]], choice: Choice
) -> tuple[Recommendation, ...]:
    """What to show, best first.

    Parameters
    ----------
    view : View
    scoring : Scoring
    asker : Asker
    seen : integer array
        Places to leave out.
    choice : Choice
    """
    if not len(view.items):  # before the first item there is nothing to score, and no layout either
        return ()
    doubt = None
    if choice.explore and asker.covariance is not None:
        doubt = benefit(view, asker.factors, asker.covariance, choice.explore, choice.seed)
    places, scores = top(view, scoring, asker, allowed(view, choice, seen), choice, doubt)
    shown = np.clip(scores, *view.head.settings["scale"])
    return tuple(
        Recommendation(*view.about(place), score) for place, score in zip(places.tolist(), shown.tolist(), strict=True)
    )
