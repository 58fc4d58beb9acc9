"""What a model is made of, as arrays: settings, scale, rows in memory, state, and the compiled functions on them."""

from streamsvd.kernels.choices import CHOICE_BLOCK, CLOCK, RECENT_BLOCK
from streamsvd.kernels.inputs import as_column, as_id, as_ids, plain_ids
from streamsvd.kernels.memory_pages import widened
from streamsvd.kernels.scale import Scale
from streamsvd.kernels.scoring import score_items
from streamsvd.kernels.seeding import normals
from streamsvd.kernels.settings import Settings
from streamsvd.kernels.state import Id, Ragged, Rows, State, Structured

__all__ = [
    "CHOICE_BLOCK",
    "CLOCK",
    "RECENT_BLOCK",
    "Id",
    "Ragged",
    "Rows",
    "Scale",
    "Settings",
    "State",
    "Structured",
    "as_column",
    "as_id",
    "as_ids",
    "normals",
    "plain_ids",
    "score_items",
    "widened",
]
