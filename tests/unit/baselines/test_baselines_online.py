"""The online baselines: what each must do beyond the contract that all learners keep."""

from __future__ import annotations

import numpy as np
import pytest
from rating_streams import learn, stream

from streamsvd.errors import SettingsError
from streamsvd.learner.baselines import BiasedSGD, DampedMeans, FoldIn


def test_means_are_damped() -> None:
    model = DampedMeans(user_damping=1, item_damping=1)
    model.learn([1], ["a"], [5])  # beside the imaginary 3.5: mean 4.25; item and user lie 1.5 above 3.5, halved
    assert model.predict([2, 1, 2], ["b", "b", "a"]) == pytest.approx([4.25, 5.0, 5.0])
    assert model.predict([1], ["a"])[0] == 5.0


def test_deviation_is_the_running_error() -> None:
    events, model = stream(300), DampedMeans()
    predicted = learn(model, events)
    squares = (predicted.event - events.ratings) ** 2
    expected = np.sqrt((1 + np.concatenate([[0], np.cumsum(squares)[:-1]])) / np.arange(1, 301))
    np.testing.assert_allclose(predicted.deviation, expected, rtol=1e-12)


def test_fold_in_is_the_ridge_solution() -> None:
    events = stream(600)
    model = FoldIn(rank=3, warm_up=400, shrinkage=2.0)
    learn(model, events)
    state = model.state()
    factors = state.items.fixed["row"][:, 2:]
    assert (factors != 0).any()
    model.learn(["new"] * 3, events.items[:3], [5.0, 1.0, 4.0])
    users = model.state().users
    row = users.fixed["row"][users.ids.index("new")]
    q = np.stack([factors[state.items.ids.index(name)] for name in events.items[:3]])
    covariance = row[5:].reshape(3, 3)
    np.testing.assert_allclose(covariance, np.linalg.inv(2.0 * np.eye(3) + q.T @ q), atol=1e-10)


def test_item_factors_stay_after_the_warm_up() -> None:
    events = stream(600)
    model = FoldIn(rank=3, warm_up=300)
    learn(model, events.cut(0, 400))
    before = model.state().items.fixed["row"][:, 2:]
    learn(model, events.cut(400, 600))
    assert (model.state().items.fixed["row"][: len(before), 2:] == before).all()


def test_the_warm_up_ends_within_a_page_that_does_not_see_it() -> None:
    events = stream(400, again=0.0).having(timestamps=np.arange(400))
    model = FoldIn(rank=2, warm_up=399)
    learn(model, events.cut(0, 398))
    means = DampedMeans()
    learn(means, events.cut(0, 398))
    user, rated = events.users[398], [events.items[0], events.items[5], events.items[9]]
    expected = means.predict([user] * 3, rated)
    assert len(model.state().globals_["history_users"]) == 398
    found = model.learn([user] * 3, rated, [5.0, 5.0, 5.0], [500] * 3)
    assert (found.page == expected).all()
    assert len(model.state().globals_["history_users"]) == 0


def test_replays_learn_more_from_the_same_ratings() -> None:
    events = stream(600)
    errors = []
    for replays in (0, 8):
        predicted = learn(BiasedSGD(8, replays=replays, factor_scale=0.2, rate=0.05), events)
        errors.append(((predicted.event - events.ratings)[-300:] ** 2).mean())
    assert errors[1] < errors[0]


@pytest.mark.parametrize("make", [lambda: BiasedSGD(0), lambda: BiasedSGD(replays=-1), lambda: FoldIn(warm_up=0)])
def test_settings_out_of_range(make: object) -> None:
    with pytest.raises(SettingsError, match="1 or more"):
        make()  # type: ignore[operator]
