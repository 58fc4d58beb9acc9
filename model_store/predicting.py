"""One prediction with its standard deviation, from rows: the bits of `IteratedSVD.predict_with_deviation`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_store.read.view import View
from streamsvd.kernels.memory import ITEM_STATS, TIME, USER_STATS
from streamsvd.kernels.settings import Settings
from streamsvd.learner import from_rows
from streamsvd.learner.predicting import Pairs, predict_rows
from streamsvd.ratings import Catalogue, Film, Id

Covariance = NDArray[Any]


def predicted(
    view: View, item: Id, user: tuple[Any, Covariance] | None, item_covariance: Covariance | None
) -> tuple[float, float]:
    """Predicted rating, within the scale, and its standard deviation.

    Parameters
    ----------
    view : View
    item : id
    user : tuple or None
        The element of the user's `factors` and its packed covariance; None for somebody unknown.
    item_covariance : array or None
        Packed; None for an item that has not been rated.
    """
    m, handle, scale = from_rows.without_rows(view.head.settings, view.globals_)
    x, stats, count = np.zeros((1, m.x.shape[1])), np.zeros((1, USER_STATS)), 0
    user_covariance: Covariance = view.globals_["prior_cov"]
    if user is not None:
        row, covariance = user
        x[0, : len(row["x"])], stats[0], count = row["x"], row["stats"], int(row["count"])
        user_covariance = covariance if count else user_covariance
    y, item_stats, item_count, content = _item(view, item, m.y.shape[1])
    if item_covariance is None:
        item_covariance = from_rows.first_item_covariance(Settings.from_dict(view.head.settings["settings"]))
    pairs = Pairs(
        x=x,
        user_stats=stats,
        user_counts=np.array([count]),
        y=y,
        item_stats=item_stats,
        item_counts=np.array([item_count]),
        content=content,
        stamps=stats[:, TIME].copy(),
        places=np.zeros(1, np.int64),
        user_cov=user_covariance[None].astype(np.float32),
        item_cov=item_covariance[None].astype(np.float32),
    )
    ratings, deviations = predict_rows(handle, scale, pairs)
    return float(ratings[0]), float(deviations[0])


def _item(view: View, item: Id, width: int) -> tuple[NDArray[Any], NDArray[Any], int, NDArray[Any]]:
    """Padded row, statistics, count and content; those of its first rating for an item that has none."""
    settings = view.head.settings
    y = np.zeros((1, width))
    place = view.items.numbers.get(item)
    if place is None:
        y = from_rows.first_factors(Settings.from_dict(settings["settings"]), settings["seed"], [item], width)
        return y, np.zeros((1, ITEM_STATS)), 0, _content(view, item)
    row = view.factors[place : place + 1]
    y[:, : row["y"].shape[1]] = row["y"]
    return y, np.ascontiguousarray(row["stats"]), int(row["count"][0]), np.ascontiguousarray(row["content"])


def _content(view: View, item: Id) -> NDArray[np.float64]:
    """Content of an item that has not been rated: what the catalogue says, if the model was made with one."""
    width, genres, film = view.head.settings["content"], view.head.genres, view.films.get(item)
    if film is None or width != len(genres) + 1 or not set(film.genres) <= set(genres):
        return np.zeros((1, width))
    vocabulary = Film("" if isinstance(item, int) else 0, "all genres in use", genres)  # gives the columns their order
    return Catalogue([film, vocabulary]).content([item])
