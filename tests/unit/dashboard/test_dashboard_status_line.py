"""What the line at the top of the dashboard says."""

from __future__ import annotations

from boards import NOW, board, point

from streamsvd.dashboard.board import SILENT_SECONDS, ServerStatus
from streamsvd.dashboard.status_line import LATE_SECONDS, status_line
from streamsvd.errors import SnapshotCorrupt, StoreUnavailable


def test_learning_while_ratings_wait() -> None:
    found = status_line(board([point(1000, at=NOW - 2)], ends={0: 1500}), NOW)
    assert (found.level, found.headline, found.stale) == ("live", "Learning", False)
    assert "500 ratings wait in the log; newest snapshot 2 s ago" in found.detail


def test_up_to_date_however_old_the_snapshot() -> None:
    for old, level in ((1.0, "live"), (10_000.0, "waiting")):
        found = status_line(board([point(1000, at=NOW - old)], ends={0: 1000}), NOW)
        assert (found.level, found.headline, found.stale) == (level, "Up to date", False)


def test_a_consumer_that_has_stopped_is_named_with_what_waits() -> None:
    one = board([point(1000, at=NOW - 3600)], ends={0: 1001, 1: 41}, waiting_since=NOW - LATE_SECONDS)
    found = status_line(one, NOW)
    assert (found.level, found.headline, found.stale) == ("late", "The consumer has stopped", True)
    assert "42 ratings wait" in found.detail
    assert "streamsvd consume --model films" in found.detail


def test_a_rating_that_comes_after_a_long_silence_is_no_alarm() -> None:
    for since in (None, NOW - 1):
        found = status_line(board([point(1000, at=NOW - 3600)], ends={0: 1001}, waiting_since=since), NOW)
        assert (found.level, found.headline) == ("live", "Learning")


def test_without_a_kafka_the_number_of_waiting_ratings_is_unknown() -> None:
    live = status_line(board([point(1000)]), NOW)
    assert (live.level, live.headline) == ("live", "Learning")
    assert "No Kafka is configured" in live.detail
    late = status_line(board([point(1000, at=NOW - 120)]), NOW)
    assert (late.level, late.headline) == ("late", "No new snapshot for 2.0 min")
    silent = board([point(1000)], ends={0: 1000}, log=ServerStatus(since=NOW, error="gone"))
    assert "Kafka does not answer" in status_line(silent, NOW).detail


def test_redis_that_fails_and_redis_that_hangs_are_both_silent() -> None:
    fails = board([point(1000, at=NOW - 9)])
    fails.store = fails.store.failed(StoreUnavailable("no route"))
    hangs = board([point(1000, at=NOW - 9)], store=ServerStatus(since=NOW - SILENT_SECONDS - 1, answered=True))
    for one in (fails, hangs):
        found = status_line(one, NOW)
        assert (found.level, found.headline, found.stale) == ("down", "Redis does not answer", True)
        assert "The figures shown are from 9 s ago" in found.detail


def test_a_store_that_cannot_be_read_is_not_called_silent() -> None:
    found = board([])
    found.store = found.store.failed(SnapshotCorrupt("the head document is damaged; rebuild it"))
    assert status_line(found, NOW).headline == "The store cannot be read"
    assert "rebuild it" in status_line(found, NOW).detail


def test_before_the_first_snapshot() -> None:
    assert status_line(board([]), NOW).headline == "Looking for the model"
    found = status_line(board([], store=ServerStatus(since=NOW, answered=True)), NOW)
    assert (found.level, found.headline) == ("waiting", "No snapshot of films yet")


def test_what_waits_counts_the_topic_s_own_partitions_only() -> None:
    one = board([point(1000)], ends={0: 1010, 1: 5}, read=1000)
    assert (one.waiting, one.behind) == (15, 3600.0)
    one.log = ServerStatus(since=NOW, error="gone")
    assert (one.waiting, one.behind) == (None, None)
