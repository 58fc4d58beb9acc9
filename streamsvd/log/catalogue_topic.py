"""Which data set a log holds, and its films: a compacted topic, read to its end before the first rating.

Films are keyed by item id, as JSON; the data set has the key `dataset`, which no JSON value reads. It is
written last: a reader that finds it has the whole catalogue before it. Only what differs from the topic's
content is written, so writing the same catalogue again writes nothing, and an interrupted write is completed
by the next one.
"""

from __future__ import annotations

import time
from contextlib import closing
from typing import Annotated, NamedTuple

import msgspec

from streamsvd.errors import EventError, InputError
from streamsvd.log.ports import LogClient
from streamsvd.log.topics import topic_exists
from streamsvd.ratings import Catalogue, Dataset, Film, decode_film, encode_film

DATASET_KEY = b"dataset"
_VERSION = 1
_encode_key = msgspec.json.Encoder().encode


class LoggedCatalogue(NamedTuple):
    """What a catalogue topic holds.

    Attributes
    ----------
    dataset : Dataset or None
        The data set whose ratings the log holds; None while nothing, or not everything, has been written.
    catalogue : Catalogue or None
        Its films; None when there are none.
    offsets : dict of int to int
        Next offset of each partition: how far this was read.
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
    """Read a catalogue topic to its end; one that is not there holds nothing.

    Raises
    ------
    EventError
        A record that is neither a film nor a data set; with its offset.
    LogUnavailable, LogError
    """
    if not topic_exists(log, topic):
        return LoggedCatalogue(None, None, {})
    content, offsets = _read(log, topic)
    dataset = None
    films: list[Film] = []
    for key, (value, place) in content.items():
        try:
            if key == DATASET_KEY:
                dataset = _decode_dataset(value)
            else:
                films.append(decode_film(value))
        except InputError as error:
            raise EventError(f"topic {topic} at {log.address}, {place}: {error}") from error
    return LoggedCatalogue(dataset, Catalogue(films) if films else None, offsets)


def write_catalogue(
    log: LogClient, topic: str, dataset: Dataset, catalogue: Catalogue | None, *, keep_others: bool = False
) -> int:
    """Make a catalogue topic hold exactly this data set and these films.

    Parameters
    ----------
    log : LogClient
    topic : str
        An existing compacted topic.
    dataset : Dataset
    catalogue : Catalogue or None
        None for a data set without films.
    keep_others : bool
        Leave films that are not in the catalogue; for several data sets in one log.

    Returns
    -------
    int
        Records written: 0 if the topic held this already.

    Raises
    ------
    DeliveryFailed, LogUnavailable, LogError
    """
    wanted: dict[bytes, bytes] = {_encode_key(item): encode_film(film) for item, film in (catalogue or {}).items()}
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
    """The newest value of each key, with its place, and the offsets reached."""
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
