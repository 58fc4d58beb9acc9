"""`streamsvd similar`."""

from __future__ import annotations

from typing import Annotated

import typer

from streamsvd.cli.lookup_tables import similar_table
from streamsvd.cli.lookups import item_called, lookups
from streamsvd.cli.options import ItemArgument, JsonFlag, ModelOption, RedisOption
from streamsvd.cli.tables import print_found


def similar(
    item: ItemArgument,
    n: Annotated[int, typer.Option("-n", help="Number of items.", min=1)] = 10,
    model: ModelOption = "default",
    redis: RedisOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Items that the same users like as this one.

    *similarity* is the correlation, over users, of what content and factors add to the two items' predicted ratings: 1
    at most, no unit.

    Examples:

        streamsvd similar "toy story"

        streamsvd similar 50 -n 3 --json
    """
    with lookups(redis, model) as reader:
        answer = reader.similar_items(item_called(reader, item), n)
    print_found(answer, similar_table(answer), as_json=as_json)
