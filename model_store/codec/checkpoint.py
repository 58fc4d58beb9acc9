"""A checkpoint: the state of the learner and of the metrics, and the offsets that they belong to.

Its arrays and rows are stored as binary blobs; everything else is one small JSON text, the *head document*,
which is written behind its own checksum: eight hexadecimal digits (crc32 of the rest), one space, the JSON.
"""

from __future__ import annotations

import json
import math
import zlib
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from streamsvd.errors import SettingsError, SnapshotCorrupt
from streamsvd.kernels import State

FORMAT = 1
_CATALOGUE = "films"  # stored name of `catalogue_version`, fixed by the format


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is written in one atomic step.

    Attributes
    ----------
    version : int
        1 for a model's first checkpoint, one more for each.
    token : int
        Fencing token of the writer.
    offsets : dict of (topic, partition) to int
        Next offset to read; the catalogue's topic included.
    state : State
        The learner: whole when read, or in a model's first write; else the rows that changed.
    metrics : dict of array
        State of the evaluation, opaque here.
    marks : dict of str to int
        Highest sequence number learned, by "source/partition".
    genres : tuple of str
        Genre vocabulary of the catalogue in use: it fixes the meaning of the content columns.
    event_time : int or None
        Newest event time learned, in seconds; None before the first event.
    written_at : float
        Wall clock when it was made, in seconds; passed in.
    summary : dict of str to float, int or str
        What an answer or a page shows of this version. `rmse` is the rolling error. NaN is kept.
    """

    version: int
    token: int
    offsets: dict[tuple[str, int], int]
    state: State
    metrics: dict[str, NDArray[Any]] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    genres: tuple[str, ...] = ()
    event_time: int | None = None
    written_at: float = 0.0
    summary: dict[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Head:
    """The head document.

    Attributes
    ----------
    base : int
        Version of the last whole write: a reader of an older one has to read all rows again.
    catalogue_version : int
        Version in which the catalogue was last written; 0 when there is none.
    settings : dict
        The learner's settings.
    dtypes : list
        Table of dtypes as JSON; a blob's dtype number 1 is the first entry.
    blocks : dict of dict of dict
        Side → block name → {"kind": "fixed" or "ragged", "dtype": number}.
    arrays : dict of list of str
        "globals" and "metrics" → names of the arrays there, in their order.

    The other attributes are those of `Checkpoint`.
    """

    version: int
    token: int
    base: int
    catalogue_version: int
    offsets: dict[tuple[str, int], int]
    marks: dict[str, int]
    genres: tuple[str, ...]
    event_time: int | None
    written_at: float
    summary: dict[str, float | int | str]
    settings: dict[str, Any]
    dtypes: list[Any]
    blocks: dict[str, dict[str, dict[str, Any]]]
    arrays: dict[str, list[str]]

    def continues(self, version: int) -> bool:
        """Whether what has changed since a version of the same lineage makes it this one: no whole write since."""
        return self.base <= version <= self.version

    def encode(self) -> bytes:
        """As bytes, the same for equal documents."""
        doc = {name: getattr(self, name) for name in self.__slots__}
        doc["format"] = FORMAT
        doc[_CATALOGUE] = doc.pop("catalogue_version")
        doc["offsets"] = sorted([topic, partition, offset] for (topic, partition), offset in self.offsets.items())
        doc["summary"] = {name: _or_null(value) for name, value in self.summary.items()}
        try:
            text = json.dumps(doc, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        except (TypeError, ValueError) as error:
            raise SettingsError(
                f"checkpoint {self.version} holds something that is no JSON value ({error}): "
                "use text, finite numbers, lists and dictionaries in settings, marks and summary"
            ) from error
        return b"%08x " % zlib.crc32(text) + text

    @classmethod
    def decode(cls, raw: bytes, key: str) -> Head:
        """From bytes.

        Raises
        ------
        SnapshotCorrupt
            When it is damaged, or of a format that this release does not know.
        """
        text = raw[9:]
        if raw[:9] != b"%08x " % zlib.crc32(text):
            raise SnapshotCorrupt(f"{key}: the head document is damaged; rebuild the snapshot from the log")
        try:
            doc = json.loads(text)
            found = doc.pop("format")
            if found != FORMAT:
                raise SnapshotCorrupt(
                    f"{key}: the snapshot is of format {found}, this release reads format {FORMAT}: "
                    "use the release that wrote it, or rebuild the snapshot from the log"
                )
            doc["catalogue_version"] = doc.pop(_CATALOGUE)
            doc["offsets"] = {(topic, partition): offset for topic, partition, offset in doc["offsets"]}
            doc["genres"] = tuple(doc["genres"])
            doc["summary"] = {name: math.nan if v is None else v for name, v in doc["summary"].items()}
            return cls(**doc)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise SnapshotCorrupt(
                f"{key}: the head document cannot be read ({error}); rebuild the snapshot from the log"
            ) from error


def shared_fields(source: Checkpoint | Head) -> dict[str, Any]:
    """The fields that a checkpoint and its head document have in common, by name."""
    return {name: getattr(source, name) for name in Checkpoint.__slots__ if name in Head.__slots__}


def _or_null(value: float | int | str) -> float | int | str | None:
    return None if isinstance(value, float) and not math.isfinite(value) else value
