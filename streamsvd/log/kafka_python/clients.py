"""The settings of the Kafka clients.

Consumers have manually assigned partitions and no automatic commits: offsets are part of the checkpoint.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
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

    The client would retry until its time-out, log each attempt and leave sockets open.

    Raises
    ------
    SettingsError
        The address does not read `host:port`.
    LogUnavailable
        No broker accepts a connection.
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


def new_consumer(
    address: str,
    *,
    group: str | None = None,
    gather_seconds: float = 0.0,
    network: Callable[..., Any] | None = None,
) -> Any:
    """A consumer without partitions: fetches of 16 MB, checksums checked, nothing automatic.

    `group` only names the offsets committed for lag tools; the consumer never joins it. `gather_seconds` is how long
    the broker may wait for a megabyte. `network` makes the network client.
    """
    own: dict[str, Any] = {} if network is None else {"kafka_client": network}
    gather = {"fetch_min_bytes": _MEGABYTE, "fetch_max_wait_ms": round(1000 * gather_seconds)} if gather_seconds else {}
    with kafka_errors(address, "connecting"):
        return KafkaConsumer(
            bootstrap_servers=brokers(address),
            bootstrap_timeout_ms=int(BOOTSTRAP_SECONDS * 1000),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="none",  # an offset that is gone must be an error, never a jump
            allow_auto_create_topics=False,
            check_crcs=True,
            reconnect_backoff_max_ms=1000,  # finds a restarted broker soon
            fetch_max_bytes=16 * _MEGABYTE,
            max_partition_fetch_bytes=8 * _MEGABYTE,
            max_poll_records=5000,
            metrics_enabled=False,
            **gather,
            **own,
        )


def new_admin(address: str) -> Any:
    """An admin client."""
    with kafka_errors(address, "connecting"):
        return KafkaAdminClient(
            bootstrap_servers=brokers(address),
            bootstrap_timeout_ms=int(BOOTSTRAP_SECONDS * 1000),
        )


def partitions_of(client: Any, topic: str) -> list[TopicPartition]:
    """All partitions of a topic in order; the client's error if the topic does not exist."""
    numbers = client.partitions_for_topic(topic)
    if not numbers:
        raise UnknownTopicOrPartitionError(topic)
    return [TopicPartition(topic, number) for number in sorted(numbers)]
