"""The learner's settings: one frozen object, one set of defaults for every data set.

Units are stars of a scale that ends at 5; ratings on other scales are mapped onto 1–5 first.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from streamsvd.errors import SettingsError


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Settings of `IteratedSVD`, in stars; the notes of that class have the equations.

    Attributes
    ----------
    rank : int
        Learned factors of each user and item (k), 1 to 256.
    gamma : float
        Share by which a row's number of ratings grows between two refits: 0.5 refits it at 2, 5, 8, 12, 18 … ratings
        (the gap is 3 at least). No unit, greater than 0; `math.inf` never refits.
    window : int or None
        Newest ratings of a row that a refit uses (W), 2 or more; None for all of them.
    ridge_user_bias, ridge_item_bias : float
        Ridge of b_u and of b_i, as a number of ratings: 3.0 draws the bias towards 0 as much as three ratings with
        residual 0 would. Greater than 0.
    ridge : float
        Ridge of every other element of a row, as a number of ratings whose feature is 1 and residual 0. Greater than 0.
    factor_scale : float
        Standard deviation of an item's factors before its first rating, in √stars: the product of a user's and an
        item's factor is in stars. 0 or more.
    noise : float
        Variance of a rating around its prediction (σ²) where the users' prior is learned, in stars². Greater than 0.
    prior_from : int
        Ratings, of all users, after which the users' learned prior replaces the ridges. 1 or more.
    prior_every : int
        Ratings, of all users, between two renewals of that prior. 1 or more.
    prior_weight : float
        Weight of the ridges in the learned prior, as a number of users; `math.inf` keeps the ridges. Greater than 0.
    calibration_leak : float
        Share of the calibration's covariance that returns to its start with each rating, 0 to below 1, no unit. At
        1e-5 it forgets over about 100,000 ratings.

    Raises
    ------
    SettingsError
        If a setting is out of its range.

    Examples
    --------
    >>> settings = Settings(rank=4, window=None)
    >>> settings.gamma, settings.ridge
    (0.5, 10.0)
    >>> changed = settings.replace(gamma="inf", window="50")
    >>> changed.gamma, changed.window, changed.rank
    (inf, 50, 4)
    """

    rank: int = 8
    gamma: float = 0.5
    window: int | None = 200
    ridge_user_bias: float = 3.0
    ridge_item_bias: float = 5.0
    ridge: float = 10.0
    factor_scale: float = 0.1
    noise: float = 0.72
    prior_from: int = 2000
    prior_every: int = 1000
    prior_weight: float = 100.0
    calibration_leak: float = 1e-5

    def __post_init__(self) -> None:
        for name in ("gamma", "ridge_user_bias", "ridge_item_bias", "ridge", "noise", "prior_weight"):
            if not getattr(self, name) > 0:  # refuses NaN too
                raise SettingsError(f"setting {name}={getattr(self, name)!r} must be greater than 0")
        for name in ("ridge_user_bias", "ridge_item_bias", "ridge", "noise", "factor_scale"):
            if not math.isfinite(getattr(self, name)):
                raise SettingsError(f"setting {name}={getattr(self, name)!r} must be finite")
        for name, least in (("rank", 1), ("prior_from", 1), ("prior_every", 1)):
            if not getattr(self, name) >= least:
                raise SettingsError(f"setting {name}={getattr(self, name)!r} must be {least} or more")
        if self.rank > 256:
            raise SettingsError(f"setting rank={self.rank!r} must be 256 or less: each row holds its square in numbers")
        if self.window is not None and not self.window >= 2:
            raise SettingsError(f"setting window={self.window!r} must be 2 or more, or none for all ratings")
        if not (self.factor_scale >= 0 and 0 <= self.calibration_leak < 1):
            raise SettingsError("settings factor_scale and calibration_leak must be 0 or more, the leak below 1")

    def replace(self, **changes: Any) -> Settings:
        """These settings with some changed; text is converted to the setting's type.

        Raises
        ------
        SettingsError
            If there is no setting of that name, or its value is out of range or not a number.
        """
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        converted: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in defaults:
                raise SettingsError(f"there is no setting {name!r}; the settings are: {', '.join(defaults)}")
            converted[name] = _convert(name, value, type(defaults[name]))
        return dataclasses.replace(self, **converted)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; infinity becomes the text `inf`, which `from_dict` takes back."""
        values = dataclasses.asdict(self)
        return {name: "inf" if value == math.inf else value for name, value in values.items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Settings:
        """The inverse of `to_dict`."""
        return cls().replace(**values)


def _convert(name: str, value: Any, kind: type) -> Any:
    if name == "window" and (value is None or str(value).lower() == "none"):
        return None
    try:
        number = float(value)
        if kind is int and number != int(number):
            raise ValueError
        return kind(number)
    except (TypeError, ValueError, OverflowError):
        raise SettingsError(
            f"setting {name}={value!r} is not {'a whole number' if kind is int else 'a number'}"
        ) from None
