"""Errors as RFC 9457 problem documents, chosen by the error's type.

What the caller did wrong is told in full. What is wrong behind the service is told in a fixed sentence: the message,
which names addresses, goes to the journal, where the request id finds it.
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
class Kind:
    """How errors of one type are answered.

    Attributes
    ----------
    status : int
    title : str
        The same for every problem of the kind.
    detail : str or None
        What the caller is told; None: the error's own message, which is about what the caller gave.
    retry_after : int or None
        Seconds after which the same request may succeed.
    """

    status: int
    title: str
    detail: str | None = None
    retry_after: int | None = None


_BROKEN = "Trying again will not help; the journal of the service says more, under this request_id."

KINDS: dict[type[BaseException], Kind] = {
    errors.EventError: Kind(422, "Not a valid event"),
    errors.UnknownId: Kind(404, "Not known"),
    errors.InputError: Kind(422, "Not a valid request"),
    errors.SnapshotMissing: Kind(
        503, "No snapshot yet", "The store holds no snapshot of this model yet; `streamsvd consume` writes it.", 5
    ),
    errors.StoreUnavailable: Kind(
        503, "The store does not answer", "Redis does not answer. The same request may succeed later.", 1
    ),
    errors.SnapshotCorrupt: Kind(500, "The snapshot is damaged", _BROKEN),
    errors.StoreError: Kind(500, "The store refuses", _BROKEN),
    errors.LogUnavailable: Kind(
        503,
        "The log does not answer",
        "Kafka does not answer, so the event is not known to be in the log. Send it again later, with the same source "
        "and sequence where it has them.",
        2,
    ),
    errors.DeliveryFailed: Kind(
        503,
        "The log has not confirmed",
        "Kafka has not confirmed the event in time; it may be in the log or not. Send it again, with the same source "
        "and sequence where it has them.",
        2,
    ),
    errors.LogError: Kind(500, "The log refuses", _BROKEN),
    errors.StreamSVDError: Kind(500, "The service cannot answer", _BROKEN),
    Exception: Kind(500, "The service has failed", _BROKEN),
}


def kind_of(error: BaseException) -> Kind:
    """How an error is answered: by its type, or the nearest type above.

    Examples
    --------
    >>> kind_of(errors.TopicUnsafe("…")).status, kind_of(errors.SettingsError("…")).status
    (500, 422)
    """
    return next(KINDS[base] for base in type(error).__mro__ if base in KINDS)


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    request_id: str | None,
    headers: Mapping[str, str] | None = None,
    where: Sequence[Mapping[str, str]] = (),
) -> Response:
    """One problem document; `where` lists the fields that are not right."""
    found: dict[str, Any] = {
        "type": _PREFIX + title.lower().replace(" ", "-").replace("'", ""),
        "title": title,
        "status": status,
        "detail": detail,
    }
    if request_id is not None:
        found["request_id"] = request_id
    if where:
        found["errors"] = where
    return Response(msgspec.json.encode(found), status, dict(headers or {}), MEDIA_TYPE)


def request_id_of(scope: Mapping[str, Any]) -> str | None:
    """The id that `streamsvd.service.observability` has given the request."""
    found: str | None = scope.get("state", {}).get("request_id")
    return found


def from_error(error: BaseException, request_id: str | None) -> Response:
    """The answer to an error of ours, or of nobody's."""
    kind = kind_of(error)
    headers = None if kind.retry_after is None else {"Retry-After": str(kind.retry_after)}
    detail = str(error) if kind.detail is None else kind.detail
    return problem(kind.status, kind.title, detail, request_id=request_id, headers=headers)


def from_http(error: HTTPException, request_id: str | None) -> Response:
    """The answer to an error of the framework's: no such path, no such method, …"""
    title = HTTPStatus(error.status_code).phrase
    return problem(error.status_code, title, str(error.detail), request_id=request_id, headers=error.headers)


def from_validation(error: RequestValidationError, request_id: str | None) -> Response:
    """The answer to a request that does not fit the specification; values are not repeated."""
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return problem(400, "Not JSON", "The body is not JSON: send one JSON object.", request_id=request_id)
    where = [{"at": ".".join(str(part) for part in each["loc"]), "message": str(each["msg"])} for each in found]
    detail = f"{where[0]['at']}: {where[0]['message']}" + (f", and {len(where) - 1} more" if len(where) > 1 else "")
    return problem(422, "Not a valid request", detail, request_id=request_id, where=where)


async def answer_error(request: Request, error: Exception) -> Response:
    """The framework's hook for every error; tells the journal what the caller is not told."""
    request_id = request_id_of(request.scope)
    if isinstance(error, RequestValidationError):
        return from_validation(error, request_id)
    if isinstance(error, HTTPException):
        answer = from_http(error, request_id)
        if error.status_code == 405:
            answer.headers["Allow"] = request.app.state.methods.get(request.url.path, answer.headers.get("Allow", ""))
        return answer
    request.scope["state"]["error"] = error
    return from_error(error, request_id)
