"""Invalid records, each exactly once, with the reason.

A dead letter has the record's key and value unchanged; headers with the names of Kafka Connect give its source and the
error. A restarted consumer reads the same invalid records again, so before the first one of a partition is written, the
topic's newest dead letter of that partition is looked up: all invalid records up to it are in the topic. The id of the
source topic is part of the comparison, so a recreated topic starts from nothing.
"""

from __future__ import annotations

from contextlib import closing

from streamsvd.log.ports import Delivery, Headers, LogClient, Record
from streamsvd.log.reading import last_match
from streamsvd.log.sink import Sink
from streamsvd.log.topics import Topics, describe_topic

TOPIC = "__connect.errors.topic"
PARTITION = "__connect.errors.partition"
OFFSET = "__connect.errors.offset"
STAGE = "__connect.errors.stage"
EXCEPTION_CLASS = "__connect.errors.exception.class.name"
EXCEPTION_MESSAGE = "__connect.errors.exception.message"
TOPIC_ID = "streamsvd.errors.topic.id"
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
        self._topic_id = ""
        self._newest: dict[int, int] = {}

    def send(self, record: Record, stage: str, error: Exception) -> bool:
        """Send an invalid record; those of a partition in the order of their offsets.

        Parameters
        ----------
        record : Record
            As read from the ratings topic.
        stage : str
            Where it failed, such as `decode`.
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
        delivery = self._opened()
        partition, offset = record.partition, record.offset
        if partition not in self._newest:
            self._newest[partition] = self._newest_offset(partition)
        if offset <= self._newest[partition]:
            return False
        value = record.value
        if value is None and record.key is None:
            value = b""  # the client refuses a record without key and value
        headers: Headers = [(name, data if data is not None else b"") for name, data in record.headers]
        headers += self._reason(record, stage, error)
        timestamp = record.timestamp if record.timestamp >= 0 else None
        subject = f"the dead letter of {record.topic}, partition {partition}, offset {offset},"
        delivery.send(self._topics.dead_letters, 0, record.key, value, timestamp, subject, headers)
        self._newest[partition] = offset
        return True

    def _opened(self) -> Delivery:
        if self._delivery is None:
            self._topic_id = describe_topic(self._log, self._topics.ratings).id
            self._delivery = self._log.delivery()
        return self._delivery

    def _newest_offset(self, partition: int) -> int:
        def offset_of(letter: Record) -> int | None:
            headers = dict(letter.headers)
            ours = headers.get(TOPIC_ID) == self._topic_id.encode() and headers.get(PARTITION) == b"%d" % partition
            return int(headers[OFFSET]) if ours else None

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
            TOPIC_ID: self._topic_id,
        }
        return [(name, text.encode(errors="replace")) for name, text in texts.items()]
