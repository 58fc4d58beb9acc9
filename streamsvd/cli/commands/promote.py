"""`streamsvd promote`."""

from __future__ import annotations

import os
import time
from contextlib import closing
from typing import Annotated

import typer

from model_store import connect
from streamsvd.cli.json_output import print_json
from streamsvd.cli.options import JsonFlag, ModelOption, RedisOption
from streamsvd.cli.promoting import promoted_within
from streamsvd.cli.services import open_redis
from streamsvd.cli.tables import print_note
from streamsvd.stopping import stop_on_signals


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
        served = promoted_within(
            client, model, name, wait, timer=time.monotonic, pause=stop.wait, stop=lambda: bool(stop)
        )
    if as_json:
        print_json({"model": model, "name": name, "served": served})
    text = (
        f"{name} is the served model now."
        if served
        else f"The request is stored. No consumer carried it out within {wait:g} s, so none seems to run: the next "
        f"`streamsvd consume --model {model}` does, at its start."
    )
    print_note(text)
