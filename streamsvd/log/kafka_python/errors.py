"""Translates the Kafka client's errors.

A caller decides by type: `LogUnavailable` may be retried, `TopicUnsafe` may not, and any other refusal of Kafka is a
`LogError`. Each message names the address and what to do.
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
    """Translate the client's errors in the body of a `with`.

    Parameters
    ----------
    address : str
        The broker, `host:port`, for the message.
    doing : str
        The operation, as in "reading topic ratings", for the message.

    Raises
    ------
    LogUnavailable
        The broker does not answer, or the error is retriable.
    TopicUnsafe
        An offset outside the log.
    SettingsError
        Invalid topic name or client setting.
    LogError
        Any other error of Kafka.
    """
    try:
        yield
    except KafkaError as error:
        raise translated(error, address, doing) from error


def translated(error: BaseException, address: str, doing: str) -> StreamSVDError:
    """The translation of one of the client's errors; see `kafka_errors`."""
    reason = _reason(error)
    if isinstance(error, UnknownTopicOrPartitionError):
        return LogError(f"{doing}: Kafka at {address} has no such topic. `streamsvd replay` creates it.")
    if isinstance(error, OffsetOutOfRangeError | LogTruncationError):
        return TopicUnsafe(
            f"{doing}: Kafka at {address} does not hold that offset ({reason}). The topic was deleted, recreated or "
            "truncated. Rebuild the model from a complete log, under a new model name."
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
    # Some of the client's messages contain the whole request and response.
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:297]}..."
