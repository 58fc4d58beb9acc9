"""`streamsvd recommend`."""

from __future__ import annotations

from typing import Annotated

import typer

from streamsvd.app.options import ModelOption, RedisOption


def recommend(
    user: Annotated[
        str, typer.Argument(help="Id of the user; write text:NAME for an id that is text but looks like a number.")
    ],
    n: Annotated[int, typer.Option("-n", help="How many.", min=1)] = 10,
    model: ModelOption = "default",
    redis: RedisOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """The best items for a user, from Redis: what the model predicts highest among what the user has not rated.

    The answer says why, and what it was computed from: snapshot, age, offsets, and the model's rolling error then.

    Examples:

        streamsvd recommend 196

        streamsvd recommend 196 -n 5 --json
    """
    import json
    import os
    from contextlib import closing
    from dataclasses import asdict

    from rich.console import Console

    from model_store import ModelReader, connect
    from model_store.reasons import reasons
    from streamsvd.app.display import answer_table
    from streamsvd.app.services import lent_redis

    with lent_redis(redis, os.environ) as url, closing(connect(url)) as client:
        reader = ModelReader(client, model)
        answer = reader.recommend(parse_id(user), n)
        why = reasons(reader, parse_id(user), [item.item for item in answer.items])
    if not as_json:
        Console().print(answer_table(answer, why))
        return
    provenance = asdict(answer.provenance)
    provenance["offsets"] = {f"{topic}/{number}": n for (topic, number), n in answer.provenance.offsets.items()}
    items = [{**asdict(item), "reasons": [asdict(reason) for reason in why[item.item]]} for item in answer.items]
    about = {"user": answer.user, "known_user": answer.known_user}
    typer.echo(json.dumps({**about, "items": items, "provenance": provenance}, indent=2))


def parse_id(text: str) -> int | str:
    """An id as it is typed: a whole number is an int, and `text:` marks a string.

    >>> parse_id("196"), parse_id("ann"), parse_id("text:196")
    (196, 'ann', '196')
    """
    if text.startswith("text:"):
        return text.removeprefix("text:")
    try:
        return int(text)
    except ValueError:
        return text
