"""The learner: NumPy arrays in, NumPy arrays out; it knows no Kafka, no Redis and no files."""

from streamsvd.kernels.settings import Settings
from streamsvd.kernels.state import Id, Ragged, Rows, State
from streamsvd.learner.iterated_svd import IteratedSVD
from streamsvd.learner.protocol import ContentSource, Predictions
from streamsvd.learner.svd_form import SVDForm

__all__ = ["ContentSource", "Id", "IteratedSVD", "Predictions", "Ragged", "Rows", "SVDForm", "Settings", "State"]
