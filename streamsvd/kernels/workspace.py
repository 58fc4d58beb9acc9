"""Working space of the kernels, made once: vectors of one event and matrices of one refit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels.algebra import room_to_invert
from streamsvd.kernels.memory import Memory
from streamsvd.kernels.vectors import LANES

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
    moment, moment_item : float64, shapes (d,) and (d_item,)
    features, features_item : float64, shapes (4 · d,) and (4 · d_item,)
        Four vectors, end to end.
    columns, columns_item : float64
        What `invert` works with.
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
    columns: Floats
    gram_item: Floats
    moment_item: Floats
    features_item: Floats
    columns_item: Floats


def workspace(m: Memory) -> Workspace:
    """Working space for rows as long as this memory's."""
    d, d_item, d_global, terms = m.x.shape[1], m.y.shape[1], len(m.g), len(m.c)
    psi = np.zeros(d_item)
    psi[0] = 1.0
    return Workspace(
        phi=np.zeros(d),
        gain=np.zeros(d),
        psi=psi,
        gain_item=np.zeros(d_item),
        z=np.zeros(d_global),
        gain_global=np.zeros(d_global),
        h=np.zeros(terms),
        gain_calibration=np.zeros(terms),
        gram=np.empty(m.user_cov.shape[1]),
        moment=np.zeros(d),
        features=np.zeros(LANES * d),
        columns=room_to_invert(d),
        gram_item=np.empty(m.item_cov.shape[1]),
        moment_item=np.zeros(d_item),
        features_item=np.zeros(LANES * d_item),
        columns_item=room_to_invert(d_item),
    )
