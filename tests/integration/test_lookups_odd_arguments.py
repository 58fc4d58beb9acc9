"""Arguments as tables hold them work; those out of range are refused by name; a model without ratings answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import redis
from model_states import checkpoint
from rating_streams import learn, stream

from model_store import ModelReader, ModelWriter
from streamsvd.errors import InputError, SettingsError, UnknownId
from streamsvd.learner import IteratedSVD
from streamsvd.learner.choices import Choices
from streamsvd.ratings import Catalogue, CatalogueItem

USER, ITEM = 1, 2
MANY = (2**31, 2**62, 2**63 - 1, 99999999999999999999)


def written(model: IteratedSVD, choices: Choices, writer: ModelWriter, catalogue: Catalogue, **summary: Any) -> None:
    state = choices.state(model)
    writer.write(
        checkpoint(1, writer.token, state, genres=catalogue.genres, summary=summary),
        catalogue=catalogue.values(),
    )


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue(CatalogueItem(item, f"Film {item}", ("Drama",), 1990 + item) for item in range(1, 9))


@pytest.fixture
def reader(client: redis.Redis, model_name: str, writer: ModelWriter, catalogue: Catalogue) -> ModelReader:
    """Of a model of a small stream."""
    model, choices, events = IteratedSVD(content=catalogue), Choices(), stream(1000)
    learn(model, events)
    choices.learn(model, events.users, events.items)
    written(model, choices, writer, catalogue, rmse=0.9)
    return ModelReader(client, model_name)


@pytest.fixture
def empty(client: redis.Redis, model_name: str, writer: ModelWriter, catalogue: Catalogue) -> ModelReader:
    """Of a model that has a catalogue and no rating."""
    written(IteratedSVD(content=catalogue), Choices(), writer, catalogue, rmse=math.nan)
    return ModelReader(client, model_name)


def ids(found: Any) -> list[Any]:
    return [one.item for one in found.items]


def test_ids_of_numpy_and_pandas_are_ids(reader: ModelReader) -> None:
    table = pd.DataFrame({"user": [USER], "item": [ITEM]})
    user, item = table["user"].iloc[0], table["item"].iloc[0]
    assert isinstance(user, np.int64)
    answer = reader.recommend(user)
    assert answer.items == reader.recommend(USER).items
    assert type(answer.user) is int
    assert reader.recommend_many(table["user"])[0].items == answer.items
    assert reader.recommend_many(table["user"].to_numpy())[0].items == answer.items
    assert reader.recommend(np.str_("user 0")).items == reader.recommend("user 0").items
    assert reader.recommend_for({item: np.float64(5)}).items == reader.recommend_for({ITEM: 5}).items
    assert ids(reader.similar_items(item)) == ids(reader.similar_items(ITEM))
    assert reader.similar_users(user).users == reader.similar_users(USER).users
    found, expected = reader.predict(user, item), reader.predict(USER, ITEM)
    assert (found.user, found.item, found.rating) == (expected.user, expected.item, expected.rating)
    assert reader.explain(user, item).score == reader.explain(USER, ITEM).score
    assert reader.history(user).newest == reader.history(USER).newest
    assert reader.user_blocks(user).keys() == reader.user_blocks(USER).keys()
    assert reader.reasons(user, [item]) == reader.reasons(USER, [ITEM])


def test_lists_may_be_arrays_columns_and_sets(reader: ModelReader) -> None:
    first = ids(reader.recommend(USER, 3))
    expected = ids(reader.recommend("user 0", exclude=[1, 2]))
    for exclude in (np.array([1, 2]), pd.Series([1, 2]), {1, 2}, (np.int64(1), 2)):
        assert ids(reader.recommend("user 0", exclude=exclude)) == expected
    assert ids(reader.recommend("user 0", genres=np.array(["Drama"]))) == ids(
        reader.recommend("user 0", genres=["drama"])
    )
    assert ids(reader.recommend(USER, np.int64(3))) == first
    years = (np.int64(1992), None)
    assert ids(reader.recommend("user 0", years=years)) == ids(reader.recommend("user 0", years=(1992, None)))


@pytest.mark.parametrize("n", MANY)
def test_more_than_there_are_gives_all(reader: ModelReader, n: int) -> None:
    for options in ({}, {"rank_by": "rating"}, {"explore": "upper"}):
        assert ids(reader.recommend(USER, n, **options)) == ids(reader.recommend(USER, 1000, **options))
    assert len(reader.similar_items(ITEM, n).items) == len(reader.similar_items(ITEM, 1000).items)
    assert len(reader.similar_users(USER, n).users) == len(reader.similar_users(USER, 1000).users)
    assert reader.history(USER, n).newest == reader.history(USER, 1000).newest
    assert reader.users(n).users == reader.users(1000).users
    assert reader.find("film", n) == reader.find("film", 1000)


REFUSED: dict[str, tuple[Callable[[ModelReader], object], str]] = {
    "a fraction": (lambda r: r.recommend(USER, 2.5), "n is 2.5; give a whole number"),
    "a text": (lambda r: r.users("3"), "n is '3'"),
    "less than one": (lambda r: r.similar_items(ITEM, 0), "n is 0; give at least 1"),
    "a seed below 0": (lambda r: r.recommend(USER, explore="sampled", seed=-1), "seed is -1"),
    "min_ratings below 0": (lambda r: r.recommend(USER, min_ratings=-1), "min_ratings is -1"),
    "one genre": (lambda r: r.recommend(USER, genres="Drama"), r"genres is 'Drama'; give a list, such as \['Drama'\]"),
    "a genre that is no text": (lambda r: r.recommend(USER, genres=[1]), "genres hold 1"),
    "one item": (lambda r: r.recommend(USER, exclude=50), "exclude is 50; give a list"),
    "one user": (lambda r: r.recommend_many("ann"), "users is 'ann'; give a list"),
    "a year": (lambda r: r.recommend(USER, years=1990), "years are 1990"),
    "three years": (lambda r: r.recommend(USER, years=(1, 2, 3)), "years are"),
    "years as text": (lambda r: r.recommend(USER, years=("1990", None)), "a year is '1990'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_out_of_range_is_refused(reader: ModelReader, what: str) -> None:
    ask, message = REFUSED[what]
    with pytest.raises(SettingsError, match=message):
        ask(reader)


def test_what_is_no_id_and_what_is_no_rating_is_refused(reader: ModelReader) -> None:
    for id_ in (1.0, None, True, b"1"):
        for ask in (reader.recommend, reader.history, reader.similar_items, lambda x: reader.predict(USER, x)):
            with pytest.raises(InputError, match="an id is an int or a str"):
                ask(id_)
    with pytest.raises(InputError, match=r"'\\udcff' is not Unicode text"):
        reader.recommend("\udcff")
    with pytest.raises(InputError, match="one number each"):
        reader.recommend_for({ITEM: "five"})


def test_a_model_without_ratings_answers(empty: ModelReader) -> None:
    assert empty.find("film") == ()
    assert empty.find("1") == ()
    assert empty.users().total == 0
    for options in ({}, {"rank_by": "rating"}, {"explore": "upper"}, {"genres": ["Drama"]}):
        assert empty.recommend(1, **options).items == ()
        assert empty.recommend_for({1: 4.0}, **options).items == ()
    found = empty.predict(1, 1)
    assert (found.item.title, found.known_user, found.known_item) == ("Film 1", False, False)
    assert 1 <= found.rating <= 5
    for ask in (empty.similar_items, empty.similar_users, empty.history, lambda x: empty.explain(1, x)):
        with pytest.raises(UnknownId, match="does not know"):
            ask(1)
    assert empty.reasons(1, [1]) == {1: ()}
    assert empty.status().rmse is None
