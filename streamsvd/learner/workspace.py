"""Working space of the kernels, made once: vectors of one event and matrices of one refit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamsvd.learner.algebra import packed_elements
from streamsvd.learner.compiler import compiled
from streamsvd.learner.vectors import LANES

Floats = NDArray[np.float64]


class Workspace(NamedTuple):
    """Nothing in here outlives an event; paddings stay zero.

    Attributes
    ----------
    phi, gain : float64, shape (d,)
    psi, gain_item : float64, shape (d_item,)
    z, gain_global : float64, shape (d_global,)
    h, gain_calibration : float64, shape (calibration terms,)
    gram, gram_item : float64, packed
    moment, pivots, moment_item, pivots_item : float64, shapes (d,) and (d_item,)
    features, features_item : float64, shapes (4 · d,) and (4 · d_item,)
        Four vectors, end to end.
    """

    phi: Floats
    gain: Floats
    psi: Floats
    gain_item: Floats
    z: Floats
    gain_global: Floats
    h: Floats
    gain_calibration: Floats
    gram: Floats
    moment: Floats
    features: Floats
    pivots: Floats
    gram_item: Floats
    moment_item: Floats
    features_item: Floats
    pivots_item: Floats


@compiled
def workspace(d, d_item, d_global, terms):  # type: ignore[no-untyped-def]
    """Working space for rows of these padded lengths."""
    psi, features_item = np.zeros(d_item), np.zeros(LANES * d_item)
    psi[0] = 1.0
    features_item[::d_item] = 1.0
    return Workspace(
        np.zeros(d),
        np.zeros(d),
        psi,
        np.zeros(d_item),
        np.zeros(d_global),
        np.zeros(d_global),
        np.zeros(terms),
        np.zeros(terms),
        np.empty(packed_elements(d)),
        np.zeros(d),
        np.zeros(LANES * d),
        np.zeros(d),
        np.empty(packed_elements(d_item)),
        np.zeros(d_item),
        features_item,
        np.zeros(d_item),
    )


@compiled
def workspace_for(m):  # type: ignore[no-untyped-def]
    """Working space for a memory."""
    return workspace(m.x.shape[1], m.y.shape[1], len(m.g), len(m.c))
