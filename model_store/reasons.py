"""Reasons for a recommendation: which of the user's own ratings speak most for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model_store.reader import ModelReader
from streamsvd.learner.explaining import contributions
from streamsvd.ratings import Film, Id


@dataclass(frozen=True, slots=True)
class Reason:
    """A rating of the user's that raised the score, and by how much.

    Attributes
    ----------
    item : int or str
    title : str or None
    raised_by : float
        In stars.
    """

    item: Id
    title: str | None
    raised_by: float


def reasons(reader: ModelReader, user: Id, items: Sequence[Id], n: int = 2) -> dict[Id, tuple[Reason, ...]]:
    """For each item, the `n` of the user's newest ratings that raised its score most; none for an unknown user.

    Parameters
    ----------
    reader : ModelReader
    user : int or str
    items : sequence of int or str
        Items that the model knows; others get no reasons.
    n : int

    Raises
    ------
    SnapshotMissing, SnapshotCorrupt, StoreUnavailable
    """
    view, row = reader.read(user, ("training", "window"))
    if not row:
        return dict.fromkeys(items, ())
    places = view.places(row["window"]["item"])
    window, places = row["window"][places >= 0], places[places >= 0]
    rated, covariance = view.factors[places], row["training"][0]["cov"]
    found: dict[Id, tuple[Reason, ...]] = {}
    for item in items:
        if item not in view.index:
            found[item] = ()
            continue
        moved = contributions(covariance, window, rated, view.factors[view.index[item]])
        best = [int(k) for k in np.argsort(-moved, kind="stable")[:n] if moved[k] > 0]
        found[item] = tuple(_reason(view.ids[places[k]], view.films, float(moved[k])) for k in best)
    return found


def _reason(item: Id, films: dict[Id, Film], raised_by: float) -> Reason:
    film = films.get(item)
    return Reason(item, film.title if film else None, raised_by)
