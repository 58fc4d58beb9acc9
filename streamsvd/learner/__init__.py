"""The learner: NumPy arrays in, NumPy arrays out; it imports no Kafka and no Redis client."""

from streamsvd.kernels import Id, Ragged, Rows, Settings, State
from streamsvd.learner.choices import Choices
from streamsvd.learner.compiling import LEARNING_STEPS, LOOKUP_STEPS, kernel_cache_folder
from streamsvd.learner.id_index import IdIndex
from streamsvd.learner.iterated_svd import IteratedSVD
from streamsvd.learner.live_items import LiveItems, best_ids, ranked_ids
from streamsvd.learner.protocol import BatchLearner, ContentSource, Ids, OnlineLearner, Predictions

__all__ = [
    "LEARNING_STEPS",
    "LOOKUP_STEPS",
    "BatchLearner",
    "Choices",
    "ContentSource",
    "Id",
    "IdIndex",
    "Ids",
    "IteratedSVD",
    "LiveItems",
    "OnlineLearner",
    "Predictions",
    "Ragged",
    "Rows",
    "Settings",
    "State",
    "best_ids",
    "kernel_cache_folder",
    "ranked_ids",
]
