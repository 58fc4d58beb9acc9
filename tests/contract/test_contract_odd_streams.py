"""Streams at the edge: constant, single-minded, endless, repeated, out of order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learner_kinds import Kind
from rating_streams import Stream, digest, ids_of, learn

from streamsvd.kernels.algebra import unpack
from streamsvd.kernels.calibration_terms import CalibrationTerm
from streamsvd.learner import IteratedSVD, Settings


def smallest_eigenvalue(model: IteratedSVD) -> float:
    """Over P of all users and items, the global weights, the calibration and the prior."""
    state = model.state()
    d = state.users.fixed["factors"]["x"].shape[1]
    orders = {
        "users": (state.users.fixed["training"]["cov"], d),
        "items": (state.items.fixed["training"]["cov"], state.items.fixed["factors"]["y"].shape[1]),
        "g": (state.globals_["g_cov"][None], 3 + model.n_content),
        "c": (state.globals_["c_cov"][None], len(CalibrationTerm)),
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
    assert seen["item"].tolist() == before.users.ragged["seen"].row(k)["item"].tolist()
    assert seen["rating"][seen["item"] == number] == 5
    window = after.users.ragged["window"].row(k)
    assert window["item"][-1] == number
    assert (window["item"] == number).sum() == 1
    assert window["target"][-1] > before.users.ragged["window"].row(k)["target"][0] + 3


def test_seen_is_what_each_user_has_rated(model: IteratedSVD, events: Stream) -> None:
    state = model.state()
    numbers = {name: int(state.items.numbers[k]) for name, k in ids_of(state.items).items()}
    for k, name in enumerate(state.users.ids):
        given = zip(events.users, events.items, events.ratings.tolist(), strict=True)
        rated = {numbers[item]: rating for user, item, rating in given if user == name}
        assert state.users.ragged["seen"].row(k).tolist() == sorted(rated.items())
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


@pytest.mark.parametrize(
    ("shape", "chosen", "n"),
    [
        ((100, 500), Settings(), 60_000),
        ((100, 500), Settings(rank=1), 60_000),
        ((100, 500), Settings(gamma=0.1, window=None), 60_000),
        ((20, 30), Settings(rank=32), 20_000),
        ((5, 2000), Settings(window=2), 50_000),
        ((20, 20), Settings(gamma=math.inf), 100_000),
    ],
)
def test_rows_keep_their_size_when_everything_is_rated_again(shape: tuple[int, int], chosen: Settings, n: int) -> None:
    random = np.random.default_rng(0)
    users, items = (random.integers(0, size, n) for size in shape)
    for low, high in ((1, 6), (0, 2)):  # any rating, and the extremes alone
        ratings = random.integers(low, high, n) * (1.0 if high == 6 else 4.0) + (high == 2)
        model = IteratedSVD(chosen, scale=(1, 5))
        predicted = model.learn(users, items, ratings, np.ones(n, np.int64))
        assert (
            np.sqrt(((predicted.event - ratings) ** 2).mean()) < 1.1 * ratings.std()
        )  # there is nothing to be learned
        state = model.state()
        assert np.abs(state.users.fixed["factors"]["x"]).max() < 20
        assert np.abs(state.items.fixed["factors"]["y"]).max() < 20
        assert smallest_eigenvalue(model) > 0


@pytest.mark.parametrize("window", [4, None])
def test_a_rating_changed_twice_ends_as_if_changed_once(events: Stream, window: int | None) -> None:
    user, item = events.users[-1], events.items[-1]
    rows = {}
    for changes in ((1.0,), (5.0,), (1.0, 5.0), (5.0, 5.0)):
        model = IteratedSVD(Settings(window=window))
        learn(model, events)
        for rating in changes:
            model.learn_one(user, item, rating, 2_000_000_000)
        state = model.state()
        x, y = state.users.fixed["factors"]["x"], state.items.fixed["factors"]["y"]
        rows[changes] = np.array([x[ids_of(state.users)[user], 0], y[ids_of(state.items)[item], 0]])
    moved = rows[5.0,] - rows[1.0,]
    assert (moved > 0.005).all()
    for changes in ((1.0, 5.0), (5.0, 5.0)):
        assert (np.abs(rows[changes] - rows[5.0,]) < 0.25 * moved).all()


ACTIONS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 4), st.sampled_from([1.0, 5.0, 3.0, None, "erase"]), st.integers(0, 2)),
    max_size=120,
)


@given(ACTIONS, st.sampled_from([2, 3, None]), st.sampled_from([0.1, 0.5, math.inf]), st.integers(0, 120))
@settings(deadline=None, max_examples=60)
def test_any_order_of_ratings_and_taking_back_is_survived(
    actions: list[tuple[int, int, float | str | None, int]], window: int | None, gamma: float, saved: int
) -> None:
    model = IteratedSVD(Settings(rank=2, window=window, gamma=gamma, prior_from=10, prior_every=5), scale=(1, 5))
    copy = None
    for k, (user, item, what, time) in enumerate(actions):
        if k == saved:
            copy = IteratedSVD.from_state(model.state())
        for each in (model, copy):
            if each is None:
                continue
            if what == "erase":
                each.erase(user)
            elif what is None:
                each.retract(user, item)
            else:
                each.learn_one(user, item, float(what), time)
    if len(model.state().users.ids):
        assert smallest_eigenvalue(model) > 0
    assert np.isfinite(model.predict([0, 1, 2, 3], [0, 1, 2, 3])).all()
    assert copy is None or digest(copy.state()) == digest(model.state())


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
