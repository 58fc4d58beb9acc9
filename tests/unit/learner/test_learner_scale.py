"""Rating scales: what is on them, and the way to stars and back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rating_streams import Stream, learn

from streamsvd import IteratedSVD
from streamsvd.errors import InputError, SettingsError
from streamsvd.kernels.scale import Scale

LIMIT = st.floats(-1e6, 1e6)


@given(LIMIT, LIMIT, st.lists(st.floats(0, 1), min_size=1))
def test_round_trip(low: float, high: float, shares: list[float]) -> None:
    assume(high - low > 1e-6)
    scale = Scale(low, high)
    ratings = np.clip(low + np.array(shares) * (high - low), low, high)
    scale.check(ratings)
    stars = scale.to_internal(ratings)
    least, most = scale.internal_limits
    assert ((stars >= least - 1e-9) & (stars <= most + 1e-9)).all()
    np.testing.assert_allclose(scale.from_internal(stars), ratings, rtol=1e-9, atol=1e-9 * max(abs(low), abs(high)))


@given(LIMIT, LIMIT)
def test_predictions_stay_on_the_scale(low: float, high: float) -> None:
    assume(high - low > 1e-6)
    model = IteratedSVD(scale=(low, high))
    for rating in (high, low):
        for _ in range(3):
            assert low <= model.learn_one(1, 1, rating) <= high
            assert low <= model.predict_one(1, 1) <= high
        model = IteratedSVD(scale=(low, high))


@pytest.mark.parametrize("scale", [(1, 5), (0.5, 5), (1.0, 5.0)])
def test_star_scales_are_taken_as_they_are(scale: tuple[float, float]) -> None:
    ratings = np.array([1.0, 3.3, 5.0])
    assert Scale(*scale).to_internal(ratings).tolist() == ratings.tolist()
    assert Scale(*scale).from_internal(ratings).tolist() == ratings.tolist()
    assert Scale(*scale).internal_limits == (scale[0], 5.0)


@pytest.mark.parametrize("limits", [(5, 1), (3, 3), (math.nan, 5), (1, math.inf), (-math.inf, 0)])
def test_impossible_scales(limits: tuple[float, float]) -> None:
    with pytest.raises(SettingsError, match="two finite limits"):
        Scale(*limits)


@pytest.mark.parametrize("bad", [0.99, 5.01, math.nan, math.inf, -math.inf])
def test_off_the_scale(bad: float) -> None:
    with pytest.raises(InputError, match="position 2"):
        Scale(1, 5).check(np.array([1.0, 5.0, bad, bad]))


def test_half_stars_and_whole_stars_learn_alike(events: Stream) -> None:
    whole, half = learn(IteratedSVD(scale=(1, 5)), events), learn(IteratedSVD(scale=(0.5, 5)), events)
    above = half.event > 1
    np.testing.assert_allclose(half.event[above], whole.event[above], atol=0.01)
