"""Predicting changes nothing, whatever is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from learner_kinds import KINDS
from rating_streams import Genres, Stream, digest, learn, stream

from streamsvd import IteratedSVD
from streamsvd.errors import InputError

EXTREME = [0, 1, -1, -(2**63), 2**63 - 1, "", " ", "user 0", "film 0", "ß" * 10_000, "\u0000", "\ud800", "🎬" * 300]


def test_predicting_changes_nothing(model: IteratedSVD) -> None:
    before = digest(model.state())
    pairs = [(user, item) for user in EXTREME for item in EXTREME]
    users, items = [u for u, _ in pairs], [i for _, i in pairs]
    predicted = model.predict(users, items)
    again, deviation = model.predict_with_deviation(users, items)
    model.svd()
    assert ((predicted >= 1) & (predicted <= 5)).all()
    assert (predicted == again).all()
    assert (np.isfinite(deviation) & (deviation > 0)).all()
    assert model.predict_one(*pairs[0]) == predicted[0]
    assert digest(model.state()) == before
    assert model.predict([], []).shape == (0,)


ANY_ID = st.one_of(st.integers(-(2**63), 2**63 - 1), st.text(), st.sampled_from(["user 0", 1, "film 0", 2]))
MODELS = [kind.make() for kind in KINDS]


@given(st.lists(st.tuples(ANY_ID, ANY_ID), max_size=8), st.sampled_from(range(len(KINDS))))
def test_any_ids_can_be_asked_for(pairs: list[tuple[Any, Any]], which: int) -> None:
    model = MODELS[which]
    if len(model) == 0:
        learn(model, stream(200))
    before = digest(model.state())
    predicted, deviation = model.predict_with_deviation([u for u, _ in pairs], [i for _, i in pairs])
    assert ((predicted >= 1) & (predicted <= 5) & (deviation > 0)).all()
    assert digest(model.state()) == before


def test_a_fresh_model_predicts(kind: Any) -> None:
    model = kind.make()
    before = digest(model.state())
    assert 1 <= model.predict_one("nobody", "nothing") <= 5
    assert model.svd().singular_values.tolist() == []
    assert digest(model.state()) == before


def test_unknown_ids_are_predicted_as_at_their_first_rating(kind: Any, model: IteratedSVD) -> None:
    users, items = ["newcomer", "user 0", "newcomer"], ["film 0", "new film", "new film"]
    expected, deviation = model.predict_with_deviation(users, items, [2_000_000_000] * 3)
    for user, item, value, spread in zip(users, items, expected, deviation, strict=True):
        fresh = kind.restore(model.state())
        learned = fresh.learn([user], [item], [3.0], [2_000_000_000])
        assert (learned.event[0], learned.page[0], learned.deviation[0]) == (value, value, spread)


def test_predicting_before_learning_is_what_learning_reports(kind: Any, events: Stream) -> None:
    model = kind.make()
    for k in range(150):
        user, item, timestamp = events.users[k], events.items[k], int(events.timestamps[k])
        expected = model.predict_one(user, item, timestamp)
        assert model.learn_one(user, item, events.ratings[k], timestamp) == expected


def test_one_user_is_needed_for_every_item(model: IteratedSVD) -> None:
    with pytest.raises(InputError, match="2 users, 1 items"):
        model.predict([1, 2], [1])


def test_content_of_an_unknown_item_counts() -> None:
    model = IteratedSVD(content=Genres())
    learn(model, stream())
    assert len({model.predict_one("user 0", name) for name in ("a", "bb", "ccccccc")}) == 3
