"""`streamsvd serve` as a process, with a real Kafka and a real Redis: it stops, and others stop under it."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import httpx
import pytest
from model_runs import wait_until
from services import serving, write_model

from streamsvd.embedded import Server, embedded_kafka, embedded_redis
from streamsvd.embedded.folder import free_ports
from streamsvd.log import log_client, read_all
from streamsvd.ratings import Erasure, Rating, Retraction, decode

RATING = {"user": 3, "item": 7, "rating": 4.0, "timestamp": 900_000_000}


def arguments(redis: str, model: str, *more: str) -> list[str]:
    return ["--redis", redis, "--model", model, *more]


def post_until(client: httpx.Client, status: int) -> httpx.Response:
    """Send a rating until the answer has this status."""
    last: list[httpx.Response] = []

    def answered() -> bool:
        last[:] = [client.post("/ratings", json=RATING)]
        return last[0].status_code == status

    wait_until(answered, f"an answer with status {status}")
    return last[0]


def test_ratings_get_onto_the_log_and_are_answered_with_their_place(
    kafka_address: str, redis_url: str, topic_prefix: str, model_name: str
) -> None:
    write_model(redis_url, model_name)
    kafka = ["--kafka", kafka_address, "--topic", topic_prefix]
    with serving(*arguments(redis_url, model_name, *kafka)) as served, served.client() as client:
        wait_until(lambda: client.get("/readyz").status_code == 200, "readiness")
        before = int(time.time())
        places = [
            client.post("/ratings", json=RATING),
            client.post("/ratings", json={"user": "ann", "item": "heat", "rating": 5, "source": "app", "sequence": 3}),
            client.delete("/ratings", params={"user": "3", "item": "7"}),
            client.delete("/users", params={"user": "text:3"}),
        ]
        assert [place.status_code for place in places] == [201, 201, 202, 202], places
        ahead = client.post("/ratings", json={**RATING, "timestamp": 99_999_999_999})  # and it is not on the log
        assert (ahead.status_code, "ahead of the clock" in ahead.json()["detail"]) == (422, True), ahead.text
        found = [place.json() for place in places]
        assert [(place["topic"], place["partition"], place["offset"]) for place in found] == [
            (topic_prefix, 0, offset) for offset in range(4)
        ]
        assert before <= found[1]["timestamp"] <= time.time()
        metrics = client.get("/metrics").text
        assert 'streamsvd_ratings_posted_total{kind="rating",outcome="confirmed"} 2.0' in metrics
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(60) == 0
    records = list(read_all(log_client(kafka_address), topic_prefix))
    assert [decode(record.value) for record in records] == [
        Rating(3, 7, 4.0, 900_000_000),
        Rating("ann", "heat", 5.0, found[1]["timestamp"], "app", 3),
        Retraction(3, 7, found[2]["timestamp"]),
        Erasure("3", found[3]["timestamp"]),
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_a_request_finish(redis_url: str, model_name: str, number: signal.Signals) -> None:
    write_model(redis_url, model_name)
    with serving(*arguments(redis_url, model_name, "--kafka", "127.0.0.1:1")) as served:
        body = json.dumps(RATING).encode()
        head = "POST /ratings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        place = httpx.URL(served.url)
        with socket.create_connection((place.host, place.port or 0), timeout=60) as connection:
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:10])
            with served.client() as other:
                assert "requests_in_progress 2.0" in other.get("/metrics").text
            served.process.send_signal(number)
            with served.client() as late:
                wait_until(lambda: refuses(late), "the end of listening")
            assert served.process.poll() is None
            connection.sendall(body[10:])
            answer = connection.makefile("rb").read()
        assert b"503" in answer.splitlines()[0]  # Kafka is not there: but it was answered
        assert b"the-log-does-not-answer" in answer
        assert served.process.wait(60) == 0
        assert served.journal[-1]["event"] == "stopped"


def refuses(client: httpx.Client) -> bool:
    try:
        client.get("/livez")
    except httpx.TransportError:
        return True
    return False


@pytest.fixture
def start_redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[Server]]:
    """Starts a Redis of this test's own: the same address and the same data every time."""
    ports = free_ports(1)
    monkeypatch.setattr("streamsvd.embedded.redis.free_ports", lambda count: ports)
    return lambda: embedded_redis(tmp_path / "redis")


def test_redis_may_go_and_come_back(start_redis: Callable[[], AbstractContextManager[Server]]) -> None:
    with ExitStack() as stack:
        with start_redis() as server:
            url = server.address
            write_model(url, "films")
            served = stack.enter_context(serving("--redis", url, "--model", "films", "--lookups-only"))
            client = stack.enter_context(served.client())
            before = client.get("/recommend", params={"user": "3"}).json()
        down = client.get("/recommend", params={"user": "3"})
        assert (down.status_code, down.headers["content-type"]) == (503, "application/problem+json")
        assert down.json()["type"] == "urn:streamsvd:problem:the-store-does-not-answer"
        assert int(down.headers["retry-after"]) >= 1
        assert "127.0.0.1" not in down.text
        line = served.heard("request", request_id=down.json()["request_id"])
        assert line["error"] == "StoreUnavailable"
        assert url.partition("://")[2] in line["message"]  # the operator is told which one
        assert client.get("/livez").status_code == 200
        unready = client.get("/readyz")
        assert (unready.status_code, unready.json()["checks"]["store"]["ok"]) == (503, False)
        assert 'streamsvd_model_up{model="films"} 0.0' in client.get("/metrics").text
        with start_redis():
            wait_until(lambda: client.get("/readyz").status_code == 200, "readiness")
            after = client.get("/recommend", params={"user": "3"}).json()
            assert after["items"] == before["items"]


def test_a_redis_that_hangs_is_answered_for_in_time(
    start_redis: Callable[[], AbstractContextManager[Server]],
) -> None:
    with start_redis() as server:
        write_model(server.address, "films")
        more = ["--redis", server.address, "--model", "films", "--lookups-only"]
        with serving(*more) as served, served.client() as client:
            assert client.get("/recommend", params={"user": "3"}).status_code == 200
            os.kill(server.pid, signal.SIGSTOP)
            try:
                hung = client.get("/recommend", params={"user": "3"})
                assert (hung.status_code, hung.headers["content-type"]) == (503, "application/problem+json")
                assert client.get("/livez").status_code == 200
                assert client.get("/readyz").status_code == 503
            finally:
                os.kill(server.pid, signal.SIGCONT)
            wait_until(lambda: client.get("/recommend", params={"user": "3"}).status_code == 200, "an answer")


def test_kafka_may_go_and_come_back(
    redis_url: str, model_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = free_ports(2)
    monkeypatch.setattr("streamsvd.embedded.kafka.free_ports", lambda count: ports)
    write_model(redis_url, model_name)
    with ExitStack() as stack:
        arguments = ["--redis", redis_url, "--model", model_name, "--kafka", f"127.0.0.1:{ports[0]}"]
        served = stack.enter_context(serving(*arguments))  # before there is a Kafka
        client = stack.enter_context(served.client())
        down = client.post("/ratings", json=RATING)
        assert (down.status_code, down.headers["content-type"]) == (503, "application/problem+json")
        assert down.json()["type"] == "urn:streamsvd:problem:the-log-does-not-answer"
        assert int(down.headers["retry-after"]) >= 1
        assert client.get("/readyz").json()["checks"]["log"]["ok"] is False
        with embedded_kafka(tmp_path / "kafka"):
            posted = post_until(client, 201)
            assert posted.json()["offset"] == 0
            wait_until(lambda: client.get("/readyz").status_code == 200, "readiness")
        assert client.post("/ratings", json=RATING).status_code == 503
        assert client.get("/recommend", params={"user": "3"}).status_code == 200  # lookups go on
        with embedded_kafka(tmp_path / "kafka"):
            post_until(client, 201)
            records = read_all(log_client(f"127.0.0.1:{ports[0]}"), "ratings")
            assert {decode(record.value) for record in records} == {Rating(**RATING)}
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(60) == 0
        assert "Rating(" not in "".join(served.raw)  # no bodies in the journal
