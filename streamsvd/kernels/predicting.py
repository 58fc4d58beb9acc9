"""Predictions of gathered rows, with their standard deviations: a typed way into the kernel `predict`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels import learning, memory
from streamsvd.kernels.handles import Handle
from streamsvd.kernels.memory import Memory
from streamsvd.kernels.scale import Scale
from streamsvd.kernels.settings import Settings

Floats = NDArray[np.float64]


class Pairs(NamedTuple):
    """Rows of n pairs, padded as in `Memory`; covariances only where deviations are wanted."""

    x: Floats
    user_stats: Floats
    user_counts: NDArray[np.int64]
    y: Floats
    item_stats: Floats
    item_counts: NDArray[np.int64]
    content: Floats
    stamps: Floats
    places: NDArray[np.int64]
    user_cov: NDArray[np.float32] | None
    item_cov: NDArray[np.float32] | None


def predict_rows(handle: Handle, scale: Scale, pairs: Pairs) -> tuple[Floats, Floats]:
    """Predicted ratings of gathered rows, and their standard deviations where covariances are given, in the data's
    own scale; of what the handle holds, only the global part is read."""
    n = len(pairs.x)
    out, variance = np.empty(n), np.empty(0 if pairs.user_cov is None else n)
    none = np.zeros((0, 0), np.float32)
    learning.predict(
        handle.address,
        pairs.x,
        pairs.user_stats,
        pairs.user_counts,
        pairs.y,
        pairs.item_stats,
        pairs.item_counts,
        pairs.content,
        pairs.stamps,
        pairs.places,
        none if pairs.user_cov is None else pairs.user_cov,
        none if pairs.item_cov is None else pairs.item_cov,
        out,
        variance,
    )
    return scale.within(out), np.sqrt(variance) / scale.slope


def without_rows(settings: dict[str, Any], globals_: dict[str, NDArray[Any]]) -> tuple[Memory, Handle, Scale]:
    """A memory without a row, its handle, and the scale, as `predict_rows` takes them, from a `State`'s parts."""
    chosen, scale = Settings.from_dict(settings["settings"]), Scale(*settings["scale"])
    m = memory.initial(chosen, settings["content"])
    m = m._replace(g=globals_["g"], c=globals_["c"], scalars=globals_["scalars"], variances=globals_["variances"])
    return m, Handle(m, memory.parameters(chosen, *scale.internal_limits)), scale
