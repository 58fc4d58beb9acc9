"""`streamsvd predict`."""

from __future__ import annotations

from streamsvd.cli.lookup_tables import prediction_table
from streamsvd.cli.lookups import item_called, lookups
from streamsvd.cli.options import ItemArgument, JsonFlag, ModelOption, RedisOption, UserArgument
from streamsvd.cli.tables import print_found
from streamsvd.ratings import typed_id


def predict(
    user: UserArgument,
    item: ItemArgument,
    model: ModelOption = "default",
    redis: RedisOption = None,
    as_json: JsonFlag = False,
) -> None:
    """The predicted rating of an item by a user, and its standard deviation, both in units of the scale.

    A user without ratings, or an item of the catalogue without ratings, is predicted from the averages over all, and
    the answer contains a note about it.

    Examples:

        streamsvd predict 196 "toy story"

        streamsvd predict 196 1 --json
    """
    with lookups(redis, model) as reader:
        answer = reader.predict(typed_id(user), item_called(reader, item, unrated=True))
    print_found(answer, prediction_table(answer), as_json=as_json)
