"""Lookups: functions of a frozen table of items and one user's row.

Recommendations with filters and exploration, predictions with their deviation, explanations, reasons, similar items
and users, fold-in. `IteratedSVD` fills the table from its memory, `model_store.ModelReader` from Redis.
"""

from streamsvd.lookup.answers import (
    AnswerPart,
    Explanation,
    KnownUser,
    Rated,
    Reason,
    Recommendation,
    SimilarItem,
    SimilarUser,
)
from streamsvd.lookup.arguments import how_many, listed
from streamsvd.lookup.choice_scores import chances, popularity
from streamsvd.lookup.compiling import compile_kernels
from streamsvd.lookup.explaining import EXPLAINING, explain, reasons
from streamsvd.lookup.folded_rows import fold_in
from streamsvd.lookup.history import ABOUT_USER, known_user, last_time, newest_ratings
from streamsvd.lookup.id_kinds import described, kind_notes, known_as
from streamsvd.lookup.item_filters import Facets, facets_of
from streamsvd.lookup.item_table import FACTORS, SEEN, TRAINING, WINDOW, ItemTable, ScreeningColumns, UserRow
from streamsvd.lookup.options import CheckedOptions, Options
from streamsvd.lookup.predicting import PREDICTING, predict
from streamsvd.lookup.ranking import DEFAULT_RANKING, RANKINGS, Profile, best, ranking_called
from streamsvd.lookup.recommending import item_blocks, recommend_for_ratings, recommend_to, user_blocks
from streamsvd.lookup.selection import MODEL_SCORING, Scoring, best_items
from streamsvd.lookup.similarity import similar_items, similar_users
from streamsvd.lookup.title_search import items_by_title

__all__ = [
    "ABOUT_USER",
    "DEFAULT_RANKING",
    "EXPLAINING",
    "FACTORS",
    "MODEL_SCORING",
    "PREDICTING",
    "RANKINGS",
    "SEEN",
    "TRAINING",
    "WINDOW",
    "AnswerPart",
    "CheckedOptions",
    "Explanation",
    "Facets",
    "ItemTable",
    "KnownUser",
    "Options",
    "Profile",
    "Rated",
    "Reason",
    "Recommendation",
    "Scoring",
    "ScreeningColumns",
    "SimilarItem",
    "SimilarUser",
    "UserRow",
    "best",
    "best_items",
    "chances",
    "compile_kernels",
    "described",
    "explain",
    "facets_of",
    "fold_in",
    "how_many",
    "item_blocks",
    "items_by_title",
    "kind_notes",
    "known_as",
    "known_user",
    "last_time",
    "listed",
    "newest_ratings",
    "popularity",
    "predict",
    "ranking_called",
    "reasons",
    "recommend_for_ratings",
    "recommend_to",
    "similar_items",
    "similar_users",
    "user_blocks",
]
