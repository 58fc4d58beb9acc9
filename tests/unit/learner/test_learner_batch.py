"""Batch sweeps: the objective never rises and ends where both sides' normal equations hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rating_streams import Genres, Stream, digest, learn

from streamsvd import IteratedSVD, Settings
from streamsvd.errors import SettingsError
from streamsvd.kernels.algebra import unpack
from streamsvd.kernels.memory import ENTRY_UNIT
from streamsvd.learner.batch import SweepResult, converge, fit, objective, sweep
from streamsvd.ratings import Catalogue, RatingTable

Floats = NDArray[np.float64]
Tables = Callable[[str], tuple[RatingTable, Catalogue]]
ALL = Settings(window=None, prior_from=500, prior_every=250)


class Problem:
    """The batch problem of a model as dense arrays, from its exported state."""

    def __init__(self, model: IteratedSVD) -> None:
        state = model.state()
        window = state.users.ragged["window"]
        self.user = np.repeat(np.arange(len(state.users)), np.diff(window.offsets))
        self.item = window.values["item"]
        users, items = state.users.fixed, state.items.fixed
        self.x, self.y = users["factors"]["x"], items["factors"]["y"]
        self.cov, self.cov_item = users["training"]["cov"], items["training"]["cov"]
        ones = np.ones(len(self.item))
        about = items["factors"]["content"][self.item]
        own = np.column_stack([window.values["popularity"], window.values["bias"]]) * ENTRY_UNIT
        self.known = np.column_stack([ones, about, own])
        self.target = window.values["target"].astype(float)
        self.prior = unpack(state.globals_["prior"], self.x.shape[1])
        s = model.settings
        self.ridge = np.diag([s.ridge_item_bias, *[s.ridge] * s.rank])

    def user_system(self, u: int) -> tuple[Floats, Floats]:
        mine = self.user == u
        phi = np.column_stack([self.known[mine], self.y[self.item[mine], 1:]])
        return self.prior + phi.T @ phi, phi.T @ (self.target[mine] - self.y[self.item[mine], 0])

    def item_system(self, i: int) -> tuple[Floats, Floats]:
        mine = self.item == i
        x, first = self.x[self.user[mine]], self.known.shape[1]
        psi = np.column_stack([np.ones(len(x)), x[:, first:]])
        return self.ridge + psi.T @ psi, psi.T @ (self.target[mine] - (x[:, :first] * self.known[mine]).sum(1))

    def objective(self) -> float:
        phi = np.column_stack([self.known, self.y[self.item, 1:]])
        errors = self.target - self.y[self.item, 0] - (self.x[self.user] * phi).sum(1)
        penalties = np.einsum("ua,ab,ub", self.x, self.prior, self.x) + np.einsum(
            "ia,ab,ib", self.y, self.ridge, self.y
        )
        return float(errors @ errors + penalties)

    def systems(self) -> Any:
        for u in range(len(self.x)):
            yield self.x[u], self.cov[u], *self.user_system(u)
        for i in range(len(self.y)):
            yield self.y[i], self.cov_item[i], *self.item_system(i)


def small(events: Stream, **more: Any) -> IteratedSVD:
    model = IteratedSVD(ALL, **more)
    learn(model, events)
    return model


def real(tables: Tables, with_catalogue: bool) -> IteratedSVD:
    table, catalogue = tables("ml-100k")
    model = IteratedSVD(ALL, content=catalogue if with_catalogue else None)
    part = table[:1500]
    model.learn(part.users, part.items, part.ratings, part.timestamps)
    return model


def check_fixpoint(model: IteratedSVD, fixpoint: SweepResult) -> None:
    assert fixpoint.imbalance <= 1e-8
    problem = Problem(model)
    assert objective(model) == pytest.approx(problem.objective(), rel=1e-12)
    assert fixpoint.after == objective(model)
    assert 0 < fixpoint.gap < 1
    for row, packed, gram, moment in problem.systems():
        if moment.any():
            assert np.linalg.norm(gram @ row - moment) <= 1.01e-8 * np.linalg.norm(moment)
            np.testing.assert_allclose(row, np.linalg.solve(gram, moment), rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(unpack(packed, len(row)), np.linalg.inv(gram), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("content", [None, Genres()])
def test_fixpoint_of_a_small_stream(events: Stream, content: Genres | None) -> None:
    model = small(events, content=content)
    check_fixpoint(model, converge(model, at_most=20_000))


@pytest.mark.parametrize("with_catalogue", [False, True])
def test_fixpoint_of_real_ratings(tables: Tables, with_catalogue: bool) -> None:
    model = real(tables, with_catalogue)
    check_fixpoint(model, converge(model, at_most=20_000))


@pytest.mark.parametrize("sweeps", [40])
def test_the_objective_never_rises(tables: Tables, events: Stream, sweeps: int) -> None:
    table, catalogue = tables("ml-100k")
    part = table[:20_000]
    large = IteratedSVD(Settings(window=None), content=catalogue)
    large.learn(part.users, part.items, part.ratings, part.timestamps)
    for model in (small(events), small(events, content=Genres()), large):
        values = np.array([objective(model), *sweep(model, sweeps)])
        assert (values[1:] <= values[:-1] * (1 + 1e-12)).all()
        assert values[1] < values[0]


def test_sweeps_add_up(events: Stream) -> None:
    once, thrice = small(events), small(events)
    assert sweep(thrice, 3) == [sweep(once)[0] for _ in range(3)]
    assert digest(once.state()) == digest(thrice.state())
    assert sweep(once, 0) == []


def test_the_stream_goes_on_after_a_sweep(events: Stream) -> None:
    model = small(events.cut(0, 500))
    model.erase(events.users[0])
    model.changes()
    sweep(model, 5)
    changes, state = model.changes(), model.state()
    assert changes.users.ids == [name for name in state.users.ids if name != events.users[0]]
    copy = IteratedSVD.from_state(state)
    assert (learn(model, events).event == learn(copy, events).event).all()
    assert digest(model.state()) == digest(copy.state())
    users = model.state().users.fixed["factors"]["x"]
    assert np.isfinite(users).all()


def test_the_prior_is_renewed_with_the_swept_rows() -> None:
    settings = Settings(window=None, prior_from=400, prior_every=400, prior_weight=20)
    model = IteratedSVD(settings)
    from rating_streams import stream

    events = stream(700)
    learn(model, events.cut(0, 400))
    sweep(model, 3)
    learn(model, events.cut(400, 401))  # renews before it learns
    state, before = model.state(), IteratedSVD(settings)
    learn(before, events.cut(0, 400))
    sweep(before, 3)
    rows = before.state().users.fixed
    counted = rows["factors"]["count"] >= 5
    x, cov = rows["factors"]["x"][counted], rows["training"]["cov"][counted]
    d = x.shape[1]
    fixed = np.diag(1 / np.array([3.0, *[10.0] * (d - 1)]))
    total = 20 * settings.noise * fixed + x.T @ x + settings.noise * sum(unpack(row, d) for row in cov)
    expected = np.linalg.inv(total / (20 + counted.sum()) / settings.noise)
    np.testing.assert_allclose(unpack(state.globals_["prior"], d), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("call", [objective, sweep, converge])
def test_a_window_is_refused(call: Any) -> None:
    with pytest.raises(SettingsError, match="newest 200 of each row; make it with window=None"):
        call(IteratedSVD())


def test_an_empty_model_is_its_own_fixpoint() -> None:
    found = converge(IteratedSVD(ALL))
    assert (found.before, found.after, found.gap, found.sweeps) == (0.0, 0.0, 0.0, 1)


@pytest.mark.parametrize(("with_catalogue", "most"), [(True, 0.902), (False, 0.909)])
def test_a_fit_without_order_is_accurate(tables: Tables, with_catalogue: bool, most: float) -> None:
    table, catalogue = tables("ml-100k")
    held_out = np.random.default_rng(0).permutation(len(table)) % 5 == 0
    train = ~held_out
    model = fit(
        table.users[train],
        table.items[train],
        table.ratings[train],
        scale=table.dataset.scale,
        content=catalogue if with_catalogue else None,
    )
    predicted = model.predict(table.users[held_out], table.items[held_out])
    assert np.sqrt(((predicted - table.ratings[held_out]) ** 2).mean()) <= most


def test_a_fit_is_deterministic_and_goes_on_as_a_stream(events: Stream) -> None:
    first, second = (fit(events.users, events.items, events.ratings, seed=3) for _ in range(2))
    assert digest(first.state()) == digest(second.state())
    before = first.predict_one(events.users[0], "new film")
    assert first.learn_one(events.users[0], "new film", 5, 2_000_000_000) == before
    assert np.isfinite(learn(first, events.cut(0, 50)).event).all()


def test_a_fit_keeps_the_last_of_two_ratings() -> None:
    users, items = ["ann", "bob", "ann"] * 2, ["Heat", "Heat", "Babe", "Heat", "Heat", "Babe"]
    model, once = fit(users, items, [1, 1, 1, 5, 4, 3]), fit(users[3:], items[3:], [5, 4, 3])
    assert len(model) == 3
    assert model.predict(users, items).tolist() == once.predict(users, items).tolist()


def test_a_sweep_after_a_retraction_depends_on_the_state_alone(events: Stream) -> None:
    model = IteratedSVD(ALL)
    learn(model, events)
    model.retract(events.users[-1], events.items[-1])
    copy = IteratedSVD.from_state(model.state())
    for each in (model, copy):
        sweep(each)
    assert digest(model.state()) == digest(copy.state())
