"""The service over a real Redis: its answers are the reader's, within its limits, and fit the models."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
from typing import Any

import httpx
import pytest
import redis
from pydantic import TypeAdapter
from services import in_process, write_model

from model_store import (
    Answer,
    Checkpoint,
    Explained,
    History,
    ModelReader,
    ModelWriter,
    Prediction,
    Provenance,
    SimilarItems,
    SimilarUsers,
    Users,
    connect,
)
from streamsvd.learner import IteratedSVD
from streamsvd.lookup.selection import ModelScoring
from streamsvd.service import responses
from streamsvd.service.requests import MOST_ITEMS, MOST_RATINGS, MOST_USERS

MODEL = "service-answers"


@pytest.fixture(scope="module")
def client_of_redis(redis_url: str) -> Iterator[redis.Redis]:
    write_model(redis_url, MODEL)
    with connect(redis_url) as client:
        yield client


@pytest.fixture(scope="module")
def reader(client_of_redis: redis.Redis) -> ModelReader:
    return ModelReader(client_of_redis, MODEL, clock=lambda: 2_000_000_000.0)


@pytest.fixture(scope="module")
def client(reader: ModelReader) -> Iterator[httpx.Client]:
    with in_process(reader) as (client, _):
        yield client


def plain(found: Any) -> Any:
    return json.loads(json.dumps(asdict(found)))


RATED = {"ratings": [{"item": 4, "rating": 5}, {"item": "heat", "rating": 1.5}, {"item": "nosuch", "rating": 2}]}
FILTERS = {"n": 4, "genres": ["Drama", "crime"], "year_from": 1980, "year_to": 2010, "min_ratings": 3}
KEPT: dict[str, Any] = {"genres": ["Drama", "crime"], "years": (1980, 2010), "min_ratings": 3}

Asked = Callable[[ModelReader], Any]


@pytest.mark.parametrize(
    ("path", "asked", "model"),
    [
        ("/recommend?user=3", lambda r: r.recommend(3), Answer),
        ("/recommend?user=ann&n=2", lambda r: r.recommend("ann", 2), Answer),
        ("/recommend?user=text:3", lambda r: r.recommend("3"), Answer),
        ("/recommend?user=nobody", lambda r: r.recommend("nobody"), Answer),
        (
            "/recommend?user=3&exclude_seen=false&exclude=7&exclude=heat",
            lambda r: r.recommend(3, exclude_seen=False, exclude=[7, "heat"]),
            Answer,
        ),
        (
            "/recommend?user=3&n=4&genres=Drama&genres=crime&year_from=1980&year_to=2010&min_ratings=3",
            lambda r: r.recommend(3, 4, **KEPT),
            Answer,
        ),
        ("/recommend?user=3&year_to=1975", lambda r: r.recommend(3, years=(None, 1975)), Answer),
        ("/recommend?user=3&explore=upper", lambda r: r.recommend(3, explore="upper"), Answer),
        (
            "/recommend?user=3&explore=sampled&seed=5",
            lambda r: r.recommend(3, explore="sampled", seed=5),
            Answer,
        ),
        ("/similar-items?item=7&n=3", lambda r: r.similar_items(7, 3), SimilarItems),
        ("/similar-users?user=ann", lambda r: r.similar_users("ann"), SimilarUsers),
        ("/predict?user=3&item=heat", lambda r: r.predict(3, "heat"), Prediction),
        ("/predict?user=nobody&item=nothing", lambda r: r.predict("nobody", "nothing"), Prediction),
        ("/explain?user=3&item=9", lambda r: r.explain(3, 9), Explained),
        ("/history?user=3&n=5", lambda r: r.history(3, 5), History),
        ("/users?n=3", lambda r: r.users(3), Users),
        ("/status", lambda r: r.status(), Provenance),
    ],
)
def test_an_answer_is_the_readers(
    client: httpx.Client, reader: ModelReader, path: str, asked: Asked, model: type[Any]
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), answer.text
    assert answer.json() == plain(asked(reader))
    TypeAdapter(model).validate_json(answer.content, strict=True)


def test_answers_to_lists(client: httpx.Client, reader: ModelReader) -> None:
    users = [3, "ann", "nobody"]
    answer = client.post("/recommend-many", json={"users": users, **FILTERS, "exclude": [7]})
    expected = reader.recommend_many(users, 4, exclude=[7], **KEPT)
    assert answer.json() == {"answers": [plain(each) for each in expected]}
    responses.Answers.model_validate_json(answer.content, strict=True)

    answer = client.post("/recommend-for", json={**RATED, "n": 3})
    assert answer.json() == plain(reader.recommend_for({4: 5, "heat": 1.5, "nosuch": 2}, 3))
    TypeAdapter(Answer).validate_json(answer.content, strict=True)


def test_an_item_or_user_that_the_model_has_not_met(client: httpx.Client) -> None:
    for path in ("/similar-items?item=-1", "/explain?user=3&item=none", "/history?user=none", "/similar-users?user=-1"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:streamsvd:problem:not-known"), path


@pytest.mark.parametrize(
    "path",
    [
        "/recommend",
        "/recommend?user=",
        "/recommend?user=3&n=0",
        f"/recommend?user=3&n={MOST_ITEMS + 1}",
        "/recommend?user=3&n=ten",
        "/recommend?user=3&limit=5",
        "/recommend?user=3&rank_by=nothing",
        "/recommend?user=3&explore=sampled",
        "/recommend?user=3&year_from=2000&year_to=1990",
        "/recommend?user=3&genres=Nonsense",
        "/recommend?user=3&exclude=" + "&exclude=".join(map(str, range(51))),
        "/recommend?user=" + 256 * "x",
        "/similar-items?item=7&n=101",
        "/history?user=3&n=101",
        "/users?n=0",
    ],
)
def test_what_does_not_fit_is_refused(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text
    responses.Problem.model_validate(answer.json(), strict=True)


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("/recommend-many", {"users": []}, 422, "body.users"),
        ("/recommend-many", {"users": [1.5]}, 422, "body.users.0"),
        ("/recommend-many", {"users": [True]}, 422, "body.users.0"),
        ("/recommend-many", {"users": [2**63]}, 422, "body.users.0"),
        ("/recommend-many", {"users": list(range(MOST_USERS + 1))}, 422, "body.users"),
        ("/recommend-many", {"users": [1], "n": MOST_ITEMS + 1}, 422, "body.n"),
        ("/recommend-for", {"ratings": []}, 422, "body.ratings"),
        ("/recommend-for", {"ratings": [{"item": 1, "rating": "5"}]}, 422, "body.ratings.0.rating"),
        ("/recommend-for", {"ratings": [{"item": 1, "rating": 6}]}, 422, "not on the scale"),
        ("/recommend-for", {"ratings": (MOST_RATINGS + 1) * [{"item": 1, "rating": 3}]}, 422, "body.ratings"),
        ("/recommend-for", b'{"ratings":[{"item":1,"rating":NaN}]}', 422, "finite"),
        ("/recommend-for", b'{"ratings":[{"item":"\\ud800","rating":1}]}', 422, "body.ratings.0.item"),
        ("/recommend-for", b"", 422, "body"),
        ("/recommend-for", b"{", 400, "JSON"),
        ("/recommend-for", b"\xff", 400, "body"),
        ("/recommend-for", 100_000 * b"[", 400, "body"),
    ],
)
def test_a_body_that_does_not_fit_is_refused(
    client: httpx.Client, path: str, body: Any, status: int, told: str
) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.post(path, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert told in answer.text
    responses.Problem.model_validate(answer.json(), strict=True)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])
def test_a_body_that_is_not_declared_as_json_is_refused(client: httpx.Client, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = client.post("/recommend-many", content=b'{"users":[1]}', headers=headers)
    assert answer.status_code == 415


def test_paths_and_methods_that_are_not_there(client: httpx.Client) -> None:
    for method, path, status in (("GET", "/nothing", 404), ("PUT", "/recommend", 405), ("POST", "/ratings", 404)):
        answer = client.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert client.put("/recommend").headers["allow"] == "GET"


def test_browsers_are_told_to_keep_out(client: httpx.Client) -> None:
    answer = client.get("/status", headers={"Origin": "http://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    preflight = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    assert client.options("/recommend-for", headers=preflight).status_code == 405


def test_a_request_id_is_kept_when_it_is_harmless(client: httpx.Client) -> None:
    assert client.get("/livez", headers={"X-Request-ID": "a-1.b_2"}).headers["x-request-id"] == "a-1.b_2"
    for odd in ('x"y', "a b", 65 * "a", ""):
        given = client.get("/livez", headers={"X-Request-ID": odd}).headers["x-request-id"]
        assert re.fullmatch("[0-9a-f]{32}", given)


def test_the_journal_has_a_line_a_request_and_nothing_private(reader: ModelReader) -> None:
    with in_process(reader) as (client, journal):
        client.get("/recommend?user=private-user")
        client.post("/recommend-for", json={"ratings": [{"item": "private-item", "rating": 3}]})
        client.get("/private-path")
    lines = [json.loads(line) for line in journal.getvalue().splitlines()]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("GET", "/recommend", 200),
        ("POST", "/recommend-for", 200),
        ("GET", "none", 404),
    ]
    assert all(line["event"] == "request" and line["level"] == "info" and line["seconds"] >= 0 for line in lines)
    assert b"private" not in journal.getvalue()


def test_the_names_of_the_metrics(reader: ModelReader) -> None:
    with in_process(reader) as (client, _):
        for path in ("/recommend?user=3", "/recommend?user=3&n=0", "/nothing"):
            client.get(path)
        text = client.get("/metrics").text
    names = set(re.findall(r"^# TYPE (\S+)", text, flags=re.MULTILINE))
    assert {name for name in names if name.startswith("streamsvd_")} == {
        "streamsvd_http_requests_total",
        "streamsvd_http_requests_created",
        "streamsvd_http_request_duration_seconds",
        "streamsvd_http_request_duration_seconds_created",
        "streamsvd_http_requests_in_progress",
        "streamsvd_model_up",
        "streamsvd_model_snapshot_version",
        "streamsvd_model_snapshot_age_seconds",
        "streamsvd_model_event_time_seconds",
        "streamsvd_model_rolling_rmse",
        "streamsvd_ratings_posted_total",
    }
    assert 'streamsvd_http_requests_total{method="GET",route="/recommend",status="200"} 1.0' in text
    assert 'streamsvd_http_requests_total{method="GET",route="/recommend",status="422"} 1.0' in text
    assert 'streamsvd_http_requests_total{method="GET",route="none",status="404"} 1.0' in text
    assert 'streamsvd_model_snapshot_version{model="films"}' in text
    assert "process_resident_memory_bytes" in text


def test_before_the_first_snapshot(redis_url: str, model_name: str) -> None:
    with connect(redis_url) as client_of_redis, in_process(ModelReader(client_of_redis, model_name)) as (client, _):
        answer = client.get("/recommend?user=3")
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:streamsvd:problem:no-snapshot-yet")
        assert client.get("/readyz").json() == {
            "ready": False,
            "checks": {"store": {"ok": False, "detail": "No snapshot yet"}},
        }
        assert client.get("/livez").json() == {"alive": True}
        assert 'streamsvd_model_up{model="films"} 0.0' in client.get("/metrics").text
        schema = client.get("/openapi.json").json()["components"]["schemas"]["RatingOf"]
        assert "maximum" not in schema["properties"]["rating"]
        write_model(redis_url, model_name)
        assert client.get("/recommend?user=3").status_code == 200
        assert client.get("/readyz").json()["ready"] is True
        schema = client.get("/openapi.json").json()["components"]["schemas"]["RatingOf"]
        assert (schema["properties"]["rating"]["minimum"], schema["properties"]["rating"]["maximum"]) == (1, 5)


def test_before_the_first_rating(redis_url: str, model_name: str) -> None:
    with connect(redis_url) as client_of_redis:
        with closing(ModelWriter(client_of_redis, model_name)) as writer:
            writer.acquire()
            summary = {"rmse": math.nan}
            writer.write(Checkpoint(1, writer.token, offsets={}, state=IteratedSVD().state(), summary=summary))
        with in_process(ModelReader(client_of_redis, model_name)) as (client, journal):
            for path in ("recommend?user=3", "predict?user=3&item=1", "users"):
                answer = client.get(f"/{path}")
                assert answer.status_code == 200
                assert json.loads(answer.text, parse_constant=pytest.fail)["provenance"]["rmse"] is None
            for path in ("explain?user=3&item=1", "similar-items?item=1", "similar-users?user=3", "history?user=3"):
                assert client.get(f"/{path}").status_code == 404
            body = {"ratings": [{"item": 1, "rating": 4}]}
            assert client.post("/recommend-for", json=body).json()["items"] == []
            assert client.get("/metrics").status_code == 200
        assert "exception" not in journal.getvalue().decode()


def test_a_damaged_snapshot_is_told_to_the_operator_alone(redis_url: str, model_name: str) -> None:
    write_model(redis_url, model_name)
    with connect(redis_url) as client_of_redis:
        name = next(iter(client_of_redis.scan_iter(f"*{model_name}*head*")))
        client_of_redis.hset(name, "doc", b"rubbish")
        with in_process(ModelReader(client_of_redis, model_name)) as (client, journal):
            answer = client.get("/recommend?user=3")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:streamsvd:problem:the-snapshot-is-damaged")
    assert model_name not in answer.text
    (line,) = [json.loads(line) for line in journal.getvalue().splitlines()]
    assert (line["level"], line["error"]) == ("error", "SnapshotCorrupt")
    assert model_name in line["message"]
    assert line["request_id"] == answer.json()["request_id"]


def test_what_nobody_expected_is_answered_and_written_down(redis_url: str, model_name: str) -> None:
    write_model(redis_url, model_name)

    class Broken(ModelScoring):
        def approximate(self, *_: Any) -> Any:
            raise ZeroDivisionError("a secret of the house")

    with (
        connect(redis_url) as client_of_redis,
        in_process(ModelReader(client_of_redis, model_name, scoring=Broken())) as (client, journal),
    ):
        answer = client.get("/recommend?user=3")
        assert client.get("/livez").status_code == 200
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    line = json.loads(journal.getvalue().splitlines()[0])
    assert line["error"] == "ZeroDivisionError"
    assert line["exception"][0]["exc_type"] == "ZeroDivisionError"
