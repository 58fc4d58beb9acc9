"""Settings: what is refused, what is converted, and the way to JSON and back."""

from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamsvd import Settings
from streamsvd.errors import SettingsError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, bad) for name in ("gamma", "ridge", "noise", "prior_weight") for bad in (0, -1, math.nan)],
        *[(name, math.inf) for name in ("ridge", "ridge_user_bias", "ridge_item_bias", "noise", "factor_scale")],
        *[(name, bad) for name in ("rank", "prior_from", "prior_every") for bad in (0, -3, math.nan)],
        ("window", 1),
        ("window", math.nan),
        ("factor_scale", -0.1),
        ("factor_scale", math.nan),
        ("calibration_leak", -1e-9),
        ("calibration_leak", 1.0),
    ],
)
def test_out_of_range(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings(**{name: value})
    with pytest.raises(SettingsError, match=name):
        Settings().replace(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"), [("rank", "8.5"), ("rank", "many"), ("gamma", ""), ("ridge", [1]), ("window", "x")]
)
def test_not_a_number(name: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=f"setting {name}={value!r}".replace("[", r"\[")):
        Settings().replace(**{name: value})


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"no setting 'k'; the settings are: rank, gamma, window"):
        Settings().replace(k=3)


def test_text_becomes_the_type_of_the_setting() -> None:
    found = Settings().replace(rank="4", gamma="inf", window="none", ridge="2.5", prior_every="1e3")
    assert found == Settings(rank=4, gamma=math.inf, window=None, ridge=2.5, prior_every=1000)
    assert isinstance(found.prior_every, int)
    assert Settings().replace(window="50").window == 50


def test_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().rank = 3  # type: ignore[misc]


POSITIVE = st.floats(1e-6, 1e6)
ANY = st.builds(
    Settings,
    rank=st.integers(1, 64),
    gamma=st.one_of(POSITIVE, st.just(math.inf)),
    window=st.one_of(st.none(), st.integers(2, 10**6)),
    ridge=POSITIVE,
    noise=POSITIVE,
    prior_from=st.integers(1, 10**9),
    prior_weight=st.one_of(POSITIVE, st.just(math.inf)),
    calibration_leak=st.floats(0, 0.99),
)


@given(ANY)
def test_through_json_and_back(settings: Settings) -> None:
    text = json.dumps(settings.to_dict(), allow_nan=False)
    assert Settings.from_dict(json.loads(text)) == settings
