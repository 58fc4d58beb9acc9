"""The catalogue topic."""

from __future__ import annotations

import pytest

from streamsvd.errors import EventError
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
    assert read_catalogue(log, topic) == (None, None, {0: 0}, None)


def test_a_topic_that_is_not_there_holds_nothing(log: LogClient, topic: str) -> None:
    assert read_catalogue(log, f"{topic}.nowhere") == (None, None, {}, None)


def test_what_is_written_is_read_and_not_written_twice(log: LogClient, topic: str) -> None:
    assert write_catalogue(log, topic, DATASET, Catalogue(ITEMS)) == 4
    assert read_catalogue(log, topic) == (DATASET, Catalogue(ITEMS), {0: 4}, None)
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


def test_a_record_that_is_no_item_is_named_by_its_offset(log: LogClient, topic: str) -> None:
    write_catalogue(log, topic, DATASET, Catalogue(ITEMS))
    delivery = log.delivery()
    delivery.send(topic, 0, b"7", b'{"v":9}', None, "item")
    delivery.close()
    with pytest.raises(EventError, match="partition 0, offset 4"):
        read_catalogue(log, topic)
