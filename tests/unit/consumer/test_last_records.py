"""The checksums of the last records: the same however polls divide them, and unlike those of any other records."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.last_records import LastRecords
from streamsvd.errors import TopicUnsafe
from streamsvd.log import LogRecord, RecordBlock, Topics, create_topics
from streamsvd.log.memory import MemoryLog
from streamsvd.log.memory.client import MemoryReader
from streamsvd.log.ports import OffsetRange

TOPIC = "ratings"
RECORDS = [LogRecord(TOPIC, n % 5 % 2, n, 1000 + n, b"%d" % (n % 7), b"value %d" % n) for n in range(100)]


def last_of(records: list[LogRecord], cuts: list[int]) -> LastRecords:
    last = LastRecords()
    for start, stop in pairwise([0, *sorted(cuts), len(records)]):
        last.add(RecordBlock.of(records[start:stop]))
    return last


def filled(records: list[tuple[bytes | None, bytes | None, int]]) -> MemoryLog:
    log = MemoryLog()
    create_topics(log, Topics(TOPIC))
    for key, value, time in records:
        log.delivery().send(TOPIC, 0, key, value, time, "it")
    return log


@given(cuts=st.lists(st.integers(0, 100), max_size=30), size=st.integers(0, 100), again=st.integers(0, 100))
def test_they_do_not_depend_on_polls_and_repeated_deliveries(cuts: list[int], size: int, again: int) -> None:
    records = RECORDS[:size]
    last = last_of(records, cuts)
    expected = [r for n in (0, 1) for r in [record for record in records if record.partition == n][-16:]]
    assert last.array()[:, :2].tolist() == [[record.partition, record.offset] for record in expected]
    assert np.array_equal(LastRecords.of(last.array()).array(), last.array())
    for record in records[again:]:
        last.add(RecordBlock.of([record]))
    if size - again >= 80:  # enough of each partition
        assert np.array_equal(last.array(), last_of(records, []).array())


@pytest.mark.parametrize(
    "other",
    [
        (b"8", b"value 1", 1001),
        (None, b"value 1", 1001),
        (b"1", b"value 2", 1001),
        (b"1", None, 1001),
        (b"1v", b"alue 1", 1001),
        (b"1", b"value 1", 1002),
    ],
)
def test_another_record_is_refused(other: tuple[bytes | None, bytes | None, int]) -> None:
    records: list[tuple[bytes | None, bytes | None, int]] = [(b"%d" % n, b"value %d" % n, 1000 + n) for n in range(5)]
    log = filled(records)
    last = LastRecords()
    last.add(log.source(TOPIC).poll(0.0, 4))
    last.check(log, TOPIC)
    with pytest.raises(TopicUnsafe, match=r"topic ratings, partition 0: .* offsets 0 to 3: .*--rebuild"):
        last.check(filled([records[0], other, *records[2:]]), TOPIC)
    with pytest.raises(TopicUnsafe):
        last.check(filled(records[:3]), TOPIC)


def test_records_that_were_deleted_by_age_are_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    log = filled([(b"%d" % n, b"value", 1000) for n in range(5)])
    last = LastRecords()
    last.add(log.source(TOPIC).poll(0.0, 4))
    for start in (2, 4, 5):
        monkeypatch.setattr(MemoryReader, "ranges", lambda self, topic, start=start: [OffsetRange(topic, 0, start, 5)])
        last.check(log, TOPIC)


def test_a_model_of_an_earlier_release_has_none() -> None:
    last = LastRecords.of(None)
    last.check(filled([]), TOPIC)
    assert last.array().shape == (0, 3)
