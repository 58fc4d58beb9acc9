"""`streamsvd explain`."""

from __future__ import annotations

from streamsvd.cli.lookup_tables import explained_table
from streamsvd.cli.lookups import item_called, lookups
from streamsvd.cli.options import ItemArgument, JsonFlag, ModelOption, RedisOption, UserArgument
from streamsvd.cli.tables import print_found
from streamsvd.ratings import typed_id


def explain(
    user: UserArgument,
    item: ItemArgument,
    model: ModelOption = "default",
    redis: RedisOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Why the model predicts what it predicts: parts that add up to the predicted rating.

    The rating expected of any user, the item's own deviation from it, the effect of each of the user's ratings, and the
    rest.

    Examples:

        streamsvd explain 196 "toy story"

        streamsvd explain 196 1 --json
    """
    with lookups(redis, model) as reader:
        answer = reader.explain(typed_id(user), item_called(reader, item))
    print_found(answer, explained_table(answer), as_json=as_json)
