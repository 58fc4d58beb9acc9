"""What a simulation says would have been recommended is what Redis answers from a snapshot of that moment."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest
from model_runs import with_choices
from model_states import checkpoint

from evaluation.models import parse_spec
from evaluation.studies.simulation import Run, event_range
from evaluation.studies.simulation_lookup import look_up
from model_store import ModelReader, ModelWriter, connect
from streamsvd.ratings import Dataset, Id, RatingTable, Synthetic

WORLD = Synthetic(ratings=6_000, users=200, items=500)
TABLE, CATALOGUE = WORLD.table(), WORLD.catalogue()


def test_a_lookup_of_a_simulation_is_that_of_the_store(redis_url: str, model_name: str) -> None:
    run = Run(spec=parse_spec("rank=3"), events=event_range(TABLE, 500, 4_500))
    part = TABLE[500:4_500]
    model = run.spec.make(TABLE.dataset.scale, CATALOGUE)
    model.learn(part.users, part.items, part.ratings, part.timestamps)
    with closing(connect(redis_url)) as client:
        with closing(ModelWriter(client, model_name)) as writer:
            writer.acquire()
            state = with_choices(model, part.users, part.items)  # type: ignore[arg-type]
            writer.write(checkpoint(1, writer.token, state), catalogue=CATALOGUE.values())
        reader = ModelReader(client, model_name)
        for user in [*dict.fromkeys(part.users[::400].tolist()), "nobody"]:
            found, answer = look_up(TABLE, CATALOGUE, run, user, 7), reader.recommend(user, 7)
            assert [(item.item, item.title, item.score) for item in found.items] == [
                (item.item, item.title, item.score) for item in answer.items
            ]
            assert found.known_user == answer.known_user
            why = reader.reasons(user, [item.item for item in answer.items])
            assert [[(one.item, one.title, one.raised_by) for one in item.reasons] for item in found.items] == [
                [(one.item, one.title, one.raised_by) for one in why[item.item]] for item in found.items
            ]


def test_what_was_rated_afterwards_is_marked() -> None:
    run = Run(spec=parse_spec("rank=3"), events=event_range(TABLE, None, 3_000))
    later = {(user, item): row for row, (user, item) in enumerate(zip(TABLE.users, TABLE.items, strict=True))}
    user = TABLE.users[3_100].item()
    found = look_up(TABLE, CATALOGUE, run, user, 200)
    assert found.later == int((TABLE.users[3_000:] == user).sum()) > 0
    assert any(item.rated is not None for item in found.items)
    for item in found.items:
        row = later.get((user, item.item))
        assert (item.rated, item.rated_at) == (
            (None, None) if row is None else (float(TABLE.ratings[row]), int(TABLE.timestamps[row]))
        )


@pytest.mark.parametrize(("asked", "found"), [(7, "7"), ("7", "7"), ("8", "8"), (8, 8), ("9", 9), ("nobody", "nobody")])
def test_a_user_of_a_simulation_is_found_by_both_kinds(asked: Id, found: Id) -> None:
    users = np.array(["7", "8", 8, 9] * 10, object)
    items, times = np.arange(40) % 7, np.arange(40)
    table = RatingTable(users, items, 1.0 + items % 5, times, Dataset("kinds", "0" * 64, (1.0, 5.0)))
    run = Run(spec=parse_spec("rank=3"), events=event_range(table, None, 38))
    answer, exact = (look_up(table, None, run, user, 3) for user in (asked, found))
    assert (answer.user, answer.own, answer.later, answer.items) == (found, exact.own, exact.later, exact.items)
    assert answer.known_user == (found != "nobody")
    assert [note.startswith(f"user {asked!r} is the ") for note in answer.notes] == [True] * (asked != found)
