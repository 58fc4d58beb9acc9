"""Lookups: functions of a frozen table of items and one user's row.

Recommendations with filters and exploration, predictions with their deviation, explanations, reasons, similar items
and users, fold-in. `IteratedSVD` fills the table from its memory, `model_store.ModelReader` from Redis.
"""

from streamsvd.lookup.answers import (
    Explanation,
    KnownUser,
    Moved,
    NamedItem,
    Rated,
    Reason,
    Recommendation,
    SimilarItem,
    SimilarUser,
)
from streamsvd.lookup.item_table import ItemTable
from streamsvd.lookup.options import CheckedOptions, Options
from streamsvd.lookup.ranking import DEFAULT_RANKING, RANKINGS

__all__ = [
    "DEFAULT_RANKING",
    "RANKINGS",
    "CheckedOptions",
    "Explanation",
    "ItemTable",
    "KnownUser",
    "Moved",
    "NamedItem",
    "Options",
    "Rated",
    "Reason",
    "Recommendation",
    "SimilarItem",
    "SimilarUser",
]
