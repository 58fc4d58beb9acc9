"""Scores from a saved state, and what each rating adds to one."""

from __future__ import annotations

import numpy as np
import pytest
from rating_streams import Genres, Stream, ids_of, learn

from streamsvd import IteratedSVD, Settings
from streamsvd.kernels.scoring import score_items
from streamsvd.lookup.explaining import contributions


@pytest.mark.parametrize("content", [None, Genres()])
@pytest.mark.parametrize("scale", [(1, 5), (-10, 10)])
def test_scores_of_a_state_are_the_models_predictions(
    events: Stream, content: Genres | None, scale: tuple[float, float]
) -> None:
    model = IteratedSVD(Settings(rank=5), scale=scale, content=content)
    learn(model, events.having(ratings=scale[0] + (events.ratings - 1) / 4 * (scale[1] - scale[0])))
    state = model.state()
    items = state.items.fixed["factors"]
    for user in [*state.users.ids[:5], "unknown"]:
        k = ids_of(state.users).get(user)
        factors = None if k is None else state.users.fixed["factors"][k]
        scores = score_items(state.settings, state.globals_, factors, items)
        predicted = model.predict([user] * len(items), state.items.ids)
        np.testing.assert_allclose(np.clip(scores, *scale), predicted, rtol=0, atol=1e-12)
        some = score_items(state.settings, state.globals_, factors, items[[3, 1]])
        assert some.tolist() == scores[[3, 1]].tolist()
    assert score_items(state.settings, state.globals_, None, items[:0]).shape == (0,)


@pytest.mark.parametrize("content", [None, Genres()])
def test_contributions_add_up_to_the_users_part_of_a_score(events: Stream, content: Genres | None) -> None:
    model = IteratedSVD(Settings(window=None, prior_from=100, prior_every=50), content=content)
    learn(model, events)
    user = max(set(events.users), key=events.users.count)
    model.learn_one(user, "just now", 5)
    model.retract(user, "just now")  # ends with the user's refit against the items as they are
    state = model.state()
    k = ids_of(state.users)[user]
    window, items = state.users.ragged["window"].row(k), state.items.fixed["factors"]
    covariance, x = state.users.fixed["training"]["cov"][k], state.users.fixed["factors"]["x"][k]
    for item in items[:10]:
        popularity = (np.log(1.0 + item["count"]) - 2) / 2
        phi = np.concatenate([[1.0], item["content"], [popularity, item["y"][0]], item["y"][1:]])
        parts = contributions(covariance, window, items[window["item"]], item)
        assert parts.shape == (len(window),)
        assert parts.sum() == pytest.approx(x @ phi, abs=1e-5)


def test_nothing_rated_explains_nothing(events: Stream) -> None:
    model = IteratedSVD()
    learn(model, events)
    state = model.state()
    items, nothing = state.items.fixed["factors"], state.users.ragged["window"].values[:0]
    assert contributions(state.users.fixed["training"]["cov"][0], nothing, items[:0], items[0]).tolist() == []
