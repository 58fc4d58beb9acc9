"""Invalid records, each exactly once, with the reason.

A dead letter has the record's key and value unchanged; headers with the names of Kafka Connect give its source and the
error. Records are compressed on their way, and may be far larger than what a broker takes as a letter: of one above
900,000 bytes, the letter holds the first 64 KiB of key and value, and headers with the whole length and SHA-256 of
what was cut. The record's own headers are kept up to 64 KiB; how many were left out is in a header too.

A restarted consumer reads the same invalid records again, so before the first one of a partition is written, the
topic's newest dead letter of that partition is looked up: all invalid records up to it are in the topic. The id of the
source topic is part of the comparison, so a recreated topic starts from nothing.

Whether a rating is ahead of the clock depends on when it is judged, not on the record alone. So its letter holds the
clock by which it was refused, and whoever reads the record again, after a crash or from the log's beginning, judges it
by that one (`refusals`). Such letters may be out of the order of offsets, and each is looked up by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import closing

from streamsvd.errors import AheadOfClock
from streamsvd.log.ports import Delivery, LogClient
from streamsvd.log.reading import last_match, read_all
from streamsvd.log.records import Headers, Record
from streamsvd.log.sink import Sink
from streamsvd.log.topics import Topics, describe_topic, topic_exists

TOPIC = "__connect.errors.topic"
PARTITION = "__connect.errors.partition"
OFFSET = "__connect.errors.offset"
STAGE = "__connect.errors.stage"
EXCEPTION_CLASS = "__connect.errors.exception.class.name"
EXCEPTION_MESSAGE = "__connect.errors.exception.message"
TOPIC_ID = "streamsvd.errors.topic.id"
CLOCK = "streamsvd.errors.clock"
LENGTH, SHA256 = "streamsvd.errors.{}.length", "streamsvd.errors.{}.sha256"  # of `key` or `value`, where it was cut
HEADERS_LEFT_OUT = "streamsvd.errors.headers.left.out"
LARGEST_WHOLE = 900_000
"""Most bytes of key and value that are kept whole: with the headers, less than what a topic takes by default."""
HEAD_BYTES = 1 << 16
"""Bytes that are kept of a larger key or value, and most bytes of all headers."""
_OWN_PREFIXES = ("__connect.errors.", "streamsvd.errors.")
_HEADER_COST = 10  # bytes of a header besides name and value, at most
_LONGEST_MESSAGE = 2000


class DeadLetters(Sink):
    """The dead-letter topic that belongs to a ratings topic.

    Connects with the first invalid record. One writer at a time.

    Parameters
    ----------
    log : LogClient
    topics : Topics
        Names of the ratings topic and its dead-letter topic; both exist.
    """

    def __init__(self, log: LogClient, topics: Topics) -> None:
        self._log = log
        self._topics = topics
        self._topic_ids: dict[str, str] = {}
        self._newest: dict[tuple[str, int], int] = {}
        self._refusals: dict[tuple[int, int], int] = {}

    def refusals(self) -> Mapping[tuple[int, int], int]:
        """The clock by which records were refused as ahead of it, in seconds, by partition and offset.

        Reads the whole topic; call it before the first `send`. The mapping grows with what is sent.

        Raises
        ------
        LogUnavailable, LogError
        """
        if topic_exists(self._log, self._topics.dead_letters):
            topic_id = describe_topic(self._log, self._topics.ratings).id.encode()
            for letter in read_all(self._log, self._topics.dead_letters):
                headers = dict(letter.headers)
                if CLOCK in headers and headers.get(TOPIC_ID) == topic_id:
                    self._refusals[int(headers[PARTITION]), int(headers[OFFSET])] = int(headers[CLOCK])
        return self._refusals

    def send(self, record: Record, stage: str, error: Exception) -> bool:
        """Send an invalid record; those of a partition in the order of their offsets, but for `AheadOfClock`.

        Parameters
        ----------
        record : Record
            As read from the ratings topic or its catalogue topic.
        stage : str
            Where it failed, such as `decode` or `catalogue`.
        error : Exception
            The reason: its type and message.

        Returns
        -------
        bool
            False if the dead-letter topic has this record already.

        Raises
        ------
        DeliveryFailed, LogUnavailable, LogError
        """
        delivery = self._opened(record.topic)
        partition, offset = record.partition, record.offset
        if not self._is_new(record, error):
            return False
        (key, value), cuts = _shortened(record.key, record.value)
        if value is None and key is None:
            value = b""  # the client refuses a record without key and value
        headers = _kept_headers(record.headers) + cuts + self._reason(record, stage, error)
        timestamp = record.timestamp if record.timestamp >= 0 else None
        subject = f"the dead letter of {record.topic}, partition {partition}, offset {offset},"
        delivery.send(self._topics.dead_letters, 0, key, value, timestamp, subject, headers)
        return True

    def _is_new(self, record: Record, error: Exception) -> bool:
        """Whether a record has no letter; from now on it has one."""
        partition, offset = record.partition, record.offset
        if isinstance(error, AheadOfClock):
            if (partition, offset) in self._refusals:
                return False
            self._refusals[partition, offset] = error.clock
            return True
        place = record.topic, partition
        if place not in self._newest:
            self._newest[place] = self._newest_offset(*place)
        if offset <= self._newest[place]:
            return False
        self._newest[place] = offset
        return True

    def _opened(self, topic: str) -> Delivery:
        if topic not in self._topic_ids:
            self._topic_ids[topic] = describe_topic(self._log, topic).id
        if self._delivery is None:
            self._delivery = self._log.delivery()
        return self._delivery

    def _newest_offset(self, topic: str, partition: int) -> int:
        topic_id = self._topic_ids[topic].encode()

        def offset_of(letter: Record) -> int | None:
            headers = dict(letter.headers)
            ours = headers.get(TOPIC_ID) == topic_id and headers.get(PARTITION) == b"%d" % partition
            return int(headers[OFFSET]) if ours and CLOCK not in headers else None

        with closing(self._log.reader()) as reader:
            newest = last_match(reader, reader.ranges(self._topics.dead_letters)[0], offset_of)
        return -1 if newest is None else newest

    def _reason(self, record: Record, stage: str, error: Exception) -> Headers:
        texts = {
            TOPIC: record.topic,
            PARTITION: str(record.partition),
            OFFSET: str(record.offset),
            STAGE: stage,
            EXCEPTION_CLASS: f"{type(error).__module__}.{type(error).__qualname__}",
            EXCEPTION_MESSAGE: str(error)[:_LONGEST_MESSAGE],
            TOPIC_ID: self._topic_ids[record.topic],
            **({CLOCK: str(error.clock)} if isinstance(error, AheadOfClock) else {}),
        }
        return [(name, text.encode(errors="replace")) for name, text in texts.items()]


def _shortened(key: bytes | None, value: bytes | None) -> tuple[list[bytes | None], Headers]:
    """Key and value as a letter holds them, and headers for what was cut."""
    parts, cuts = [key, value], Headers()
    if len(key or b"") + len(value or b"") > LARGEST_WHOLE:
        for k, (what, data) in enumerate((("key", key), ("value", value))):
            if data is not None and len(data) > HEAD_BYTES:
                parts[k] = data[:HEAD_BYTES]
                cuts.append((LENGTH.format(what), b"%d" % len(data)))
                cuts.append((SHA256.format(what), hashlib.sha256(data).hexdigest().encode()))
    return parts, cuts


def _kept_headers(headers: Sequence[tuple[str, bytes | None]]) -> Headers:
    """The headers of a record that its letter holds; those with names of the letter's own are replaced."""
    kept, size, left_out = Headers(), 0, 0
    for name, data in headers:
        if name.startswith(_OWN_PREFIXES):
            continue
        size += len(name.encode(errors="replace")) + len(data or b"") + _HEADER_COST
        if size <= HEAD_BYTES:
            kept.append((name, data or b""))
        else:
            left_out += 1
    return kept + ([(HEADERS_LEFT_OUT, b"%d" % left_out)] if left_out else [])
