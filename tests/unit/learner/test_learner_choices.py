"""What users choose: the kernels against plain Python, and the same bits wherever the stream is cut or restored."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rating_streams import Stream, digest, stream

from streamsvd.errors import SettingsError
from streamsvd.kernels.choices import SLOTS
from streamsvd.kernels.scoring import score_items
from streamsvd.kernels.state import State
from streamsvd.learner import Id, IteratedSVD
from streamsvd.learner.choices import Choices, chances, popularity
from streamsvd.learner.live_items import LiveItems, best_ids, ranked_ids
from streamsvd.lookup.choice_scores import ranking_scores
from streamsvd.lookup.item_table import FACTORS, SEEN

SHORT = stream(220, users=12, items=25, seed=5, again=0.1)


def learned(events: Stream, cuts: list[int] | None = None, *, restart: bool = False) -> tuple[IteratedSVD, Choices]:
    model, choices = IteratedSVD(), Choices()
    for start, stop in pairwise(sorted({0, *(cuts or []), len(events)})):
        part = events.cut(start, stop)
        model.learn(*part)
        choices.learn(model, part.users, part.items)
        if restart:
            state = choices.state(model)
            model, choices = IteratedSVD.from_state(state), Choices.from_state(state)
    return model, choices


def plain_chances(events: Stream, user: Id) -> dict[Id, float]:
    """The docstring's formula, with dictionaries; right as long as no bucket overflows."""
    recent: dict[Id, list[Id]] = {}
    met: dict[Id, dict[Id, float]] = {}
    counts: dict[Id, float] = {}
    for who, item in zip(events.users, events.items, strict=True):
        counts = {name: count * 0.5 ** (1 / 5000) for name, count in counts.items()}
        last = recent.setdefault(who, [])
        if item in last[-6:]:
            continue
        counts[item] = counts.get(item, 0.0) + 1
        for step, other in enumerate(reversed(last[-6:])):
            for left, right in ((item, other), (other, item)):
                row = met.setdefault(left, {})
                row[right] = row.get(right, 0.0) + 0.8**step
        last.append(item)
    popular = {name: count / sum(counts.values()) for name, count in counts.items()}
    weights = {item: 0.8**step for step, item in enumerate(reversed(recent.get(user, [])[-6:])) if item in met}
    if not weights:
        return popular
    found = {name: 0.2 * share for name, share in popular.items()}
    for item, weight in weights.items():
        for other, together in met[item].items():
            part = weight / sum(weights.values())
            found[other] += 0.8 * part * together / (sum(met[item].values()) + 20)
    return found


@pytest.mark.parametrize("user", ["somebody new", *sorted(set(SHORT.users), key=str)[:4]])
def test_against_plain_python(user: Id) -> None:
    model, choices = learned(SHORT)
    state = choices.state(model)
    near = state.items.fixed["choice"]["near"].reshape(-1, 8, 8)
    assert (near[:, :, -1] < 0).all()  # 25 items: no bucket is full
    expected = plain_chances(SHORT, user)
    found = dict(zip(state.items.ids, choices.chances(model, user).tolist(), strict=True))
    assert found == pytest.approx(expected, rel=1e-5)  # weights are kept in single precision
    assert sum(found.values()) < 1 + 1e-12


@settings(max_examples=20)
@given(st.lists(st.integers(0, len(SHORT)), max_size=8), st.booleans())
def test_any_cuts_and_restarts_give_the_same_bits(cuts: list[int], restart: bool) -> None:
    (model, choices), (expected_model, expected) = learned(SHORT, cuts, restart=restart), learned(SHORT)
    assert digest(choices.state(model)) == digest(expected.state(expected_model))


def test_a_full_bucket_lets_the_least_go_and_restores_to_the_same_bits() -> None:
    items: list[Id] = list(range(3000))
    random = np.random.default_rng(1)
    users: list[Id] = [int(u) for u in random.integers(0, 3, 3000)]
    big = Stream(users, items, np.full(3000, 3.0), np.arange(3000))
    few: list[Id] = [int(i) for i in random.integers(0, 900, 6000)]
    more = Stream([int(u) for u in random.integers(0, 3, 6000)], few, np.full(6000, 3.0), np.arange(3000, 9000))
    model, choices = learned(big)
    choices.learn(model, more.users, more.items)
    state = choices.state(model)
    assert (state.items.fixed["choice"]["near"] >= 0).sum(axis=1).max() > SLOTS * 3 / 4
    again = Choices.from_state(state)
    for each in (choices, again):
        each.learn(model, more.users[:500], more.items[500:1000])
    assert digest(again.state(model)) == digest(choices.state(model))


def test_changes_hold_every_row_that_choices_changed() -> None:
    model, choices = IteratedSVD(), Choices()
    stored: dict[Id, bytes] = {}

    def store(state: State) -> None:
        for k, name in enumerate(state.items.ids):
            stored[name] = state.items.fixed["choice"][k].tobytes()

    for start, stop in pairwise(range(0, len(SHORT) + 1, 20)):
        part = SHORT.cut(start, stop)
        model.learn(*part)
        choices.learn(model, part.users, part.items)
        store(choices.changes(model))
    by_changes = dict(stored)
    stored.clear()
    store(choices.state(model))
    assert by_changes == stored
    assert len(choices.changes(model).items) == 0


def all_scores(items: LiveItems, user: Id) -> NDArray[np.float64]:
    """Chance times liking of every item."""
    model, choices = items.model, items.choices
    assert choices is not None
    factors = items.user_row(user, [FACTORS]).get(FACTORS, [None])[0]
    ratings = score_items(items.settings, items.globals_, factors, items.factors)
    return ranking_scores(choices.chances(model, user), ratings, model.scale)


def test_the_best_are_the_head_of_all_scores() -> None:
    model, choices = learned(stream(600))
    for user in [*SHORT.users[:5], "somebody new"]:
        items = LiveItems(model, choices)
        seen = items.user_row(user, [SEEN]).get(SEEN)
        rated = np.zeros(0, np.int32) if seen is None else seen["item"]
        for n in (1, 10, 1000):
            found = ranked_ids(items, user, n, "choice", rated)
            assert found == best_ids(items, all_scores(items, user), n, rated)
            assert found == [item.item for item in model.recommend(user, n, choices=choices)]
            assert len(found) == min(n, model.n_items - len(rated))
    assert ranked_ids(LiveItems(model, choices), "somebody new", 5, "choice", np.arange(model.n_items)) == []


def test_scores_are_chance_times_liking() -> None:
    model, choices = learned(SHORT)
    items, user = LiveItems(model, choices), SHORT.users[0]
    stars = score_items(items.settings, items.globals_, items.user_row(user, [FACTORS])[FACTORS][0], items.factors)
    expected = choices.chances(model, user) * [1 / (1 + math.exp(1.7 * (3.75 - s))) for s in stars]
    assert all_scores(items, user) == pytest.approx(expected, rel=1e-12)


def test_lookups_change_nothing() -> None:
    model, choices = learned(SHORT)
    before = digest(choices.state(model))
    choices.chances(model, "somebody new")
    model.recommend(SHORT.users[0], 3, choices=choices)
    assert digest(choices.state(model)) == before


def test_an_erased_user_leaves_no_last_items() -> None:
    model, choices = learned(SHORT)
    user = SHORT.users[0]
    choices.erase(model, user)
    model.erase(user)
    model.learn(["heir"], [SHORT.items[0]], [3.0])  # takes over the row number
    assert choices.chances(model, "heir").tolist() == choices.chances(model, "somebody new").tolist()
    choices.erase(model, "never here")


def test_a_state_without_choices_is_refused() -> None:
    with pytest.raises(SettingsError, match="learn it again"):
        Choices.from_state(IteratedSVD().state())


def test_an_empty_model_restores() -> None:
    state = Choices().state(IteratedSVD())
    assert digest(Choices.from_state(state).state(IteratedSVD())) == digest(state)


def test_numbers_beyond_the_items_are_left_out() -> None:
    model, choices = learned(SHORT)
    state = choices.state(model)
    rows = state.items.fixed["choice"]
    shares = popularity(rows, int(state.globals_["choice_clock"][0]))
    expected = chances(np.array([3], np.int32), rows, shares)
    found = chances(np.array([3, -1, 2**30], np.int32), rows, shares)
    assert found.tolist() == expected.tolist()
    assert chances(np.array([3], np.int32), rows[:10], shares[:10]).tolist() == expected[:10].tolist()


def test_follows_a_learner_with_other_numbers() -> None:
    model, choices = learned(SHORT)
    late = IteratedSVD()
    late.learn(*SHORT.cut(100, len(SHORT)))
    expected = {
        user: dict(zip(model._items.ids, choices.chances(model, user), strict=True)) for user in late._users.rows
    }
    choices.follow(model, late)
    assert set(late._items.ids) == set(model._items.ids)
    assert late._items.ids != model._items.ids
    for user, chance in expected.items():
        assert dict(zip(late._items.ids, choices.chances(late, user), strict=True)) == pytest.approx(chance, rel=1e-6)
    again = Choices.from_state(choices.state(late))
    assert digest(again.state(late)) == digest(choices.state(late))


def test_what_a_new_learner_does_not_know_is_forgotten() -> None:
    model, choices = learned(SHORT)
    late = IteratedSVD()
    late.learn(*SHORT.cut(215, len(SHORT)))
    choices.follow(model, late)
    state = choices.state(late)
    near = state.items.fixed["choice"]["near"]
    assert near.max() < late.n_items
    assert state.users.fixed["recent"]["items"].max() < late.n_items
    choices.learn(late, SHORT.users[:0], SHORT.items[:0])
    assert digest(Choices.from_state(state).state(late)) == digest(choices.state(late))
