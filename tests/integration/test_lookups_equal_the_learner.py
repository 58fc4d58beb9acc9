"""Every lookup gives what the model in process gives: the store adds nothing and loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
import pytest
import redis
from kernel_parts import from_python
from model_states import checkpoint
from rating_streams import learn, stream

from model_store import ModelReader, ModelWriter
from streamsvd.errors import InputError, SettingsError, UnknownId
from streamsvd.kernels.variance import noise_of, variance_of
from streamsvd.learner import Id, IteratedSVD, Settings
from streamsvd.lookup import Options
from streamsvd.ratings import Catalogue, CatalogueItem

variance = from_python(variance_of)

GENRES = ("Comedy", "Crime", "Drama", "War")


@dataclass(frozen=True)
class Both:
    """A model in process, and a reader of its snapshot."""

    model: IteratedSVD
    reader: ModelReader
    users: list[Id]
    items: list[Id]
    entries: dict[Id, CatalogueItem]


def entry(k: int, item: Id) -> CatalogueItem:
    """A made-up film; every fifth item has none of genre or year."""
    genres = () if k % 5 == 0 else tuple(dict.fromkeys((GENRES[k % 4], GENRES[k % 3])))
    return CatalogueItem(item, f"Film {item} (19{50 + k % 50})", genres, None if k % 5 == 0 else 1950 + k % 50)


@pytest.fixture(params=[((1.0, 5.0), True), ((0.0, 100.0), False)], ids=["stars, content", "percent, ratings only"])
def both(request: pytest.FixtureRequest, client: redis.Redis, model_name: str) -> Both:
    scale, with_content = request.param
    events = stream(1500)
    items = list(dict.fromkeys(events.items))
    entries = {item: entry(k, item) for k, item in enumerate([*items[::2], "never rated"])}
    catalogue = Catalogue(entries.values()) if with_content else None
    model = IteratedSVD(Settings(prior_from=200, prior_every=100), scale=scale, content=catalogue, seed=3)
    stars = events.ratings if scale == (1.0, 5.0) else (events.ratings - 1) * 25
    learn(model, events.having(ratings=stars))
    writer = ModelWriter(client, model_name)
    writer.acquire()
    genres = catalogue.genres if catalogue else ()
    writer.write(checkpoint(1, writer.token, model.state(), genres=genres), catalogue=entries.values())
    writer.close()
    return Both(model, ModelReader(client, model_name), list(dict.fromkeys(events.users)), items, entries)


def test_recommend(both: Both) -> None:
    for user in [*both.users[:10], "nobody"]:
        answer = both.reader.recommend(user, n=1000, exclude_seen=False, rank_by="rating")
        assert answer.known_user == (user != "nobody")
        assert {found.item for found in answer.items} == set(both.items)
        expected = both.model.predict([user] * len(both.items), [found.item for found in answer.items])
        np.testing.assert_allclose([found.score for found in answer.items], expected, atol=1e-12)
        assert (np.diff(expected) <= 1e-12).all()
        seen = {rated.item for rated in both.reader.history(user, 1000).newest} if answer.known_user else set()
        unseen = both.reader.recommend(user, n=1000, rank_by="rating")
        assert unseen.items == tuple(found for found in answer.items if found.item not in seen)


def test_recommend_many_is_recommend(both: Both) -> None:
    users = [*both.users[:5], "nobody", both.users[0]]
    assert [a.items for a in both.reader.recommend_many(users, 7)] == [both.reader.recommend(u, 7).items for u in users]
    assert both.reader.recommend_many([]) == []


def test_recommend_for_somebody_without_an_account(both: Both) -> None:
    low, high = both.model.scale.low, both.model.scale.high
    given = {item: (high if k % 2 else low) for k, item in enumerate(both.items[:9])} | {"unheard of": high}
    row = both.model.fold_in(given)
    answer = both.reader.recommend_for(given, n=1000, rank_by="rating")
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
            assert found.item.title == (both.entries[item].title if item in both.entries else None)


def test_explain(both: Both) -> None:
    for user in [*both.users[:5], "nobody"]:
        for item in both.items[:5]:
            found, expected = both.reader.explain(user, item), both.model.explain(user, item)
            assert (found.score, found.everybody, found.own) == (expected.score, expected.everybody, expected.own)
            assert [(part.item, part.moved) for part in found.ratings] == [
                (part.item, part.moved) for part in expected.ratings
            ]
            assert found.rest == expected.rest
            whole = found.everybody + found.own + sum(moved.moved for moved in found.ratings) + found.rest
            assert whole == pytest.approx(found.score, abs=1e-9)
    with pytest.raises(UnknownId, match="unheard of"):
        both.reader.explain(both.users[0], "unheard of")


def test_similar_items(both: Both) -> None:
    for item in both.items[:5]:
        found = both.reader.similar_items(item, 1000)
        expected = both.model.similar_items(item, 1000)
        assert [(x.item, x.similarity) for x in found.items] == [(x.item, x.similarity) for x in expected]
        assert len(found.items) == len(both.items) - 1
        assert found.item.item == item
        values = [x.similarity for x in found.items]
        assert values == sorted(values, reverse=True)
    with pytest.raises(UnknownId, match="unheard of"):
        both.reader.similar_items("unheard of")


def test_similar_users(both: Both) -> None:
    for user in both.users[:5]:
        expected = {x.user: x.similarity for x in both.model.similar_users(user, 1000)}
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
    titled = [item for item in both.items if item in both.entries]
    counts = {item: len([u for u in both.users if item in _rated(both, u)]) for item in titled}
    for item in titled[:5]:
        word = both.entries[item].title.split()[0]
        found = [one.item for one in both.reader.find(word.upper(), 1000)]
        assert set(found) == {i for i in titled if word.casefold() in both.entries[i].title.casefold()}
        assert [counts[i] for i in found] == sorted((counts[i] for i in found), reverse=True)
        assert str(both.reader.find(str(item), 1)[0].item) == str(item)  # before titles that hold its digits
    assert both.reader.find("no such title") == ()
    assert both.reader.find("  ") == ()


def _rated(both: Both, user: Id) -> set[Id]:
    return {rated.item for rated in both.reader.history(user, 10_000).newest}


def test_filters(both: Both) -> None:
    user, entries = both.users[0], both.entries
    counts = dict(zip(both.model.state().items.ids, both.model.state().items.fixed["factors"]["count"], strict=True))
    whole = both.reader.recommend(user, 1000, exclude_seen=False).items

    def check(expected: Callable[[Id], bool], **options: Unpack[Options]) -> None:
        found = both.reader.recommend(user, 1000, exclude_seen=False, **options).items
        assert found == tuple(one for one in whole if expected(one.item))
        assert found != whole

    check(lambda item: item in entries and bool({"War", "Crime"} & set(entries[item].genres)), genres=["WAR", "crime"])
    check(lambda item: item in entries and (entries[item].year or 0) >= 1970, years=(1970, None))
    check(lambda item: item in entries and 0 < (entries[item].year or 0) <= 1970, years=(None, 1970))
    check(lambda item: item in entries and entries[item].year == 1952, years=(1952, 1952))
    check(lambda item: counts[item] >= 20, min_ratings=20)
    check(lambda item: item not in both.items[:7], exclude=[*both.items[:7], "unheard of"])
    with pytest.raises(InputError, match="comedy, crime, drama, war"):
        both.reader.recommend(user, genres=["western"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"years": (2000, 1990)}, "the earlier one first"),
        ({"explore": "far"}, "'upper', 'sampled' or None"),
        ({"explore": "sampled"}, "give seed="),
        ({"rank_by": "magic"}, "choose one of"),
    ],
)
def test_options_out_of_range_are_refused(client: redis.Redis, options: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        ModelReader(client, "any").recommend(1, **options)


def test_exploring_by_the_upper_bound(both: Both) -> None:
    state, slope = both.model.state(), both.model.scale.slope
    stats = dict(zip(state.items.ids, state.items.fixed["factors"]["stats"], strict=True))
    for user in [*both.users[:3], "nobody"]:
        every = both.model.predict_with_deviation([user] * len(both.items), both.items)[1]
        deviation = dict(zip(both.items, every, strict=True))
        row = np.zeros(1, state.users.fixed["factors"].dtype)
        if user in both.users:
            row = state.users.fixed["factors"][state.users.ids.index(user)][None]
        bounds = []
        answer = both.reader.recommend(user, 1000, exclude_seen=False, explore="upper", rank_by="rating")
        for one in answer.items:
            noise = noise_of.py_func(*row["stats"][0][5:7]) * noise_of.py_func(*stats[one.item][2:4])
            quiet = variance(state.globals_["variances"], state.globals_["scalars"], row["count"][0], noise, 1.0)
            ignorance = deviation[one.item] ** 2 - quiet / slope**2
            bounds.append(both.reader.explain(user, one.item).score + np.sqrt(max(ignorance, 0.0)))
        assert len(bounds) == len(both.items)
        assert (np.diff(bounds) <= 1e-6 / slope).all()


def test_exploring_by_a_sampled_bound_can_be_had_again(both: Both) -> None:
    def shown(seed: int) -> list[Id]:
        items = both.reader.recommend("nobody", 1000, explore="sampled", seed=seed, rank_by="rating").items
        return [one.item for one in items]

    assert shown(1) == shown(1)
    assert shown(1) != shown(2)
    assert set(shown(1)) == set(shown(2))


def test_exploring_for_somebody_without_an_account(both: Both) -> None:
    given = dict.fromkeys(both.items[:5], both.model.scale.high)
    plain = both.reader.recommend_for(given, 1000, rank_by="rating")
    bold = both.reader.recommend_for(given, 1000, explore="upper", rank_by="rating")
    assert {one.item: one.score for one in plain.items} == {one.item: one.score for one in bold.items}
    assert [one.item for one in plain.items] != [one.item for one in bold.items]
