"""The page protocol: no rating of a page helps to predict another one of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learner_kinds import KINDS, Kind
from rating_streams import Stream, learn, stream


def pages_of(events: Stream) -> list[tuple[int, int]]:
    """First event and end of each run of one user and one time."""
    marks = list(zip(events.users, events.timestamps.tolist(), strict=True))
    starts = [k for k in range(len(marks)) if k == 0 or marks[k] != marks[k - 1]]
    return list(zip(starts, [*starts[1:], len(marks)], strict=True))


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from(KINDS), st.sampled_from([0.0, 0.2]))
def test_a_page_is_predicted_by_a_model_that_stopped_before_it(seed: int, kind: Kind, again: float) -> None:
    events = stream(120, users=8, items=30, seed=seed, again=again)
    running, stopped = kind.make(), kind.make()
    found = learn(running, events).page
    for start, end in pages_of(events):
        part = events.cut(start, end)
        expected = stopped.predict(part.users, part.items, part.timestamps)
        np.testing.assert_allclose(found[start:end], expected, rtol=0, atol=1e-9)
        learn(stopped, part)


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
