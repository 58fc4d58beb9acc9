"""The factors in the form of a singular value decomposition."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamsvd.kernels import Id

Floats = NDArray[np.float64]


class SVDForm(NamedTuple):
    """P Qᵀ = U diag(singular_values) Vᵀ.

    Attributes
    ----------
    U : float64, shape (users, rank)
    singular_values : float64, shape (rank,), descending
    V : float64, shape (items, rank)
    users, items : list of int or str
        Ids of the rows of U and V.
    """

    U: Floats
    singular_values: Floats
    V: Floats
    users: list[Id]
    items: list[Id]


def svd_form(user_factors: Floats, item_factors: Floats, users: list[Id], items: list[Id]) -> SVDForm:
    """SVD of P Qᵀ without forming it: QR of both sides and the SVD of the small core (Brand 2006, section 3).

    The largest element of each left vector is made positive, so that the form is unique where the values differ.

    Examples
    --------
    >>> form = svd_form(np.array([[2.0], [0.0]]), np.array([[0.0], [3.0]]), ["u", "v"], ["a", "b"])
    >>> form.singular_values.tolist()
    [6.0]
    """
    if not users or not items:
        return SVDForm(np.zeros((len(users), 0)), np.zeros(0), np.zeros((len(items), 0)), users, items)
    user_basis, user_core = np.linalg.qr(user_factors)
    item_basis, item_core = np.linalg.qr(item_factors)
    left, values, right = np.linalg.svd(user_core @ item_core.T, full_matrices=False)
    u, v = user_basis @ left, item_basis @ right.T
    signs = np.sign(u[np.abs(u).argmax(axis=0), np.arange(u.shape[1])])
    signs[signs == 0] = 1.0
    return SVDForm(u * signs, values, v * signs, users, items)
