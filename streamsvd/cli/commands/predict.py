"""`streamsvd predict`."""

from __future__ import annotations

from streamsvd.cli.lookup_tables import prediction_table
from streamsvd.cli.lookups import item_called, lookups
from streamsvd.cli.options import ItemArgument, JsonFlag, ModelOption, RedisOption, UserArgument
from streamsvd.cli.tables import print_found
from streamsvd.ratings import parse_id


def predict(
    user: UserArgument,
    item: ItemArgument,
    model: ModelOption = "default",
    redis: RedisOption = None,
    as_json: JsonFlag = False,
) -> None:
    """The rating that a user would give an item, and how far off it may be (a standard deviation).

    A user that the model has not met, or an item of the catalogue that has not been rated, is predicted from what is
    known of all, and the answer says so.

    Examples:

        streamsvd predict 196 "toy story"

        streamsvd predict 196 1 --json
    """
    with lookups(redis, model) as reader:
        answer = reader.predict(parse_id(user), item_called(reader, item, unrated=True))
    print_found(answer, prediction_table(answer), as_json=as_json)
