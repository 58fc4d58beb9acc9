"""Redis: checkpoints of the learner with their offsets, and lookups that an application asks."""

from model_store.answers import Answer, Explained, History, Prediction, Provenance, SimilarItems, SimilarUsers, Users
from model_store.client import connect, masked
from model_store.codec.checkpoint import Checkpoint
from model_store.reader import ModelReader
from model_store.shadow_rows import ShadowRow, read_shadows
from model_store.write.shadow_writes import Beside, ShadowPart
from model_store.writer import ModelWriter, Written

__all__ = [
    "Answer",
    "Beside",
    "Checkpoint",
    "Explained",
    "History",
    "ModelReader",
    "ModelWriter",
    "Prediction",
    "Provenance",
    "ShadowPart",
    "ShadowRow",
    "SimilarItems",
    "SimilarUsers",
    "Users",
    "Written",
    "connect",
    "masked",
    "read_shadows",
]
