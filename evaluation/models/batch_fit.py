"""`BatchFit`: the learner's batch fit under the protocol of the batch learners, for studies and searches."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streamsvd.learner import IteratedSVD, Settings
from streamsvd.learner.batch import fit
from streamsvd.learner.protocol import ContentSource, Ids

BATCH_SETTINGS = Settings(ridge=15.0)
"""Defaults of a batch fit: a set of ratings without an order wants a stronger ridge than a stream."""
SWEEPS = 5


class BatchFit:
    """`IteratedSVD`, fitted in batch: iterated SVD over all ratings at once, without calibration to a stream's drift.

    Parameters
    ----------
    settings : Settings
    scale, content, seed, sweeps
        As for `streamsvd.learner.batch.fit`.

    Examples
    --------
    >>> model = BatchFit().fit(["ann", "ann", "bob"], ["Heat", "Babe", "Heat"], [5, 2, 4])
    >>> model.predict(["bob"], ["Heat"]).shape
    (1,)
    """

    def __init__(
        self,
        settings: Settings = BATCH_SETTINGS,
        *,
        scale: tuple[float, float] = (1.0, 5.0),
        content: ContentSource | None = None,
        seed: int = 0,
        sweeps: int = SWEEPS,
    ) -> None:
        self.settings, self.scale, self.content, self.seed, self.sweeps = settings, scale, content, seed, sweeps
        self._model = IteratedSVD(settings, scale=scale, content=content, seed=seed)

    def fit(self, users: Ids, items: Ids, ratings: ArrayLike, timestamps: ArrayLike | None = None) -> Self:  # noqa: ARG002 - the protocol's; a batch has no order
        """Learn these ratings and no others, whatever their order."""
        self._model = fit(
            users,
            items,
            ratings,
            settings=self.settings,
            scale=self.scale,
            content=self.content,
            seed=self.seed,
            sweeps=self.sweeps,
        )
        return self

    def predict(self, users: Ids, items: Ids, timestamps: ArrayLike | None = None) -> NDArray[np.float64]:
        """As `IteratedSVD.predict`."""
        return self._model.predict(users, items, timestamps)
