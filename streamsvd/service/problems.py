"""Errors as RFC 9457 problem documents, chosen by the error's type.

A mistake of the caller is described in full. A fault behind the service is described by a fixed sentence: the error's
message, which may name addresses, goes to the journal under the request id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from streamsvd import errors

MEDIA_TYPE = "application/problem+json"
_PREFIX = "urn:streamsvd:problem:"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """How errors of one type are answered.

    Attributes
    ----------
    status : int
    title : str
        The same for every problem of the type.
    detail : str or None
        The answer's detail; None: the error's own message, which is about the caller's input.
    retry_after : int or None
        Seconds after which the same request may succeed.
    """

    status: int
    title: str
    detail: str | None = None
    retry_after: int | None = None


_BROKEN = "Trying again will not help; the journal of the service says more, under this request_id."

PROBLEM_TYPES: dict[type[BaseException], ProblemType] = {
    errors.EventError: ProblemType(422, "Not a valid event"),
    errors.UnknownId: ProblemType(404, "Not known"),
    errors.InputError: ProblemType(422, "Not a valid request"),
    errors.SnapshotMissing: ProblemType(
        503, "No snapshot yet", "The store holds no snapshot of this model yet; `streamsvd consume` writes it.", 5
    ),
    errors.StoreUnavailable: ProblemType(
        503, "The store does not answer", "Redis does not answer. The same request may succeed later.", 1
    ),
    errors.SnapshotCorrupt: ProblemType(500, "The snapshot is damaged", _BROKEN),
    errors.StoreError: ProblemType(500, "The store refuses", _BROKEN),
    errors.LogUnavailable: ProblemType(
        503,
        "The log does not answer",
        "Kafka does not answer, so the event is not known to be in the log. Send it again later, with the same source "
        "and sequence where it has them.",
        2,
    ),
    errors.DeliveryFailed: ProblemType(
        503,
        "The log has not confirmed",
        "Kafka has not confirmed the event in time; it may be in the log or not. Send it again, with the same source "
        "and sequence where it has them.",
        2,
    ),
    errors.LogError: ProblemType(500, "The log refuses", _BROKEN),
    errors.StreamSVDError: ProblemType(500, "The service cannot answer", _BROKEN),
    Exception: ProblemType(500, "The service has failed", _BROKEN),
}


def problem_type(error: BaseException) -> ProblemType:
    """How an error is answered: by its type, or the nearest type above.

    Examples
    --------
    >>> problem_type(errors.TopicUnsafe("…")).status, problem_type(errors.SettingsError("…")).status
    (500, 422)
    """
    return next(PROBLEM_TYPES[base] for base in type(error).__mro__ if base in PROBLEM_TYPES)


def problem(
    request_id: str,
    status: int,
    title: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    where: Sequence[Mapping[str, str]] = (),
) -> Response:
    """One problem document; `where` lists the fields that are wrong."""
    found: dict[str, Any] = {
        "type": _PREFIX + title.lower().replace(" ", "-").replace("'", ""),
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request_id,
    }
    if where:
        found["errors"] = where
    return Response(msgspec.json.encode(found), status, dict(headers or {}), MEDIA_TYPE)


def from_error(error: BaseException, request_id: str) -> Response:
    """The answer to an error of streamsvd, or to an unexpected one."""
    kind = problem_type(error)
    headers = None if kind.retry_after is None else {"Retry-After": str(kind.retry_after)}
    return problem(request_id, kind.status, kind.title, kind.detail or str(error), headers=headers)


def from_validation(error: RequestValidationError, request_id: str) -> Response:
    """The answer to a request that does not fit the specification; values are not repeated."""
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return problem(request_id, 400, "Not JSON", "The body is not JSON: send one JSON object.")
    where = [{"at": ".".join(str(part) for part in each["loc"]), "message": str(each["msg"])} for each in found]
    detail = f"{where[0]['at']}: {where[0]['message']}" + (f", and {len(where) - 1} more" if len(where) > 1 else "")
    return problem(request_id, 422, "Not a valid request", detail, where=where)


async def answer_error(request: Request, error: Exception) -> Response:
    """The framework's hook for every error; what the answer leaves out goes to the journal."""
    request_id: str = request.scope["state"]["request_id"]
    if isinstance(error, RequestValidationError):
        return from_validation(error, request_id)
    if isinstance(error, HTTPException):  # no such path, no such method, …
        status = error.status_code
        answer = problem(request_id, status, HTTPStatus(status).phrase, str(error.detail), headers=error.headers)
        if status == 405:
            answer.headers["Allow"] = request.app.state.methods.get(request.url.path, answer.headers.get("Allow", ""))
        return answer
    request.scope["state"]["error"] = error
    return from_error(error, request_id)
