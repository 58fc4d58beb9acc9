"""Reasons for a recommendation: which of the user's own ratings speak most for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model_store.read.row_table import TRAINING, WINDOW
from model_store.read.view import View
from model_store.reader import ModelReader
from streamsvd.learner.explaining import contributions
from streamsvd.ratings import Id


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
    with reader.reading(user, (TRAINING, WINDOW)) as (view, row):
        if not row:
            return dict.fromkeys(items, ())
        window = row[WINDOW][view.here(row[WINDOW]["item"])]
        rated, covariance = view.factors[window["item"]], row[TRAINING][0]["cov"]
        found: dict[Id, tuple[Reason, ...]] = {}
        for item in items:
            if item not in view.items.numbers:
                found[item] = ()
                continue
            moved = contributions(covariance, window, rated, view.factors[view.place(item)])
            best = [int(k) for k in np.argsort(-moved, kind="stable")[:n] if moved[k] > 0]
            found[item] = tuple(_reason(view, int(window["item"][k]), float(moved[k])) for k in best)
        return found


def _reason(view: View, place: int, raised_by: float) -> Reason:
    item, title, *_ = view.about(place)
    return Reason(item, title, raised_by)
