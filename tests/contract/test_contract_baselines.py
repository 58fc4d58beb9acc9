"""The part of the contract that the online baselines keep too: those that `OnlineLearner` promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learner_kinds import BASELINES, Kind
from rating_streams import Stream, digest, interleaved, learn, stream

from streamsvd.errors import InputError

SHORT = interleaved(stream(400, users=15, items=30, seed=5, again=0.1))
CUTS = st.lists(st.integers(0, len(SHORT)), max_size=8)
EXTREME = [0, -1, -(2**63), 2**63 - 1, "", "user 0", "film 0", "ß" * 10_000, "\u0000", "\ud800"]


@pytest.fixture(params=BASELINES, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    """One online baseline."""
    found: Kind = request.param
    return found


def test_predicting_changes_nothing(kind: Kind, events: Stream) -> None:
    model = kind.make()
    learn(model, events)
    before = digest(model.state())
    pairs = [(user, item) for user in EXTREME for item in EXTREME]
    predicted = model.predict([u for u, _ in pairs], [i for _, i in pairs])
    assert ((predicted >= 1) & (predicted <= 5)).all()
    assert digest(model.state()) == before
    assert model.predict([], []).shape == (0,)


def test_predicting_before_learning_is_what_learning_reports(kind: Kind, events: Stream) -> None:
    model = kind.make()
    for k in range(300):
        part = events.cut(k, k + 1)
        expected = model.predict(part.users, part.items)[0]
        assert learn(model, part).event[0] == expected


@settings(max_examples=10)
@given(CUTS, st.sampled_from(BASELINES))
def test_any_cuts_and_restarts_give_the_same_bits(cuts: list[int], kind: Kind) -> None:
    whole, pieces, found, start = kind.make(), kind.make(), [], 0
    expected = learn(whole, SHORT)
    for end in [*sorted(cuts), len(SHORT)]:
        found.append(learn(pieces, SHORT.cut(start, end)))
        pieces, start = kind.restore(pieces.state()), end
    for column, parts in zip(expected[:3], zip(*(part[:3] for part in found), strict=True), strict=True):
        assert (np.concatenate(parts) == column).all()
    assert digest(pieces.state()) == digest(whole.state())


def test_one_by_one_equals_arrays(kind: Kind) -> None:
    whole, single = kind.make(), kind.make()
    expected = learn(whole, SHORT)
    found = learn(single, SHORT, range(len(SHORT)))
    assert all((a == b).all() for a, b in zip(expected[:3], found[:3], strict=True))
    assert digest(single.state()) == digest(whole.state())


@pytest.mark.parametrize("value", [1.0, 3.0, 5.0])
def test_constant_ratings_are_learned(kind: Kind, events: Stream, value: float) -> None:
    predicted = learn(kind.make(), events.having(ratings=np.full(len(events), value)))
    assert np.abs(predicted.event[-50:] - value).mean() < 0.1
    assert np.isfinite(np.concatenate(predicted[:3])).all()


def test_many_equal_ratings_leave_the_model_sane(kind: Kind, events: Stream) -> None:
    model, n = kind.make(), 50_000
    learn(model, events.cut(0, 300))
    predicted = model.learn(np.zeros(n, np.int64), np.zeros(n, np.int64), np.full(n, 5.0), np.arange(n))
    assert np.isfinite(predicted.event).all()
    after = learn(model, events.cut(300, 600))
    assert np.isfinite(after.event).all()


def test_one_user_and_one_item(kind: Kind) -> None:
    ratings = np.where(np.arange(500) % 2, 2.0, 4.0)
    for users, items in ((["me"] * 500, list(range(500))), (list(range(500)), ["it"] * 500)):
        assert np.isfinite(np.concatenate(kind.make().learn(users, items, ratings, np.arange(500))[:3])).all()


def test_other_scales_are_mapped(kind: Kind, events: Stream) -> None:
    expected = learn(kind.make(), events)
    found = learn(kind.make(scale=(0, 100)), events.having(ratings=(events.ratings - 1) * 25))
    np.testing.assert_allclose(found.event, (expected.event - 1) * 25, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "columns",
    [
        ([1, 2], [1, 2], [3.0, 5.5], [5, 6]),
        ([1, 2], [1, 2], [3.0, float("nan")], [5, 6]),
        ([1], [1, 2], [3.0, 4.0], [5, 6]),
        ([1, True], [1, 2], [3.0, 4.0], [5, 6]),
        ([1, 2], [1, 2], [3.0, 4.0], [5.5, 6]),
    ],
)
def test_refused_whole(kind: Kind, columns: Any) -> None:
    model = kind.make()
    before = digest(model.state())
    with pytest.raises(InputError):
        model.learn(*columns)
    with pytest.raises(InputError, match="one user is needed"):
        model.predict([1, 2], [1])
    assert digest(model.state()) == before
    assert (model.n_users, model.n_items, len(model)) == (0, 0, 0)
