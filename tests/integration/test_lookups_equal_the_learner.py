"""Every lookup gives what the model in process gives: the store adds nothing and loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import redis
from model_states import checkpoint
from rating_streams import learn, stream

from model_store import ModelReader, ModelWriter, connect
from streamsvd.errors import InputError, UnknownId
from streamsvd.learner import Id, IteratedSVD, Settings
from streamsvd.ratings import Catalogue, Film

GENRES = ("Comedy", "Crime", "Drama", "War")


@dataclass(frozen=True)
class Both:
    """A model in process, and a reader of its snapshot."""

    model: IteratedSVD
    reader: ModelReader
    users: list[Id]
    items: list[Id]
    films: dict[Id, Film]


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url) as client:
        yield client


def film(k: int, item: Id) -> Film:
    """A made-up film; every fifth item has none of genre or year."""
    genres = () if k % 5 == 0 else tuple(dict.fromkeys((GENRES[k % 4], GENRES[k % 3])))
    return Film(item, f"Film {item} (19{50 + k % 50})", genres, None if k % 5 == 0 else 1950 + k % 50)


@pytest.fixture(params=[((1.0, 5.0), True), ((0.0, 100.0), False)], ids=["stars, content", "percent, ratings only"])
def both(request: pytest.FixtureRequest, client: redis.Redis, model_name: str) -> Both:
    scale, with_content = request.param
    events = stream(1500)
    items = list(dict.fromkeys(events.items))
    films = {item: film(k, item) for k, item in enumerate([*items[::2], "never rated"])}
    catalogue = Catalogue(films.values()) if with_content else None
    model = IteratedSVD(Settings(prior_from=200, prior_every=100), scale=scale, content=catalogue, seed=3)
    stars = events.ratings if scale == (1.0, 5.0) else (events.ratings - 1) * 25
    learn(model, events.having(ratings=stars))
    writer = ModelWriter(client, model_name)
    writer.acquire()
    genres = catalogue.genres if catalogue else ()
    writer.write(checkpoint(1, writer.token, model.state(), genres=genres), films=films.values())
    writer.close()
    return Both(model, ModelReader(client, model_name), list(dict.fromkeys(events.users)), items, films)


def test_recommend(both: Both) -> None:
    for user in [*both.users[:10], "nobody"]:
        answer = both.reader.recommend(user, n=1000, exclude_seen=False)
        assert answer.known_user == (user != "nobody")
        assert {found.item for found in answer.items} == set(both.items)
        expected = both.model.predict([user] * len(both.items), [found.item for found in answer.items])
        np.testing.assert_allclose([found.score for found in answer.items], expected, atol=1e-12)
        assert (np.diff(expected) <= 1e-12).all()
        seen = {rated.item for rated in both.reader.history(user, 1000).newest} if answer.known_user else set()
        unseen = both.reader.recommend(user, n=1000)
        assert unseen.items == tuple(found for found in answer.items if found.item not in seen)


def test_recommend_many_is_recommend(both: Both) -> None:
    users = [*both.users[:5], "nobody", both.users[0]]
    assert [a.items for a in both.reader.recommend_many(users, 7)] == [both.reader.recommend(u, 7).items for u in users]
    assert both.reader.recommend_many([]) == []


def test_recommend_for_somebody_without_an_account(both: Both) -> None:
    low, high = both.model.scale.low, both.model.scale.high
    given = {item: (high if k % 2 else low) for k, item in enumerate(both.items[:9])} | {"unheard of": high}
    row = both.model.fold_in(given)
    answer = both.reader.recommend_for(given, n=1000)
    names = [found.item for found in answer.items]
    assert set(names) == set(both.items[9:])
    np.testing.assert_allclose([f.score for f in answer.items], both.model.predict_for(row, names), atol=1e-12)
    assert (answer.user, answer.known_user) == (None, True)
    assert not both.reader.recommend_for({}).known_user
    assert both.reader.recommend_for({}, 3).items == both.reader.recommend("nobody", 3).items
    with pytest.raises(InputError, match="scale"):
        both.reader.recommend_for({both.items[0]: high + 1})


def test_predict_with_deviation(both: Both) -> None:
    for user in [*both.users[:10], "nobody"]:
        for item in [*both.items[:10], "never rated", "unheard of"]:
            found = both.reader.predict(user, item)
            rating, deviation = both.model.predict_with_deviation([user], [item])
            assert (found.rating, found.deviation) == (rating[0], deviation[0])
            assert (found.known_user, found.known_item) == (user in both.users, item in both.items)
            assert found.item.title == (both.films[item].title if item in both.films else None)


def test_explain(both: Both) -> None:
    for user in [*both.users[:5], "nobody"]:
        for item in both.items[:5]:
            found, expected = both.reader.explain(user, item), both.model.explain(user, item)
            assert (found.score, found.everybody, found.own) == (expected.score, expected.everybody, expected.item)
            assert [(moved.item, moved.moved) for moved in found.ratings] == expected.ratings
            assert found.rest == expected.rest
            whole = found.everybody + found.own + sum(moved.moved for moved in found.ratings) + found.rest
            assert whole == pytest.approx(found.score, abs=1e-9)
    with pytest.raises(UnknownId, match="unheard of"):
        both.reader.explain(both.users[0], "unheard of")


def test_similar_items(both: Both) -> None:
    for item in both.items[:5]:
        found = both.reader.similar_items(item, 1000)
        assert sorted((x.item, x.similarity) for x in found.items if isinstance(x.item, int)) == sorted(
            x for x in both.model.similar_items(item, 1000) if isinstance(x[0], int)
        )
        assert len(found.items) == len(both.items) - 1
        assert found.item.item == item
        values = [x.similarity for x in found.items]
        assert values == sorted(values, reverse=True)
    with pytest.raises(UnknownId, match="unheard of"):
        both.reader.similar_items("unheard of")


def test_similar_users(both: Both) -> None:
    for user in both.users[:5]:
        expected = dict(both.model.similar_users(user, 1000))
        found = both.reader.similar_users(user, 1000).users
        assert {x.user: x.similarity for x in found} == pytest.approx(expected, abs=1e-12)
        assert [x.ratings for x in found] == [both.reader.history(x.user).user.ratings for x in found]
    with pytest.raises(UnknownId, match="nobody"):
        both.reader.similar_users("nobody")


def test_history_and_users(both: Both) -> None:
    found = both.reader.users(5)
    assert found.total == len(both.users)
    assert len(found.users) == 5
    times = [user.last_time for user in found.users]
    assert times == sorted(times, reverse=True)  # type: ignore[type-var]
    with pytest.raises(UnknownId, match="nobody"):
        both.reader.history("nobody")


def test_find_by_words_of_the_title(both: Both) -> None:
    titled = [item for item in both.items if item in both.films]
    counts = {item: len([u for u in both.users if item in _rated(both, u)]) for item in titled}
    for item in titled[:5]:
        word = both.films[item].title.split()[0]
        found = [one.item for one in both.reader.find(word.upper(), 1000)]
        assert set(found) == {i for i in titled if word.casefold() in both.films[i].title.casefold()}
        assert [counts[i] for i in found] == sorted((counts[i] for i in found), reverse=True)
        assert both.reader.find(str(item), 1)[0].item is not None
    assert both.reader.find("no such title") == ()
    assert both.reader.find("  ") == ()


def _rated(both: Both, user: Id) -> set[Id]:
    return {rated.item for rated in both.reader.history(user, 10_000).newest}
