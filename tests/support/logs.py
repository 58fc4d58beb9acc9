"""What tests do to a log that no program of ours does."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from model_runs import wait_until

from streamsvd.log import LogClient, describe_topic
from streamsvd.log.kafka_python.clients import new_admin
from streamsvd.log.memory import MemoryLog


def delete_topic(log: LogClient, topic: str) -> None:
    """Delete a topic, and wait until it is gone."""
    if isinstance(log, MemoryLog):
        del log.topics[topic]
        return
    with closing(new_admin(log.address)) as client:
        client.delete_topics([topic])
        wait_until(lambda: topic not in client.list_topics(), "the topic's end")


def add_partitions(log: LogClient, topic: str, partitions: int) -> None:
    """Give a topic this many partitions, and wait until it has them."""
    if isinstance(log, MemoryLog):
        log.add_partitions(topic, partitions)
        return
    with closing(new_admin(log.address)) as client:
        client.create_partitions({topic: partitions})
        wait_until(lambda: describe_topic(log, topic).partitions == partitions, "the topic's partitions")


def lose_last_batch(data: Path, topic: str) -> None:
    """Cut the last record batch off the only segment of partition 0, as after a power loss; Kafka must be stopped."""
    (segment,) = (data / f"{topic}-0").glob("*.log")
    raw, at, last = segment.read_bytes(), 0, 0
    while at < len(raw):
        last, at = at, at + 12 + int.from_bytes(raw[at + 8 : at + 12], "big")
    segment.write_bytes(raw[:last])
    (data / ".kafka_cleanshutdown").unlink(missing_ok=True)
