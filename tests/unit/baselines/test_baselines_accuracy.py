"""What the baselines reach on the published sets; `IteratedSVD` is held against these."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from published_sets import BOTH

from streamsvd.learner.baselines import BiasedSGD, DampedMeans, FoldIn, SoftImpute, TruncatedSVD
from streamsvd.ratings import RatingTable, read_ratings


@pytest.fixture(scope="module", params=BOTH)
def table(request: pytest.FixtureRequest, published: Callable[[str], Path]) -> RatingTable:
    """A published set."""
    return read_ratings(published(request.param))


ONLINE = [  # RMSE by event, on ml-100k and ml-latest-small
    (DampedMeans, 0.9600, 0.9072),
    (BiasedSGD, 0.9352, 0.8806),
    (FoldIn, 0.9545, 0.9060),
]


@pytest.mark.parametrize(("kind", "hundred", "latest"), ONLINE)
def test_online(table: RatingTable, kind: Any, hundred: float, latest: float) -> None:
    model = kind(scale=table.dataset.scale)
    predicted = model.learn(table.users, table.items, table.ratings, table.timestamps)
    event, page = (np.sqrt(((p - table.ratings) ** 2).mean()) for p in (predicted.event, predicted.page))
    assert event == pytest.approx(hundred if table.dataset.name == "ml-100k" else latest, abs=0.0003)
    assert event < page < event + 0.02


BATCH = [(TruncatedSVD, 0.9183, 0.8775), (SoftImpute, 0.9110, 0.8705)]


@pytest.mark.parametrize(("kind", "hundred", "latest"), BATCH)
def test_a_random_fifth_held_out(table: RatingTable, kind: Any, hundred: float, latest: float) -> None:
    order = np.random.default_rng(0).permutation(len(table))
    test, train = order[: len(table) // 5], np.sort(order[len(table) // 5 :])
    model = kind(scale=table.dataset.scale).fit(table.users[train], table.items[train], table.ratings[train])
    error = model.predict(table.users[test], table.items[test]) - table.ratings[test]
    expected = hundred if table.dataset.name == "ml-100k" else latest
    assert np.sqrt((error**2).mean()) == pytest.approx(expected, abs=0.001)
