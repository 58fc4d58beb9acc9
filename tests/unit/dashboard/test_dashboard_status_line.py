"""What the line at the top of the dashboard says."""

from __future__ import annotations

from boards import NOW, board, point

from streamsvd.dashboard.board import SILENT_SECONDS, Contact
from streamsvd.dashboard.status_line import LATE_SECONDS, condition
from streamsvd.errors import SnapshotCorrupt, StoreUnavailable


def test_learning_while_ratings_wait() -> None:
    found = condition(board([point(1000, at=NOW - 2)], ends={0: 1500}), NOW)
    assert (found.level, found.what, found.stale) == ("live", "Learning", False)
    assert "500 ratings wait in the log; newest snapshot 2 s ago" in found.why


def test_up_to_date_however_old_the_snapshot() -> None:
    for old, level in ((1.0, "live"), (10_000.0, "waiting")):
        found = condition(board([point(1000, at=NOW - old)], ends={0: 1000}), NOW)
        assert (found.level, found.what, found.stale) == (level, "Up to date", False)


def test_a_consumer_that_has_stopped_is_named_with_what_waits() -> None:
    one = board([point(1000, at=NOW - 3600)], ends={0: 1001, 1: 41}, waits_since=NOW - LATE_SECONDS)
    found = condition(one, NOW)
    assert (found.level, found.what, found.stale) == ("late", "The consumer has stopped", True)
    assert "42 ratings wait" in found.why
    assert "streamsvd consume --model films" in found.why


def test_a_rating_that_comes_after_a_long_silence_is_no_alarm() -> None:
    for since in (None, NOW - 1):
        found = condition(board([point(1000, at=NOW - 3600)], ends={0: 1001}, waits_since=since), NOW)
        assert (found.level, found.what) == ("live", "Learning")


def test_without_a_kafka_it_says_what_nobody_knows() -> None:
    live = condition(board([point(1000)]), NOW)
    assert (live.level, live.what) == ("live", "Learning")
    assert "No Kafka was named" in live.why
    late = condition(board([point(1000, at=NOW - 120)]), NOW)
    assert (late.level, late.what) == ("late", "No new snapshot for 2.0 min")
    silent = board([point(1000)], ends={0: 1000}, log=Contact(since=NOW, trouble="gone"))
    assert "Kafka does not answer" in condition(silent, NOW).why


def test_redis_that_fails_and_redis_that_hangs_are_both_silent() -> None:
    fails = board([point(1000, at=NOW - 9)])
    fails.store = fails.store.failed(StoreUnavailable("no route"))
    hangs = board([point(1000, at=NOW - 9)], store=Contact(since=NOW - SILENT_SECONDS - 1, answered=True))
    for one in (fails, hangs):
        found = condition(one, NOW)
        assert (found.level, found.what, found.stale) == ("down", "Redis does not answer", True)
        assert "What is shown is of 9 s ago" in found.why


def test_a_store_that_cannot_be_read_is_not_called_silent() -> None:
    found = board([])
    found.store = found.store.failed(SnapshotCorrupt("the head document is damaged; rebuild it"))
    assert condition(found, NOW).what == "The store cannot be read"
    assert "rebuild it" in condition(found, NOW).why


def test_before_the_first_snapshot() -> None:
    assert condition(board([]), NOW).what == "Looking for the model"
    found = condition(board([], store=Contact(since=NOW, answered=True)), NOW)
    assert (found.level, found.what) == ("waiting", "No snapshot of films yet")


def test_what_waits_counts_the_topic_s_own_partitions_only() -> None:
    one = board([point(1000)], ends={0: 1010, 1: 5}, read=1000)
    assert (one.waiting, one.behind) == (15, 3600.0)
    one.log = Contact(since=NOW, trouble="gone")
    assert (one.waiting, one.behind) == (None, None)
