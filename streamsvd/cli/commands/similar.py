"""`streamsvd similar`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from streamsvd.cli.json_output import print_json
from streamsvd.cli.lookup_tables import similar_table
from streamsvd.cli.lookups import item_called, lookups
from streamsvd.cli.options import JsonFlag, ModelOption, RedisOption


def similar(
    item: Annotated[str, typer.Argument(help="The item: its id, or words of its title.")],
    n: Annotated[int, typer.Option("-n", help="How many.", min=1)] = 10,
    model: ModelOption = "default",
    redis: RedisOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Items that people like together with this one.

    *alike* is a correlation: how closely people's tastes agree on the two, 1 at most.

    Examples:

        streamsvd similar "toy story"

        streamsvd similar 50 -n 3 --json
    """
    with lookups(redis, model) as reader:
        answer = reader.similar_items(item_called(reader, item), n)
    if as_json:
        print_json(answer)
    else:
        Console().print(similar_table(answer))
