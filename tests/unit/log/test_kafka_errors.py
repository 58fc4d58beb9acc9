"""The client's errors become ours by type, with the address and what to do."""

from __future__ import annotations

import pytest
from kafka.errors import (
    InvalidTopicError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    NotLeaderForPartitionError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from streamsvd.errors import LogError, LogUnavailable, SettingsError, TopicUnsafe
from streamsvd.log.kafka_python.errors import kafka_errors


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (KafkaTimeoutError("bootstrap"), LogUnavailable),
        (KafkaConnectionError("refused"), LogUnavailable),
        (NotLeaderForPartitionError("moved"), LogUnavailable),
        (OffsetOutOfRangeError("7"), TopicUnsafe),
        (UnknownTopicOrPartitionError("films"), LogError),
        (MessageSizeTooLargeError("big"), LogError),
        (TopicAuthorizationFailedError("films"), LogError),
        (InvalidTopicError("a b"), SettingsError),
    ],
)
def test_each_error_has_its_type_and_names_address_and_action(raised: KafkaError, expected: type) -> None:
    with pytest.raises(expected) as caught, kafka_errors("127.0.0.1:1", "reading topic films"):
        raise raised
    assert type(caught.value) is expected
    assert caught.value.__cause__ is raised
    assert str(caught.value).startswith("reading topic films: Kafka at 127.0.0.1:1 ")


def test_only_what_may_pass_is_retriable() -> None:
    with pytest.raises(LogError) as gone, kafka_errors("a:1", "reading"):
        raise KafkaTimeoutError
    with pytest.raises(LogError) as wrong, kafka_errors("a:1", "reading"):
        raise UnknownTopicOrPartitionError
    assert (gone.value.retriable, wrong.value.retriable) == (True, False)


def test_a_whole_request_in_a_message_is_cut() -> None:
    with pytest.raises(LogError) as caught, kafka_errors("a:1", "sending"):
        raise MessageSizeTooLargeError("x" * 5000)
    assert len(str(caught.value)) < 400


def test_other_errors_pass_unchanged() -> None:
    with pytest.raises(KeyError), kafka_errors("a:1", "reading"):
        raise KeyError("ours")
