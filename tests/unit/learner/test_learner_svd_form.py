"""U Σ Vᵀ against NumPy's SVD of the dense product."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rating_streams import Stream, learn

from streamsvd import IteratedSVD
from streamsvd.learner.svd_form import SVDForm, svd_form


def form_of(users: int, items: int, rank: int, seed: int) -> tuple[SVDForm, np.ndarray]:
    random = np.random.default_rng(seed)
    left, right = random.normal(size=(users, rank)), random.normal(size=(items, rank))
    return svd_form(left, right, list(range(users)), list(range(items))), left @ right.T


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_against_numpy(users: int, items: int, rank: int, seed: int) -> None:
    form, dense = form_of(users, items, rank, seed)
    kept = min(users, items, rank)
    np.testing.assert_allclose(form.U * form.singular_values @ form.V.T, dense, atol=1e-10)
    np.testing.assert_allclose(form.singular_values, np.linalg.svd(dense, compute_uv=False)[:kept], atol=1e-10)
    for side in (form.U, form.V):
        np.testing.assert_allclose(side.T @ side, np.eye(kept), atol=1e-10)


def test_signs_do_not_depend_on_those_of_the_factors() -> None:
    random = np.random.default_rng(0)
    left, right = random.normal(size=(20, 4)), random.normal(size=(30, 4))
    turn = np.linalg.qr(random.normal(size=(4, 4)))[0]
    form, turned = svd_form(left, right, [], []), svd_form(left @ turn, right @ turn, [], [])
    assert form.U.shape == (0, 0)
    ids = list(range(20)), list(range(30))
    form, turned = svd_form(left, right, *ids), svd_form(left @ turn, right @ turn, *ids)
    np.testing.assert_allclose(form.U, turned.U, atol=1e-10)
    np.testing.assert_allclose(form.V, turned.V, atol=1e-10)
    assert (np.take_along_axis(form.U, np.abs(form.U).argmax(axis=0)[None], axis=0) > 0).all()


@pytest.mark.parametrize("erase", [False, True])
def test_of_a_model(events: Stream, erase: bool) -> None:
    model = IteratedSVD()
    learn(model, events)
    if erase:
        model.erase(events.users[0])
    form, state = model.svd(), model.state()
    product = state.users.fixed["factors"]["x"][:, -8:] @ state.items.fixed["factors"]["y"][:, 1:].T
    np.testing.assert_allclose(form.U * form.singular_values @ form.V.T, product, atol=1e-10)
    np.testing.assert_allclose(form.U.T @ form.U, np.eye(8), atol=1e-10)
    np.testing.assert_allclose(form.V.T @ form.V, np.eye(8), atol=1e-10)
    assert (np.diff(form.singular_values) <= 0).all()
    assert (form.users, form.items) == (state.users.ids, state.items.ids)


def test_of_one_rating() -> None:
    model = IteratedSVD()
    model.learn_one("ann", "Heat", 5)
    assert model.svd().singular_values.shape == (1,)
