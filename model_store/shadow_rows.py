"""Figures of a model's shadows, for any reader; and the request that one of them be served.

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
from streamsvd.figures import ShadowRow


def encode_row(row: ShadowRow) -> bytes:
    """As JSON; a figure that does not exist is null."""
    return msgspec.json.encode(row.flat())


def decode_row(raw: bytes) -> ShadowRow:
    """A row from its JSON; raises msgspec's `DecodeError` where it is none."""
    found = msgspec.json.decode(raw, type=dict[str, Any])
    fields = {name: found.pop(name) for name in ShadowRow.__struct_fields__ if name in found}
    return msgspec.convert({**fields, "figures": found}, ShadowRow)


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
        rows = [decode_row(raw) for raw in found.values()]
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
