"""`streamsvd recommend`."""

from __future__ import annotations

from typing import Annotated

import typer

from streamsvd.cli.lookup_tables import answer_table
from streamsvd.cli.lookups import as_object, explained_items, item_called, lookups, ratings_given
from streamsvd.cli.options import JsonFlag, ModelOption, RedisOption, parse_years
from streamsvd.cli.tables import print_found
from streamsvd.errors import SettingsError
from streamsvd.lookup import Options
from streamsvd.ratings import typed_id


def recommend(
    user: Annotated[
        str | None,
        typer.Argument(help="Id of the user; write text:NAME for an id that is text but looks like a number."),
    ] = None,
    n: Annotated[int, typer.Option("-n", help="Number of items.", min=1)] = 10,
    rated: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ITEM=STARS",
            help="Instead of a user: a rating of an anonymous user, item by title or id; repeat for more.",
        ),
    ] = None,
    genre: Annotated[
        list[str] | None, typer.Option(help="Only items of this genre; repeat for items of any of several.")
    ] = None,
    years: Annotated[
        str | None,
        typer.Option(metavar="FIRST:LAST", help="Only items released in these years, such as 1990:1999 or 2000:."),
    ] = None,
    min_ratings: Annotated[int, typer.Option(help="Only items with at least this many ratings.", min=0)] = 0,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="ITEM", help="Item to leave out, by id or words of its title; repeat for more."),
    ] = None,
    with_seen: Annotated[bool, typer.Option("--with-seen", help="Also items that the user has rated.")] = False,
    rank_by: Annotated[
        str | None,
        typer.Option(
            help="choice, the default: chance that the user rates the item and likes it; rating: predicted rating."
        ),
    ] = None,
    explore: Annotated[
        str | None,
        typer.Option(
            metavar="upper|sampled",
            help="Rank items of uncertain rating higher: upper adds the model's uncertainty, sampled draws from it.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of --explore sampled.")] = 0,
    model: ModelOption = "default",
    redis: RedisOption = None,
    as_json: JsonFlag = False,
) -> None:
    """The best items for a user, from Redis, with reasons; or for an anonymous user, from a few ratings.

    The answer says what it was computed from: snapshot, age, offsets, and the model's rolling error then.

    Examples:

        streamsvd recommend 196

        streamsvd recommend 196 -n 5 --genre comedy --years 1990:1999 --min-ratings 50

        streamsvd recommend --rated "heat=5" --rated "babe=2" --json
    """
    if (user is None) == (not rated):
        raise SettingsError("name a user, or ratings of an anonymous user with --rated, and not both")
    with lookups(redis, model) as reader:
        options: Options = {
            "exclude_seen": not with_seen,
            "exclude": [item_called(reader, text) for text in exclude or ()],
            "genres": genre or (),
            "years": parse_years(years),
            "min_ratings": min_ratings,
            "explore": explore,  # type: ignore[typeddict-item]  # the reader refuses what it does not know
            "seed": seed,
        }
        if rank_by is not None:
            options["rank_by"] = rank_by
        if user is None:
            answer, why = reader.recommend_for(ratings_given(reader, rated or ()), n, **options), {}
        else:
            answer = reader.recommend(typed_id(user), n, **options)
            why = reader.reasons(typed_id(user), [item.item for item in answer.items])
    found = {**as_object(answer), "items": explained_items(answer, why)}
    print_found(found, answer_table(answer, why), as_json=as_json)
