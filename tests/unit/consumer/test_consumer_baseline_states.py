"""Baselines' states as rows that are written one by one, and back."""

from __future__ import annotations

import numpy as np
import pytest
from learner_kinds import BASELINES, Kind
from model_states import plain
from rating_streams import stream

from consumer.baseline_states import changed, from_rows, to_rows
from streamsvd.learner.baselines import BiasedSGD, DampedMeans

KINDS = [pytest.param(kind, id=kind.name) for kind in BASELINES]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [0, 300])
def test_what_becomes_rows_comes_back_bit_for_bit(kind: Kind, n: int) -> None:
    model = kind.make()
    model.learn(*stream(300).cut(0, n))
    state = model.state()
    back = from_rows(to_rows(state))
    assert plain(back) == plain(state)
    assert all(
        block.ndim == 1 for rows in (to_rows(state).users, to_rows(state).items) for block in rows.fixed.values()
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_changed_rows_laid_over_those_before_are_those_now(kind: Kind) -> None:
    model, events = kind.make(), stream(400)
    model.learn(*events.cut(0, 300))
    before = to_rows(model.state())
    model.learn(*events.cut(300, 400))
    now = to_rows(model.state())
    some = changed(before, now)
    assert some is not None
    for old, part, new in ((before.users, some.users, now.users), (before.items, some.items, now.items)):
        for name, block in new.fixed.items():
            laid = np.concatenate([old.fixed[name], np.zeros(len(new) - len(old), block.dtype)])
            laid[part.numbers] = part.fixed[name]
            assert laid.tobytes() == block.tobytes()
        assert part.ids == [new.ids[k] for k in part.numbers.tolist()]
    assert len(some.users) <= len(now.users)


def test_only_rows_that_changed_are_taken() -> None:
    model = BiasedSGD(rank=2, replays=0)
    model.learn(["ann", "bob"], ["Heat", "Babe"], [5, 2])
    before = to_rows(model.state())
    model.learn(["bob", "cat"], ["Babe", "Heat"], [4, 3])
    some = changed(before, to_rows(model.state()))
    assert some is not None
    assert (some.users.ids, some.items.ids) == (["bob", "cat"], ["Heat", "Babe"])


def test_rows_that_moved_up_are_written_anew() -> None:
    model = BiasedSGD(rank=2)
    model.learn(["ann", "bob"], ["Heat", "Babe"], [5, 2])
    state = to_rows(model.state())
    assert changed(None, state) is None
    other = BiasedSGD(rank=2)
    other.learn(["bob"], ["Babe"], [2])
    assert changed(state, to_rows(other.state())) is None


def test_a_long_array_travels_in_pieces() -> None:
    model = BiasedSGD(rank=1, replays=0)
    n = 9000
    model.learn(np.arange(n) % 50, np.arange(n) % 70, np.full(n, 3.0))
    state = model.state()
    pieces = [name for name in to_rows(state).globals_ if name.startswith("history_stars~")]
    assert pieces == ["history_stars~0", "history_stars~4096", "history_stars~8192"]
    assert plain(from_rows(to_rows(state))) == plain(state)


def test_a_row_has_changed_when_a_bit_of_it_has() -> None:
    model = DampedMeans()
    model.learn(["ann", "bob"], ["Heat", "Heat"], [5, 4])
    before, now = to_rows(model.state()), to_rows(model.state())
    before.users.fixed["row"]["row"][1] = 0.0
    now.users.fixed["row"]["row"][1] = -0.0
    found = changed(before, now)
    assert found is not None
    assert (found.users.ids, found.items.ids) == (["bob"], [])


def test_a_state_of_other_blocks_is_written_whole() -> None:
    model = DampedMeans()
    model.learn(["ann"], ["Heat"], [5])
    before, now = to_rows(model.state()), to_rows(model.state())
    before.items.fixed["kept_on"] = np.zeros(1, np.int64)
    assert changed(before, now) is None
