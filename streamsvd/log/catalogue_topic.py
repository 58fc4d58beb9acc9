"""The data set of a log and its catalogue: a compacted topic, read to its end before the first rating.

Items are keyed by id, as JSON; the data set has the key `dataset`, which is not valid JSON. It is written last, so a
reader that finds it has the whole catalogue. Only differences to the topic's content are written, so the next write
completes an interrupted one. The data set's record also names the ratings topic as it was then: a user's partition
depends on their number, so it must stay the same.

A record that is neither is refused and treated as if it were not there: the last good one of its key holds. The
consumer that learns from the catalogue sends it to the dead letters.
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
from streamsvd.log.topics import describe_topic, new_topic_advice, topic_exists
from streamsvd.ratings import (
    MAX_VALUE_BYTES,
    Catalogue,
    CatalogueItem,
    Dataset,
    check_logged_item,
    decode,
    decode_item,
    encode_item,
)

DATASET_KEY = b"dataset"
_VERSION = 1
_SEARCHED = 1000  # oldest and newest records of a partition in which users of another partition are looked for
_encode_key = msgspec.json.Encoder().encode
_decode_key = msgspec.json.Decoder(int | str).decode


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
    refused : tuple of (Record, EventError)
        Records that are neither an item nor a data set, in order, with the reason.
    """

    dataset: Dataset | None
    catalogue: Catalogue | None
    offsets: dict[int, int]
    ratings: TopicDescription | None = None
    refused: tuple[tuple[Record, EventError], ...] = ()

    def refusal(self) -> str:
        """What is refused, for messages; empty without anything."""
        if not self.refused:
            return ""
        record, error = self.refused[0]
        return (
            f"{len(self.refused):,} record(s) of topic {record.topic} are no catalogue items and are ignored (the last "
            f"good one of each key holds), the first at partition {record.partition}, offset {record.offset}: {error}"
        )


class _Dataset(msgspec.Struct, omit_defaults=True):
    v: int
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    sha256: Annotated[str, msgspec.Meta(max_length=64)]
    scale: tuple[float, float]
    ratings: TopicDescription | None = None


def read_catalogue(log: LogClient, topic: str) -> LoggedCatalogue:
    """Read a catalogue topic to its end; a missing one is empty.

    Raises
    ------
    LogUnavailable, LogError
    """
    if not topic_exists(log, topic):
        return LoggedCatalogue(None, None, {})
    entries: dict[bytes, CatalogueItem] = {}
    dataset, ratings, refused = None, None, list[tuple[Record, EventError]]()
    records, offsets = _read(log, topic)
    for record in records:
        key = record.key or b""
        try:
            if record.value is None:
                entries.pop(key, None)
                if key == DATASET_KEY:
                    dataset = ratings = None
            elif key == DATASET_KEY:
                dataset, ratings = _decode_dataset(record.value)
            else:
                entry = _decode_entry(key, record.value)
                entries.pop(key, None)
                entries[key] = entry
        except EventError as error:
            refused.append((record, error))
    items = {entry.item: entry for entry in entries.values()}
    return LoggedCatalogue(dataset, Catalogue(items.values()) if items else None, offsets, ratings, tuple(refused))


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
    EventError
        An item is beyond the limits of `check_logged_item`.
    DeliveryFailed, LogUnavailable, LogError
    """
    wanted: dict[bytes, bytes] = {}
    for item, entry in (catalogue or {}).items():
        check_logged_item(entry)
        wanted[_encode_key(item)] = encode_item(entry)
    records, _ = _read(log, topic)
    newest = {record.key: record.value for record in records}
    present = {key: value for key, value in newest.items() if key is not None and value is not None}
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
            delivery.send(topic, 0, key, value, now, f"the catalogue's record {key.decode(errors='replace')}")
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
            f"sent twice and learned in another order. {new_topic_advice(now.partitions)}"
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


def _read(log: LogClient, topic: str) -> tuple[list[Record], dict[int, int]]:
    """All records of the topic, and the next offsets."""
    with closing(log.reader()) as reader:
        parts = reader.ranges(topic)
        return [record for part in parts for record in reader.read(part)], {part.partition: part.end for part in parts}


def _decode_entry(key: bytes, value: bytes) -> CatalogueItem:
    _check_size(value)
    entry = decode_item(value)
    check_logged_item(entry)
    try:
        item = _decode_key(key)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EventError(f"the key is no item: {error}") from error
    if (item.strip() if isinstance(item, str) else item) != entry.item:
        raise EventError(f"the key is item {item!r:.99}, the value is item {entry.item!r}")
    return entry


def _decode_dataset(value: bytes) -> tuple[Dataset, TopicDescription | None]:
    _check_size(value)
    try:
        record = msgspec.json.decode(value, type=_Dataset)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EventError(f"not a data set: {error}") from error
    if record.v != _VERSION:
        raise EventError(f"unknown version {record.v} of a data set; this release reads {_VERSION}: upgrade it")
    try:
        return Dataset(record.name, record.sha256, record.scale), record.ratings
    except InputError as error:
        raise EventError(f"not a data set: {error}") from error


def _check_size(value: bytes) -> None:
    if len(value) > MAX_VALUE_BYTES:
        raise EventError(f"it has {len(value):,} bytes; {MAX_VALUE_BYTES:,} are the most", reason="too large")
