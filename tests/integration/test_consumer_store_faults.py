"""A Redis that goes away, comes back empty, or holds a damaged snapshot: nothing is lost, the log has it all."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
import redis
from model_runs import (
    checkpoint_of,
    command,
    consume_command,
    fill,
    final,
    heard,
    learn_all,
    learned_in_process,
    plan_for,
    version_of,
    wait_until,
)
from model_states import plain

from model_store import connect
from model_store.codec.keys import Keys, field
from streamsvd.embedded import Server, embedded_redis
from streamsvd.embedded.folder import free_ports
from streamsvd.errors import SnapshotCorrupt
from streamsvd.ratings import RatingTable, read_ratings

MODEL = "alone"


@pytest.fixture
def table(ml_100k: Path) -> RatingTable:
    return read_ratings(ml_100k)[:3000]


@pytest.fixture
def start_redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[Server]]:
    """Starts a Redis of this test's own: the same address and the same data every time."""
    ports = free_ports(1)
    monkeypatch.setattr("streamsvd.embedded.redis.free_ports", lambda count: ports)
    return lambda: embedded_redis(tmp_path / "redis")


@pytest.fixture
def own_redis() -> Iterator[str]:
    """URL of a Redis that nobody else uses."""
    with embedded_redis() as server:
        yield server.address


@pytest.fixture
def client(own_redis: str) -> Iterator[redis.Redis]:
    with connect(own_redis) as client:
        yield client


def version_at(url: str) -> int:
    with connect(url) as client:
        return version_of(client, MODEL)


def test_a_redis_that_stops_for_a_while_is_waited_for(
    kafka_address: str,
    start_redis: Callable[[], AbstractContextManager[Server]],
    topic_prefix: str,
    table: RatingTable,
) -> None:
    fill(kafka_address, topic_prefix, table[:1000])
    with ExitStack() as stack:
        with start_redis() as server:
            url = server.address
            consume = consume_command(kafka_address, url, topic_prefix, MODEL, "--checkpoint-events", "500")
            process = stack.enter_context(command(*consume))
            wait_until(lambda: version_at(url) == 2, "two checkpoints")
        fill(kafka_address, topic_prefix, table)
        assert "does not answer" in heard(process, "Trying again for 60 s.")
        with start_redis():
            heard(process, "Redis answers again.")
            wait_until(lambda: version_at(url) == 6, "all checkpoints")
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
            assert final(url, MODEL)["state"] == learned_in_process(table)["state"]


@pytest.mark.parametrize("impatient", ["--patience", "SIGTERM"])
def test_a_consumer_that_gives_up_waiting_loses_nothing(
    kafka_address: str,
    start_redis: Callable[[], AbstractContextManager[Server]],
    topic_prefix: str,
    table: RatingTable,
    impatient: str,
) -> None:
    fill(kafka_address, topic_prefix, table[:1000])
    more = ["--checkpoint-events", "500", *(["--patience", "0.5"] if impatient == "--patience" else [])]
    with ExitStack() as stack:
        with start_redis() as server:
            url = server.address
            consume = consume_command(kafka_address, url, topic_prefix, MODEL, *more)
            process = stack.enter_context(command(*consume))
            wait_until(lambda: version_at(url) == 2, "two checkpoints")
        fill(kafka_address, topic_prefix, table)
        heard(process, "Trying again for ")
        if impatient == "SIGTERM":
            process.send_signal(signal.SIGTERM)
        _, messages = process.communicate(timeout=10)
        assert process.returncode == 1
        assert messages.startswith("StoreUnavailable: writing version 3 of model alone: Redis at redis://127.0.0.1:")
        assert messages.endswith("Nothing is lost: start again when Redis answers\n")
        with start_redis():
            learn_all(plan_for(kafka_address, url, topic_prefix, MODEL))
            assert final(url, MODEL)["state"] == learned_in_process(table)["state"]


@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_a_store_that_was_emptied_is_rebuilt_from_the_log(
    kafka_address: str, own_redis: str, client: redis.Redis, topic_prefix: str, table: RatingTable, running: bool
) -> None:
    fill(kafka_address, topic_prefix, table[:1000])
    if running:
        consume = consume_command(kafka_address, own_redis, topic_prefix, MODEL, "--checkpoint-events", "500")
        with command(*consume) as process:
            wait_until(lambda: version_of(client, MODEL) == 2, "two checkpoints")
            client.flushdb()
            fill(kafka_address, topic_prefix, table)
            _, messages = process.communicate(timeout=60)
        assert process.returncode == 1
        assert messages.startswith("SnapshotCorrupt: ")
        assert "the store was emptied or restored. Start again" in messages
    else:
        learn_all(plan_for(kafka_address, own_redis, topic_prefix, MODEL))
        client.flushdb()
        fill(kafka_address, topic_prefix, table)
    learn_all(plan_for(kafka_address, own_redis, topic_prefix, MODEL))
    assert final(own_redis, MODEL)["state"] == learned_in_process(table)["state"]


def test_a_store_put_back_to_an_older_snapshot_goes_on_from_there(
    kafka_address: str, own_redis: str, client: redis.Redis, topic_prefix: str, table: RatingTable
) -> None:
    fill(kafka_address, topic_prefix, table[:1000])
    learn_all(plan_for(kafka_address, own_redis, topic_prefix, MODEL))
    backup = {key: client.dump(key) for key in client.scan_iter()}
    fill(kafka_address, topic_prefix, table)
    learn_all(plan_for(kafka_address, own_redis, topic_prefix, MODEL))
    client.flushdb()
    for key, value in backup.items():
        client.restore(key, 0, value)
    learn_all(plan_for(kafka_address, own_redis, topic_prefix, MODEL))
    assert final(own_redis, MODEL)["state"] == learned_in_process(table)["state"]


def damage_row(client: redis.Redis, keys: Keys, table: RatingTable) -> str:
    key, name = keys.block("users", "factors"), field(table.users[0].item())
    blob = bytearray(client.hget(key, name))  # type: ignore[arg-type]
    blob[20] ^= 1
    client.hset(key, name, bytes(blob))  # type: ignore[arg-type]
    return key


def damage_head(client: redis.Redis, keys: Keys, table: RatingTable) -> str:
    client.hset(keys.head, "doc", client.hget(keys.head, "doc").replace(b"ml-100k", b"ml-101k"))  # type: ignore
    return keys.head


def lose_metrics(client: redis.Redis, keys: Keys, table: RatingTable) -> str:
    client.hdel(keys.metrics, "sums")
    return keys.metrics


def lose_row(client: redis.Redis, keys: Keys, table: RatingTable) -> str:
    client.hdel(keys.block("users", "factors"), field(table.users[0].item()))  # type: ignore[arg-type]
    return keys.block("users", "")


@pytest.mark.parametrize("damage", [damage_row, damage_head, lose_metrics, lose_row])
def test_a_damaged_snapshot_is_refused_and_rebuilt_on_demand(
    kafka_address: str,
    own_redis: str,
    client: redis.Redis,
    topic_prefix: str,
    table: RatingTable,
    damage: Callable[[redis.Redis, Keys, RatingTable], str],
) -> None:
    fill(kafka_address, topic_prefix, table)
    learn_all(plan_for(kafka_address, own_redis, topic_prefix, MODEL))
    before = plain(checkpoint_of(own_redis, MODEL).state)
    where = damage(client, Keys(MODEL), table)

    with pytest.raises(SnapshotCorrupt, match=r"`streamsvd consume --rebuild` does that$") as refused:
        learn_all(plan_for(kafka_address, own_redis, topic_prefix, MODEL))
    assert where in str(refused.value)

    learn_all(plan_for(kafka_address, own_redis, topic_prefix, MODEL, rebuild=True))
    assert plain(checkpoint_of(own_redis, MODEL).state) == before
