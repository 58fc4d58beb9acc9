"""Replays and what a consumer learns of them, together: each rating once, or a refusal when partitions were added."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decoding import ClockBound, EventDecoder, RatingBatch
from consumer.guards import check_same_partitions
from producer import prepare, replay
from streamsvd.errors import TopicUnsafe
from streamsvd.log import RatingSink, Topics, create_topics, describe_topic, read_catalogue, write_catalogue
from streamsvd.log.memory import MemoryLog
from streamsvd.ratings import Dataset, RatingTable

TOPICS = Topics("toy")
DATASET = Dataset("toy", "ab" * 32, (1.0, 5.0))
SIZE = 120
NUMBERS = np.arange(SIZE)
TABLE = RatingTable(NUMBERS * 7 % 23, NUMBERS, NUMBERS % 5 + 1.0, 1000 + NUMBERS, DATASET)  # an item for each rating


def run(log: MemoryLog, limit: int | None = None, partitions: int | None = None, lost: tuple[int, ...] = ()) -> None:
    """A replay; `lost` is how many of its newest records each partition does not get, as in a kill."""
    ready = prepare(log, TOPICS, DATASET, None, partitions=partitions)
    records = log.topic(TOPICS.ratings).partitions
    before = [len(part) for part in records]
    with RatingSink(log, TOPICS.ratings) as sink:
        replay([TABLE], sink, log=ready.log, limit=limit)
    for number, missing in enumerate(lost[: len(records)]):
        log.lose_tail(TOPICS.ratings, number, max(before[number], len(records[number]) - missing))


class Learner:
    """What decides about once or twice in a consumer: the decoder, and offsets and marks of one moment in the store."""

    def __init__(self, log: MemoryLog) -> None:
        self.log = log
        self.saved: tuple[dict[int, int], dict[str, int], list[int]] = {}, {}, []
        self.start()

    def start(self) -> None:
        """After a crash, from the checkpoint."""
        offsets, marks, learned = self.saved
        self.learned = list(learned)
        self.source = self.log.source(TOPICS.ratings)
        self.source.seek(offsets)
        self.decoder = EventDecoder(DATASET.scale, dict(marks), ClockBound(clock=lambda: 1e9, max_ahead=0, refusals={}))

    def checkpoint(self) -> None:
        self.saved = self.source.positions(), dict(self.decoder.high_watermarks), list(self.learned)

    def poll(self, most: int) -> bool:
        blocks = self.source.poll(0.0, most)
        for part in self.decoder.decode(blocks, lambda record, error: pytest.fail(f"{record}: {error}")):
            assert isinstance(part, RatingBatch)
            self.learned += list(part.items)
        return bool(blocks)

    def repeat(self, records: int) -> None:
        """Deliver some records of each partition again."""
        self.source.seek({number: max(0, at - records) for number, at in self.source.positions().items()})


few = st.integers(0, 50)
actions = st.one_of(
    st.tuples(st.just("replay"), few, st.tuples(few, few, few)),
    st.tuples(st.just("poll"), st.integers(1, 40)),
    st.tuples(st.just("repeat"), st.integers(1, 20)),
    st.tuples(st.just("checkpoint")),
    st.tuples(st.just("start")),
)


@given(partitions=st.integers(1, 3), steps=st.lists(actions, max_size=20))
def test_each_rating_is_learned_once_whatever_is_interrupted(partitions: int, steps: list[tuple[object, ...]]) -> None:
    log = MemoryLog()
    create_topics(log, TOPICS, partitions)
    learner = Learner(log)
    for name, *arguments in steps:
        if name == "replay":
            run(log, arguments[0], lost=arguments[1])  # type: ignore[arg-type]
        else:
            getattr(learner, str(name))(*arguments)
    run(log)
    while learner.poll(33):
        pass
    assert Counter(learner.learned) == Counter(range(SIZE))


@given(
    before=st.integers(1, 3),
    more=st.integers(1, 2),
    limit=st.integers(1, SIZE),
    lost=st.tuples(few, few, few),
    known=st.booleans(),
)
def test_no_rating_is_sent_to_a_topic_that_got_partitions(
    before: int, more: int, limit: int, lost: tuple[int, ...], known: bool
) -> None:
    log = MemoryLog()
    run(log, limit, before, lost if known else ())
    if not known:  # as older releases left it
        write_catalogue(log, TOPICS.catalogue, DATASET, None)
        assert read_catalogue(log, TOPICS.catalogue).ratings is None
    learned = log.source(TOPICS.ratings).partitions
    log.add_partitions(TOPICS.ratings, before + more)
    there = [list(part) for part in log.topic(TOPICS.ratings).partitions]
    if known or limit > 40:  # a few users may all belong where they were
        with pytest.raises(TopicUnsafe, match=rf"has {before + more} partitions, but had fewer"):
            run(log)
        assert there == log.topic(TOPICS.ratings).partitions
    with pytest.raises(TopicUnsafe, match=r"partitions were added, .*--topic NEW"):
        check_same_partitions(TOPICS.ratings, learned, log.source(TOPICS.ratings).partitions)


def test_a_topic_made_anew_may_have_other_partitions() -> None:
    log = MemoryLog()
    run(log, partitions=1)
    del log.topics[TOPICS.ratings]
    run(log, partitions=3)
    assert sum(map(len, log.topic(TOPICS.ratings).partitions)) == SIZE
    assert read_catalogue(log, TOPICS.catalogue).ratings == describe_topic(log, TOPICS.ratings)
    run(log)
    assert sum(map(len, log.topic(TOPICS.ratings).partitions)) == SIZE
