"""Shadows: no cut changes a bit of them; erasing, promoting and promoting back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from model_states import plain
from rating_streams import Stream, stream

from evaluation.models import parse_spec
from evaluation.shadows.shadow_models import Shadows
from streamsvd.errors import SettingsError
from streamsvd.learner import IteratedSVD

SPECS = {"folded": "fold-in,rank=3,warm_up=250", "sgd": "biased-sgd,rank=3,replay_from=60", "wide": "rank=10"}


class Run:
    """A served model with shadows, without Kafka and Redis."""

    def __init__(self, specs: dict[str, str] = SPECS) -> None:
        self.model = IteratedSVD()
        self.shadows = Shadows((1.0, 5.0))
        self.events = 0
        for name, text in specs.items():
            self.shadows.add(name, parse_spec(text), None, 0)

    def learn(self, events: Stream) -> None:
        self.shadows.learn(*events, self.model.learn(*events))
        self.events += len(events)

    def erase(self, user: int | str) -> None:
        self.model.erase(user)
        self.shadows.erase(user)

    def promote(self, name: str) -> None:
        self.model = self.shadows.promote(name, self.model, self.events)

    def bits(self, name: str) -> dict[str, Any]:
        shadow = self.shadows.models[name]
        arrays = {**shadow.metrics.state(), **shadow.comparison.state()}
        return {"state": plain(shadow.model.state()), **{n: (a.shape, a.tobytes()) for n, a in arrays.items()}}


def whole(events: Stream, specs: dict[str, str] = SPECS) -> Run:
    run = Run(specs)
    run.learn(events)
    return run


def test_no_cut_changes_a_bit() -> None:
    events, cut = stream(), Run()
    for a, b in ((0, 1), (1, 30), (30, 251), (251, 251), (251, 600)):
        cut.learn(events.cut(a, b))
    assert all(cut.bits(name) == whole(events).bits(name) for name in SPECS)


@pytest.mark.parametrize("at", [100, 400])
def test_of_an_erased_user_no_shadow_knows_anything_and_all_go_on(at: int) -> None:
    events, run = stream(), Run()
    run.learn(events.cut(0, at))
    gone, kept = events.users[at - 1], next(user for user in events.users[:at] if user != events.users[at - 1])
    others = {name: shadow.model.predict([kept], [events.items[0]])[0] for name, shadow in run.shadows.models.items()}
    run.erase(gone)
    for name, shadow in run.shadows.models.items():
        state = shadow.model.state()
        assert gone not in state.users.ids
        history = state.globals_.get("history_users", np.zeros(0, np.int64))
        assert len(history) == 0 or 0 <= history.min() <= history.max() < len(state.users)
        if name != "wide":  # its item rows were refitted without the user
            assert shadow.model.predict([kept], [events.items[0]])[0] == others[name]
    run.learn(events.cut(at, 600))
    again = Run()
    again.learn(events.cut(0, at))
    again.erase(gone)
    for a in range(at, 600, 50):
        again.learn(events.cut(a, min(a + 50, 600)))
    assert all(again.bits(name) == run.bits(name) for name in SPECS)


def test_when_the_only_user_is_erased_nothing_of_its_ratings_is_left_to_be_replayed() -> None:
    events, run = stream().cut(0, 5), Run()
    only = events.having(users=["ann"] * 5)
    run.learn(only)
    run.erase("ann")
    assert all(shadow.model.n_users == 0 for shadow in run.shadows.models.values())
    run.learn(events)


def test_a_promoted_model_and_the_one_before_change_places_and_keep_their_figures() -> None:
    events, run = stream(), Run()
    run.learn(events.cut(0, 300))
    run.promote("wide")
    assert run.shadows.names() == ["wide", "folded", "original", "sgd"]
    run.learn(events.cut(300, 600))
    other, wide = whole(events), whole(events).shadows.models["wide"]
    assert plain(run.model.state()) == plain(wide.model.state())
    assert run.shadows.served.metrics.figures() == wide.metrics.figures()
    original = run.shadows.models["original"]
    assert plain(original.model.state()) == plain(other.model.state())
    assert original.comparison.verdict().difference == -wide.comparison.verdict().difference
    assert run.shadows.models["sgd"].comparison.verdict().ratings < 300
    run.promote("original")
    assert run.bits("wide") == other.bits("wide")


@pytest.mark.parametrize(
    ("name", "reason"), [("sgd", "baseline"), ("nobody", "folded, sgd, wide"), ("original", "served already")]
)
def test_what_cannot_be_served_is_refused_and_nothing_changes(name: str, reason: str) -> None:
    run = whole(stream(50))
    with pytest.raises(SettingsError, match=reason):
        run.promote(name)
    assert run.shadows.names() == ["original", "folded", "sgd", "wide"]


def test_names_are_letters_and_not_taken() -> None:
    shadows = Shadows((1.0, 5.0))
    for name, reason in (("a b", "letters"), ("", "letters"), ("original", "is taken")):
        with pytest.raises(SettingsError, match=reason):
            shadows.add(name, parse_spec("damped-means"), None, 0)
    assert not shadows
    assert shadows.state() == {}
