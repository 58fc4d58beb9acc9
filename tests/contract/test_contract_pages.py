"""A page is all that a user rates at one timestamp: no rating of it helps to predict another one of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learner_kinds import BASELINES, KINDS, Kind
from rating_streams import Stream, digest, interleaved, learn, pages_of, stream

ALL = [*KINDS, *BASELINES]


@st.composite
def streams(draw: st.DrawFn) -> Stream:
    """Short streams whose users take turns at one timestamp, or not, and rate some items again."""
    events = stream(100, users=8, items=30, seed=draw(st.integers(0, 10_000)), again=draw(st.sampled_from([0.0, 0.2])))
    seconds = draw(st.sampled_from([0, 1, 5, 10**9]))
    return interleaved(events, seconds=seconds, seed=draw(st.integers(0, 100))) if seconds else events


@settings(max_examples=30)
@given(streams(), st.sampled_from(ALL))
def test_a_page_is_predicted_by_a_model_that_stopped_before_it(events: Stream, kind: Kind) -> None:
    running, stopped = kind.make(), kind.make()
    found = learn(running, events).page
    learned = 0
    for page in pages_of(events):
        learn(stopped, events.cut(learned, page[0]))
        learned = page[0]
        users, items = [events.users[k] for k in page], [events.items[k] for k in page]
        expected = stopped.predict(users, items, events.timestamps[page])
        np.testing.assert_allclose(found[page], expected, rtol=0, atol=1e-9)


@settings(max_examples=40)
@given(streams(), st.sampled_from(ALL), st.data())
def test_no_rating_of_a_page_moves_a_prediction_of_it_by_a_bit(events: Stream, kind: Kind, data: st.DataObject) -> None:
    page = data.draw(st.sampled_from([page for page in pages_of(events) if len(page) > 1] or [[0]]))
    others = events.ratings.copy()
    others[page] = 6.0 - others[page] + (others[page] == 3.0)
    found, expected = learn(kind.make(), events.having(ratings=others)), learn(kind.make(), events)
    assert (found.page[page] == expected.page[page]).all()


@settings(max_examples=30)
@given(streams(), st.lists(st.integers(0, 100), max_size=8), st.sampled_from(ALL))
def test_pages_go_on_after_cuts_and_restarts(events: Stream, cuts: list[int], kind: Kind) -> None:
    whole, stopped, found, start = kind.make(), kind.make(), [], 0
    expected = learn(whole, events)
    for end in [*sorted(cuts), len(events)]:
        found.append(learn(stopped, events.cut(start, end)))
        stopped, start = kind.restore(stopped.state()), end
    assert (np.concatenate([part.page for part in found]) == expected.page).all()
    assert digest(stopped.state()) == digest(whole.state())


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_another_timestamp_closes_every_page(kind: Kind) -> None:
    model = kind.make()
    learn(model, interleaved(stream(300), seconds=10**9))
    before = {name: len(array) for name, array in model.state().globals_.items() if name.startswith(("page_", "kept"))}
    assert min(before.values()) > 30
    model.learn(["somebody"], ["something"], [3.0], [2 * 10**9])
    after = {name: len(model.state().globals_[name]) for name in before}
    assert all(after[name] == 1 for name in before if name.startswith("page_"))
    assert all(1 <= after[name] <= 9 for name in before)  # a replay keeps its item, too


def test_a_page_of_one_is_an_event(kind: Kind, events: Stream) -> None:
    alone = events.having(timestamps=np.arange(len(events)))
    predicted = learn(kind.make(), alone)
    assert (predicted.event == predicted.page).all()
    without = kind.make().learn(alone.users, alone.items, alone.ratings)
    assert (without.event == without.page).all()


def test_an_item_rated_twice_on_a_page(kind: Kind, events: Stream) -> None:
    model = kind.make()
    learn(model, events.cut(0, 300))
    expected = model.predict_one("user 0", "film 0", 2_000_000_000)
    found = model.learn(["user 0"] * 3, ["film 0", 1, "film 0"], [1.0, 5.0, 5.0], [2_000_000_000] * 3)
    assert found.page[0] == found.page[2] == expected
    assert found.event[2] != found.page[2]


@pytest.mark.parametrize("cut", [1, 70, 199])
def test_a_long_page_survives_a_restart(kind: Kind, cut: int) -> None:
    n = 200
    users, items, ratings = ["me"] * n, list(range(n)), np.linspace(1, 5, n)
    whole, first = kind.make(), kind.make()
    expected = whole.learn(users, items, ratings, np.full(n, 7))
    first.learn(users[:cut], items[:cut], ratings[:cut], np.full(cut, 7))
    found = kind.restore(first.state()).learn(users[cut:], items[cut:], ratings[cut:], np.full(n - cut, 7))
    assert (found.page == expected.page[cut:]).all()
