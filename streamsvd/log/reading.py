"""Reads all records of a topic, or finds the first and the newest that match."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TypeVar

from streamsvd.log.ports import LogClient, OffsetRange, Reader
from streamsvd.log.records import Record

T = TypeVar("T")

_FIRST_LENGTH = 1000


def read_all(log: LogClient, topic: str) -> Iterator[Record]:
    """All records of a topic up to its present end, by partition.

    Raises
    ------
    LogUnavailable, LogError
    """
    with closing(log.reader()) as reader:
        for part in reader.ranges(topic):
            yield from reader.read(part)


def first_and_last(
    log: LogClient, topic: str, match: Callable[[Record], T | None], most: int
) -> dict[int, tuple[T | None, T | None]]:
    """The result of `match` for each partition's first and newest record where it is not None.

    The first is one of the partition's oldest `most` records, or None.

    Raises
    ------
    LogUnavailable, LogError
    """
    found = {}
    with closing(log.reader()) as reader:
        for part in reader.ranges(topic):
            start = reader.read(part._replace(end=min(part.end, part.start + most)))
            first = next((seen for record in start if (seen := match(record)) is not None), None)
            found[part.partition] = first, last_match(reader, part, match)
    return found


def last_match(reader: Reader, part: OffsetRange, match: Callable[[Record], T | None]) -> T | None:
    """The result of `match` for a range's newest record where it is not None.

    Reads backwards, in doubling lengths.
    """
    end, length = part.end, _FIRST_LENGTH
    while end > part.start:
        start = max(part.start, end - length)
        for record in reversed(list(reader.read(part._replace(start=start, end=end)))):
            found = match(record)
            if found is not None:
                return found
        end, length = start, length * 2
    return None
