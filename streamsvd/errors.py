"""Every error that streamsvd raises on purpose, in one tree.

Code decides by type (and by `retriable`), never by message. A message says what is wrong, where, and what to do.

    StreamSVDError
    ├── InputError                 what the caller gave cannot be used
    │   ├── DatasetError           a file or data set that cannot be read as ratings
    │   │   └── DatasetUnavailable a named data set that no source gives
    │   ├── EventError             a record that is not a valid event
    │   │   └── AheadOfClock       a rating whose timestamp is too far ahead of the clock
    │   ├── SettingsError          a setting, address or argument out of its range
    │   └── UnknownId              a user or item that the model has not met
    ├── LogError                   Kafka
    │   ├── LogUnavailable         the broker does not answer                (retriable)
    │   ├── TopicUnsafe            a topic that would lose or mix ratings
    │   └── DeliveryFailed         a record whose delivery is not confirmed
    ├── StoreError                 Redis
    │   ├── StoreUnavailable       the server does not answer                (retriable)
    │   ├── StaleWriter            another writer has taken over
    │   ├── SnapshotMissing        nothing has been written yet
    │   └── SnapshotCorrupt        damaged, or of a format that this version does not know
    └── ServiceError               an embedded service or container that could not be started
        └── JavaMissing            no Java 17 or newer can be had
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class StreamSVDError(Exception):
    """Base of all errors raised on purpose; catch it to catch them all."""

    retriable = False


class InputError(StreamSVDError):
    """What the caller gave cannot be used."""


class DatasetError(InputError):
    """A file or data set that cannot be read as ratings."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One source of a data set that did not give it.

    Attributes
    ----------
    source : str
        Its name in messages, such as `GroupLens`.
    reason : str
        In a few words that follow the source, such as `does not answer`.
    detail : str
        What exactly happened.
    """

    source: str
    reason: str
    detail: str


class DatasetUnavailable(DatasetError):
    """A named data set that no source gives.

    Parameters
    ----------
    name : str
    attempts : sequence of Attempt
        In the order in which the sources were asked.
    """

    def __init__(self, name: str, attempts: Sequence[Attempt] = ()) -> None:
        self.name = name
        self.attempts = tuple(attempts)
        tried = "; ".join(f"{one.source} {one.reason} ({one.detail})" for one in attempts)
        super().__init__(
            f"{name} cannot be had: {tried}; check the network, or give a path, or set STREAMSVD_DATA to a folder "
            f"that holds {name}"
        )


class EventError(InputError):
    """A record that is not a valid event; `reason` is one of the few by which they are counted."""

    REASONS = (  # stored by position: new ones come last
        "not an event",
        "empty",
        "not JSON",
        "unknown version",
        "outside the scale",
        "ahead of the clock",
        "too large",
    )

    def __init__(self, message: str = "", reason: str = REASONS[0]) -> None:
        super().__init__(message)
        self.reason = reason


class AheadOfClock(EventError):
    """A rating whose timestamp is too far ahead of `clock`, the time in seconds by which it was judged."""

    def __init__(self, message: str = "", clock: int = 0) -> None:
        super().__init__(message, "ahead of the clock")
        self.clock = clock


class SettingsError(InputError):
    """A setting, address or argument out of its range."""


class UnknownId(InputError):
    """A user or item that the model has not met.

    Parameters
    ----------
    what : str
        "user" or "item".
    id_ : int or str
    """

    def __init__(self, what: str, id_: int | str) -> None:
        super().__init__(
            f"the model does not know {what} {id_!r}: it has not {'rated' if what == 'user' else 'been rated'} yet"
        )


class LogError(StreamSVDError):
    """Something about Kafka."""


class LogUnavailable(LogError):
    """The broker does not answer; the same call may succeed later."""

    retriable = True


class TopicUnsafe(LogError):
    """A topic whose settings or content would lose or mix ratings."""


class DeliveryFailed(LogError):
    """A record whose delivery the broker has not confirmed."""


class StoreError(StreamSVDError):
    """Something about Redis."""


class StoreUnavailable(StoreError):
    """The server does not answer; the same call may succeed later."""

    retriable = True


class StaleWriter(StoreError):
    """Another writer has taken over this model."""


class SnapshotMissing(StoreError):
    """The store holds no snapshot of this model yet."""


class SnapshotCorrupt(StoreError):
    """A snapshot that is damaged, or of a format that this version does not know."""


class ServiceError(StreamSVDError):
    """An embedded service or container that could not be started."""


class JavaMissing(ServiceError):
    """No Java 17 or newer can be had."""
