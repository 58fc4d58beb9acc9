"""Who is let in, how much is taken, and how long anybody is waited for; over real sockets and a real Redis."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import redis
from model_runs import wait_until
from services import in_process, write_model

from model_store import ModelReader, connect
from streamsvd.embedded import embedded_redis
from streamsvd.errors import LogUnavailable
from streamsvd.log import RatingSink
from streamsvd.service import EventSender, Limits, RatingLog
from streamsvd.service.security import SCOPES, new_key

MODEL = "service-guarding"
RATING = {"user": 3, "item": 7, "rating": 4.0}


@pytest.fixture(scope="module")
def client_of_redis(redis_url: str) -> Iterator[redis.Redis]:
    write_model(redis_url, MODEL)
    with connect(redis_url) as client:
        yield client


@pytest.fixture
def reader(client_of_redis: redis.Redis) -> ModelReader:
    return ModelReader(client_of_redis, MODEL)


def no_kafka() -> RatingSink:
    raise LogUnavailable("this test has no Kafka")


@pytest.fixture
def log() -> RatingLog:
    return RatingLog("ratings", EventSender(no_kafka, 5.0), lambda: (1.0, 5.0), no_kafka)


REQUESTS: list[tuple[str, str, dict[str, Any], str | None, int]] = [
    ("GET", "/livez", {}, None, 200),
    ("GET", "/readyz", {}, None, 503),  # there is no Kafka
    ("GET", "/recommend", {"params": {"user": "3"}}, "read", 200),
    ("GET", "/similar-items", {"params": {"item": "3"}}, "read", 200),
    ("GET", "/similar-users", {"params": {"user": "3"}}, "read", 200),
    ("GET", "/predict", {"params": {"user": "3", "item": "3"}}, "read", 200),
    ("GET", "/explain", {"params": {"user": "3", "item": "3"}}, "read", 200),
    ("GET", "/history", {"params": {"user": "3"}}, "read", 200),
    ("GET", "/users", {}, "read", 200),
    ("GET", "/status", {}, "read", 200),
    ("GET", "/metrics", {}, "read", 200),
    ("GET", "/openapi.json", {}, "read", 200),
    ("POST", "/recommend-many", {"json": {"users": [3]}}, "read", 200),
    ("POST", "/recommend-for", {"json": {"ratings": [{"item": 3, "rating": 5}]}}, "read", 200),
    ("POST", "/ratings", {"json": RATING}, "write", 503),
    ("DELETE", "/ratings", {"params": {"user": "3", "item": "7"}}, "write", 503),
    ("DELETE", "/users", {"params": {"user": "3"}}, "admin", 503),
    ("GET", "/nothing", {}, "read", 404),
]


def test_a_key_opens_what_its_scope_says_and_nothing_else(reader: ModelReader, log: RatingLog) -> None:
    made = {scope: new_key(f"holder-of-{scope}", [scope]) for scope in SCOPES}
    presented = {scope: f"Bearer {key}" for scope, (key, _) in made.items()}
    wrong = [None, "Bearer", "Bearer wrong", "Basic d3Jvbmc=", presented["admin"][:-1], "Bearer é"]
    with in_process(reader, keys=[kept for _, kept in made.values()], log=log) as (client, journal):
        for method, path, more, needed, status in REQUESTS:
            for authorization in wrong:
                headers = {} if authorization is None else {"Authorization": authorization.encode()}
                answer = client.request(method, path, headers=headers, **more)
                assert answer.status_code == (status if needed is None else 401), (path, authorization)
                assert ("www-authenticate" in answer.headers) == (needed is not None)
            for scope, authorization in presented.items():
                answer = client.request(method, path, headers={"Authorization": authorization}, **more)
                allowed = needed in (None, scope) or scope == "admin"
                assert answer.status_code == (status if allowed else 403), (path, scope)
        served = set(client.get("/openapi.json", headers={"Authorization": presented["read"]}).json()["paths"])
    assert served == {path for _, path, _, _, _ in REQUESTS} - {"/nothing", "/openapi.json"}  # none is forgotten here
    said = journal.getvalue().decode()
    assert "holder-of-write" in said
    for key, kept in made.values():
        assert key not in said
        assert kept.digest not in said
    assert "ssvd_" not in said


def test_a_refused_body_is_not_read(reader: ModelReader, log: RatingLog) -> None:
    _, kept = new_key("somebody", ["write"])
    with in_process(reader, keys=[kept], log=log) as (client, _), raw(client) as connection:
        connection.sendall(head("POST /ratings", "Content-Length: 100"))
        assert answer_of(connection)[0] == 401  # before one byte of it came


def test_without_keys_only_the_loopback_names_are_answered(reader: ModelReader) -> None:
    with in_process(reader) as (client, _):
        for host in ("localhost", "localhost:8000", "127.0.0.1", "[::1]:8000", "127.0.0.1:1"):
            assert client.get("/status", headers={"Host": host}).status_code == 200, host
        for host in ("evil.example", "localhost.evil.example", "192.0.2.1", "127.0.0.1.evil.example", "[::2]", ""):
            answer = client.get("/status", headers={"Host": host})
            assert (answer.status_code, answer.json()["title"]) == (400, "Not this host"), host


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_a_body_that_is_too_large_is_refused(reader: ModelReader, declared: bool) -> None:
    limits = Limits(body_bytes=1000)
    fits, large = ({"users": [1], "exclude": 4 * ["x" * size]} for size in (100, 250))
    with in_process(reader, limits=limits) as (client, _):
        for body, status in ((fits, 200), (large, 413), (fits, 200)):
            content = json.dumps(body).encode()
            parts: Any = content if declared else iter([content[:500], content[500:]])
            answer = client.post("/recommend-many", content=parts, headers={"Content-Type": "application/json"})
            assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("depth", [2, 900, 5_000, 100_000])
def test_a_body_of_many_levels_is_refused_at_once(reader: ModelReader, depth: int) -> None:
    body = b'{"users": ' + b"[" * depth + b"]" * depth + b"}"
    with in_process(reader) as (client, journal):
        answer = client.post("/recommend-many", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), answer.text
        assert len(answer.content) < 2_000
    assert len(journal.getvalue()) < 2_000


def test_what_nobody_expected_is_told_without_secrets(reader: ModelReader, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("nobody expected this")

    monkeypatch.setattr(reader, "recommend", fail)
    key, kept = new_key("shop", ["read"])
    with in_process(reader, keys=[kept]) as (client, journal):
        answer = client.get("/recommend", params={"user": "somebody-4711"}, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 500
    told = journal.getvalue().decode()
    assert "nobody expected this" in told
    assert "test_service_guarding.py" in told  # where it happened
    assert key not in told
    assert key[-20:] not in told
    assert "somebody-4711" not in told


def test_a_body_without_end_is_cut_off(reader: ModelReader) -> None:
    with in_process(reader, limits=Limits(body_bytes=1000)) as (client, _), raw(client) as connection:
        connection.sendall(head("POST /recommend-many", "Transfer-Encoding: chunked"))
        stop = threading.Event()

        def pour() -> None:
            while not stop.is_set():
                try:
                    connection.sendall(b"64\r\n" + 100 * b" " + b"\r\n")
                except OSError:
                    return

        with ThreadPoolExecutor(1) as pool:
            pouring = pool.submit(pour)
            try:
                status, rest = answer_of(connection)
            finally:
                stop.set()
            pouring.result(60)
        assert status == 413
        assert b"connection: close" in rest.lower()


def test_a_body_that_does_not_come_is_not_waited_for(reader: ModelReader) -> None:
    with in_process(reader, limits=Limits(request_seconds=0.3)) as (client, _), raw(client) as connection:
        connection.sendall(head("POST /recommend-many", "Content-Length: 100") + b'{"users"')
        status, rest = answer_of(connection)
        assert status == 408
        assert b"connection: close" in rest.lower()
        assert b"application/problem+json" in rest


def test_headers_that_do_not_come_are_not_waited_for(reader: ModelReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamsvd.service.server.HEADER_SECONDS", 0.3)
    with in_process(reader) as (client, _):
        for beginning in (b"", b"GET /livez HTTP/1.1\r\nHost: local"):
            with raw(client) as connection:
                connection.sendall(beginning)
                assert connection.recv(1) == b""
        with raw(client) as connection:  # the second request of a connection, too
            connection.sendall(head("GET /livez"))
            assert connection.recv(12) == b"HTTP/1.1 200"
            connection.sendall(b"GET /li")
            while connection.recv(4096):
                pass
        assert client.get("/livez").status_code == 200


def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    limits = Limits(request_seconds=0.5, threads=1, waiting=1)
    with embedded_redis() as server, connect(server.address) as own:
        write_model(server.address, MODEL)
        with in_process(ModelReader(own, MODEL), limits=limits) as (client, _):
            wait_until(lambda: client.get("/status").status_code == 200, "an answer")
            os.kill(server.pid, signal.SIGSTOP)
            try:
                late = client.get("/status")
                assert (late.status_code, late.json()["title"]) == (503, "Not in time")
                assert client.get("/livez").status_code == 200
                with ThreadPoolExecutor(4) as pool:  # one call hangs, one may wait, the others are told at once
                    answers = [pool.submit(client.get, "/status") for _ in range(4)]
                    titles = [answer.result(60).json()["title"] for answer in answers]
                assert set(titles) == {"Not in time", "Service Unavailable"}
            finally:
                os.kill(server.pid, signal.SIGCONT)
            wait_until(lambda: client.get("/status").status_code == 200, "an answer")


def raw(client: httpx.Client) -> socket.socket:
    return socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=60)


def head(what: str, *headers: str) -> bytes:
    lines = [f"{what} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers, "", ""]
    return "\r\n".join(lines).encode()


def answer_of(connection: socket.socket) -> tuple[int, bytes]:
    """Status and the rest of an answer that ends with its connection, or with a first part when it does not."""
    data = connection.recv(65536)
    return int(data.split(b" ", 2)[1]), data
