"""The catalogue topic."""

from __future__ import annotations

import re

import pytest
from invalid_records import bad_catalogue_records

from streamsvd.log import LogClient, Topics, create_topics, read_catalogue, write_catalogue
from streamsvd.ratings import Catalogue, CatalogueItem, Dataset

DATASET = Dataset("toy", "ab" * 32, (0.5, 5.0))
ITEMS = [
    CatalogueItem(1, "Amélie (2001)", ("Comedy", "Romance"), 2001),
    CatalogueItem("1", 'The "Other" One, (1990)', (), None),
    CatalogueItem("dataset", "A film with an unlucky id"),
]


@pytest.fixture
def topic(log: LogClient, topic_prefix: str) -> str:
    topics = Topics(topic_prefix)
    create_topics(log, topics)
    return topics.catalogue


def test_an_empty_topic_holds_nothing(log: LogClient, topic: str) -> None:
    assert read_catalogue(log, topic) == (None, None, {0: 0}, None, ())


def test_a_topic_that_is_not_there_holds_nothing(log: LogClient, topic: str) -> None:
    assert read_catalogue(log, f"{topic}.nowhere") == (None, None, {}, None, ())


def test_what_is_written_is_read_and_not_written_twice(log: LogClient, topic: str) -> None:
    assert write_catalogue(log, topic, DATASET, Catalogue(ITEMS)) == 4
    assert read_catalogue(log, topic) == (DATASET, Catalogue(ITEMS), {0: 4}, None, ())
    assert write_catalogue(log, topic, DATASET, Catalogue(ITEMS)) == 0
    assert read_catalogue(log, topic).offsets == {0: 4}


def test_only_differences_are_written_and_items_that_are_gone_go(log: LogClient, topic: str) -> None:
    write_catalogue(log, topic, DATASET, Catalogue(ITEMS))
    changed = Catalogue([ITEMS[0], CatalogueItem("1", "Renamed")])
    assert write_catalogue(log, topic, DATASET, changed) == 3  # one new, one gone, the data set
    assert read_catalogue(log, topic)[:2] == (DATASET, changed)


def test_another_catalogue_can_be_added(log: LogClient, topic: str) -> None:
    write_catalogue(log, topic, DATASET, Catalogue(ITEMS[:1]))
    other = Dataset("other", "cd" * 32, (0.5, 5.0))
    write_catalogue(log, topic, other, Catalogue(ITEMS[1:]), keep_others=True)
    assert read_catalogue(log, topic)[:2] == (other, Catalogue(ITEMS))


def test_a_data_set_without_a_catalogue(log: LogClient, topic: str) -> None:
    assert write_catalogue(log, topic, DATASET, None) == 1
    assert read_catalogue(log, topic)[:2] == (DATASET, None)


def test_an_interrupted_write_shows_no_data_set_and_is_completed(log: LogClient, topic: str) -> None:
    write_catalogue(log, topic, DATASET, Catalogue(ITEMS))
    whole = f"{topic}.whole"
    create_topics(log, Topics(whole))
    delivery = log.delivery()
    delivery.send(Topics(whole).catalogue, 0, b"99", b'{"v":1,"item":99,"title":"stray"}', None, "item")
    delivery.close()
    assert read_catalogue(log, Topics(whole).catalogue).dataset is None
    write_catalogue(log, Topics(whole).catalogue, DATASET, Catalogue(ITEMS))
    assert read_catalogue(log, Topics(whole).catalogue)[:2] == (DATASET, Catalogue(ITEMS))


def put(log: LogClient, topic: str, *records: tuple[bytes, bytes]) -> None:
    """Write records as they are."""
    delivery = log.delivery()
    for key, value in records:
        delivery.send(topic, 0, key, value, None, "a record")
    delivery.close()


@pytest.mark.parametrize(("key", "value", "reason"), bad_catalogue_records())
def test_a_record_that_is_no_item_is_ignored_and_named(
    log: LogClient, topic: str, key: bytes, value: bytes, reason: str
) -> None:
    write_catalogue(log, topic, DATASET, Catalogue(ITEMS))
    put(log, topic, (key, value))
    found = read_catalogue(log, topic)
    assert found[:3] == (DATASET, Catalogue(ITEMS), {0: 5})
    ((record, error),) = found.refused
    assert (record.offset, record.value) == (4, value)
    assert reason in str(error)
    assert re.match(r"1 record.* partition 0, offset 4: ", found.refusal())
    write_catalogue(log, topic, DATASET, Catalogue(ITEMS))
    put(log, topic, (b"8", b'{"v":1,"item":8,"title":"Heat"}'))
    catalogue = read_catalogue(log, topic).catalogue
    assert catalogue is not None
    assert catalogue[8].title == "Heat"


def test_a_bad_data_set_without_a_good_one_is_none(log: LogClient, topic: str) -> None:
    put(log, topic, (b"dataset", b'{"v":1,"name":"x","sha256":"y","scale":[5,1]}'))
    found = read_catalogue(log, topic)
    assert (found.dataset, len(found.refused)) == (None, 1)
    write_catalogue(log, topic, DATASET, None)
    assert read_catalogue(log, topic).dataset == DATASET


def test_the_limits_themselves_are_good(log: LogClient, topic: str) -> None:
    longest = CatalogueItem(7, "t" * 2000, tuple(f"{k:0255}" for k in range(100)), 9999)
    widest = Dataset("x" * 255, "ab" * 32, (-1e9, 1e9))
    write_catalogue(log, topic, widest, Catalogue([longest]))
    assert read_catalogue(log, topic) == (widest, Catalogue([longest]), {0: 2}, None, ())
