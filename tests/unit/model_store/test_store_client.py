"""How clients are made, and how their errors come out."""

from __future__ import annotations

import pytest
import redis
from redis import exceptions

from model_store.client import address, connect, masked, translated, without_retries
from streamsvd.errors import SettingsError, StoreError, StoreUnavailable


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://:secret@db/1", "redis://:***@db/1"),
        ("rediss://app:se@cret@db:1/1", "rediss://app:***@db:1/1"),
        ("unix://app@/tmp/redis.sock?password=secret", "unix://app:***@/tmp/redis.sock?***"),
    ],
)
def test_secrets_are_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


@pytest.mark.parametrize("url", ["", "db:6379", "http://app:secret@db", "redis://app:secret@db:port"])
def test_an_address_that_cannot_be_understood_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        connect(url)
    assert "secret" not in str(caught.value)
    assert "redis://" in str(caught.value)


def test_a_client_keeps_bytes_and_has_time_outs() -> None:
    with connect("redis://app:secret@db.example:6380/2") as client:
        kwargs = client.connection_pool.connection_kwargs
        assert not kwargs.get("decode_responses")
        assert kwargs["protocol"] == 3
        assert kwargs["socket_timeout"] == 10.0
        assert address(client) == "redis://db.example:6380/2"


def test_a_steady_client_goes_to_the_same_place_and_never_reconnects_by_itself() -> None:
    with connect("redis://app:secret@db.example:6380/2") as client, without_retries(client) as other:
        assert address(other) == address(client)
        kwargs = other.connection_pool.connection_kwargs
        assert kwargs["password"] == "secret"
        assert kwargs["health_check_interval"] == 0
        assert kwargs["retry"].get_retries() == 0


def test_a_client_that_decodes_is_refused() -> None:
    with redis.Redis(decode_responses=True) as client, pytest.raises(SettingsError, match="connect"):
        without_retries(client)


@pytest.mark.parametrize(
    ("raised", "expected", "words"),
    [
        (exceptions.ConnectionError("gone"), StoreUnavailable, "does not answer"),
        (exceptions.TimeoutError("late"), StoreUnavailable, "does not answer"),
        (exceptions.BusyLoadingError("loading"), StoreUnavailable, "loading"),
        (exceptions.ReadOnlyError("replica"), StoreUnavailable, "replica"),
        (exceptions.AuthenticationError("no"), StoreError, "login"),
        (exceptions.OutOfMemoryError("OOM"), StoreError, "maxmemory"),
        (exceptions.NoPermissionError("no"), StoreError, "permission"),
        (exceptions.ResponseError("WRONGTYPE"), StoreError, "WRONGTYPE"),
    ],
)
def test_errors_are_told_apart_by_type(raised: Exception, expected: type[StoreError], words: str) -> None:
    client = connect("redis://app:secret@db.example:6380/2")
    with pytest.raises(StoreError) as caught, translated(client, "writing version 7"):
        raise raised
    assert type(caught.value) is expected
    assert caught.value.retriable is (expected is StoreUnavailable)
    assert "writing version 7" in str(caught.value)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)
