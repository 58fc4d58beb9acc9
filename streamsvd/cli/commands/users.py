"""`streamsvd users`."""

from __future__ import annotations

from typing import Annotated

import typer

from streamsvd.cli.lookup_tables import user_table, users_table
from streamsvd.cli.lookups import as_object, lookups
from streamsvd.cli.options import JsonFlag, ModelOption, RedisOption
from streamsvd.cli.tables import print_found
from streamsvd.ratings import typed_id


def users(
    user: Annotated[
        str | None, typer.Argument(help="Id of one user; text:NAME for text that looks like a number.")
    ] = None,
    n: Annotated[int, typer.Option("-n", help="Number of users, or of one user's ratings.", min=1)] = 10,
    model: ModelOption = "default",
    redis: RedisOption = None,
    as_json: JsonFlag = False,
) -> None:
    """The users of a model: their number, and those who rated last; or one of them.

    Of one user: its newest ratings, how far each was above the one expected of any user, and the users with similar
    taste.

    Examples:

        streamsvd users

        streamsvd users 196 -n 5
    """
    with lookups(redis, model) as reader:
        if user is None:
            found = reader.users(n)
            print_found(found, users_table(found), as_json=as_json)
            return
        history = reader.history(typed_id(user), n)
        alike = reader.similar_users(typed_id(user), n).users
    print_found({**as_object(history), "alike": alike}, user_table(history, alike), as_json=as_json)
