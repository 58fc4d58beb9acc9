"""The kernels that predicting, scoring and lookups need, in steps; each compiles some, or loads them from the cache."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evaluation import Monitor
from model_store import compile_row_kernels
from streamsvd.kernels import normals, score_items
from streamsvd.kernels.choices import ITEM_ROW
from streamsvd.kernels.choices import learn as learn_choices
from streamsvd.learner import Choices, IteratedSVD, Predictions
from streamsvd.lookup import best, chances, ranking_scores
from streamsvd.lookup.candidate_screening import ItemColumns
from streamsvd.lookup.ranking import ChosenAndLiked
from streamsvd.ratings import Catalogue, CatalogueItem


def _predict() -> None:
    IteratedSVD().predict_with_deviation([0], [0])
    normals(0, [0], 1)


def _score() -> None:
    films = Catalogue([CatalogueItem(item=0, title="", genres=("Drama",))])
    ones, none = np.ones(1), np.zeros(1, np.int64)
    Monitor(catalogue=films).score([0], [3.0], [0], Predictions(ones, ones, ones, none, none))


def _learn_choices() -> None:
    choices, none = Choices(), np.zeros(1, np.int64)
    choices._make_room(1, 1)
    learn_choices(choices._recent, choices._rows, choices._changed, choices._clock, none, none)


def _rank() -> None:
    recent, rows, ones = np.zeros(1, np.int32), np.zeros(1, ITEM_ROW), np.ones(1)
    ranking_scores(chances(recent, rows, ones), ones, IteratedSVD().scale)


def _look_up() -> None:
    state = IteratedSVD().state()
    user, items = np.zeros(1, state.users.fixed["factors"].dtype)[0], np.zeros(1, state.items.fixed["factors"].dtype)
    score_items(state.settings, state.globals_, user, items)
    columns, free = ItemColumns(), np.ones(1, bool)
    columns.put(np.zeros(1, np.int64), items, 1)
    columns.combine(1, state.settings, state.globals_)
    order = ChosenAndLiked(np.zeros(1, np.int32), np.zeros(1, ITEM_ROW), np.ones(1), IteratedSVD().scale)
    columns.likely(order, state.settings, state.globals_, user, free, 1)
    best(np.ones(1), 1, free, [0])


STEPS: tuple[Callable[[], object], ...] = (_predict, _score, _learn_choices, _rank, compile_row_kernels, _look_up)
