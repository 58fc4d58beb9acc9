"""How the shadows of a model do, as anybody may read it; and the request that one of them be served.

`…:shadows` is a hash with a row of JSON for the served model and for each shadow; every checkpoint replaces it, in the
same step as the rest. `…:promote` holds the name of the shadow that is to be served; the consumer carries that out at
its next checkpoint, and removes the request in the same step.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec
import redis

from model_store.client import translated
from model_store.codec.keys import Keys
from streamsvd.errors import SnapshotCorrupt


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A shadow less the served model, page protocol, over the same ratings; negative where the shadow is better.

    Attributes
    ----------
    ratings, blocks : int
        What has been compared: blocks of whole pages.
    rmse, rmse_served : float or None
        Of both over these ratings.
    squared, squared_low, squared_high : float or None
        Difference of the squared errors, and the interval that holds it at all times together.
    difference, low, high : float or None
        The same as a difference of RMSEs, in units of the scale.
    better : str or None
        `shadow` or `served`; null while the interval holds zero.
    since_event, since_time : int or None
        Number of the rating and event time, in seconds, from which on it has not held zero again.
    """

    ratings: int
    blocks: int
    rmse: float | None
    rmse_served: float | None
    squared: float | None
    squared_low: float | None
    squared_high: float | None
    difference: float | None
    low: float | None
    high: float | None
    better: str | None
    since_event: int | None
    since_time: int | None


class ShadowRow(msgspec.Struct, frozen=True, kw_only=True):
    """One model of those that learn side by side.

    Attributes
    ----------
    name : str
    served : bool
        Whether it is the one that lookups see.
    kind : str
        `iterated-svd`, or that of a baseline.
    spec : str
        Its settings, as far as they are not the defaults.
    made_of : dict
        Kind, all settings, seed and whether it is given the catalogue: what makes it again.
    since : int
        Ratings that the stream had before its first one.
    events, users, items : int
    rmse_event, mae_event, rmse_page, mae_page, rmse_last_window, rmse_page_last_window : float or None
        Over the ratings since then, and over the newest of them.
    against_served : Difference or None
        Null for the served model itself.
    """

    name: str
    served: bool
    kind: str
    spec: str
    made_of: dict[str, Any]
    since: int
    events: int
    users: int
    items: int
    rmse_event: float | None
    mae_event: float | None
    rmse_page: float | None
    mae_page: float | None
    rmse_last_window: float | None
    rmse_page_last_window: float | None
    against_served: Difference | None = None


def encode_row(row: ShadowRow) -> bytes:
    """As JSON; a figure that does not exist is null."""
    return msgspec.json.encode(row)


def read_shadows(client: redis.Redis, model: str) -> list[ShadowRow]:
    """The served model and its shadows, by name, as of the newest checkpoint; empty when it has none.

    Parameters
    ----------
    client : redis.Redis
        From `connect`.
    model : str

    Raises
    ------
    SnapshotCorrupt
        A row cannot be read.
    StoreUnavailable, StoreError
    """
    keys = Keys(model)
    with translated(client, f"reading the shadows of model {model}"):
        found = cast("dict[bytes, bytes]", client.hgetall(keys.shadows))
    try:
        rows = [msgspec.json.decode(raw, type=ShadowRow) for raw in found.values()]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SnapshotCorrupt(f"{keys.shadows} cannot be read ({error}); rebuild the snapshot from the log") from error
    return sorted(rows, key=lambda row: (not row.served, row.name))


def request_promotion(client: redis.Redis, model: str, name: str) -> None:
    """Ask that a shadow be served, from the next checkpoint on; takes the place of an earlier request.

    Raises
    ------
    StoreUnavailable, StoreError
    """
    with translated(client, f"asking model {model} to serve {name}"):
        client.set(Keys(model).promote, name)


def requested_promotion(client: redis.Redis, model: str) -> str:
    """Name of the shadow that is to be served; empty without a request."""
    keys = Keys(model)
    with translated(client, f"looking for a promotion of model {model}"):
        return (cast("bytes | None", client.get(keys.promote)) or b"").decode(errors="replace")
