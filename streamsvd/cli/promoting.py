"""Asking for a shadow to be served, and waiting until it is."""

from __future__ import annotations

from collections.abc import Callable

import redis

from evaluation.shadows import check_promotion
from model_store import read_shadows, request_promotion, requested_promotion

_LOOK_AGAIN_SECONDS = 0.1


def promoted_within(
    client: redis.Redis,
    model: str,
    name: str,
    seconds: float,
    *,
    timer: Callable[[], float],
    pause: Callable[[float], None],
    stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Store the request, and wait for a consumer to carry it out.

    Parameters
    ----------
    client : redis.Redis
    model, name : str
        The model, and which of its shadows to serve.
    seconds : float
        How long to wait at most; the request stays afterwards.
    timer, pause, stop : callable
        A clock in seconds; a wait; whether to wait no longer.

    Returns
    -------
    bool
        Whether it is served now.

    Raises
    ------
    SettingsError
        There is no such shadow, or it is a baseline; nothing was asked for then.
    StoreUnavailable, StoreError, SnapshotCorrupt
    """
    rows = read_shadows(client, model)
    served = next((row.name for row in rows if row.served), "")
    check_promotion(name, served, {row.name: row.kind for row in rows if not row.served})
    request_promotion(client, model, name)
    until = timer() + seconds
    while requested_promotion(client, model) == name and timer() < until and not stop():
        pause(_LOOK_AGAIN_SECONDS)
    return any(row.served and row.name == name for row in read_shadows(client, model))
