"""Sorting records: every one ends in one place, wherever a poll has cut the log; as if decoded one by one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decoding import ClockBound, EventDecoder, RatingBatch
from streamsvd.errors import EventError
from streamsvd.log import LogRecord, RecordBlock
from streamsvd.ratings import CodedIds, Erasure, Id, Rating, Retraction, check_not_ahead, check_scale, decode, encode

NO_BOUND = ClockBound(clock=lambda: 10, max_ahead=0, refusals={})
BOUND = ClockBound(clock=lambda: 10, max_ahead=0, refusals={(0, 3): 4, (1, 5): 8})

ids = st.integers(0, 3) | st.sampled_from(["0", "ann", "é", 'q"', "a\\b", 2**62, -(2**63)])
sources = st.sampled_from([(None, None), (None, 1), ("a", 0), ("a", 1), ("a", 2), ("b", 1), ("é\n", 2), ("c", None)])
times = st.sampled_from([3, 5, 9, 10, 11])
numbers = st.sampled_from([0.0, 1.0, 2.0, 2.5, 1 / 3, 3.0])
events = (
    st.builds(lambda u, i, r, t, s: Rating(u, i, r, t, *s), ids, ids, numbers, times, sources)
    | st.builds(lambda u, i, s: Retraction(u, i, 5, *s), ids, ids, sources)
    | st.builds(lambda u, s: Erasure(u, 5, *s), ids, sources)
)
values = events.map(encode) | st.sampled_from(
    [None, b"", b"rubbish", b'{"v": 1, "user": " x ", "item": 1, "rating": 2, "ts": 5}']
)


def record(value: bytes | None, offset: int = 0, partition: int = 0) -> LogRecord:
    return LogRecord("ratings", partition, offset, 0, None, value)


def rows(batch: RatingBatch) -> list[tuple[Id, Id, float, int]]:
    users, items = (ids.tolist() if isinstance(ids, np.ndarray) else list(ids) for ids in (batch.users, batch.items))
    return list(zip(users, items, batch.ratings.tolist(), batch.timestamps.tolist(), strict=True))


def sort(records: list[LogRecord], cuts: list[int], bound: ClockBound = NO_BOUND) -> tuple[object, ...]:
    """All that becomes of some records, in polls that end at the given places."""
    rejected: list[tuple[int, str]] = []
    decoder = EventDecoder((1.0, 3.0), {}, bound)
    learned: list[object] = []
    edges = [0, *sorted(cuts), len(records)]
    for start, stop in pairwise(edges):
        blocks = RecordBlock.of(records[start:stop])
        for part in decoder.decode(blocks, lambda record, error: rejected.append((record.offset, str(error)))):
            learned += rows(part) if isinstance(part, RatingBatch) else [part]
    return learned, rejected, list(decoder.high_watermarks.items()), decoder.repeated


def one_by_one(records: list[LogRecord], bound: ClockBound) -> tuple[object, ...]:
    """The same by the definition."""
    learned: list[object] = []
    rejected: list[tuple[int, str]] = []
    marks: dict[str, int] = {}
    repeated = 0
    for found in records:
        try:
            event = decode(found.value)
            if isinstance(event, Rating):
                check_scale(event.rating, (1.0, 3.0))
                clock = bound.refusals.get((found.partition, found.offset), 10)
                check_not_ahead(event.timestamp, clock, 0)
        except EventError as error:
            rejected.append((found.offset, str(error)))
            continue
        key = f"{event.source or ''}/{found.partition}"
        if event.sequence is not None:
            if event.sequence <= marks.get(key, -1):
                repeated += 1
                continue
            marks[key] = event.sequence
        learned.append((event.user, event.item, event.rating, event.timestamp) if isinstance(event, Rating) else event)
    return learned, rejected, list(marks.items()), repeated


@given(
    values=st.lists(st.tuples(values, st.integers(0, 1)), max_size=20),
    bound=st.sampled_from([NO_BOUND, BOUND]),
    data=st.data(),
)
def test_where_a_poll_ends_changes_nothing(
    values: list[tuple[bytes | None, int]], bound: ClockBound, data: st.DataObject
) -> None:
    records = [record(value, offset, number) for offset, (value, number) in enumerate(values)]
    cuts = data.draw(st.lists(st.integers(0, len(records)), max_size=4))
    expected = one_by_one(records, bound)
    assert sort(records, [], bound) == expected
    assert sort(records, cuts, bound) == expected


def test_a_rating_outside_the_scale_is_rejected_with_the_reason_and_sets_no_mark() -> None:
    reasons: list[EventError] = []
    decoder = EventDecoder((1.0, 5.0), {}, NO_BOUND)
    blocks = RecordBlock.of([record(encode(Rating("ann", "Heat", 9.0, 5, "a", 7)))])
    assert list(decoder.decode(blocks, lambda _, error: reasons.append(error))) == []
    assert "rating 9 is outside the declared scale 1 to 5" in str(reasons[0])
    assert decoder.high_watermarks == {}


def test_a_mark_holds_for_its_source_and_partition_only() -> None:
    decoder = EventDecoder((1.0, 5.0), {"a/0": 7}, NO_BOUND)
    ratings = [Rating("ann", "Heat", 3.0, 5, *mark) for mark in (("a", 7), ("b", 7), (None, 7), ("a", 8))]
    records = [record(encode(rating)) for rating in ratings]
    records.append(record(encode(ratings[0]), partition=1))
    (run,) = decoder.decode(RecordBlock.of(records), lambda *_: None)
    assert isinstance(run, RatingBatch)
    assert (len(run), decoder.repeated) == (4, 1)
    assert decoder.high_watermarks == {"a/0": 8, "b/0": 7, "/0": 7, "a/1": 7}


@pytest.mark.parametrize(
    ("users", "kind"), [([1, 2], np.ndarray), (["ann", "bob"], CodedIds), (["ann", 2], list), ([1, "é"], list)]
)
def test_plain_ratings_come_without_decoding_one(users: list[Id], kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever their source: several take turns here."""
    decoder, name = EventDecoder((1.0, 5.0), {}, NO_BOUND), "consumer.decoding.decode_event"
    monkeypatch.setattr(name, lambda _: pytest.fail("a rating is decoded by itself"))
    ratings = [Rating(users[k % 2], 7, 3.5, 5, "ab"[k % 2], k) for k in range(10)]
    (batch,) = decoder.decode(RecordBlock.of([record(encode(rating)) for rating in ratings]), lambda *_: None)
    assert isinstance(batch, RatingBatch)
    assert type(batch.users) is kind
    assert rows(batch) == [(users[k % 2], 7, 3.5, 5) for k in range(10)]
    assert decoder.high_watermarks == {"a/0": 8, "b/0": 9}
