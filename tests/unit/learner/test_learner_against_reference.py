"""The product against a plain re-implementation: prediction by prediction on real ratings."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from published_sets import BOTH
from rating_streams import Genres, interleaved, stream
from reference_learner import Reference

from streamsvd import IteratedSVD
from streamsvd.learner import Settings
from streamsvd.ratings import Catalogue, RatingTable

Tables = Callable[[str], tuple[RatingTable, Catalogue]]
EVENTS = 5000


def rmse(predicted: np.ndarray, ratings: np.ndarray) -> float:
    return float(np.sqrt(((predicted - ratings) ** 2).mean()))


@pytest.mark.parametrize("with_catalogue", [False, True])
def test_same_predictions_as_the_reference(tables: Tables, with_catalogue: bool) -> None:
    table, catalogue = tables("ml-100k")
    part, content = table[:EVENTS], catalogue if with_catalogue else None
    items = part.items.tolist()
    about = dict(zip(items, catalogue.content(items), strict=True)) if with_catalogue else None
    model = IteratedSVD(scale=table.dataset.scale, content=content)
    found = model.learn(part.users, part.items, part.ratings, part.timestamps)
    event, page = Reference(Settings(), *table.dataset.scale, about).run(
        part.users.tolist(), items, part.ratings.tolist(), part.timestamps.tolist()
    )
    for mine, plain in ((found.event, event), (found.page, page)):
        apart = np.abs(mine - plain)
        assert apart.max() < 1e-5
        assert apart.mean() < 1e-6
        assert rmse(mine, part.ratings) == pytest.approx(rmse(plain, part.ratings), abs=1e-6)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(rank=3, window=6, gamma=0.7, prior_from=150, prior_every=40, prior_weight=5, noise=0.4),
        Settings(rank=1, window=None, gamma=0.05, prior_from=50, prior_every=25, calibration_leak=0.01),
        Settings(rank=5, ridge=2, ridge_user_bias=1, ridge_item_bias=1, factor_scale=0.5),
        Settings(gamma=math.inf, prior_weight=math.inf),
    ],
)
def test_every_setting_means_the_same(tables: Tables, settings: Settings) -> None:
    table, _ = tables("ml-100k")
    part = table[40_000:40_600]
    found = IteratedSVD(settings, scale=table.dataset.scale).learn(
        part.users, part.items, part.ratings, part.timestamps
    )
    event, page = Reference(settings, *table.dataset.scale).run(
        part.users.tolist(), part.items.tolist(), part.ratings.tolist(), part.timestamps.tolist()
    )
    assert np.abs(found.event - event).max() < 1e-5
    assert np.abs(found.page - page).max() < 1e-5


BOUNDS = {  # set, catalogue: event and page RMSE over all events
    ("ml-100k", True): (0.917, 0.932),
    ("ml-latest-small", True): (0.857, 0.861),
    ("ml-100k", False): (0.926, 0.941),
    ("ml-latest-small", False): (0.872, 0.876),
}


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("with_catalogue", [False, True], ids=["ratings-only", "with-catalogue"])
def test_error_over_all_events(tables: Tables, name: str, with_catalogue: bool, record_property: object) -> None:
    table, catalogue = tables(name)
    model = IteratedSVD(scale=table.dataset.scale, content=catalogue if with_catalogue else None)
    found = model.learn(table.users, table.items, table.ratings, table.timestamps)
    event, page = rmse(found.event, table.ratings), rmse(found.page, table.ratings)
    record_property("rmse_event", event)  # type: ignore[operator]
    record_property("rmse_page", page)  # type: ignore[operator]
    assert (event <= BOUNDS[name, with_catalogue][0], page <= BOUNDS[name, with_catalogue][1]) == (True, True), (
        event,
        page,
    )
    assert event < page  # a page's first rating gives the others away


def test_deviations_are_honest(tables: Tables) -> None:
    table, _ = tables("ml-100k")
    part = table[:50_000]
    found = IteratedSVD(scale=table.dataset.scale).learn(part.users, part.items, part.ratings, part.timestamps)
    late = slice(10_000, None)
    scaled = (part.ratings[late] - found.event[late]) / found.deviation[late]
    assert (scaled**2).mean() == pytest.approx(1.0, abs=0.05)
    assert (np.abs(scaled) < 2).mean() == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize("settings", [Settings(), Settings(rank=3, window=6, prior_from=150, prior_every=40)])
@pytest.mark.parametrize("content", [None, Genres()])
@pytest.mark.parametrize("seconds", [1, 20])
def test_ratings_given_again_are_learned_as_by_the_reference(
    settings: Settings, content: Genres | None, seconds: int
) -> None:
    events = interleaved(stream(600, users=12, items=40, again=0.3), seconds=seconds)
    about = content and dict(zip(events.items, content.content(events.items), strict=True))
    found = IteratedSVD(settings, content=content).learn(*events)
    event, page = Reference(settings, 1, 5, about).run(*events)
    assert np.abs(found.event - event).max() < 1e-5
    assert np.abs(found.page - page).max() < 1e-5
