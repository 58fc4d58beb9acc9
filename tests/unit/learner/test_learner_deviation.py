"""The predicted deviation is honest: on both sets, for users with any number of ratings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from published_sets import BOTH

from streamsvd.learner import IteratedSVD
from streamsvd.ratings import load

BUCKETS = (0, 1, 5, 20, 100)
"""Least number of the user's ratings: 0, 1–4, 5–19, 20–99, 100 and more."""


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("with_catalogue", [False, True], ids=["ratings-only", "with-catalogue"])
def test_intervals_hold_what_they_say_and_beat_a_constant_deviation(
    published: Callable[[str], Path], name: str, with_catalogue: bool
) -> None:
    table, catalogue = load(published(name), environ={})
    model = IteratedSVD(scale=table.dataset.scale, content=catalogue if with_catalogue else None)
    made = model.learn(table.users, table.items, table.ratings, table.timestamps)
    assert made.deviation is not None
    assert made.user_counts is not None
    off = table.ratings - made.event
    within = abs(off) <= 1.6449 * made.deviation  # 90 % of a normal distribution
    bucket = np.digitize(made.user_counts, BUCKETS) - 1
    shares = [float(within[bucket == b].mean()) for b in range(len(BUCKETS))]
    assert all(0.87 <= share <= 0.93 for share in shares), shares

    squares = np.cumsum(off**2)
    running = np.concatenate([[1.0], squares[:-1] / np.arange(1, len(off))])  # of all errors before
    constant = -0.5 * (np.log(2 * np.pi * running) + off**2 / running)
    variance = made.deviation**2
    assert (-0.5 * (np.log(2 * np.pi * variance) + off**2 / variance)).mean() > constant.mean()
