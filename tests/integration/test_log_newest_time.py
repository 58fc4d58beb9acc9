"""The newest event time of a log, as the broker tells it."""

from __future__ import annotations

from contextlib import closing

import pytest
from model_runs import fill

from streamsvd.errors import LogUnavailable
from streamsvd.log import LogClient, Topics, create_topics
from streamsvd.ratings import Synthetic


def test_the_newest_time_is_the_latest_of_all_partitions(log: LogClient, topic_prefix: str) -> None:
    table = Synthetic(ratings=300, users=30, items=200).table()
    fill(log.address, topic_prefix, table, partitions=2)
    with closing(log.source(topic_prefix)) as source:
        assert source.newest_time() == table.timestamps.max()
        assert source.newest_time() == table.timestamps.max()


def test_an_empty_log_has_none(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    with closing(log.source(topic_prefix)) as source:
        assert source.newest_time() is None


def test_a_broker_that_is_away_is_said(log: LogClient, topic_prefix: str) -> None:
    create_topics(log, Topics(topic_prefix))
    with closing(log.source(topic_prefix)) as source:
        source._address = "127.0.0.1:1"
        with pytest.raises(LogUnavailable):
            source.newest_time()
