"""A lookup by an id of the other kind, text or integer, finds what is there and says so; nothing else is assumed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import redis
from model_states import checkpoint
from services import in_process

from model_store import ModelReader, ModelWriter
from streamsvd.cli.lookups import item_called, ratings_given
from streamsvd.cli.service_process import rating_log
from streamsvd.dashboard.lookups import Lookups
from streamsvd.errors import InputError, UnknownId
from streamsvd.learner import IteratedSVD
from streamsvd.log import Topics, create_topics, log_client
from streamsvd.ratings import Catalogue, CatalogueItem, Id
from streamsvd.service import Limits

USERS: list[Id] = ["ann", "196", 7, "8", 8]  # 196 and 7 are there as one kind, 8 as both
ITEMS: list[Id] = ["heat", "10", 20, "30", 30]
FILMS = Catalogue(
    [CatalogueItem("10", "Casino (1995)"), CatalogueItem("40", "Unrated (1996)"), CatalogueItem(20, "10")]
)

TEXT_196, INTEGER_7 = ("user 196 is the text '196' in this model",), ("user '7' is the integer 7 in this model",)
TEXT_10, INTEGER_20 = ("item 10 is the text '10' in this model",), ("item '20' is the integer 20 in this model",)


@pytest.fixture
def reader(client: redis.Redis, model_name: str, writer: ModelWriter) -> ModelReader:
    model = IteratedSVD()
    for number in range(40):
        user, item = USERS[number % 5], ITEMS[(number // 5 + number) % 5]
        model.learn_one(user, item, 1 + number % 5, 880_000_000 + number)
    writer.write(checkpoint(1, writer.token, model.state()), catalogue=FILMS.values())
    return ModelReader(client, model_name)


@pytest.mark.parametrize(
    ("asked", "found", "notes"), [(196, "196", TEXT_196), ("7", 7, INTEGER_7), (8, 8, ()), ("8", "8", ()), (9, 9, ())]
)
def test_a_user_is_found_by_both_kinds(reader: ModelReader, asked: Id, found: Id, notes: tuple[str, ...]) -> None:
    answer, exact = (
        reader.recommend(asked, with_all := 5, exclude_seen=False),
        reader.recommend(found, with_all, exclude_seen=False),
    )
    assert (answer.user, answer.notes, answer.known_user) == (found, notes, found != 9)
    assert (answer.items, exact.notes) == (exact.items, ())
    prediction = reader.predict(asked, "heat")
    assert (prediction.user, prediction.notes) == (found, notes)
    assert prediction.rating == reader.predict(found, "heat").rating
    explained = reader.explain(asked, "heat")
    assert (explained.user, explained.score, explained.notes) == (found, reader.explain(found, "heat").score, notes)
    assert reader.reasons(asked, ["heat"]) == reader.reasons(found, ["heat"])
    for look_up in (reader.history, reader.similar_users):
        if found == 9:
            with pytest.raises(UnknownId):
                look_up(asked)
        else:
            assert look_up(asked).notes == notes


def test_many_users_are_found_by_both_kinds_at_once(reader: ModelReader) -> None:
    answers = reader.recommend_many([196, "196", "7", 8, "nobody", 9])
    assert [answer.user for answer in answers] == ["196", "196", 7, 8, "nobody", 9]
    assert [answer.notes for answer in answers] == [TEXT_196, (), INTEGER_7, (), (), ()]
    assert [answer.known_user for answer in answers] == [True, True, True, True, False, False]
    assert answers[0].items == answers[1].items


@pytest.mark.parametrize(
    ("asked", "found", "notes"), [(10, "10", TEXT_10), ("20", 20, INTEGER_20), (30, 30, ()), ("30", "30", ())]
)
def test_an_item_is_found_by_both_kinds(reader: ModelReader, asked: Id, found: Id, notes: tuple[str, ...]) -> None:
    similar, exact = reader.similar_items(asked), reader.similar_items(found)
    assert (similar.item, similar.items, similar.notes) == (exact.item, exact.items, notes)
    prediction = reader.predict("ann", asked)
    assert (prediction.item.item, prediction.notes, prediction.known_item) == (found, notes, True)
    assert reader.explain("ann", asked).item.item == found
    assert reader.explain("ann", asked).notes == notes
    folded = reader.recommend_for({asked: 5.0})
    assert (folded.items, folded.notes) == (reader.recommend_for({found: 5.0}).items, notes)
    without = reader.recommend("ann", exclude=[asked], exclude_seen=False)
    assert found not in [item.item for item in without.items]
    assert without.notes == notes
    assert item_called(reader, f"text:{asked}" if isinstance(asked, str) else f" {asked} ") == asked


def test_both_ids_of_a_prediction_may_be_of_the_other_kind(reader: ModelReader) -> None:
    found = reader.predict(196, 10)
    assert (found.user, found.item.item, found.notes) == ("196", "10", TEXT_196 + TEXT_10)
    assert found.item.title == "Casino (1995)"
    assert reader.predict("ann", 40).item.title == "Unrated (1996)"


def test_rated_and_titles_of_digits(reader: ModelReader) -> None:
    """An id is meant before a title that looks like it, of either kind."""
    assert ratings_given(reader, ["10=5", "casino=2", "text:20=1"]) == {10: 5.0, "10": 2.0, "20": 1.0}
    with pytest.raises(InputError, match="'11'"):
        item_called(reader, "11")


def test_the_dashboard_says_what_it_took(reader: ModelReader, client: redis.Redis, model_name: str) -> None:
    answer = Lookups(client, model_name).user(196)
    assert answer.user == "196"
    assert answer.history
    assert "User 196 is the text '196' in this model." in answer.source


@pytest.fixture
def served(reader: ModelReader, kafka_address: str, topic_prefix: str) -> Iterator[httpx.Client]:
    log, topics = log_client(kafka_address), Topics(topic_prefix)
    create_topics(log, topics)
    with in_process(reader, log=rating_log(log, topics, Limits())) as (client, _):
        yield client


def test_the_service_says_so_and_writes_what_it_is_given(served: httpx.Client) -> None:
    answer = served.get("/recommend", params={"user": " 196 "}).json()
    assert (answer["user"], answer["notes"]) == ("196", list(TEXT_196))
    assert served.get("/history", params={"user": "text:7"}).json()["notes"] == list(INTEGER_7)
    assert served.get("/similar-items", params={"item": "10"}).json()["item"]["item"] == "10"
    assert served.get("/recommend", params={"user": "  "}).status_code == 422
    rating: dict[str, Any] = {"user": 196, "item": "heat", "rating": 3}
    new = "user 196 is new to this model, which knows the text '196': another user"
    assert served.post("/ratings", json=rating).json()["notes"] == [new]
    assert served.post("/ratings", json={**rating, "user": " 196 "}).json()["notes"] == []
    assert served.post("/ratings", json={**rating, "user": "   "}).status_code == 422
    assert served.delete("/users", params={"user": "196"}).json()["notes"] == [new]
    other = served.delete("/ratings", params={"user": "8", "item": "text:20"}).json()["notes"]
    assert other == ["item '20' is new to this model, which knows the integer 20: another item"]
