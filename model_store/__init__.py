"""Redis: checkpoints of the learner with their offsets, and lookups that an application asks."""

from model_store.beside import Beside, ShadowPart
from model_store.checkpoint import Checkpoint
from model_store.client import connect, masked
from model_store.reader import Answer, ModelReader, Provenance, Recommendation
from model_store.shadow_rows import Difference, ShadowRow, read_shadows
from model_store.writer import ModelWriter, Written

__all__ = [
    "Answer",
    "Beside",
    "Checkpoint",
    "Difference",
    "ModelReader",
    "ModelWriter",
    "Provenance",
    "Recommendation",
    "ShadowPart",
    "ShadowRow",
    "Written",
    "connect",
    "masked",
    "read_shadows",
]
