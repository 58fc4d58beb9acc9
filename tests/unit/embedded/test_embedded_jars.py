"""Kafka's jars: fetched once, side by side, whole or not at all."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from web_server import Server, web_server

from streamsvd.embedded import jars
from streamsvd.embedded.jars import KAFKA_VERSION, Jar, kafka_jars, listed_jars
from streamsvd.errors import ServiceError

NAME = f"kafka-{KAFKA_VERSION}"
CONTENT = {f"org/part/{k}/part-{k}.jar": bytes([k]) * (70_000 * k + 1) for k in range(12)}


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A Maven repository of our own, with a dozen jars."""
    listed = [Jar(place, len(data), hashlib.sha256(data).hexdigest()) for place, data in CONTENT.items()]
    with web_server() as server:
        server.files = {f"/{place}": data for place, data in CONTENT.items()}
        monkeypatch.setattr(jars, "_repository", lambda: server.url)
        monkeypatch.setattr(jars, "listed_jars", lambda: listed)
        yield server


def test_they_arrive_whole_and_the_progress_ends_at_all_bytes(repository: Server, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    cache = tmp_path / "cache"

    found = kafka_jars(cache, progress=lambda done, total: told.append((done, total)))

    total = sum(map(len, CONTENT.values()))
    assert {path.name: path.read_bytes() for path in found} == {
        place.rpartition("/")[2]: data for place, data in CONTENT.items()
    }
    assert told == sorted(told)
    assert told[-1] == (total, total)
    assert sorted(path.name for path in cache.iterdir()) == [NAME, f"{NAME}.lock"]


@pytest.mark.parametrize("trouble", ["damaged", "missing"])
def test_one_that_cannot_be_had_leaves_nothing_behind(repository: Server, tmp_path: Path, trouble: str) -> None:
    bad = f"/{next(iter(CONTENT))}"
    repository.files[bad] = b"other"
    if trouble == "missing":
        del repository.files[bad]
    cache = tmp_path / "cache"

    with pytest.raises(ServiceError, match="arrived damaged" if trouble == "damaged" else "could not be fetched"):
        kafka_jars(cache)

    assert [path.name for path in cache.iterdir()] == [f"{NAME}.lock"]


def test_what_the_progress_raises_ends_it(repository: Server, tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop(_done: int, _total: int) -> None:
        raise Enough

    with pytest.raises(Enough):
        kafka_jars(tmp_path / "cache", progress=stop)

    assert [path.name for path in (tmp_path / "cache").iterdir()] == [f"{NAME}.lock"]


def test_jars_in_the_cache_need_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jgo.maven", None)
    folder = tmp_path / NAME
    folder.mkdir()
    (folder / "b.jar").touch()
    (folder / "a.jar").touch()

    assert kafka_jars(tmp_path) == [folder / "a.jar", folder / "b.jar"]


def test_jars_that_cannot_be_fetched_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # nobody listens there
    (tmp_path / f"{NAME}-killed").mkdir()

    with pytest.raises(ServiceError, match="network"):
        kafka_jars(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [f"{NAME}.lock"]


def test_without_jgo_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jgo.maven", None)

    with pytest.raises(ServiceError, match="pip install"):
        kafka_jars(tmp_path)


def test_the_list_is_of_the_version_that_is_run() -> None:
    listed = listed_jars()

    assert len({jar.name for jar in listed}) == len(listed)
    assert f"org/apache/kafka/kafka_2.13/{KAFKA_VERSION}/kafka_2.13-{KAFKA_VERSION}.jar" in {j.place for j in listed}
    assert all(KAFKA_VERSION in jar.place for jar in listed if jar.place.startswith("org/apache/kafka/"))
