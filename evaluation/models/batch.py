"""`IteratedSVD` as a batch learner: `BatchFit` ignores the order of the ratings, `Fixpoint` keeps it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from streamsvd.learner import ContentSource, Ids, IteratedSVD, Settings
from streamsvd.learner.batch import BATCH_SETTINGS, fit, sweep


class BatchFit:
    """Iterated SVD over all ratings at once, without calibration to a stream's drift.

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
        sweeps: int = 5,
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


class Fixpoint:
    """One pass over the stream with refits, then sweeps over all rows.

    It keeps the stream's order, prior and calibration, so it shows the distance of one pass from the fixpoint.

    Parameters
    ----------
    settings : Settings
        All but the window, which is all ratings here.
    scale, content, seed
        As for `IteratedSVD`.
    sweeps : int

    Examples
    --------
    >>> model = Fixpoint(Settings()).fit(["ann", "ann", "bob"], ["Heat", "Babe", "Heat"], [5, 2, 4])
    >>> model.predict(["bob"], ["Heat"]).shape
    (1,)
    """

    def __init__(
        self,
        settings: Settings,
        *,
        scale: tuple[float, float] = (1.0, 5.0),
        content: ContentSource | None = None,
        seed: int = 0,
        sweeps: int = 15,
    ) -> None:
        self._make: Callable[[], IteratedSVD] = lambda: IteratedSVD(
            settings.replace(window=None), scale=scale, content=content, seed=seed
        )
        self._model = self._make()
        self._sweeps = sweeps
        self.each_round: Callable[[int], None] | None = None

    def fit(self, users: Ids, items: Ids, ratings: ArrayLike, timestamps: ArrayLike | None = None) -> Self:
        """Learn these ratings and no others, in the order in which they come."""
        self._model = self._make()
        self._model.learn(users, items, ratings, timestamps)
        for number in range(self._sweeps):
            if self.each_round is not None:
                self.each_round(number)
            sweep(self._model)
        if self.each_round is not None:
            self.each_round(self._sweeps)
        return self

    def predict(self, users: Ids, items: Ids, timestamps: ArrayLike | None = None) -> NDArray[np.float64]:
        """As `IteratedSVD.predict`."""
        return self._model.predict(users, items, timestamps)
