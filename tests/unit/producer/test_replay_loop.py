"""The replay loop on a sink in memory and a clock of its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer import Bound, Pace, Selection, replay
from producer.resume import LogState, inspect_log
from streamsvd.errors import SettingsError, TopicUnsafe
from streamsvd.log import RatingSink, Topics, create_topics
from streamsvd.log.memory import MemoryLog
from streamsvd.ratings import Dataset, Event, RatingTable, decode

TOPICS = Topics("toy")
DATASET = Dataset("toy", "ab" * 32, (1.0, 5.0))


def table(size: int, seconds_apart: int = 10) -> RatingTable:
    numbers = np.arange(size)
    return RatingTable(numbers % 7, numbers % 5, numbers % 5 + 1.0, 1000 + numbers * seconds_apart, DATASET)


class MemorySink(RatingSink):
    """A sink onto a log of its own; counts what nobody has waited for."""

    def __init__(self, partitions: int = 1) -> None:
        self.log = MemoryLog()
        create_topics(self.log, TOPICS, partitions)
        super().__init__(self.log, TOPICS.ratings)
        self.unflushed = self.flushes = 0

    def send(self, event: Event) -> None:
        super().send(event)
        self.unflushed += 1

    def send_table(self, table: RatingTable) -> None:
        super().send_table(table)
        self.unflushed += len(table)

    def flush(self) -> None:
        super().flush()
        self.unflushed = 0
        self.flushes += 1

    def state(self) -> LogState:
        """What a reader of the log finds."""
        return inspect_log(self.log, TOPICS.ratings, DATASET.source)

    def events(self, partition: int = 0) -> list[Event]:
        """What a partition holds."""
        return [decode(record.value) for record in self.log.topic(TOPICS.ratings).partitions[partition]]


class FakeTime:
    """A clock that only sleeping moves; remembers what was unconfirmed while asleep."""

    def __init__(self, sink: MemorySink) -> None:
        self.now = 50.0
        self.sink = sink
        self.unflushed_asleep: list[int] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.unflushed_asleep.append(self.sink.unflushed)
        self.now += seconds


def numbers(log: list[Event]) -> list[int | None]:
    return [event.sequence for event in log]


def test_everything_goes_in_order_with_source_and_number() -> None:
    sink = MemorySink()
    summary = replay([table(600)], sink)
    assert [*table(600).events()] == sink.events()
    assert (summary.events, summary.skipped, sink.unflushed, summary.offsets) == (600, 0, 0, {0: 600})
    assert (summary.first_timestamp, summary.last_timestamp, summary.stopped) == (1000, 6990, False)


@given(
    partitions=st.integers(1, 4),
    cuts=st.lists(st.integers(0, 100), min_size=4, max_size=4),
    block=st.integers(1, 120),
)
def test_after_any_interruption_nothing_is_missing_or_twice(partitions: int, cuts: list[int], block: int) -> None:
    whole = MemorySink(partitions)
    replay([table(100)], whole)
    interrupted = MemorySink(partitions)
    replay([table(100)], interrupted)
    for number in range(partitions):
        interrupted.log.lose_tail(TOPICS.ratings, number, cuts[number])
    there = sum(len(interrupted.events(number)) for number in range(partitions))
    blocks = [table(100)[start : start + block] for start in range(0, 100, block)]
    summary = replay(blocks, interrupted, log=interrupted.state())
    for number in range(partitions):
        assert whole.events(number) == interrupted.events(number)
    assert (100 - there, there) == (summary.events, summary.skipped)


@pytest.mark.parametrize(
    ("start", "until", "expected"),
    [
        (None, None, range(100)),
        ("20", "30", range(20, 30)),
        ("@1095", None, range(10, 100)),
        (None, "1970-01-01T00:20:00", range(20)),
        ("@1900", "95", range(90, 95)),
        ("200", None, range(0)),
    ],
)
def test_a_range_by_time_or_count(start: str | None, until: str | None, expected: range) -> None:
    sink = MemorySink()
    selection = Selection(*(bound and Bound.parse(bound) for bound in (start, until)))
    replay([table(100)[:37], table(100)[37:]], sink, selection=selection)
    assert list(expected) == numbers(sink.events())


def test_blocks_after_the_range_are_never_made() -> None:
    def blocks():  # type: ignore[no-untyped-def]
        yield table(100)[:50]
        yield table(100)[50:60]
        raise AssertionError("made a block that nobody wants")

    for until in (Bound(40, "count"), Bound(1400, "time")):
        summary = replay(blocks(), MemorySink(), selection=Selection(until=until))
        assert summary.events == 40
    assert replay(blocks(), MemorySink(), limit=45).events == 45


def test_limit_counts_what_is_sent_now() -> None:
    sink = MemorySink()
    for _ in range(3):
        replay([table(100)], sink, limit=20, log=sink.state())
    assert list(range(60)) == numbers(sink.events())


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(SettingsError, match="limit"):
        replay([table(3)], MemorySink(), limit=-1)


def test_partitions_that_are_added_after_the_look_into_the_log_end_a_replay() -> None:
    sink = MemorySink(2)
    replay([table(100)], sink, limit=60)
    found = sink.state()
    sink.log.add_partitions(TOPICS.ratings, 3)
    with (
        pytest.raises(TopicUnsafe, match="has 3 partitions now, and had 2"),
        RatingSink(sink.log, TOPICS.ratings) as new,
    ):
        replay([table(100)], new, log=found)
    assert sum(map(len, sink.log.topic(TOPICS.ratings).partitions)) == 60


def test_what_lies_before_the_log_is_named() -> None:
    sink = MemorySink()
    replay([table(100)], sink, selection=Selection(Bound(30, "count"), Bound(50, "count")))
    summary = replay([table(100)], sink, log=sink.state())
    assert (summary.events, summary.skipped, summary.left_out) == (50, 50, 30)
    assert list(range(30, 100)) == numbers(sink.events())


def test_a_rate_spaces_ratings_out_and_leaves_none_in_a_buffer() -> None:
    sink = MemorySink()
    time = FakeTime(sink)
    summary = replay([table(50)], sink, pace=Pace(rate=10), clock=time.clock, sleep=time.sleep)
    assert pytest.approx(summary.seconds) == 4.9
    assert {0} == set(time.unflushed_asleep)
    assert len(time.unflushed_asleep) == 49


def test_a_high_rate_does_not_flush_every_rating() -> None:
    sink = MemorySink()
    time = FakeTime(sink)
    summary = replay([table(5000)], sink, pace=Pace(rate=10_000), clock=time.clock, sleep=time.sleep)
    assert pytest.approx(summary.seconds, abs=0.021) == 0.5
    assert sink.flushes < 40


def test_a_speed_follows_event_time_and_sends_a_page_at_once() -> None:
    sink = MemorySink()
    time = FakeTime(sink)
    page = table(40, seconds_apart=0)
    stamps = 5000 + np.arange(40) // 10 * 7200
    rows = RatingTable(page.users, page.items, page.ratings, stamps, DATASET)
    summary = replay([rows], sink, pace=Pace(speed=3600), clock=time.clock, sleep=time.sleep)
    assert pytest.approx(summary.seconds) == 6.0
    assert len(time.unflushed_asleep) == 3


def test_a_request_to_stop_ends_after_what_was_sent_is_confirmed() -> None:
    sink = MemorySink()
    summary = replay([table(40_000)], sink, stop=lambda: sink.unflushed >= 10_000)
    assert summary.stopped
    assert (sink.unflushed, len(sink.events())) == (0, summary.events)
    assert 10_000 <= summary.events < 30_000
    rest = replay([table(40_000)], sink, log=sink.state())
    assert list(range(40_000)) == numbers(sink.events())
    assert summary.events + rest.events == 40_000


def test_a_request_to_stop_ends_a_long_wait() -> None:
    sink = MemorySink()
    time = FakeTime(sink)
    asked: list[bool] = []

    def sleep(_seconds: float) -> None:
        asked.append(True)  # woken at once, as by a signal

    summary = replay([table(5)], sink, pace=Pace(rate=0.001), stop=lambda: bool(asked), clock=time.clock, sleep=sleep)
    assert (summary.events, summary.stopped, time.now) == (1, True, 50.0)


def test_progress_ends_with_the_last_rating() -> None:
    seen: list[tuple[int, int, int]] = []
    replay([table(600)], MemorySink(), progress=lambda *figures: seen.append(figures))
    assert seen[-1] == (600, 0, 6990)
    assert sorted(seen) == seen
