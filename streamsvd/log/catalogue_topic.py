"""The data set of a log and its catalogue: a compacted topic, read to its end before the first rating.

Items are keyed by id, as JSON; the data set has the key `dataset`, which is not valid JSON. It is written last, so a
reader that finds it has the whole catalogue. Only differences to the topic's content are written, so the next write
completes an interrupted one.
"""

from __future__ import annotations

import time
from contextlib import closing
from typing import Annotated, NamedTuple

import msgspec

from streamsvd.errors import EventError, InputError
from streamsvd.log.ports import LogClient
from streamsvd.log.topics import topic_exists
from streamsvd.ratings import Catalogue, CatalogueItem, Dataset, decode_item, encode_item

DATASET_KEY = b"dataset"
_VERSION = 1
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
    """

    dataset: Dataset | None
    catalogue: Catalogue | None
    offsets: dict[int, int]


class _Dataset(msgspec.Struct):
    v: int
    name: Annotated[str, msgspec.Meta(min_length=1)]
    sha256: str
    scale: tuple[float, float]


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
    dataset = None
    entries: list[CatalogueItem] = []
    for key, (value, position) in content.items():
        try:
            if key == DATASET_KEY:
                dataset = _decode_dataset(value)
            else:
                entries.append(decode_item(value))
        except InputError as error:
            raise EventError(f"topic {topic} at {log.address}, {position}: {error}") from error
    return LoggedCatalogue(dataset, Catalogue(entries) if entries else None, offsets)


def write_catalogue(
    log: LogClient, topic: str, dataset: Dataset, catalogue: Catalogue | None, *, keep_others: bool = False
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
    record = msgspec.json.encode(_Dataset(_VERSION, dataset.name, dataset.sha256, dataset.scale))
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


def _decode_dataset(value: bytes) -> Dataset:
    try:
        record = msgspec.json.decode(value, type=_Dataset)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EventError(f"not a data set: {error}") from error
    if record.v != _VERSION:
        raise EventError(f"unknown version {record.v} of a data set; this release reads {_VERSION}: upgrade it")
    return Dataset(record.name, record.sha256, record.scale)
