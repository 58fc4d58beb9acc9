"""A rating taken back and a user erased: rows as if refitted from what remains, and nothing left behind."""

from __future__ import annotations

import json

import numpy as np
import pytest
from learner_kinds import Kind
from numpy.typing import NDArray
from rating_streams import Stream, digest, ids_of, learn, stream

from streamsvd.kernels.algebra import unpack
from streamsvd.kernels.memory import ENTRY_UNIT
from streamsvd.learner import Id, IteratedSVD, State

Floats = NDArray[np.float64]


def phi_of(state: State, numbers: NDArray[np.int64], popularity: Floats, bias: Floats) -> Floats:
    """Features of items for ratings with this popularity and bias, shape (n, d)."""
    factors = state.items.fixed["factors"][numbers]
    return np.column_stack([np.ones(len(numbers)), factors["content"], popularity, bias, factors["y"][:, 1:]])


def user_solution(state: State, user: Id) -> Floats:
    """Ridge solution of a user's row from its exported window."""
    window = state.users.ragged["window"].row(ids_of(state.users)[user])
    phi = phi_of(state, window["item"], window["popularity"] * ENTRY_UNIT, window["bias"] * ENTRY_UNIT)
    prior = unpack(state.globals_["prior"], phi.shape[1])
    rest = window["target"] - state.items.fixed["factors"]["y"][window["item"], 0]
    return np.asarray(np.linalg.solve(prior + phi.T @ phi, phi.T @ rest))


def item_solution(model: IteratedSVD, state: State, item: Id) -> Floats:
    """Ridge solution of an item's row, with its popularity now and its bias as users see it: times 1 + their slope."""
    k = ids_of(state.items)[item]
    window = state.items.ragged["window"].row(k)
    factors = state.items.fixed["factors"][k]
    row_of = {int(number): at for at, number in enumerate(state.users.numbers)}
    x = state.users.fixed["factors"]["x"][[row_of[int(v)] for v in window["user"]]]
    first = 3 + model.n_content
    popularity = (np.log(1.0 + factors["count"]) - 2) / 2
    known = np.concatenate([[1.0], factors["content"], [popularity, 0.0]])
    psi = np.column_stack([1.0 + x[:, first - 1], x[:, first:]])
    ridge = np.full(1 + model.settings.rank, model.settings.ridge)
    ridge[0] = model.settings.ridge_item_bias
    moment = psi.T @ (window["target"] - x[:, :first] @ known)
    return np.asarray(np.linalg.solve(np.diag(ridge) + psi.T @ psi, moment))


@pytest.mark.parametrize("which", [0, 250, 599])
def test_retract_refits_both_rows_from_what_remains(model: IteratedSVD, events: Stream, which: int) -> None:
    user, item = events.users[which], events.items[which]
    before = model.state()
    assert model.retract(user, item)
    after = model.state()
    u, i = ids_of(after.users)[user], ids_of(after.items)[item]
    assert i not in after.users.ragged["seen"].row(u)["item"]
    assert i not in after.users.ragged["window"].row(u)["item"]
    assert after.users.numbers[u] not in after.items.ragged["window"].row(i)["user"]
    for old, new, k in ((before.users, after.users, u), (before.items, after.items, i)):
        assert new.fixed["factors"]["count"][k] == old.fixed["factors"]["count"][k] - 1
    with_old_items = State(after.settings, after.globals_, after.users, before.items)
    np.testing.assert_allclose(after.users.fixed["factors"]["x"][u], user_solution(with_old_items, user), atol=1e-9)
    np.testing.assert_allclose(after.items.fixed["factors"]["y"][i], item_solution(model, after, item), atol=1e-9)
    assert not model.retract(user, item)


@pytest.mark.parametrize("pair", [("user 0", "no film"), ("nobody", "film 0"), ("user 0", 10**9), ("", "")])
def test_retract_of_no_rating_changes_nothing(model: IteratedSVD, pair: tuple[Id, Id]) -> None:
    before = digest(model.state())
    model.changes()
    assert model.retract(*pair) is False
    assert digest(model.state()) == before
    assert len(model.changes().users) == 0


def test_everything_can_be_taken_back(kind: Kind, events: Stream) -> None:
    model = kind.make()
    learn(model, events.cut(0, 150))
    pairs = dict.fromkeys(zip(events.users[:150], events.items[:150], strict=True))
    assert all(model.retract(*pair) for pair in pairs)
    state = model.state()
    for rows in (state.users, state.items):
        assert not rows.fixed["factors"]["count"].any()
        assert all(len(block.values) == 0 for block in rows.ragged.values())
    assert not state.users.fixed["factors"]["x"].any()
    assert np.isfinite(learn(model, events).event).all()


def test_erase_leaves_nothing_of_the_user(model: IteratedSVD, events: Stream) -> None:
    gone = events.users[-1]
    before = model.state()
    number = int(before.users.numbers[ids_of(before.users)[gone]])
    rated = {i for u, i in zip(events.users, events.items, strict=True) if u == gone}
    model.changes()
    assert model.erase(gone)
    after = model.state()
    assert gone not in after.users.ids
    assert gone not in after.users.removed
    assert number not in after.users.numbers
    assert number not in after.globals_["touched"]
    assert number not in after.items.ragged["window"].values["user"]
    assert number not in after.globals_["page_ints"][:, 0]
    assert number in before.globals_["page_ints"][:, 0]
    assert not after.globals_["page_x"][before.globals_["page_ints"][:, 0] == number].any()
    rows = [ids_of(after.items)[item] for item in rated]
    assert not np.isin(after.globals_["kept_links"][:, 0], rows).any()
    if isinstance(gone, str):
        assert gone not in json.dumps(after.settings)
    for item in rated:
        i = ids_of(after.items)[item]
        row = after.items.fixed["factors"][i]
        assert row["count"] == before.items.fixed["factors"]["count"][i] - 1
        np.testing.assert_allclose(row["y"], item_solution(model, after, item), rtol=0, atol=1e-9)
    changes = model.changes()
    assert changes.users.removed == [gone]
    assert set(changes.items.ids) == rated
    assert model.changes().users.removed == []
    assert not model.erase(gone)
    assert model.erase("never seen") is False


def test_an_erased_user_is_a_stranger(kind: Kind, model: IteratedSVD, events: Stream) -> None:
    gone = events.users[-1]
    model.erase(gone)
    for item in ("film 0", 1):
        assert model.predict_one(gone, item) == model.predict_one("stranger", item)
    twin = kind.restore(model.state())
    again = stream(80, users=4, seed=3)
    me, other = again.having(users=[gone] * 80), again.having(users=["stranger"] * 80)
    assert (learn(model, me).event == learn(twin, other).event).all()


def test_the_number_goes_to_the_next_new_user(model: IteratedSVD, events: Stream) -> None:
    numbers = dict(zip(model.state().users.ids, model.state().users.numbers.tolist(), strict=True))
    first, second = events.users[0], events.users[-1]
    model.erase(first)
    model.erase(second)
    model.learn(["new 1", "new 2", "new 3"], [1, 1, 1], [3.0, 3.0, 3.0])
    after = dict(zip(model.state().users.ids, model.state().users.numbers.tolist(), strict=True))
    assert [after["new 1"], after["new 2"]] == sorted([numbers[first], numbers[second]])
    assert after["new 3"] == len(numbers)


def test_saved_after_an_erasure_it_continues_with_the_same_bits(kind: Kind, events: Stream) -> None:
    model = kind.make()
    learn(model, events.cut(0, 400))
    for user in dict.fromkeys(events.users[380:400]):  # some of them wait for the next renewal of the prior
        model.erase(user)
    copy = kind.restore(model.state())
    rest = events.cut(400, 600).having(users=[f"next {u}" for u in events.users[400:600]])
    assert (learn(model, rest).event == learn(copy, rest).event).all()
    assert digest(model.state()) == digest(copy.state())


def test_the_prior_counts_each_user_once(kind: Kind, events: Stream) -> None:
    model = kind.make()
    learn(model, events.cut(0, 400))
    for user in dict.fromkeys(events.users[300:400]):
        model.erase(user)
        learn(model, stream(30, users=1, seed=1).having(users=[f"instead of {user}"] * 30))
    if not np.isfinite(model.settings.prior_weight):
        return
    learn(model, events)
    state = model.state()
    assert state.globals_["scalars"][1] == model.settings.prior_weight + state.users.fixed["training"]["in_prior"].sum()
