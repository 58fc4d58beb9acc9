"""The one place where the Kafka client's errors become ours.

A caller decides by type: `LogUnavailable` may pass if tried again, `TopicUnsafe` will not, and whatever else
Kafka refuses is a plain `LogError`. Each message names the address and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kafka.errors import (
    AuthorizationError,
    InvalidTopicError,
    KafkaConfigurationError,
    KafkaError,
    LogTruncationError,
    OffsetOutOfRangeError,
    UnknownTopicOrPartitionError,
)

from streamsvd.errors import LogError, LogUnavailable, SettingsError, StreamSVDError, TopicUnsafe


@contextmanager
def kafka_errors(address: str, doing: str) -> Iterator[None]:
    """Turn the client's errors inside the block into ours.

    Parameters
    ----------
    address : str
        The broker, `host:port`; named in the message.
    doing : str
        What was being done, as in "reading topic ratings"; named in the message.

    Raises
    ------
    LogUnavailable
        The broker does not answer, or asks to try again later.
    TopicUnsafe
        A position that the log no longer, or not yet, holds.
    SettingsError
        A topic name or a client setting that Kafka does not accept.
    LogError
        Anything else that Kafka refuses.
    """
    try:
        yield
    except KafkaError as error:
        raise translated(error, address, doing) from error


def translated(error: BaseException, address: str, doing: str) -> StreamSVDError:
    """The error of ours that stands for one of the client's; see `kafka_errors`."""
    reason = _reason(error)
    if isinstance(error, UnknownTopicOrPartitionError):
        return LogError(f"{doing}: Kafka at {address} has no such topic. `streamsvd replay` creates it.")
    if isinstance(error, OffsetOutOfRangeError | LogTruncationError):
        return TopicUnsafe(
            f"{doing}: Kafka at {address} does not hold that offset ({reason}). The topic was deleted, made "
            "anew or shortened since. Rebuild the model from a complete log, under a new model name."
        )
    if isinstance(error, InvalidTopicError | KafkaConfigurationError):
        return SettingsError(f"{doing}: Kafka at {address} does not accept this: {reason}")
    if isinstance(error, AuthorizationError):
        return LogError(f"{doing}: Kafka at {address} does not allow it: {reason}. Ask for that permission.")
    if getattr(error, "retriable", False):
        return unavailable(address, doing, reason)
    return LogError(f"{doing}: Kafka at {address} refused: {reason}")


def unavailable(address: str, doing: str, reason: str) -> LogUnavailable:
    """The error for a broker that does not answer."""
    return LogUnavailable(
        f"{doing}: Kafka at {address} does not answer ({reason}). Check that it runs and that the "
        "address is right (--kafka or STREAMSVD_KAFKA), then try again."
    )


def _reason(error: BaseException) -> str:
    # Some of the client's messages carry the whole request and response.
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:297]}..."
