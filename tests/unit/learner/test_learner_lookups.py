"""Fold-in, explanations and similarities: against the model's own figures, and without a trace."""

from __future__ import annotations

import numpy as np
import pytest
from rating_streams import Genres, Stream, digest, learn

from streamsvd import IteratedSVD, Settings
from streamsvd.errors import InputError


@pytest.fixture(params=[None, Genres()], ids=["ratings only", "content"])
def model(request: pytest.FixtureRequest, events: Stream) -> IteratedSVD:
    """A model that has learned the stream."""
    model = IteratedSVD(Settings(prior_from=200, prior_every=100), content=request.param)
    learn(model, events)
    return model


def test_nothing_asked_changes_the_model(model: IteratedSVD, events: Stream) -> None:
    before = digest(model.state())
    user, item = events.users[0], events.items[0]
    model.predict_for(model.fold_in({item: 5}), [item])
    model.explain(user, item)
    model.similar_items(item)
    model.similar_users(user)
    assert digest(model.state()) == before


def test_folding_in_is_the_refit_of_a_user_with_these_ratings(model: IteratedSVD, events: Stream) -> None:
    given = dict(zip(dict.fromkeys(events.items[:40]), [5.0, 2.0, 4.0, 1.0, 3.0] * 8, strict=False))
    row = model.fold_in(given)
    model.learn(["newcomer"] * len(given), list(given), list(given.values()), [2_000_000_000] * len(given))
    model.learn_one("newcomer", "extra", 3, 2_000_000_001)
    model.retract("newcomer", "extra")  # ends with a refit
    learned = model.state().users
    factors = learned.fixed["factors"][learned.ids.index("newcomer")]
    assert factors["count"] == row["count"][0] == len(given)
    assert np.corrcoef(factors["x"], row["x"][0])[0, 1] > 0.95  # items have moved a little since


def test_folding_in_nothing_is_a_stranger(model: IteratedSVD, events: Stream) -> None:
    items = list(dict.fromkeys(events.items))[:20]
    for row in (model.fold_in({}), model.fold_in({"never rated": 5})):
        np.testing.assert_allclose(model.predict_for(row, items), model.predict(["nobody"] * 20, items), atol=1e-12)


def test_folding_in_follows_the_ratings(model: IteratedSVD, events: Stream) -> None:
    items = list(dict.fromkeys(events.items))[:20]
    high, low = (model.predict_for(model.fold_in(dict.fromkeys(items, stars)), items) for stars in (5.0, 1.0))
    assert (high > low).all()
    with pytest.raises(InputError, match="scale"):
        model.fold_in({items[0]: 7})
    with pytest.raises(InputError, match="never rated"):
        model.predict_for(model.fold_in({}), ["never rated"])


def test_an_explanation_adds_up(model: IteratedSVD, events: Stream) -> None:
    for user in [*dict.fromkeys(events.users[:200]), "nobody"]:
        for item in list(dict.fromkeys(events.items))[:5]:
            found = model.explain(user, item)
            parts = found.everybody + found.own + sum(part.moved for part in found.ratings) + found.rest
            assert parts == pytest.approx(found.score, abs=1e-12)
            assert np.clip(found.score, 1, 5) == pytest.approx(model.predict_one(user, item), abs=1e-12)
            strengths = [abs(part.moved) for part in found.ratings]
            assert strengths == sorted(strengths, reverse=True)
    with pytest.raises(InputError, match="never rated"):
        model.explain("nobody", "never rated")


def test_an_explanation_is_in_the_datas_own_scale(events: Stream) -> None:
    stars, percent = IteratedSVD(), IteratedSVD(scale=(0, 100))
    learn(stars, events)
    learn(percent, events.having(ratings=(events.ratings - 1) * 25))
    user, item = events.users[-1], events.items[-1]
    one, other = stars.explain(user, item), percent.explain(user, item)
    assert other.score == pytest.approx((one.score - 1) * 25, abs=1e-6)
    assert other.own == pytest.approx(one.own * 25, abs=1e-6)
    assert other.ratings[0].moved == pytest.approx(one.ratings[0].moved * 25, abs=1e-4)


def test_similar_is_a_correlation(model: IteratedSVD, events: Stream) -> None:
    item, user = events.items[0], events.users[0]
    items = [(one.item, one.similarity) for one in model.similar_items(item, 10**6)]
    users = [(one.user, one.similarity) for one in model.similar_users(user, 10**6)]
    for found, own in ((items, item), (users, user)):
        names, values = zip(*found, strict=True)
        assert own not in names
        assert len(set(names)) == len(names)
        assert list(values) == sorted(values, reverse=True)
        assert -1 - 1e-9 <= min(values) <= max(values) <= 1 + 1e-9
    assert len(model.similar_items(item, 3)) == 3
    other = model.similar_items(item, 1)[0]
    back = {one.item: one.similarity for one in model.similar_items(other.item, 10**6)}
    assert back[item] == pytest.approx(other.similarity, abs=1e-9)
    with pytest.raises(InputError, match="nobody"):
        model.similar_users("nobody")
