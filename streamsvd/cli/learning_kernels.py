"""The learner's loop, in steps that compile its parts first, or load them from the cache."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numba

from streamsvd.kernels import learning as kernels
from streamsvd.kernels import open_pages, refits
from streamsvd.learner import IteratedSVD

_I, _F = numba.int64, numba.float64
_PARTS_OF_LEARN: tuple[tuple[Any, tuple[Any, ...]], ...] = (
    (open_pages.begin_page, (_I, _I, _I)),
    (open_pages.predict_page, (_I, _I, _I, _F)),
    (open_pages.keep, (_I, _I)),
    (kernels.forget, (_I, _I, _I)),
    (refits.touch, (_I, _I)),
    (refits.refit_user, (_I, _I)),
    (refits.refit_item, (_I, _I, _F, _F, numba.boolean)),
    (refits.renew_prior, (_I,)),
)


def _learn() -> None:
    IteratedSVD().learn([0, 0, 0], [0, 1, 2], [3.0, 4.0, 5.0], [0, 0, 1])


STEPS: tuple[Callable[[], object], ...] = (
    *(partial(kernel.compile, signature) for kernel, signature in _PARTS_OF_LEARN),
    _learn,
)


def cache_folder() -> str | None:
    """Where Numba keeps what it has compiled; None where no folder can be written."""
    folder: str | None = kernels.learn.stats.cache_path
    return folder
