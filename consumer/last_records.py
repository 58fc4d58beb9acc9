"""Checksums of the last records read before the offsets of a checkpoint: whether the log still holds what was learned.

A log that lost its tail, as in a power loss, and was filled again reaches beyond the offsets, with other records. The
last ones before an offset differ then: the log was cut somewhere before it, and what follows a cut is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any, Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from streamsvd.errors import TopicUnsafe
from streamsvd.log import LogClient, Record, RecordBlock

_KEPT = 16  # of each partition


class LastRecords:
    """Offsets and checksums of the last records of each partition.

    Examples
    --------
    >>> from streamsvd.log import LogRecord
    >>> last = LastRecords()
    >>> last.add(RecordBlock.of([LogRecord("films", 0, 5, 1000, b"7", b"a rating")]))
    >>> last.array()
    array([[        0,         5, 617782819]])
    """

    def __init__(self) -> None:
        self._found: dict[int, dict[int, int]] = {}  # by partition: checksum by offset

    @classmethod
    def of(cls, array: NDArray[Any] | None) -> Self:
        """From `array`; None, of a checkpoint of an earlier release, has none."""
        last = cls()
        for partition, offset, checksum in [] if array is None else array.tolist():
            last._found.setdefault(partition, {})[offset] = checksum
        return last

    def array(self) -> NDArray[np.int64]:
        """Partition, offset and checksum of each record, shape (n, 3)."""
        rows = [(number, *one) for number, records in sorted(self._found.items()) for one in records.items()]
        return np.array(rows, np.int64).reshape(len(rows), 3)

    def add(self, blocks: Sequence[RecordBlock]) -> None:
        """Follow the blocks of a poll; looks at the last records of each partition alone."""
        left: dict[int, int] = {}
        newest: dict[int, list[Record]] = {}
        first: dict[int, int] = {}
        for block in reversed(blocks):
            number = block.partition
            wanted = left.get(number, _KEPT)
            if wanted:
                part = block[max(0, len(block) - wanted) :]
                newest[number] = [*part, *newest.get(number, [])]
                left[number] = wanted - len(part)
            first[number] = int(block.offsets[0])
        for number, records in newest.items():
            kept = {offset: known for offset, known in self._found.get(number, {}).items() if offset < first[number]}
            kept.update((record.offset, _checksum(record)) for record in records)
            self._found[number] = dict(list(kept.items())[-_KEPT:])

    def check(self, log: LogClient, topic: str) -> None:
        """Read these records again, and refuse a log in which they are missing, or others; not those deleted by age.

        Raises
        ------
        TopicUnsafe
        LogUnavailable, LogError
        """
        if not self._found:
            return
        with closing(log.reader()) as reader:
            starts = {part.partition: part for part in reader.ranges(topic)}
            for number, known in self._found.items():
                part = starts[number]._replace(start=max(starts[number].start, min(known)), end=max(known) + 1)
                now = {record.offset: _checksum(record) for record in reader.read(part)}
                learned = {offset: checksum for offset, checksum in known.items() if offset >= part.start}
                if now != learned:
                    raise TopicUnsafe(
                        f"topic {topic}, partition {number}: the log no longer holds the records that the stored model "
                        f"was learned from, but others at offsets {min(learned)} to {max(learned)}: it has lost its "
                        "end, and was filled again. Restore the log, or relearn the model (--rebuild)"
                    )


def _checksum(record: Record) -> int:
    checksum = crc32(b"%d %d" % (record.offset, record.timestamp))
    for text in (record.key, record.value):
        checksum = crc32(b"-" if text is None else b"%d " % len(text) + text, checksum)
    return checksum
