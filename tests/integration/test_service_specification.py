"""Schemathesis holds the service to its own specification: what it says is accepted, refused and answered, is."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterator
from typing import Any

import httpx
import hypothesis
import msgspec
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from services import in_process, write_model

from model_store import ModelReader, connect
from streamsvd.cli.service_process import rating_log
from streamsvd.log import Topics, log_client
from streamsvd.service import Limits, create_app
from streamsvd.service.journal import json_journal
from streamsvd.service.security import new_key
from streamsvd.service.specification import specification

MODEL = TOPIC = "service-specification"
KEY, KEPT = new_key("schemathesis", ["admin"])
EXAMPLES = 15

# What a schema cannot tell: genres that there are, years in order, a seed with "sampled", times ahead of the clock, an
# address of 64 kB at most.
ALSO_REFUSED = {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "422"]}}


CONFIG = SchemathesisConfig.from_dict(
    {
        "auth": {"openapi": {"key": {"bearer": KEY}}},
        "operations": [{"include-path-regex": "^/(recommend|ratings)", "checks": ALSO_REFUSED}],
    }
)


def described() -> dict[str, Any]:
    """The specification of a service that has all of its parts, keys too."""
    reader = ModelReader(connect("redis://127.0.0.1:1"), MODEL)
    log = rating_log(log_client("127.0.0.1:1"), Topics(TOPIC), Limits())
    app = create_app(reader, json_journal(io.BytesIO()), model=MODEL, log=log)
    return json.loads(msgspec.json.encode(specification(app, keys=True, scale=lambda: (1.0, 5.0))))


DOCUMENT = described()
schema = schemathesis.openapi.from_dict(copy.deepcopy(DOCUMENT), config=CONFIG)


@pytest.fixture(scope="module")
def served(kafka_address: str, redis_url: str) -> Iterator[httpx.Client]:
    """That service."""
    write_model(redis_url, MODEL)
    log = rating_log(log_client(kafka_address), Topics(TOPIC), Limits())
    with connect(redis_url) as client_of_redis:
        reader = ModelReader(client_of_redis, MODEL)
        with in_process(reader, keys=[KEPT], log=log, model=MODEL) as (client, _):
            yield client


@schema.parametrize()
@hypothesis.settings(max_examples=EXAMPLES, suppress_health_check=list(hypothesis.HealthCheck))
def test_the_service_does_what_its_specification_says(case: schemathesis.Case, served: httpx.Client) -> None:
    case.call_and_validate(base_url=str(served.base_url))


def test_the_specification_is_the_served_one(served: httpx.Client) -> None:
    answer = served.get("/openapi.json", headers={"Authorization": f"Bearer {KEY}"})
    assert answer.json() == DOCUMENT


def test_everything_is_described() -> None:
    document = DOCUMENT
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            assert operation["description"], (method, path)
            if "requestBody" in operation:
                assert _named(document, operation["requestBody"])["examples"], (method, path)
            for parameter in operation.get("parameters", []):
                assert parameter["schema"]["description"], (method, path, parameter["name"])
            body = operation["responses"][next(iter(operation["responses"]))]["content"]
            if path != "/metrics":
                assert _named(document, {"content": body})["description"], (method, path)
    problem = document["components"]["responses"]["Problem503"]["content"]
    assert list(problem) == ["application/problem+json"]


def _named(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """The schema that a part of the document refers to."""
    reference = part["content"]["application/json"]["schema"]["$ref"]
    found: dict[str, Any] = document["components"]["schemas"][reference.rpartition("/")[2]]
    return found
