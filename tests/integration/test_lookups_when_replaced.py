"""A reader that outlives the model it knew: whatever took its place, answers are those of a new reader."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest
import redis

from model_store import Checkpoint, ModelReader, ModelWriter
from model_store.codec.keys import Keys
from streamsvd.errors import SnapshotCorrupt
from streamsvd.learner import IteratedSVD
from streamsvd.learner.choices import Choices
from streamsvd.ratings import CatalogueItem

USERS, ITEMS = 40, 60


def build(client: redis.Redis, model: str, seed: int, versions: int, *, choices: bool = True) -> None:
    """Write some versions, the first of them whole, by a writer of its own."""
    learner, chosen, chance = IteratedSVD(scale=(1, 5)), Choices(), np.random.default_rng(seed)
    with closing(ModelWriter(client, model)) as writer:
        writer.acquire()
        for number in range(versions):
            count = 20 if number else 400
            users, items = chance.integers(0, USERS, count).tolist(), chance.integers(0, ITEMS, count).tolist()
            learner.learn(users, items, chance.integers(1, 6, count).astype(float), [number] * count)
            if choices:
                chosen.learn(learner, users, items)
            state = chosen.changes(learner) if choices else learner.changes()
            changes = Checkpoint(version=writer.version + 1, token=writer.token, offsets={}, state=state)
            writer.write(changes, whole=number == 0, catalogue=None if number else catalogue(seed))


def catalogue(seed: int) -> list[CatalogueItem]:
    """Another catalogue for another seed."""
    return [CatalogueItem(item, f"Film {item} of {seed}", (f"Genre {seed}",), 1970 + item) for item in range(ITEMS)]


def empty(client: redis.Redis, model: str) -> None:
    """As FLUSHALL would: with the fence, so tokens begin anew."""
    client.delete(*client.scan_iter(f"{Keys(model).prefix}*"))


@pytest.fixture
def reader(client: redis.Redis, model_name: str) -> ModelReader:
    """Of a model of four versions; it has answered every kind of question."""
    build(client, model_name, 1, 4)
    reader = ModelReader(client, model_name, clock=lambda: 0.0)
    answers(reader)
    return reader


def answers(reader: ModelReader) -> list[object]:
    return [
        reader.recommend(1, ITEMS),
        reader.recommend(2, ITEMS, rank_by="rating", exclude_seen=False),
        reader.recommend_for({3: 5.0, 4: 1.0}, ITEMS),
        reader.similar_items(3, ITEMS),
        reader.similar_users(3, USERS),
        reader.predict(3, 4),
        reader.explain(3, 4),
    ]


@pytest.mark.parametrize("versions", [1, 3, 4, 6])
def test_a_store_that_was_emptied_and_filled_again(
    client: redis.Redis, model_name: str, reader: ModelReader, versions: int
) -> None:
    empty(client, model_name)
    build(client, model_name, 2, versions)
    assert answers(reader) == answers(ModelReader(client, model_name, clock=lambda: 0.0))


def test_a_store_that_came_back_as_it_was_before(client: redis.Redis, model_name: str) -> None:
    keys = Keys(model_name)
    learner, chance = IteratedSVD(scale=(1, 5)), np.random.default_rng(5)

    def write(writer: ModelWriter, model: IteratedSVD, count: int) -> None:
        users, items = chance.integers(0, USERS, count).tolist(), chance.integers(0, ITEMS, count).tolist()
        model.learn(users, items, chance.integers(1, 6, count).astype(float), [count] * count)
        state = model.changes()
        writer.write(Checkpoint(version=writer.version + 1, token=writer.token, offsets={}, state=state))

    with closing(ModelWriter(client, model_name)) as lost, closing(ModelWriter(client, model_name)) as writer:
        lost.acquire()
        write(lost, learner, 400)
        saved = {key: client.dump(key) or b"" for key in client.scan_iter(f"{keys.prefix}*")}
        for _ in range(2):
            write(lost, learner, 50)
        reader = ModelReader(client, model_name, clock=lambda: 0.0)
        answers(reader)
        empty(client, model_name)
        for key, value in saved.items():
            client.restore(key, 0, value)
        writer.acquire()
        found = writer.load()
        assert found is not None
        again = IteratedSVD.from_state(found.state)
        for _ in range(3):  # up to the reader's version, and beyond it
            write(writer, again, 30)
            assert answers(reader) == answers(ModelReader(client, model_name, clock=lambda: 0.0))
        client.set(keys.fence, lost.token)
        lost._fence.version = writer.version  # even if both counted up to the same one
        with pytest.raises(SnapshotCorrupt, match="changed by another program"):
            write(lost, learner, 10)


def test_a_question_that_is_asked_meanwhile_is_not_answered_from_what_was(
    client: redis.Redis, model_name: str, reader: ModelReader
) -> None:
    empty(client, model_name)
    build(client, model_name, 2, 4)
    with reader._view_cache._refreshing:  # as if another thread brought the new version
        assert reader._view_cache._as_it_is([], ("factors",), older=True) is None
    assert answers(reader) == answers(ModelReader(client, model_name, clock=lambda: 0.0))


def test_a_model_without_choices_takes_the_place_of_one_with_them_and_the_other_way_round(
    client: redis.Redis, model_name: str, reader: ModelReader
) -> None:
    for seed, choices in ((2, False), (3, True)):
        build(client, model_name, seed, 2, choices=choices)
        reader.recommend_for({3: 5.0}, 3)
        assert answers(reader) == answers(ModelReader(client, model_name, clock=lambda: 0.0))
