"""What every learner can do, so that the same studies, tests and benchmarks run over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streamsvd.kernels import Id, Scale, Settings, State
from streamsvd.kernels.handles import Handle
from streamsvd.kernels.memory import Memory, Parameters
from streamsvd.learner.id_index import IdIndex

Ids = Sequence[Id] | NDArray[Any]
"""One id per rating."""
Floats = NDArray[np.float64]


class Predictions(NamedTuple):
    """What was predicted for each rating before it was learned, in the data's own scale.

    Attributes
    ----------
    event : float64, shape (n,)
        Event protocol: with everything learned before this rating.
    page : float64, shape (n,)
        Page protocol: with everything learned before this rating's page, all that its user rates at one timestamp,
        began; nothing learned from a page predicts its ratings.
    deviation : float64, shape (n,)
        Standard deviation of the event prediction.
    user_counts, item_counts : int64, shape (n,), or None
        Ratings of the user and of the item that the learner held then; only `IteratedSVD` reports it.
    """

    event: Floats
    page: Floats
    deviation: Floats
    user_counts: NDArray[np.int64] | None = None
    item_counts: NDArray[np.int64] | None = None


class ContentSource(Protocol):
    """Anything that knows the items' content, such as a `Catalogue`."""

    def content(self, items: Sequence[Id], /) -> Floats:
        """Content of these items, finite numbers, shape (len(items), width); zeros for unknown ones."""


class OnlineLearner(Protocol):
    """Learns each rating as it comes: `IteratedSVD` and the online baselines.

    The same ratings give the same bits, whether they come one by one or in arrays, and predicting changes nothing.
    """

    def __len__(self) -> int:
        """Ratings learned."""

    @property
    def n_users(self) -> int:
        """Users with a row."""

    @property
    def n_items(self) -> int:
        """Items with a row."""

    def learn(self, users: Ids, items: Ids, ratings: ArrayLike, timestamps: ArrayLike | None = None, /) -> Predictions:
        """Predict, then learn each rating, in order; what was predicted, by event and by page."""

    def predict(self, users: Ids, items: Ids, timestamps: ArrayLike | None = None, /) -> NDArray[np.float64]:
        """Predicted ratings within the scale, at these times; ids may be unknown."""

    def state(self) -> State:
        """The whole state, as arrays that share nothing with the learner."""


class BatchLearner(Protocol):
    """Learns from all ratings at once; a second `fit` forgets the first."""

    def fit(self, users: Ids, items: Ids, ratings: ArrayLike, timestamps: ArrayLike | None = None, /) -> Self:
        """Learn these ratings and no others."""

    def predict(self, users: Ids, items: Ids, timestamps: ArrayLike | None = None, /) -> NDArray[np.float64]:
        """Predicted ratings within the scale, at these times; ids may be unknown."""


class LearnerParts(Protocol):
    """The parts of `IteratedSVD` that the functions for saving, predicting and lookups use."""

    settings: Settings
    scale: Scale
    seed: int
    n_content: int
    _content: ContentSource | None
    _memory: Memory
    _parameters: Parameters
    _users: IdIndex
    _items: IdIndex
    _erased: list[Id]

    @property
    def n_items(self) -> int:
        """Items with a row."""

    @property
    def _handle(self) -> Handle:
        """Addresses of the memory, for kernels."""

    def state(self) -> State:
        """The whole state."""

    def changes(self) -> State:
        """Global state and the rows that changed since the last call."""

    def _first_rows(self, items: Sequence[Id]) -> tuple[Floats, Floats]:
        """Rows and content of items without ratings."""
