"""The same events give the same bits: however the stream is cut, saved, restored or sent as changes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from learner_kinds import KINDS, Kind
from rating_streams import Stream, digest, interleaved, learn, stream

from streamsvd import IteratedSVD
from streamsvd.learner import Id, Predictions, Ragged, Rows, State

SHORT = interleaved(stream(220, users=12, items=25, seed=5, again=0.1))
CUTS = st.lists(st.integers(0, len(SHORT)), max_size=12)


def same(left: Predictions, right: Predictions) -> bool:
    return all((a == b).all() for a, b in zip(left, right, strict=True))


def test_same_seed_same_bits_another_seed_differs(kind: Kind, events: Stream) -> None:
    first, second, third = kind.make(seed=7), kind.make(seed=7), kind.make(seed=8)
    assert same(learn(first, events), learn(second, events))
    assert digest(first.state()) == digest(second.state())
    learn(third, events)
    assert (first.predict(events.users, events.items) != third.predict(events.users, events.items)).any()


def test_one_by_one_equals_arrays(kind: Kind, events: Stream) -> None:
    whole, single = kind.make(), kind.make()
    expected = learn(whole, events)
    found = [single.learn_one(u, i, r, int(t)) for u, i, r, t in zip(*events, strict=True)]
    assert found == expected.event.tolist()
    assert digest(single.state()) == digest(whole.state())


@settings(max_examples=25)
@given(CUTS, st.sampled_from(KINDS))
def test_any_cuts_give_the_same_bits(cuts: list[int], kind: Kind) -> None:
    whole, pieces = kind.make(), kind.make()
    assert same(learn(whole, SHORT), learn(pieces, SHORT, cuts))
    assert digest(whole.state()) == digest(pieces.state())


class Store:
    """What a store keeps: one record per row, replaced or removed by each set of changes."""

    def __init__(self) -> None:
        self.sides: tuple[dict[Id, Any], dict[Id, Any]] = {}, {}
        self.latest: State | None = None

    def apply(self, changes: State) -> None:
        self.latest = changes
        for kept, rows in zip(self.sides, (changes.users, changes.items), strict=True):
            for name in rows.removed:
                kept.pop(name, None)
            for k, name in enumerate(rows.ids):
                fixed = {block: array[k].copy() for block, array in rows.fixed.items()}
                ragged = {block: parts.row(k).copy() for block, parts in rows.ragged.items()}
                kept[name] = (int(rows.numbers[k]), fixed, ragged)

    def state(self) -> State:
        assert self.latest is not None
        sides = [
            _rows(kept, rows) for kept, rows in zip(self.sides, (self.latest.users, self.latest.items), strict=True)
        ]
        return State(self.latest.settings, self.latest.globals_, sides[0], sides[1])


def _rows(kept: dict[Id, Any], like: Rows) -> Rows:
    order = sorted(kept, key=lambda name: kept[name][0])
    fixed = {
        block: np.array([kept[name][1][block] for name in order], array.dtype) for block, array in like.fixed.items()
    }
    ragged = {}
    for block, parts in like.ragged.items():
        pieces = [kept[name][2][block] for name in order]
        offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]).astype(np.int64)
        ragged[block] = Ragged(np.concatenate([parts.values[:0], *pieces]), offsets)
    return Rows(np.array([kept[name][0] for name in order], np.int64), order, fixed, ragged)


@settings(max_examples=25)
@given(CUTS, st.sampled_from(KINDS))
def test_saved_and_restored_anywhere_continues_as_if_never_stopped(cuts: list[int], kind: Kind) -> None:
    whole, stopped, store = kind.make(), kind.make(), Store()
    expected = learn(whole, SHORT)
    found, start = [], 0
    for end in [*sorted(cuts), len(SHORT)]:
        found.append(learn(stopped, SHORT.cut(start, end)))
        store.apply(stopped.changes())
        assert digest(store.state()) == digest(stopped.state())
        stopped, start = kind.restore(store.state()), end
    for column, parts in zip(expected, zip(*found, strict=True), strict=True):
        assert (np.concatenate(parts) == column).all()
    assert digest(stopped.state()) == digest(whole.state())


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("learn"), st.integers(1, 40)),
        st.tuples(st.just("retract"), st.integers(0, len(SHORT) - 1)),
        st.tuples(st.just("erase"), st.integers(0, len(SHORT) - 1)),
        st.tuples(st.just("store"), st.just(0)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=60)
@given(STEPS, st.sampled_from(KINDS))
def test_restarts_between_retractions_and_erasures_change_no_bit(steps: list[tuple[str, int]], kind: Kind) -> None:
    steady, restarted, store = kind.make(), kind.make(), Store()
    store.apply(restarted.changes())
    at = 0

    def do(model: IteratedSVD, step: str, number: int) -> Any:
        if step == "learn":
            events = SHORT.cut(at, at + number)
            return model.learn(*events).event.tolist() if len(events) else None
        if step == "retract":
            return model.retract(SHORT.users[number], SHORT.items[number])
        return model.erase(SHORT.users[number])

    for step, number in steps:
        if step == "store":
            store.apply(restarted.changes())
        elif step == "restart":
            store.apply(restarted.changes())
            restarted = kind.restore(store.state())
        else:
            assert do(steady, step, number) == do(restarted, step, number)
            at += number if step == "learn" else 0
        assert digest(steady.state()) == digest(restarted.state())
    store.apply(restarted.changes())
    assert digest(store.state()) == digest(steady.state())


def test_changes_hold_what_changed_and_only_that(kind: Kind, events: Stream) -> None:
    model = kind.make()
    learn(model, events.cut(0, 300))
    assert model.changes().users.ids == model.state().users.ids
    changes = model.changes()
    assert (changes.users.ids, changes.items.ids) == ([], [])
    model.learn_one(events.users[0], "yet another film", 4)
    changes = model.changes()
    assert events.users[0] in changes.users.ids
    assert changes.items.ids == ["yet another film"]
    assert model.changes().users.ids == []


def test_a_state_shares_nothing_with_its_model(kind: Kind, events: Stream) -> None:
    model = kind.make()
    learn(model, events.cut(0, 200))
    state = model.state()
    before, copy = digest(state), kind.restore(state)
    learn(copy, events.cut(200, 400))
    learn(model, events.cut(200, 400))
    assert digest(state) == before
    assert digest(copy.state()) == digest(model.state())
