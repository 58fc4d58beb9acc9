"""The mean that is shown of a user is that of the ratings that the user has, whatever was replaced or taken back."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
import redis
from model_states import checkpoint

from model_store import ModelReader, ModelWriter
from streamsvd.errors import SettingsError, SnapshotCorrupt
from streamsvd.learner import IteratedSVD, Settings
from streamsvd.ratings import Id

USERS: list[Id] = ["bob", "eve", 3]


@pytest.mark.parametrize("scale", [(1.0, 5.0), (0.5, 5.0), (0.0, 10.0), (-10.0, 10.0)])
def test_the_mean_is_of_the_ratings_that_the_user_has(
    client: redis.Redis, model_name: str, writer: ModelWriter, scale: tuple[float, float]
) -> None:
    """With a window of 4, so that most ratings have left it."""
    chance, model = random.Random(1), IteratedSVD(Settings(window=4), scale=scale)
    held: dict[Id, dict[int, float]] = {user: {} for user in USERS}
    for time in range(600):
        user, item = chance.choice(USERS), chance.randrange(25)
        if chance.random() < 0.2:
            assert model.retract(user, item) == (held[user].pop(item, None) is not None)
        else:
            held[user][item] = round(chance.uniform(*scale), 1)
            model.learn_one(user, item, held[user][item], time)
    writer.write(checkpoint(1, writer.token, model.state()))
    reader = ModelReader(client, model_name)
    found = {user.user: user for user in reader.users().users}
    assert found.keys() == held.keys()
    for user, ratings in held.items():
        assert found[user].ratings == len(ratings)
        assert found[user].mean == pytest.approx(sum(ratings.values()) / len(ratings), abs=2e-6)
        assert reader.history(user).user == found[user]


def test_a_rating_that_was_changed_or_taken_back_counts_no_more(
    client: redis.Redis, model_name: str, writer: ModelWriter
) -> None:
    model = IteratedSVD(scale=(1, 5))
    for user, item, rating in [("bob", "tent", 1), ("bob", "tent", 5), ("eve", "tent", 5), ("eve", "stove", 1)]:
        model.learn_one(user, item, rating, 1_400_000_002)
    model.learn_one("ann", "tent", 2, 1_400_000_003)
    model.retract("eve", "stove")
    model.retract("ann", "tent")
    writer.write(checkpoint(1, writer.token, model.state()))
    found = {user.user: (user.ratings, user.mean) for user in ModelReader(client, model_name).users().users}
    assert found == {"bob": (1, 5.0), "eve": (1, 5.0), "ann": (0, None)}


def test_a_model_of_an_earlier_release_is_refused(client: redis.Redis, model_name: str, writer: ModelWriter) -> None:
    """Its lists of rated items hold no ratings."""
    model = IteratedSVD()
    model.learn_one("bob", "tent", 4, 1)
    state = model.state()
    seen = state.users.ragged["seen"]
    earlier = replace(seen, values=seen.values["item"].astype(np.int32))
    old = replace(state, users=replace(state.users, ragged={**state.users.ragged, "seen": earlier}))
    with pytest.raises(SettingsError, match="list 'seen'"):
        IteratedSVD.from_state(old)
    writer.write(checkpoint(1, writer.token, old))
    for ask in (ModelReader(client, model_name).recommend, ModelReader(client, model_name).history):
        with pytest.raises(SnapshotCorrupt, match="earlier release"):
            ask("bob")
