"""Records that could not be read, each exactly once, with the reason.

A dead letter carries the untouched key and value and says in Kafka Connect's header names where it comes from
and what was wrong. A consumer that was killed reads the same bad records again, so before the first one of a
partition is written, the topic's newest dead letter of that partition is looked up: everything up to there is
in it already. The id of the source topic is part of the comparison; a topic made anew starts from nothing.
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

    Connects when the first bad record comes; a clean log costs nothing. One writer at a time.

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
        self._marks: dict[int, int] = {}

    def send(self, record: Record, stage: str, error: Exception) -> bool:
        """Hand over one bad record; records of a partition come in the order of their offsets.

        Parameters
        ----------
        record : Record
            As read from the ratings topic.
        stage : str
            What was being done, such as `decode`.
        error : Exception
            Its type and message become the reason.

        Returns
        -------
        bool
            False if the dead-letter topic holds this record already.

        Raises
        ------
        DeliveryFailed, LogUnavailable, LogError
        """
        delivery = self._opened()
        partition, offset = record.partition, record.offset
        if partition not in self._marks:
            self._marks[partition] = self._find_mark(partition)
        if offset <= self._marks[partition]:
            return False
        value = record.value
        if value is None and record.key is None:
            value = b""  # the client refuses a record of nothing at all
        headers: Headers = [(name, data if data is not None else b"") for name, data in record.headers]
        headers += self._reason(record, stage, error)
        timestamp = record.timestamp if record.timestamp >= 0 else None
        subject = f"the dead letter of {record.topic}, partition {partition}, offset {offset},"
        delivery.send(self._topics.dead_letters, 0, record.key, value, timestamp, subject, headers)
        self._marks[partition] = offset
        return True

    def _opened(self) -> Delivery:
        if self._delivery is None:
            self._topic_id = describe_topic(self._log, self._topics.ratings).id
            self._delivery = self._log.delivery()
        return self._delivery

    def _find_mark(self, partition: int) -> int:
        def offset_of(letter: Record) -> int | None:
            headers = dict(letter.headers)
            ours = headers.get(TOPIC_ID) == self._topic_id.encode() and headers.get(PARTITION) == b"%d" % partition
            return int(headers[OFFSET]) if ours else None

        with closing(self._log.reader()) as reader:
            mark = last_match(reader, reader.ranges(self._topics.dead_letters)[0], offset_of)
        return -1 if mark is None else mark

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
