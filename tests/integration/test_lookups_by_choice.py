"""Lists by what a user chooses: those of the model in process, and kept up with as it learns."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import redis
from model_states import checkpoint
from rating_streams import stream

from model_store import ModelReader, ModelWriter
from streamsvd.learner import Id, IteratedSVD
from streamsvd.learner.choices import Choices

EVENTS = stream(900, items=120)
NOBODY: Id = "nobody"


def listed(reader: ModelReader, user: Id, n: int = 8, rank_by: str = "choice") -> list[Id]:
    return [found.item for found in reader.recommend(user, n, rank_by=rank_by).items]


def test_recommend_gives_the_best_choices_and_keeps_up(client: redis.Redis, model_name: str) -> None:
    model, choices, reader = IteratedSVD(), Choices(), ModelReader(client, model_name)
    users = [*dict.fromkeys(EVENTS.users), NOBODY]
    with closing(ModelWriter(client, model_name)) as writer:
        writer.acquire()
        for version, start in enumerate(range(0, len(EVENTS), 300), start=1):
            part = EVENTS.cut(start, start + 300)
            model.learn(*part)
            choices.learn(model, part.users, part.items)
            writer.write(checkpoint(version, writer.token, choices.changes(model)))
            for user in users:
                assert reader.recommend(user, 8).items == model.recommend(user, 8, choices=choices)
    assert [found.item for found in reader.recommend(NOBODY, 8).items] == listed(reader, NOBODY)
    assert listed(reader, NOBODY) != listed(reader, NOBODY, rank_by="rating")


def test_somebody_without_an_account_is_known_by_the_last_ratings_given(client: redis.Redis, model_name: str) -> None:
    model, choices = IteratedSVD(), Choices()
    model.learn(*EVENTS)
    choices.learn(model, EVENTS.users, EVENTS.items)
    with closing(ModelWriter(client, model_name)) as writer:
        writer.acquire()
        writer.write(checkpoint(1, writer.token, choices.state(model)))
    reader = ModelReader(client, model_name)
    given: dict[Id, float] = dict.fromkeys(list(dict.fromkeys(EVENTS.items))[:8], 4.0)
    found = [item.item for item in reader.recommend_for(given, 5).items]
    for item in given:
        model.learn(["visitor"], [item], [4.0])
        choices.learn(model, ["visitor"], [item])
    expected = [item.item for item in model.recommend("visitor", 5, choices=choices)]
    assert len(set(found) & set(expected)) >= 4  # the visitor's own ratings count a little in the other one
    assert not set(found) & set(given)
    assert [item.item for item in reader.recommend_for({}, 5).items] == listed(reader, NOBODY, 5)


def test_a_snapshot_of_a_bare_learner_is_ranked_by_rating(client: redis.Redis, model_name: str) -> None:
    model = IteratedSVD()
    model.learn(*EVENTS)
    with closing(ModelWriter(client, model_name)) as writer:
        writer.acquire()
        writer.write(checkpoint(1, writer.token, model.state()))
    answer = ModelReader(client, model_name).recommend(NOBODY, 1000)
    assert answer.items
    assert (np.diff([found.score for found in answer.items]) <= 0).all()
