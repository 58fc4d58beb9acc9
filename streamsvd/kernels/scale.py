"""A rating scale, and its mapping onto the stars in which the learner's constants are given."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import InputError, SettingsError

Floats = NDArray[np.float64]
T = TypeVar("T", float, NDArray[np.float64])


@dataclass(frozen=True, slots=True)
class Scale:
    """Limits of a rating scale.

    MovieLens' own scales, (1, 5) and (0.5, 5), are taken as they are; every other one is mapped linearly onto 1–5.

    Examples
    --------
    >>> Scale(0, 100).to_internal(np.array([0.0, 50.0, 100.0])).tolist()
    [1.0, 3.0, 5.0]
    """

    low: float
    high: float
    _is_stars: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise SettingsError(f"a rating scale needs two finite limits, low < high; found {self.low} and {self.high}")
        object.__setattr__(self, "_is_stars", (self.low, self.high) in ((1, 5), (0.5, 5)))

    @property
    def slope(self) -> float:
        """Internal stars for one step of 1.0 of this scale."""
        return 1.0 if self._is_stars else 4.0 / (self.high - self.low)

    @property
    def internal_limits(self) -> tuple[float, float]:
        """The limits, in internal stars."""
        return (float(self.low), 5.0) if self._is_stars else (1.0, 5.0)

    def to_internal(self, ratings: T) -> T:
        """Ratings in internal stars."""
        return ratings if self._is_stars else 1.0 + (ratings - self.low) * self.slope

    def from_internal(self, stars: T) -> T:
        """Ratings in this scale."""
        return stars if self._is_stars else self.low + (stars - 1.0) / self.slope

    def within(self, stars: T) -> T:
        """Stars that lie within the internal limits, in this scale: rounding puts none beyond its limits."""
        if self._is_stars:
            return stars
        clipped: T = np.clip(self.from_internal(stars), self.low, self.high)
        return clipped

    def check(self, ratings: Floats) -> None:
        """Raise InputError unless every rating lies within the limits; NaN does not."""
        bad = ~((ratings >= self.low) & (ratings <= self.high))
        if bad.any():
            first = int(np.argmax(bad))
            raise InputError(f"rating {ratings[first]} at position {first} is not on the scale {self.low}–{self.high}")
