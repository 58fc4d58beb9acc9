"""The data set of a log and its catalogue: a compacted topic, read to its end before the first rating.

Items are keyed by id, as JSON; the data set has the key `dataset`, which is not valid JSON. It is written last, so a
reader that finds it has the whole catalogue. Only differences to the topic's content are written, so the next write
completes an interrupted one. The data set's record also names the ratings topic as it was then: a user's partition
depends on their number, so it must stay the same.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import closing
from itertools import chain
from typing import Annotated, NamedTuple

import msgspec

from streamsvd.errors import EventError, InputError, TopicUnsafe
from streamsvd.log.partitioning import partition_of
from streamsvd.log.ports import LogClient, TopicDescription
from streamsvd.log.records import Record
from streamsvd.log.topics import describe_topic, topic_exists
from streamsvd.ratings import Catalogue, CatalogueItem, Dataset, decode, decode_item, encode_item

DATASET_KEY = b"dataset"
_VERSION = 1
_SEARCHED = 1000  # oldest and newest records of a partition in which users of another partition are looked for
_encode_key = msgspec.json.Encoder().encode


class LoggedCatalogue(NamedTuple):
    """Content of a catalogue topic.

    Attributes
    ----------
    dataset : Dataset or None
        The log's data set; None until the whole catalogue is written.
    catalogue : Catalogue or None
        None without items.
    offsets : dict of int to int
        Next offset of each partition read.
    ratings : TopicDescription or None
        The ratings topic when its data set was first replayed; None if unknown.
    """

    dataset: Dataset | None
    catalogue: Catalogue | None
    offsets: dict[int, int]
    ratings: TopicDescription | None = None


class _Dataset(msgspec.Struct, omit_defaults=True):
    v: int
    name: Annotated[str, msgspec.Meta(min_length=1)]
    sha256: str
    scale: tuple[float, float]
    ratings: TopicDescription | None = None


def read_catalogue(log: LogClient, topic: str) -> LoggedCatalogue:
    """Read a catalogue topic to its end; a missing one is empty.

    Raises
    ------
    EventError
        A record is neither a catalogue item nor a data set; the message has its offset.
    LogUnavailable, LogError
    """
    if not topic_exists(log, topic):
        return LoggedCatalogue(None, None, {})
    content, offsets = _read(log, topic)
    dataset = ratings = None
    entries: list[CatalogueItem] = []
    for key, (value, position) in content.items():
        try:
            if key == DATASET_KEY:
                dataset, ratings = _decode_dataset(value)
            else:
                entries.append(decode_item(value))
        except InputError as error:
            raise EventError(f"topic {topic} at {log.address}, {position}: {error}") from error
    return LoggedCatalogue(dataset, Catalogue(entries) if entries else None, offsets, ratings)


def write_catalogue(
    log: LogClient,
    topic: str,
    dataset: Dataset,
    catalogue: Catalogue | None,
    *,
    ratings: TopicDescription | None = None,
    keep_others: bool = False,
) -> int:
    """Write a data set and its catalogue, as the whole content of the topic.

    Parameters
    ----------
    log : LogClient
    topic : str
        An existing compacted topic.
    dataset : Dataset
    catalogue : Catalogue or None
        None for a data set without one.
    ratings : TopicDescription, optional
        The ratings topic, see `check_partitions`.
    keep_others : bool
        Keep other items; for several data sets in one log.

    Returns
    -------
    int
        Records written: 0 if the content is the same.

    Raises
    ------
    DeliveryFailed, LogUnavailable, LogError
    """
    wanted: dict[bytes, bytes] = {_encode_key(item): encode_item(entry) for item, entry in (catalogue or {}).items()}
    content, _ = _read(log, topic)
    present = {key: value for key, (value, _) in content.items()}
    changes: dict[bytes, bytes | None] = {k: v for k, v in wanted.items() if present.get(k) != v}
    if not keep_others:
        changes.update(dict.fromkeys(present.keys() - wanted.keys() - {DATASET_KEY}))
    record = msgspec.json.encode(_Dataset(_VERSION, dataset.name, dataset.sha256, dataset.scale, ratings))
    if present.get(DATASET_KEY) != record or changes:
        changes[DATASET_KEY] = record
    if not changes:
        return 0
    delivery = log.delivery()
    try:
        now = int(time.time() * 1000)
        for key, value in changes.items():
            delivery.send(topic, 0, key, value, now, f"the catalogue's record {key.decode()}")
        delivery.close()
    except BaseException:
        delivery.abandon()
        raise
    return len(changes)


def check_partitions(log: LogClient, topic: str, logged: LoggedCatalogue, sources: Collection[str]) -> TopicDescription:
    """Check that a ratings topic has the partitions that it had when its data set was first replayed.

    Parameters
    ----------
    log : LogClient
    topic : str
        The ratings topic.
    logged : LoggedCatalogue
        Content of its catalogue topic. If that does not know the partitions, they are seen from where users lie.
    sources : collection of str
        The data sets whose users are looked at then.

    Returns
    -------
    TopicDescription
        The ratings topic now.

    Raises
    ------
    TopicUnsafe
        Partitions were added.
    LogUnavailable, LogError
    """
    now, before = describe_topic(log, topic), logged.ratings
    if before is not None and before.id == now.id:
        added = before.partitions != now.partitions
    else:
        added = now.partitions > 1 and _has_moved_users(log, topic, now.partitions, sources)
    if added:
        raise TopicUnsafe(
            f"topic {topic} at {log.address} has {now.partitions} partitions, but had fewer when ratings were replayed "
            "to it: the next ratings of many users would lie in another partition than those before, so they would be "
            "sent twice and learned in another order. Partitions cannot be removed: replay into another topic "
            f"(streamsvd replay --topic NEW --partitions {now.partitions}), and relearn the model from it "
            "(streamsvd consume --topic NEW --rebuild)"
        )
    return now


def _has_moved_users(log: LogClient, topic: str, partitions: int, sources: Collection[str]) -> bool:
    """Whether one of the oldest or newest ratings of some sources lies in another partition than its user's."""

    def has_moved(record: Record) -> bool:
        try:
            own = decode(record.value).source in sources
        except EventError:  # invalid records are handled by the consumer
            return False
        return own and partition_of(record.key or b"", partitions) != record.partition

    with closing(log.reader()) as reader:
        for part in reader.ranges(topic):
            oldest = part._replace(end=min(part.end, part.start + _SEARCHED))
            newest = part._replace(start=max(oldest.end, part.end - _SEARCHED))
            if any(map(has_moved, chain(reader.read(oldest), reader.read(newest)))):
                return True
    return False


def _read(log: LogClient, topic: str) -> tuple[dict[bytes, tuple[bytes, str]], dict[int, int]]:
    """The newest value of each key, with its position, and the next offsets."""
    content: dict[bytes, tuple[bytes, str]] = {}
    with closing(log.reader()) as reader:
        parts = reader.ranges(topic)
        for part in parts:
            for record in reader.read(part):
                key = record.key or b""
                content.pop(key, None)
                if record.value is not None:
                    content[key] = record.value, f"partition {record.partition}, offset {record.offset}"
    return content, {part.partition: part.end for part in parts}


def _decode_dataset(value: bytes) -> tuple[Dataset, TopicDescription | None]:
    try:
        record = msgspec.json.decode(value, type=_Dataset)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EventError(f"not a data set: {error}") from error
    if record.v != _VERSION:
        raise EventError(f"unknown version {record.v} of a data set; this release reads {_VERSION}: upgrade it")
    return Dataset(record.name, record.sha256, record.scale), record.ratings
