"""The prior's sum, kept current by taking terms out and putting them in, against the sum over all users."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from rating_streams import learn, stream

from streamsvd import IteratedSVD, Settings
from streamsvd.kernels.algebra import unpack
from streamsvd.kernels.memory import PRIOR_USERS
from streamsvd.learner.batch import sweep

EVENTS = stream(400, users=12, items=25, seed=4)
SETTINGS = Settings(rank=2, window=None, prior_from=40, prior_every=15, prior_weight=3.0)
STEPS = st.lists(
    st.tuples(st.sampled_from(["learn", "learn", "retract", "erase", "sweep", "restart"]), st.integers(1, 60)),
    max_size=20,
)


def check(model: IteratedSVD) -> None:
    """The sum holds the fixed ridge and every user that counts and has not changed since the last renewal."""
    state = model.state()
    x, training = state.users.fixed["factors"]["x"], state.users.fixed["training"]
    d = x.shape[1]
    counted, held = training["in_prior"] == 1, (training["in_prior"] == 1) & (training["touched"] == 0)
    fixed = np.diag(1 / np.array([SETTINGS.ridge_user_bias, *[SETTINGS.ridge] * (d - 1)]))
    expected = SETTINGS.prior_weight * SETTINGS.noise * fixed + x[held].T @ x[held]
    expected += SETTINGS.noise * sum((unpack(row, d) for row in training["cov"][held]), np.zeros((d, d)))
    np.testing.assert_allclose(unpack(state.globals_["moments"], d), expected, rtol=1e-9, atol=1e-9)
    assert state.globals_["scalars"][PRIOR_USERS] == SETTINGS.prior_weight + counted.sum()
    touched = state.globals_["touched"].tolist()
    assert sorted(touched) == state.users.numbers[training["touched"] == 1].tolist()


@settings(max_examples=60)
@given(STEPS)
def test_the_sum_is_current_whatever_happens(steps: list[tuple[str, int]]) -> None:
    model, at = IteratedSVD(SETTINGS), 0
    for step, number in [("learn", 100), *steps]:
        if step == "learn":
            learn(model, EVENTS.cut(at, at + number))
            at += number
        elif step == "retract":
            for user, item in zip(EVENTS.users[number : number + 5], EVENTS.items[number : number + 5], strict=True):
                model.retract(user, item)
        elif step == "erase":
            model.erase(EVENTS.users[number])
        elif step == "sweep":
            sweep(model)
        else:
            model = IteratedSVD.from_state(model.state())
        check(model)
