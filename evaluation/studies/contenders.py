"""Who takes part in a study: `IteratedSVD` in one pass, with refits, at its fixpoint and in batch; every baseline."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evaluation.models.batch_fit import BATCH_SETTINGS, BatchFit
from streamsvd.learner import IteratedSVD, Settings
from streamsvd.learner.baselines import BiasedSGD, BrandSVD, DampedMeans, FoldIn, SoftImpute, TruncatedSVD
from streamsvd.learner.batch import sweep
from streamsvd.learner.protocol import BatchLearner, ContentSource, Ids, OnlineLearner

SWEEPS = 15


@dataclass(frozen=True, slots=True)
class Contender:
    """A learner under its name in tables and pictures: how to make a new one of its kind, online or batch."""

    name: str
    online: Callable[[], OnlineLearner] | None = None
    batch: Callable[[], BatchLearner] | None = None


class Fixpoint:
    """`IteratedSVD`'s stream brought to its fixpoint: one pass with refits in order, then sweeps over all rows.

    It keeps the stream's order, prior and calibration, so it says what a pass over a stream leaves undone; what the
    model makes of a set without an order is `BatchFit`.

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
        sweeps: int = SWEEPS,
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


def contenders(
    settings: Settings,
    scale: tuple[float, float],
    content: ContentSource | None = None,
    seed: int = 0,
    *,
    batch_settings: Settings = BATCH_SETTINGS,
) -> list[Contender]:
    """All contenders, the baselines with their defaults.

    Parameters
    ----------
    settings : Settings
        Of `IteratedSVD`.
    scale : (float, float)
    content : ContentSource, optional
        For `IteratedSVD`; with it, one more takes part that goes without.
    seed : int
    batch_settings : Settings
        Of its batch fit.
    """

    def iterated(content: ContentSource | None, **changes: float) -> Callable[[], OnlineLearner]:
        return lambda: IteratedSVD(settings.replace(**changes), scale=scale, content=content, seed=seed)

    def in_batch() -> BatchLearner:
        return BatchFit(batch_settings, scale=scale, content=content, seed=seed)

    found = [
        Contender("damped means", online=lambda: DampedMeans(scale=scale, seed=seed)),
        Contender("fold-in only", online=lambda: FoldIn(scale=scale, seed=seed)),
        Contender("Brand's rank-one SVD", online=lambda: BrandSVD(scale=scale, seed=seed)),
        Contender("biased SGD, replay", online=lambda: BiasedSGD(scale=scale, seed=seed)),
        Contender("IteratedSVD, one pass", online=iterated(content, gamma=math.inf)),
        Contender("IteratedSVD, refits", online=iterated(content)),
        Contender("truncated SVD", batch=lambda: TruncatedSVD(scale=scale, seed=seed)),
        Contender("soft-impute", batch=lambda: SoftImpute(scale=scale, seed=seed)),
        Contender("IteratedSVD, fixpoint", batch=lambda: Fixpoint(settings, scale=scale, content=content, seed=seed)),
        Contender("IteratedSVD, batch", batch=in_batch),
    ]
    if content is not None:
        found.insert(6, Contender("refits, no catalogue", online=iterated(None)))
    return found


def compile_all(content: ContentSource | None = None) -> None:
    """Run every kernel once, so that no figure contains its compilation."""
    ratings = ([0, 0, 1, 1], [0, 1, 0, 1], [3.0, 4.0, 5.0, 2.0], [0, 0, 1, 1])
    learners: list[OnlineLearner] = [
        DampedMeans(),
        FoldIn(rank=1, warm_up=2),
        BrandSVD(rank=1, every=2),
        BiasedSGD(rank=1),
        IteratedSVD(content=content),
    ]
    for learner in learners:
        learner.learn(*ratings)
        learner.predict([0], [0])
    fitted: tuple[BatchLearner, ...] = (
        Fixpoint(Settings(), content=content),
        BatchFit(content=content),
        SoftImpute(rank=1),
        TruncatedSVD(rank=1),
    )
    for batch in fitted:
        batch.fit(*ratings).predict([0], [0])
