"""Every error has an answer, chosen by its type; what only the operator should know is not in it."""

from __future__ import annotations

import inspect
import json

import pytest

from streamsvd import errors
from streamsvd.service.problems import from_error, problem_type

OURS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.StreamSVDError)]
SECRET = "redis://10.1.2.3:6379 refuses"


def error_of(kind: type[errors.StreamSVDError]) -> errors.StreamSVDError:
    return errors.UnknownId("user", SECRET) if kind is errors.UnknownId else kind(SECRET)


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_an_error_of_ours(kind: type[errors.StreamSVDError]) -> None:
    error = error_of(kind)
    answer = from_error(error, "abc")
    body = json.loads(bytes(answer.body))
    assert answer.media_type == "application/problem+json"
    assert body["status"] == answer.status_code
    assert body["request_id"] == "abc"
    assert body["type"].startswith("urn:streamsvd:problem:")
    assert " " not in body["type"]
    told = SECRET in body["detail"]
    assert told == isinstance(error, errors.InputError)  # the caller's own words
    assert (answer.status_code < 500) == told
    assert ("retry-after" in answer.headers) == (answer.status_code == 503)
    if kind.retriable:
        assert answer.status_code == 503


def test_the_nearest_type_decides() -> None:
    class Special(errors.StoreUnavailable):
        pass

    assert problem_type(Special("…")) == problem_type(errors.StoreUnavailable("…"))
    assert problem_type(KeyError("…")).status == 500
    assert SECRET not in bytes(from_error(KeyError(SECRET), "abc").body).decode()
