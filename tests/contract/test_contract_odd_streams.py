"""Streams at the edge: constant, single-minded, endless, repeated, out of order."""

from __future__ import annotations

import numpy as np
import pytest
from learner_kinds import Kind
from rating_streams import Stream, digest, ids_of, learn

from streamsvd.learner import IteratedSVD
from streamsvd.learner.algebra import unpack
from streamsvd.learner.memory import CALIBRATION_TERMS


def smallest_eigenvalue(model: IteratedSVD) -> float:
    """Over P of all users and items, the global weights, the calibration and the prior."""
    state = model.state()
    d = state.users.fixed["factors"]["x"].shape[1]
    orders = {
        "users": (state.users.fixed["training"]["cov"], d),
        "items": (state.items.fixed["training"]["cov"], state.items.fixed["factors"]["y"].shape[1]),
        "g": (state.globals_["g_cov"][None], 3 + model.n_content),
        "c": (state.globals_["c_cov"][None], CALIBRATION_TERMS),
        "prior": (state.globals_["prior"][None], d),
        "moments": (state.globals_["moments"][None] + np.zeros(1), d),
    }
    if not np.isfinite(model.settings.prior_weight):
        del orders["moments"]
    least = np.inf
    for packed, order in orders.values():
        assert np.isfinite(packed).all()
        least = min(least, *(np.linalg.eigvalsh(unpack(row.astype(np.float64), order))[0] for row in packed))
    return float(least)


@pytest.mark.parametrize("value", [1.0, 3.0, 5.0])
def test_constant_ratings_are_learned(kind: Kind, events: Stream, value: float) -> None:
    model = kind.make()
    predicted = learn(model, events.having(ratings=np.full(len(events), value)))
    assert np.abs(predicted.event[-50:] - value).max() < 0.15
    assert np.isfinite(np.concatenate(predicted)).all()
    assert model.predict_one("newcomer", "new film") == pytest.approx(value, abs=0.5)


def test_one_user_rates_everything(kind: Kind) -> None:
    model = kind.make()
    ratings = np.where(np.arange(2000) % 2, 2.0, 4.0)
    predicted = model.learn(["me"] * 2000, list(range(2000)), ratings, np.arange(2000))
    assert np.isfinite(np.concatenate(predicted)).all()
    assert smallest_eigenvalue(model) > 0
    assert model.state().users.fixed["factors"]["count"].tolist() == [2000]


def test_everybody_rates_one_item(kind: Kind) -> None:
    model = kind.make()
    ratings = np.where(np.arange(2000) % 4, 4.0, 2.0)
    predicted = model.learn(list(range(2000)), ["it"] * 2000, ratings, np.arange(2000))
    assert np.isfinite(np.concatenate(predicted)).all()
    assert smallest_eigenvalue(model) > 0
    assert model.predict_one("newcomer", "it") == pytest.approx(3.5, abs=0.4)


def test_a_second_rating_of_an_item_replaces_the_first(kind: Kind, events: Stream) -> None:
    model = kind.make()
    learn(model, events.cut(0, 200))
    model.learn_one("ann", "Heat", 1, 2_000_000_000)
    model.learn_one("ann", "Casino", 4, 2_000_000_001)
    before = model.state()
    model.learn_one("ann", "Heat", 5, 2_000_000_002)
    after = model.state()
    assert len(model) == 203
    for old, new, name in ((before.users, after.users, "ann"), (before.items, after.items, "Heat")):
        k = ids_of(new)[name]
        assert new.fixed["factors"]["count"][k] == old.fixed["factors"]["count"][k]
        assert len(new.ragged["window"].row(k)) == len(old.ragged["window"].row(k))
    k = ids_of(after.users)["ann"]
    seen, number = after.users.ragged["seen"].row(k), after.items.numbers[ids_of(after.items)["Heat"]]
    assert seen.tolist() == before.users.ragged["seen"].row(k).tolist()
    window = after.users.ragged["window"].row(k)
    assert window["item"][-1] == number
    assert (window["item"] == number).sum() == 1
    assert window["target"][-1] > before.users.ragged["window"].row(k)["target"][0] + 3


def test_seen_is_what_each_user_has_rated(model: IteratedSVD, events: Stream) -> None:
    state = model.state()
    numbers = {name: int(state.items.numbers[k]) for name, k in ids_of(state.items).items()}
    for k, name in enumerate(state.users.ids):
        rated = {numbers[i] for u, i in zip(events.users, events.items, strict=True) if u == name}
        assert state.users.ragged["seen"].row(k).tolist() == sorted(rated)
        assert state.users.fixed["factors"]["count"][k] == len(rated)


def test_a_million_equal_ratings_leave_the_model_sane(kind: Kind, events: Stream) -> None:
    model = kind.make()
    learn(model, events.cut(0, 300))
    n = 1_000_000
    predicted = model.learn(np.zeros(n, np.int64), np.zeros(n, np.int64), np.full(n, 5.0), np.arange(n))
    assert np.isfinite(predicted.event).all()
    assert smallest_eigenvalue(model) > 0
    assert len(model.state().users.ragged["seen"].row(ids_of(model.state().users)[0])) == 1
    after = learn(model, events.cut(300, 600))
    error = np.sqrt(((after.event - events.ratings[300:]) ** 2).mean())
    usual = kind.make()
    learn(usual, events.cut(0, 300))
    expected = np.sqrt(((learn(usual, events.cut(300, 600)).event - events.ratings[300:]) ** 2).mean())
    assert error < 1.25 * expected
    assert 2.0 < model.predict_one("newcomer", events.items[0]) <= 5.0


def test_time_may_run_backwards_and_stand_still(kind: Kind, events: Stream) -> None:
    for times in (events.timestamps[::-1], np.zeros(len(events), np.int64), np.full(len(events), -(2**63))):
        model, again = kind.make(), kind.make()
        odd = events.having(timestamps=np.ascontiguousarray(times))
        first, second = learn(model, odd), learn(again, odd, [100, 333])
        assert all((a == b).all() for a, b in zip(first, second, strict=True))
        assert digest(model.state()) == digest(again.state())
        assert np.isfinite(np.concatenate(first)).all()
        plain = learn(kind.make(), events)  # time says who was away and what a page is, and is worth little here
        assert np.abs(first.event - plain.event).mean() < 0.1


def test_other_scales_are_mapped(kind: Kind, events: Stream) -> None:
    stars, percent = kind.make(), kind.make(scale=(0, 100))
    expected = learn(stars, events)
    found = learn(percent, events.having(ratings=(events.ratings - 1) * 25))
    np.testing.assert_allclose(found.event, (expected.event - 1) * 25, rtol=0, atol=1e-8)
    np.testing.assert_allclose(found.deviation, expected.deviation * 25, rtol=1e-8)
