"""Replays onto a real Kafka: what the log holds afterwards, whatever happened in between."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from producer import Bound, Pace, ReplaySummary, Selection, prepare, replay
from streamsvd.errors import TopicUnsafe
from streamsvd.log import RatingSink, Topics, create_topics, describe_topic, log_client, read_all, read_catalogue
from streamsvd.ratings import Catalogue, CatalogueItem, Columns, Dataset, Rating, RatingTable, decode, read_ratings

DATASET = Dataset("toy", "ab" * 32, (1.0, 5.0))
OTHER = Dataset("other", "cd" * 32, (1.0, 5.0))
FILMS = Catalogue([CatalogueItem(1, "One (1991)", ("Drama",), 1991)])


def table(size: int, dataset: Dataset = DATASET) -> RatingTable:
    numbers = np.arange(size)
    stamps = 881250949 + numbers // 3 * 40
    return RatingTable(numbers * 7 % 90, numbers % 50, numbers % 5 + 1.0, stamps, dataset)


def run(address: str, topic: str, rows: RatingTable, *, mix: bool = False, **options: Any) -> ReplaySummary:
    topics = Topics(topic)
    partitions = options.pop("partitions", None)
    ready = prepare(log_client(address), topics, rows.dataset, FILMS, partitions=partitions, mix=mix)
    with RatingSink(log_client(address), topic) as sink:
        return replay([rows], sink, log=ready.log, **options)


def logged(address: str, topic: str) -> dict[int, list[Rating]]:
    client = log_client(address)
    log: dict[int, list[Rating]] = {number: [] for number in range(describe_topic(client, topic).partitions)}
    for record in read_all(client, topic):
        event = decode(record.value)
        assert isinstance(event, Rating)
        assert record.timestamp == event.timestamp * 1000
        log[record.partition].append(event)
    return log


def test_the_log_is_the_data_set_in_order_after_its_catalogue(kafka_address: str, topic_prefix: str) -> None:
    rows = table(3000)
    summary = run(kafka_address, topic_prefix, rows)
    assert logged(kafka_address, topic_prefix) == {0: list(rows.events())}
    assert (summary.events, summary.skipped, summary.offsets) == (3000, 0, {0: 3000})
    assert (summary.first_timestamp, summary.last_timestamp) == (rows.timestamps[0], rows.timestamps[-1])
    assert read_catalogue(log_client(kafka_address), Topics(topic_prefix).catalogue)[:2] == (DATASET, FILMS)


def test_a_second_replay_sends_nothing(kafka_address: str, topic_prefix: str) -> None:
    run(kafka_address, topic_prefix, table(2500))
    summary = run(kafka_address, topic_prefix, table(2500))
    assert (summary.events, summary.skipped, summary.left_out) == (0, 2500, 0)


@pytest.mark.parametrize("partitions", [1, 2])
def test_pieces_become_the_whole(kafka_address: str, topic_prefix: str, partitions: int) -> None:
    rows = table(3000)
    for limit in (1, 700, 1500, None):
        run(kafka_address, topic_prefix, rows, limit=limit, partitions=partitions)
    log = logged(kafka_address, topic_prefix)
    together = [event for events in log.values() for event in events]
    assert sorted(together, key=lambda event: event.sequence or 0) == list(rows.events())
    for events in log.values():
        assert [event.sequence for event in events] == sorted(event.sequence or 0 for event in events)
    assert all(log.values())
    assert len(log) == partitions


def test_a_later_piece_first_leaves_out_what_came_before(kafka_address: str, topic_prefix: str) -> None:
    rows = table(2000)
    middle = Selection(Bound(500, "count"), Bound(1000, "count"))
    run(kafka_address, topic_prefix, rows, selection=middle)
    summary = run(kafka_address, topic_prefix, rows)
    assert (summary.events, summary.skipped, summary.left_out) == (1000, 1000, 500)
    (events,) = logged(kafka_address, topic_prefix).values()
    assert [event.sequence for event in events] == list(range(500, 2000))


def test_a_replay_continues_between_events_of_others(kafka_address: str, topic_prefix: str) -> None:
    """Ratings from a service carry no data set's source; they neither count as another one nor hide the end."""
    rows = table(2500)
    run(kafka_address, topic_prefix, rows, limit=1200)
    with RatingSink(log_client(kafka_address), topic_prefix) as sink:
        for number in range(1500):  # longer than the first stretch that is read backwards
            sink.send(Rating("ann", number, 3.0, 900_000_000))
    assert run(kafka_address, topic_prefix, rows).events == 1300
    (events,) = logged(kafka_address, topic_prefix).values()
    assert [event.sequence for event in events if event.source] == list(range(2500))


def test_a_file_of_which_other_ratings_are_left_out_is_another_data_set(
    kafka_address: str, topic_prefix: str, tmp_path: Path
) -> None:
    """It would go on at a sequence number which is that of another rating."""
    path = tmp_path / "shop.csv"
    path.write_text("user,item,rating\n1,1,0\n2,1,-1\n3,1,5\n4,1,4\n5,1,3\n")
    columns = Columns("user", "item", "rating")
    run(kafka_address, topic_prefix, read_ratings(path, columns, (-1, 5), drop_ratings=(0,)), limit=2)
    with pytest.raises(TopicUnsafe, match=r"holds ratings of shop-.*; those of shop-"):
        run(kafka_address, topic_prefix, read_ratings(path, columns, (-1, 5), drop_ratings=(0, -1)))
    run(kafka_address, topic_prefix, read_ratings(path, columns, (-1, 5), drop_ratings=(0,)))
    (events,) = logged(kafka_address, topic_prefix).values()
    assert [(event.user, event.sequence) for event in events] == [(2, 0), (3, 1), (4, 2), (5, 3)]


def test_another_data_set_is_refused_unless_mixing_is_allowed(kafka_address: str, topic_prefix: str) -> None:
    run(kafka_address, topic_prefix, table(100))
    with pytest.raises(TopicUnsafe, match=r"holds ratings of toy-abababab.*--mix"):
        run(kafka_address, topic_prefix, table(100, OTHER))
    assert len(logged(kafka_address, topic_prefix)[0]) == 100
    run(kafka_address, topic_prefix, table(100, OTHER), mix=True)
    run(kafka_address, topic_prefix, table(150), mix=True)
    events = logged(kafka_address, topic_prefix)[0]
    assert [event.source for event in events] == [DATASET.source] * 100 + [OTHER.source] * 100 + [DATASET.source] * 50


def test_another_data_set_is_seen_in_the_log_itself(kafka_address: str, topic_prefix: str) -> None:
    create_topics(log_client(kafka_address), Topics(topic_prefix))
    with RatingSink(log_client(kafka_address), topic_prefix) as sink:
        replay([table(10)], sink)  # without its catalogue
    with pytest.raises(TopicUnsafe, match="toy-abababab"):
        run(kafka_address, topic_prefix, table(10, OTHER))


def test_scales_are_never_mixed(kafka_address: str, topic_prefix: str) -> None:
    run(kafka_address, topic_prefix, table(10))
    with pytest.raises(TopicUnsafe, match="rated from 1 to 10"):
        run(kafka_address, topic_prefix, table(10, replace(OTHER, scale=(1.0, 10.0))), mix=True)


def test_a_paced_rating_is_in_the_log_before_the_next_is_due(kafka_address: str, topic_prefix: str) -> None:
    prepare(log_client(kafka_address), Topics(topic_prefix), DATASET, None)
    now = [0.0]
    ends: list[int] = []
    with (
        RatingSink(log_client(kafka_address), topic_prefix) as sink,
        closing(log_client(kafka_address).source(topic_prefix)) as source,
    ):

        def sleep(seconds: float) -> None:
            ends.append(source.end_offsets()[0])
            now[0] += seconds

        replay([table(6)], sink, pace=Pace(rate=0.1), clock=lambda: now[0], sleep=sleep)
    assert ends == [1, 2, 3, 4, 5]


CHILD = """
import sys
import test_producer_replay as here
from streamsvd.stopping import stop_on_signals
with stop_on_signals() as stop:
    summary = here.run(sys.argv[1], sys.argv[2], here.table(int(sys.argv[3])), partitions=int(sys.argv[4]),
                       stop=lambda: bool(stop))
sys.stdout.write(f"{summary.events} {summary.stopped}")
"""


def start_child(address: str, topic: str, size: int, partitions: int) -> subprocess.Popen[str]:
    folder = __file__.rpartition("/")[0]
    code = f"import sys; sys.path.insert(0, {folder!r})\n{CHILD}"
    command = [sys.executable, "-c", code, address, topic, str(size), str(partitions)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_for_end(address: str, topic: str, target: int, child: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    with closing(log_client(address).source(topic)) as source:
        while sum(source.end_offsets().values()) < target and child.poll() is None:
            assert time.monotonic() < deadline, "the replay does not move"


@pytest.mark.parametrize("partitions", [1, 2])
def test_kill_9_at_random_moments_leaves_neither_holes_nor_duplicates(
    kafka_address: str, topic_prefix: str, partitions: int
) -> None:
    size = 250_000
    create_topics(log_client(kafka_address), Topics(topic_prefix), partitions)
    for target in sorted(random.sample(range(1, size // 2), 3)):
        child = start_child(kafka_address, topic_prefix, size, partitions)
        wait_for_end(kafka_address, topic_prefix, target, child)
        child.kill()
        assert child.wait(30) == -signal.SIGKILL, f"it had finished before {target}"
        child.communicate()
    summary = run(kafka_address, topic_prefix, table(size))
    assert 0 < summary.events < size
    log = logged(kafka_address, topic_prefix)
    with RatingSink(log_client(kafka_address), topic_prefix) as sink:
        for number, events in log.items():
            assert events == [e for e in table(size).events() if sink.partition(e.user) == number]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_replay_with_everything_sent_confirmed(
    kafka_address: str, topic_prefix: str, number: signal.Signals
) -> None:
    size = 250_000
    create_topics(log_client(kafka_address), Topics(topic_prefix))
    child = start_child(kafka_address, topic_prefix, size, 1)
    wait_for_end(kafka_address, topic_prefix, 1, child)
    child.send_signal(number)
    sent, stopped = child.communicate(timeout=60)[0].split()
    assert (child.returncode, stopped) == (0, "True")
    with closing(log_client(kafka_address).source(topic_prefix)) as source:
        assert source.end_offsets() == {0: int(sent)}
    assert run(kafka_address, topic_prefix, table(size)).skipped == int(sent)
