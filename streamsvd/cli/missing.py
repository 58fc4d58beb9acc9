"""Figures that do not exist: NaN where they are worked out, None for programs, a dash for people."""

from __future__ import annotations

import math
from typing import Any


def or_none(value: Any) -> Any:
    """The value, unless it is a number that is not finite, which JSON does not know.

    Examples
    --------
    >>> or_none(0.5), or_none(float("nan")), or_none("ann")
    (0.5, None, 'ann')
    """
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_text(value: Any) -> str:
    """A count, a figure to four places, or a text.

    Examples
    --------
    >>> as_text(1200), as_text(0.98765), as_text("ml-100k"), as_text(None), as_text(float("nan"))
    ('1,200', '0.9877', 'ml-100k', '–', '–')
    """
    if or_none(value) is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}" if isinstance(value, float) else str(value)
