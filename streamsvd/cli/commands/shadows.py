"""`streamsvd shadows`."""

from __future__ import annotations

import os
from contextlib import closing

from rich.console import Console

from model_store import connect, read_shadows
from streamsvd.cli.json_output import print_json
from streamsvd.cli.options import JsonFlag, ModelOption, RedisOption
from streamsvd.cli.services import open_redis
from streamsvd.cli.shadows import shadow_objects, shadows_table
from streamsvd.cli.tables import print_note


def shadows(redis: RedisOption = None, model: ModelOption = "default", as_json: JsonFlag = False) -> None:
    """Compare the shadow models with the one that is served.

    As of the newest checkpoint: each model's error since it began, how far it is from the served one on the same
    ratings, whether that can be distinguished from chance, and since when.

    Examples:

        streamsvd shadows

        streamsvd shadows --model films --json
    """
    with open_redis(redis, os.environ) as url, closing(connect(url)) as client:
        rows = read_shadows(client, model)
    if as_json:
        print_json({"model": model, "shadows": [], **shadow_objects(rows)})
    elif not rows:
        print_note(f"Model {model} has no shadows. Start some: streamsvd consume --model {model} --shadow wide=rank=16")
    else:
        Console().print(shadows_table(rows, f"model {model}"))
