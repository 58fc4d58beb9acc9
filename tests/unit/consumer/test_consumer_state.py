"""A checkpoint holds all of a consumer's state: what is restored from one gives the same checkpoint again."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
from model_states import plain

from consumer.state import ConsumerState, initial, restored
from evaluation import Prequential
from model_store import Checkpoint
from streamsvd.errors import EventError
from streamsvd.learner import Settings
from streamsvd.log import LoggedCatalogue, LogRecord, RecordBlock
from streamsvd.ratings import Synthetic

WORLD = Synthetic(ratings=400, users=40, items=200)


def taught() -> ConsumerState:
    """A state after some ratings, with something in each of its parts."""
    logged = LoggedCatalogue(WORLD.dataset, WORLD.catalogue(), {0: 51})
    state = initial(logged, "ratings.catalogue", Settings(rank=3), Prequential(window=50), seed=7, sample_every=2)
    table = WORLD.table()
    predictions = state.sampler.learn(
        state.model, state.choices, table.users, table.items, table.ratings, table.timestamps
    )
    state.metrics.score(table.items, table.ratings, table.timestamps, predictions)
    state.offsets, state.high_watermarks, state.event_time = {0: 405, 1: 3}, {"made/0": 404}, 1234
    state.last_records.add(RecordBlock.of([LogRecord("ratings", n, 2, 5, None, b"x") for n in (1, 0)]))
    state.dead_letters[EventError.REASONS[1]] = 5
    return state


def whole(state: ConsumerState) -> Checkpoint:
    return state.checkpoint(version=3, token=2, topic="ratings", topic_id="abc", written_at=9.0, whole=True)


def test_a_restored_state_gives_the_same_checkpoint() -> None:
    checkpoint = whole(taught())
    again = whole(restored(checkpoint, "ratings", WORLD.catalogue()))
    assert checkpoint.offsets == {("ratings", 0): 405, ("ratings", 1): 3, ("ratings.catalogue", 0): 51}
    for name, value in asdict(checkpoint).items():
        if name not in ("state", "metrics"):
            assert asdict(again)[name] == value, name
    assert plain(again.state) == plain(checkpoint.state)
    assert again.metrics.keys() == checkpoint.metrics.keys()
    assert all(np.array_equal(again.metrics[n], array, equal_nan=True) for n, array in checkpoint.metrics.items())


def test_a_second_checkpoint_holds_what_has_changed_since() -> None:
    state = taught()
    whole(state)
    state.model.learn([1], [2], [3.0], [2000])
    changed = state.checkpoint(version=4, token=2, topic="ratings", topic_id="abc", written_at=10.0, whole=False)
    assert (changed.state.users.ids, changed.state.items.ids) == ([1], [2])
