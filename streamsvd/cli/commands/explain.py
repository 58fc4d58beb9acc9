"""`streamsvd explain`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from streamsvd.cli.json_output import print_json
from streamsvd.cli.lookup_tables import explained_table
from streamsvd.cli.lookups import item_called, lookups
from streamsvd.cli.options import JsonFlag, ModelOption, RedisOption
from streamsvd.ratings.id_text import parse_id


def explain(
    user: Annotated[str, typer.Argument(help="Id of the user; text:NAME for text that looks like a number.")],
    item: Annotated[str, typer.Argument(help="The item: its id, or words of its title.")],
    model: ModelOption = "default",
    redis: RedisOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Why the model predicts what it predicts: parts that add up to the predicted rating.

    What everybody would give, what is the item's own, what each of the user's ratings adds or takes away, and the rest.

    Examples:

        streamsvd explain 196 "toy story"

        streamsvd explain 196 1 --json
    """
    with lookups(redis, model) as reader:
        answer = reader.explain(parse_id(user), item_called(reader, item))
    if as_json:
        print_json(answer)
    else:
        Console().print(explained_table(answer))
