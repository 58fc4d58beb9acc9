"""docs/redis-layout.md is enough: examples/bare_client.py, written by it alone, gives what the reader gives."""

from __future__ import annotations

import ast
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from model_states import checkpoint
from rating_streams import learn, stream

from model_store import ModelReader, ModelWriter
from streamsvd.learner import Id, IteratedSVD, Settings
from streamsvd.learner.choices import Choices
from streamsvd.ratings import Catalogue, CatalogueItem, Synthetic

PROGRAM = Path(__file__).parents[2] / "examples" / "bare_client.py"
NEAR = 1e-9
Bare = Callable[[Id], Any]


@pytest.fixture
def bare(client: redis.Redis, model_name: str) -> Bare:
    """Makes a client for one user."""
    made = runpy.run_path(str(PROGRAM))["BareClient"]
    return lambda user: made(client, model_name, user)


def same(bare: Bare, reader: ModelReader, users: list[Id], items: list[Id]) -> None:
    """The same predictions for all pairs, and all items in the same order."""
    for user in users:
        found, answer = bare(user), reader.recommend(user, 10_000)
        assert found.known == answer.known_user
        assert found.head["version"] == answer.provenance.version
        best = found.best(10_000)
        assert best[:10] == found.best()
        assert [item for item, _ in best] == [one.item for one in answer.items]
        assert [rating for _, rating in best] == pytest.approx([one.score for one in answer.items], abs=NEAR)
        for item in items:
            expected = reader.predict(user, item)
            assert found.predict(item) == pytest.approx((expected.rating, expected.deviation), abs=NEAR)


def test_it_imports_nothing_of_ours() -> None:
    tree = ast.walk(ast.parse(PROGRAM.read_text()))
    names = {alias.name for node in tree if isinstance(node, ast.Import) for alias in node.names}
    tree = ast.walk(ast.parse(PROGRAM.read_text()))
    names |= {str(node.module) for node in tree if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} - sys.stdlib_module_names == {"redis"}


def test_a_model_of_synthetic_ratings_with_a_catalogue(
    client: redis.Redis, model_name: str, writer: ModelWriter, bare: Bare
) -> None:
    world = Synthetic(ratings=6000, users=200, items=600, seed=5)
    table, catalogue = world.table(), world.catalogue()
    model, choices = IteratedSVD(scale=world.dataset.scale, content=catalogue, seed=3), Choices()
    model.learn(table.users, table.items, table.ratings, table.timestamps)
    choices.learn(model, table.users, table.items)
    state = choices.state(model)
    writer.write(checkpoint(1, writer.token, state, genres=catalogue.genres), catalogue=catalogue.values())
    rated = list(dict.fromkeys(table.items.tolist()))
    unrated = [item for item in catalogue if item not in set(rated)]
    assert unrated
    users: list[Id] = [*range(1, 201, 8), 99999, "nobody"]
    same(bare, ModelReader(client, model_name), users, [*rated[:40], *unrated[:5], -7])
    for user in users:
        found = sorted(bare(user).chances().items())
        assert [chance for _, chance in found] == pytest.approx(choices.chances(model, user), rel=NEAR)


@pytest.mark.parametrize("scale", [(0.5, 5.0), (0.0, 100.0)])
def test_other_scales_odd_ids_and_users_who_took_all_back(
    client: redis.Redis, model_name: str, writer: ModelWriter, bare: Bare, scale: tuple[float, float]
) -> None:
    events = stream(1500)
    stars = scale[0] + (events.ratings - 1) / 4 * (scale[1] - scale[0])
    model = IteratedSVD(Settings(rank=5, prior_from=200, prior_every=100), scale=scale)
    learn(model, events.having(ratings=stars))
    choices = Choices()
    choices.learn(model, events.users, events.items)
    model.learn(["undecided"], [2], [scale[1]], [events.timestamps[-1]])
    choices.learn(model, ["undecided"], [2])
    model.retract("undecided", 2)
    writer.write(checkpoint(1, writer.token, choices.state(model)))
    users, items = list(dict.fromkeys(events.users))[:12], list(dict.fromkeys(events.items))[:20]
    unheard: list[Id] = ["unheard of", "007", 10**15, -(2**63)]
    same(bare, ModelReader(client, model_name), [*users, "undecided", "nobody"], [*items, *unheard])


def test_a_bare_learner_is_ranked_by_rating(
    client: redis.Redis, model_name: str, writer: ModelWriter, bare: Bare
) -> None:
    events = stream(900)
    catalogue = Catalogue(CatalogueItem(item, "A film", ("War", "Drama"), None) for item in range(5))
    model = IteratedSVD(content=catalogue)
    learn(model, events)
    writer.write(checkpoint(1, writer.token, model.state(), genres=catalogue.genres), catalogue=catalogue.values())
    same(bare, ModelReader(client, model_name), ["user 0", 1, "nobody"], [1, 2, "film 0", 4, "x"])
    assert not bare(1).chances()


def test_what_is_not_there_and_what_is_damaged(
    client: redis.Redis, model_name: str, writer: ModelWriter, bare: Bare
) -> None:
    with pytest.raises(LookupError, match="no model"):
        bare(1)
    model = IteratedSVD()
    model.learn([1], [1], [4.0])
    writer.write(checkpoint(1, writer.token, model.state()))
    key = f"streamsvd:{{{model_name}}}:items:block:factors"
    blob = client.hget(key, "1") or b""
    client.hset(key, "1", blob[:-1] + bytes([blob[-1] ^ 1]))
    with pytest.raises(ValueError, match="damaged"):
        bare(1)
