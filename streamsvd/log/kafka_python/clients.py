"""The Kafka clients as this project uses them: one place for their settings.

Consumers are assigned their partitions by hand and never commit by themselves: offsets live in the
checkpoint, beside the state that they describe.
"""

from __future__ import annotations

import socket
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import UnknownTopicOrPartitionError

from streamsvd.errors import SettingsError
from streamsvd.log.kafka_python.errors import kafka_errors, unavailable

BOOTSTRAP_SECONDS = 10.0
_MEGABYTE = 1 << 20


def check_address(address: str) -> str:
    """Return the address if it reads `host:port[,host:port…]`, else raise `SettingsError`.

    Examples
    --------
    >>> check_address("127.0.0.1:9092")
    '127.0.0.1:9092'
    """
    for part in address.split(","):
        host, colon, port = part.strip().rpartition(":")
        if not (host and colon and port.isdigit() and 0 < int(port) < 65536):
            raise SettingsError(f"Kafka address {address!r}: {part!r} is not host:port. Write it as in 127.0.0.1:9092.")
    return address


def brokers(address: str) -> list[str]:
    """The brokers of an address of which at least one accepts a connection.

    The client would try for as long as its time-out, log each attempt and leave sockets open; this tells at once.

    Raises
    ------
    SettingsError
        The address does not read `host:port`.
    LogUnavailable
        Nobody listens there.
    """
    reasons = []
    for part in check_address(address).split(","):
        host, _, port = part.strip().rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=BOOTSTRAP_SECONDS).close()
        except OSError as error:
            reasons.append(str(error))
        else:
            return address.split(",")
    raise unavailable(address, "connecting", "; ".join(reasons))


def new_consumer(address: str, *, group: str | None = None, gather_seconds: float = 0.0) -> Any:
    """A consumer without partitions: fetches of 16 MB, checksums checked, nothing automatic.

    `group` is only the name under which offsets are committed for lag tools; the consumer never joins it. So long the
    broker waits for a megabyte to come together.
    """
    gather = {"fetch_min_bytes": _MEGABYTE, "fetch_max_wait_ms": round(1000 * gather_seconds)} if gather_seconds else {}
    with kafka_errors(address, "connecting"):
        return KafkaConsumer(
            bootstrap_servers=brokers(address),
            bootstrap_timeout_ms=int(BOOTSTRAP_SECONDS * 1000),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="none",  # a position that is gone must be an error, never a jump
            allow_auto_create_topics=False,
            check_crcs=True,
            reconnect_backoff_max_ms=1000,  # a broker that is back is found at once
            fetch_max_bytes=16 * _MEGABYTE,
            max_partition_fetch_bytes=8 * _MEGABYTE,
            max_poll_records=5000,
            metrics_enabled=False,
            **gather,
        )


def new_admin(address: str) -> Any:
    """An admin client."""
    with kafka_errors(address, "connecting"):
        return KafkaAdminClient(
            bootstrap_servers=brokers(address),
            bootstrap_timeout_ms=int(BOOTSTRAP_SECONDS * 1000),
        )


def partitions_of(client: Any, topic: str) -> list[TopicPartition]:
    """All partitions of a topic in order; the client's error if there is no such topic."""
    numbers = client.partitions_for_topic(topic)
    if not numbers:
        raise UnknownTopicOrPartitionError(topic)
    return [TopicPartition(topic, number) for number in sorted(numbers)]
