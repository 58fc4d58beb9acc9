"""What may go wrong around a checkpoint: killed writers, lost replies, a full server, other formats."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
import redis
from cutting_proxy import CuttingProxy, cutting_proxy
from model_states import ByVersion, checkpoint, plain, state

from model_store import ModelReader, ModelWriter, connect
from model_store.codec.blobs import VERSION
from model_store.codec.checkpoint import FORMAT
from streamsvd.embedded import embedded_redis
from streamsvd.errors import SnapshotCorrupt, StaleWriter, StoreError, StoreUnavailable

_WRITE_FOR_EVER = """
import sys
from model_states import checkpoint, state
from model_store import ModelWriter, connect
writer = ModelWriter(connect(sys.argv[1]), sys.argv[2])
writer.acquire()
while True:
    version = writer.version + 1
    writer.write(checkpoint(version, writer.token, state(version, range(1500), range(300))))
    sys.stdout.write("+")
    sys.stdout.flush()
"""


@pytest.fixture
def proxy(redis_url: str) -> Iterator[CuttingProxy]:
    place = urlsplit(redis_url)
    with cutting_proxy(place.hostname or "127.0.0.1", place.port or 6379) as proxy:
        yield proxy


@pytest.fixture
def far_client(redis_url: str, proxy: CuttingProxy) -> Iterator[redis.Redis]:
    login, at, _ = urlsplit(redis_url).netloc.rpartition("@")
    netloc = f"{login}{at}127.0.0.1:{proxy.port}"
    with connect(urlsplit(redis_url)._replace(netloc=netloc).geturl()) as client:
        yield client


def one_whole_version(client: redis.Redis, model: str, users: int, items: int) -> int:
    """The version that a new writer finds; fails when it is not one whole version."""
    writer = ModelWriter(client, model)
    writer.acquire()
    found = writer.load()
    writer.close()
    if found is None:
        return 0
    expected = state(found.version, range(users), range(items))
    assert plain(found.state) == plain(expected)
    return found.version


def test_a_writer_killed_at_any_moment_leaves_one_whole_version(
    client: redis.Redis, redis_url: str, model_name: str
) -> None:
    chance, version = random.Random(7), 0
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for _ in range(8):
        command = [sys.executable, "-c", _WRITE_FOR_EVER, redis_url, model_name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
            assert process.stdout
            assert process.stdout.read(1) == b"+"
            threading.Event().wait(chance.uniform(0, 0.1))  # any moment of the writes that follow
            process.kill()
        found = one_whole_version(client, model_name, 1500, 300)
        assert found > version
        version = found


@pytest.mark.parametrize("delivered", [True, False])
def test_a_lost_reply_is_no_lost_version(
    far_client: redis.Redis, proxy: CuttingProxy, model_name: str, delivered: bool
) -> None:
    writer = ModelWriter(far_client, model_name)
    writer.acquire()
    writer.write(checkpoint(1, writer.token, state(1, range(900), range(9))))
    proxy.cut_once(b"EXEC\r\n", delivered=delivered)
    second = checkpoint(2, writer.token, state(2, range(900), range(9)))
    assert writer.write(second).repeated is delivered
    assert proxy.cuts == 1
    writer.write(checkpoint(3, writer.token, state(3, range(900), range(9))))
    writer.close()
    assert one_whole_version(far_client, model_name, 900, 9) == 3


def test_a_reply_lost_during_a_takeover_is_a_stale_writer(
    client: redis.Redis, far_client: redis.Redis, proxy: CuttingProxy, model_name: str
) -> None:
    old, new = ModelWriter(far_client, model_name), ModelWriter(client, model_name)
    old.acquire()
    old.write(checkpoint(1, old.token, state(1, range(9), range(9))))
    new.acquire()
    new.write(checkpoint(2, new.token, state(2, range(9), range(9))))
    proxy.cut_once(b"WATCH", delivered=True)
    with pytest.raises((StaleWriter, StoreUnavailable)):
        old.write(checkpoint(2, old.token, state(7, range(9), range(9))))
    with pytest.raises(StaleWriter):
        old.write(checkpoint(2, old.token, state(7, range(9), range(9))))
    old.close()
    new.close()
    assert one_whole_version(client, model_name, 9, 9) == 2


def test_a_takeover_between_looking_and_writing_is_noticed(
    client: redis.Redis, far_client: redis.Redis, proxy: CuttingProxy, model_name: str
) -> None:
    old, new = ModelWriter(far_client, model_name), ModelWriter(client, model_name)
    old.acquire()
    old.write(checkpoint(1, old.token, state(1, range(9), range(9))))

    def take_over() -> None:
        new.acquire()
        new.write(checkpoint(2, new.token, state(2, range(9), range(9))))

    proxy.before_once(b"MULTI\r\n", take_over)
    with pytest.raises(StaleWriter, match="token 2, this one is 1"):
        old.write(checkpoint(2, old.token, state(7, range(9), range(9))))
    old.close()
    new.close()
    assert one_whole_version(client, model_name, 9, 9) == 2


def test_no_server_is_said_and_may_be_tried_again(model_name: str) -> None:
    with embedded_redis() as server:
        writer = ModelWriter(connect(server.address), model_name)
        writer.acquire()
        writer.write(checkpoint(1, writer.token, state(1, [0], [0])))
        reader = ModelReader(connect(server.address), model_name, scoring=ByVersion())
        reader.recommend(0)
    with pytest.raises(StoreUnavailable, match=r"writing version 2 .*127\.0\.0\.1.* does not answer") as caught:
        writer.write(checkpoint(2, writer.token, state(2, [0], [0])))
    assert caught.value.retriable
    with pytest.raises(StoreUnavailable, match="does not answer"):
        reader.recommend(0)


@pytest.mark.parametrize("headroom", [-100_000, 300_000, 2_000_000])
def test_a_full_server_refuses_clearly_and_keeps_the_old_version(model_name: str, headroom: int) -> None:
    with embedded_redis() as server, connect(server.address) as client:
        writer = ModelWriter(client, model_name)
        writer.acquire()
        written = checkpoint(1, writer.token, state(1, range(500), range(50)))
        writer.write(written)
        used = client.info("memory")["used_memory"]
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", used + headroom)
        second = checkpoint(2, writer.token, state(2, range(20_000), range(50)))
        with pytest.raises(StoreError, match=r"maxmemory.*version before is intact") as caught:
            writer.write(second)
        assert not caught.value.retriable
        found = writer.load()
        assert found is not None
        assert (found.version, plain(found.state)) == (1, plain(written.state))
        assert ModelReader(client, model_name, scoring=ByVersion()).recommend(3).provenance.version == 1
        client.config_set("maxmemory", 0)
        writer.write(second)
        assert one_whole_version(client, model_name, 20_000, 50) == 2
        writer.close()


def test_a_server_that_evicts_keys_is_refused(model_name: str) -> None:
    with embedded_redis() as server, connect(server.address) as client:
        client.config_set("maxmemory", 100_000_000)
        client.config_set("maxmemory-policy", "allkeys-lru")
        writer = ModelWriter(client, model_name)
        with pytest.raises(StoreError, match=r"allkeys-lru.*noeviction"):
            writer.acquire()
        client.config_set("maxmemory-policy", "volatile-lru")
        writer.acquire()
        writer.close()


@pytest.mark.parametrize("version", [FORMAT - 1, FORMAT + 1])
def test_a_snapshot_of_another_format_is_refused(client: redis.Redis, model_name: str, version: int) -> None:
    writer = ModelWriter(client, model_name)
    writer.acquire()
    writer.write(checkpoint(1, writer.token, state(1, range(9), range(9))))
    head = f"streamsvd:{{{model_name}}}:head"
    text = json.dumps(json.loads((client.hget(head, "doc") or b"")[9:]) | {"format": version}).encode()
    client.hset(head, "doc", b"%08x " % zlib.crc32(text) + text)
    with pytest.raises(SnapshotCorrupt, match=rf"of format {version}.*the release that wrote it"):
        writer.load()
    with pytest.raises(SnapshotCorrupt, match=rf"of format {version}"):
        ModelReader(client, model_name, scoring=ByVersion()).recommend(1)
    writer.acquire()
    with pytest.raises(SnapshotCorrupt, match=rf"of format {version}"):
        writer.write(checkpoint(2, writer.token, state(1, [1], [1])))
    writer.close()


def test_a_row_of_a_newer_format_is_refused(client: redis.Redis, model_name: str) -> None:
    writer = ModelWriter(client, model_name)
    writer.acquire()
    writer.write(checkpoint(1, writer.token, state(1, range(9), range(9))))
    key = f"streamsvd:{{{model_name}}}:users:block:factors"
    blob = client.hget(key, "4") or b""
    body = blob[4:5] + bytes([VERSION + 1]) + blob[6:]
    client.hset(key, "4", zlib.crc32(body).to_bytes(4, "little") + body)
    with pytest.raises(SnapshotCorrupt, match=rf"factors of 4 is of format {VERSION + 1}"):
        writer.load()
    with pytest.raises(SnapshotCorrupt, match=rf"factors of 4 is of format {VERSION + 1}"):
        ModelReader(client, model_name, scoring=ByVersion()).recommend(4)
    writer.close()


def test_a_server_that_cannot_write_its_disk_still_answers_lookups() -> None:
    with embedded_redis() as server, connect(server.address) as client:
        writer = ModelWriter(client, "films")
        writer.acquire()
        writer.write(checkpoint(1, writer.token, state(1, range(20), range(10))))
        client.config_set("save", "3600 1")
        client.config_set("dir", "/proc")  # where no file can be made
        for _ in iter(lambda: client.info("persistence")["rdb_last_bgsave_status"], "err"):
            with suppress(redis.ResponseError):  # while one is under way
                client.bgsave()
        with pytest.raises(redis.ResponseError, match="MISCONF"):
            client.ping()
        try:
            with connect(server.address) as fresh:
                assert ModelReader(fresh, "films", scoring=ByVersion()).recommend(3).provenance.version == 1
            writer = ModelWriter(client, "films")
            with pytest.raises(StoreError, match="MISCONF"):
                writer.acquire()
        finally:
            client.config_set("save", "")  # else it would not end


def test_a_connection_that_breaks_while_a_model_is_read_is_reported(
    far_client: redis.Redis, proxy: CuttingProxy, model_name: str
) -> None:
    writer = ModelWriter(far_client, model_name)
    writer.acquire()
    written = checkpoint(1, writer.token, state(1, range(2500), range(9)))
    writer.write(written)
    proxy.cut_once(b"users:block:seen\r\n$1\r\n0\r\n", delivered=False)  # the first page
    with pytest.raises(StoreUnavailable, match=r"reading model .* does not answer"):
        writer.load()
    assert proxy.cuts == 1
    found = writer.load()
    assert found is not None
    assert plain(found.state) == plain(written.state)
    writer.close()
