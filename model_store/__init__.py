"""The model store in Redis: checkpoints of the learner with their offsets, and lookups for applications.

`ModelWriter` writes and loads checkpoints, `ModelReader` answers lookups, `read_snapshot` reads a version whole. Two
sub-packages are public as well: `model_store.files` (snapshots in files) and `model_store.feed` (figures over time).
"""

from model_store.answers import Answer, Explained, History, Prediction, Provenance, SimilarItems, SimilarUsers, Users
from model_store.client import connect
from model_store.codec.checkpoint import Checkpoint, Head
from model_store.codec.keys import check_model_name
from model_store.codec.row_frames import compile_row_kernels
from model_store.inventory import Inventory, model_names, read_inventory
from model_store.read.snapshot import Snapshot, read_head, read_snapshot
from model_store.reader import ModelReader
from model_store.shadow_rows import read_shadows, request_promotion, requested_promotion
from model_store.write.checkpoint_step import FeedEntry
from model_store.write.shadow_writes import ShadowPart, ShadowWrites
from model_store.writer import ModelWriter, Written

__all__ = [
    "Answer",
    "Checkpoint",
    "Explained",
    "FeedEntry",
    "Head",
    "History",
    "Inventory",
    "ModelReader",
    "ModelWriter",
    "Prediction",
    "Provenance",
    "ShadowPart",
    "ShadowWrites",
    "SimilarItems",
    "SimilarUsers",
    "Snapshot",
    "Users",
    "Written",
    "check_model_name",
    "compile_row_kernels",
    "connect",
    "model_names",
    "read_head",
    "read_inventory",
    "read_shadows",
    "read_snapshot",
    "request_promotion",
    "requested_promotion",
]
