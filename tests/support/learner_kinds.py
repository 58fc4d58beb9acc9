"""The learners that the contract tests run over; a further one needs an entry here and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from rating_streams import Genres

from streamsvd.learner import IteratedSVD, Settings, State
from streamsvd.learner.baselines import BiasedSGD, BrandSVD, DampedMeans, FoldIn


@dataclass(frozen=True)
class Kind:
    """How to make a learner and how to restore one."""

    name: str
    make: Callable[..., Any]
    restore: Callable[[State], Any]


def _iterated(name: str, settings: Settings, content: Genres | None = None) -> Kind:
    def make(**more: Any) -> IteratedSVD:
        return IteratedSVD(settings, content=content, **more)

    return Kind(name, make, lambda state: IteratedSVD.from_state(state, content))


KINDS = [
    _iterated("defaults", Settings()),
    _iterated("narrow", Settings(rank=3, window=7, prior_from=60, prior_every=17), Genres()),
    _iterated("whole", Settings(rank=2, window=None, gamma=0.1, prior_from=100, prior_every=50)),
    _iterated("one pass", Settings(gamma=math.inf, prior_weight=math.inf)),
]

BASELINES = [
    Kind("damped means", DampedMeans, DampedMeans.from_state),
    Kind("biased SGD", partial(BiasedSGD, 4, replay_from=50), BiasedSGD.from_state),
    Kind("fold-in", partial(FoldIn, 3, warm_up=150), FoldIn.from_state),
    Kind("Brand's SVD", partial(BrandSVD, 3, every=37), BrandSVD.from_state),
]
