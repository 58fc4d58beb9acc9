"""Names, keys and addresses of the log."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner import DefaultPartitioner

from streamsvd.errors import SettingsError
from streamsvd.log import Topics
from streamsvd.log.kafka_python.clients import check_address
from streamsvd.log.partitioning import partition_of, partitions_of
from streamsvd.log.records import Spans


class OneTopic:
    """The little of the client's cluster view that its partitioner asks for."""

    def __init__(self, partitions: int) -> None:
        self._partitions = set(range(partitions))

    def topics(self) -> set[str]:
        return {"films"}

    def partitions_for_topic(self, _topic: str) -> set[int]:
        return self._partitions

    available_partitions_for_topic = partitions_for_topic


@given(st.binary(min_size=1, max_size=30), st.integers(1, 12))
def test_partition_is_that_of_kafkas_own_partitioner(key: bytes, partitions: int) -> None:
    expected = DefaultPartitioner().partition("films", key, key, None, b"", OneTopic(partitions))
    assert expected == partition_of(key, partitions)


@pytest.mark.parametrize(("key", "murmur2"), [(b"21", -973932308), (b"foobar", -790332482)])
def test_partition_is_that_of_the_java_client(key: bytes, murmur2: int) -> None:
    assert (murmur2 & 0x7FFFFFFF) % 7 == partition_of(key, 7)


@given(st.lists(st.binary(max_size=30), max_size=20), st.integers(1, 12))
def test_partitions_of_many_keys_are_those_of_each(keys: list[bytes], partitions: int) -> None:
    sizes = np.array([len(key) for key in keys], np.int64)
    data = np.frombuffer(b"".join(keys) + b"more", np.uint8)
    found = partitions_of(Spans(np.cumsum(sizes) - sizes, sizes), data, partitions)
    assert found.tolist() == [partition_of(key, partitions) for key in keys]


@pytest.mark.parametrize("name", ["", "a b", "ü", "x" * 201, "..", "a/b"])
def test_a_name_that_kafka_refuses_is_refused_before(name: str) -> None:
    with pytest.raises(SettingsError, match="topic"):
        Topics(name)


@pytest.mark.parametrize("address", ["", "localhost", ":9092", "a:b", "a:0", "a:70000", "a:1,b"])
def test_an_address_without_host_and_port_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="host:port"):
        check_address(address)


def test_several_addresses_are_allowed() -> None:
    assert check_address("a:1,b:2") == "a:1,b:2"
