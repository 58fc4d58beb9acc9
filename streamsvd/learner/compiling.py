"""The learner's kernels in steps, each of which compiles some in advance, or loads them from the cache."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numba
import numpy as np

from streamsvd import lookup
from streamsvd.kernels import learning as kernels
from streamsvd.kernels import normals, open_pages, refits
from streamsvd.learner.choices import Choices
from streamsvd.learner.iterated_svd import IteratedSVD

_I, _F = numba.int64, numba.float64
_PARTS_OF_LEARN: tuple[tuple[Any, tuple[Any, ...]], ...] = (
    (open_pages.begin_page, (_I, _I, _I)),
    (open_pages.predict_page, (_I, _I, _I, _F)),
    (kernels.forget, (_I, _I, _I)),
    (refits.touch, (_I, _I)),
    (refits.refit_user, (_I, _I)),
    (refits.refit_item, (_I, _I, _F, _F, numba.boolean)),
    (refits.renew_prior, (_I,)),
)


def _learn() -> None:
    users, items = np.array([0, 0, 0]), np.array([0, 1, 2])
    IteratedSVD().learn(users, items, [3.0, 4.0, 5.0], [0, 0, 1])


def _predict() -> None:
    IteratedSVD().predict_with_deviation([0], [0])
    normals(0, [0], 1)


def _learn_choices() -> None:
    Choices().learn(IteratedSVD(), [], [])


def _look_up() -> None:
    model = IteratedSVD()
    lookup.compile_kernels(model.state(), model.scale)


LEARNING_STEPS: tuple[Callable[[], object], ...] = (
    *(partial(kernel.compile, signature) for kernel, signature in _PARTS_OF_LEARN),
    _learn,
)
"""Steps of the loop that learns, one long chain."""
LOOKUP_STEPS: tuple[Callable[[], object], ...] = (_predict, _learn_choices, _look_up)
"""Steps of predictions, choices and lookups."""


def kernel_cache_folder() -> str | None:
    """Where Numba keeps what it has compiled; None where no folder can be written."""
    folder: str | None = kernels.learn.stats.cache_path
    return folder
