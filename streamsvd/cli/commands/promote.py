"""`streamsvd promote`."""

from __future__ import annotations

import os
import time
from contextlib import closing
from typing import Annotated

import typer
from redis import Redis

from evaluation.shadows import check_promotion
from model_store import connect, read_shadows, request_promotion, requested_promotion
from streamsvd.cli.json_output import print_json
from streamsvd.cli.options import JsonFlag, ModelOption, RedisOption
from streamsvd.cli.services import open_redis
from streamsvd.cli.tables import print_note
from streamsvd.stopping import StopRequest, stop_on_signals

_POLL_SECONDS = 0.1


def promote(
    name: Annotated[str, typer.Argument(help="The shadow that is to be served.")],
    redis: RedisOption = None,
    model: ModelOption = "default",
    wait: Annotated[float, typer.Option(help="Seconds to wait for a running consumer to do it.", min=0.0)] = 15.0,
    as_json: JsonFlag = False,
) -> None:
    """Serve a shadow: make it the model that lookups read.

    The consumer does it in a checkpoint: at once when one is running, else when the next one starts; this command says
    which. Readers see the model before or the one after, never a mix. The model that was served becomes a shadow
    under its own name (the first one's is `original`), keeps learning, and can be promoted back.

    Examples:

        streamsvd promote wide

        streamsvd promote original --model films
    """
    with stop_on_signals() as stop, open_redis(redis, os.environ) as url, closing(connect(url)) as client:
        served = _promote(client, model, name, wait, stop)
    if as_json:
        print_json({"model": model, "name": name, "served": served})
    text = (
        f"{name} is the served model now."
        if served
        else f"The request is stored. No consumer carried it out within {wait:g} s, so none seems to run: the next "
        f"`streamsvd consume --model {model}` does, at its start."
    )
    print_note(text)


def _promote(client: Redis, model: str, name: str, seconds: float, stop: StopRequest) -> bool:
    """Store the request, wait at most so long for a consumer to carry it out, and return whether the shadow is served.

    The request stays when nobody carries it out; `check_promotion` refuses one that cannot be, before it is stored.
    """
    rows = read_shadows(client, model)
    served = next((row.name for row in rows if row.served), "")
    check_promotion(name, served, {row.name: row.kind for row in rows if not row.served})
    request_promotion(client, model, name)
    until = time.monotonic() + seconds
    while requested_promotion(client, model) == name and time.monotonic() < until and not stop:
        stop.wait(_POLL_SECONDS)
    return any(row.served and row.name == name for row in read_shadows(client, model))
