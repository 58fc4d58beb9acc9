"""The calibration of a prediction: 24 terms h, whose weights c are learned, correct the score s to s + c·h.

This table is the only place that orders them. Kernels, the screening of lookups and docs/redis-layout.md take a term by
its name.
"""

from __future__ import annotations

from enum import IntEnum

ONLINE_ONLY = "0 in a lookup"
"""Of terms that stand for time since the user's last rating and for its page: a lookup is as of that rating."""


class CalibrationTerm(IntEnum):
    """A term by its place in h.

    Attributes
    ----------
    formula : str
        In a lookup, with the symbols of docs/redis-layout.md: a = s − 3.5; size = (ln(1 + n) − constant) scaled, of the
        user (u) and the item (i); the parts of the score that content and factors make.

    Examples
    --------
    >>> CalibrationTerm.SCORE_SQUARED.value, CalibrationTerm.SCORE_SQUARED.formula
    (6, '0.5 a²')
    """

    formula: str

    def __new__(cls, place: int, formula: str) -> CalibrationTerm:
        """A place, with what is computed there."""
        term = int.__new__(cls, place)
        term._value_ = place
        term.formula = formula
        return term

    USER_SLOW = 0, "user's `slow`"
    USER_FAST = 1, "user's `fast`"
    USER_LAST = 2, "user's `last`"
    ITEM_SLOW = 3, "item's `slow`"
    MEAN_ALL = 4, "`mean_all`"
    SCORE = 5, "a"
    SCORE_SQUARED = 6, "0.5 a²"
    SCORE_CUBED = 7, "0.3 a³"
    ITEM_BIAS = 8, "y[0]"
    USER_BIAS = 9, "x[0]"
    USER_BIAS_BY_COUNT = 10, "x[0] size_u"
    USER_MEAN = 11, "user's `mean`"
    ITEM_MEAN = 12, "item's `mean`"
    FACTORS_BY_USER_COUNT = 13, "factor_part size_u"
    FACTORS_BY_ITEM_COUNT = 14, "factor_part size_i"
    CONTENT = 15, "content_part"
    CONTENT_BY_USER_COUNT = 16, "content_part size_u"
    USER_NOISE = 17, "noise_u − 1"
    ITEM_NOISE = 18, "noise_i − 1"
    AWAY = 19, ONLINE_ONLY
    USER_LAST_BY_AWAY = 20, ONLINE_ONLY
    USER_FAST_BY_COUNT = 21, "`fast` size_u"
    USER_LAST_BY_PLACE = 22, ONLINE_ONLY
    NEW_USER = 23, "0.3 / (1 + n_u)"
