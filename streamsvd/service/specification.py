"""The OpenAPI document: FastAPI's, with the problems that every endpoint may answer and the keys that it needs."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from streamsvd.service import responses
from streamsvd.service.problems import MEDIA_TYPE
from streamsvd.service.security import OPEN_PATHS, scope_of

_PROBLEMS = {
    400: "Not JSON, or not addressed to this host.",
    401: "No key, or none of this service.",
    403: "The key lacks the scope.",
    404: "Not known.",
    408: "The body did not come in time.",
    413: "The body is too large.",
    415: "The body is not declared as JSON.",
    422: "The request does not fit this specification; `errors` says where.",
    500: "The service, the snapshot or a setting is broken; the journal says more.",
    503: "Redis or Kafka does not answer, or there is no snapshot yet. Try again later.",
}
_MAY_BE_UNKNOWN = frozenset({"/similar-items", "/similar-users", "/explain", "/history"})
_ALWAYS = {400, 500, 503}
_WITH_BODY = {408, 413, 415, 422}


def specification(app: FastAPI, *, keys: bool, scale: Callable[[], tuple[float, float] | None]) -> dict[str, Any]:
    """The document now; `scale` gives lowest and highest rating, once a snapshot holds them."""
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
    )
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = responses.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schemas["Problem"].pop("$defs", {}))
    document["components"]["responses"] = {f"Problem{status}": _problem(status) for status in _PROBLEMS}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(operation, path, method.upper(), keys=keys)
    if keys:
        document["components"]["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "An API key, made by `streamsvd key`."}
        }
    limits = scale()
    if limits is not None:
        for name in ("RatingIn", "RatingOf"):
            if name in schemas:
                schemas[name]["properties"]["rating"] |= {"minimum": limits[0], "maximum": limits[1]}
    exact: dict[str, Any] = _exact(document)
    return exact


def _exact(part: Any) -> Any:
    """Whole numbers as integers: FastAPI makes bounds floats, and 2⁶³ written as a float is read as another number."""
    if isinstance(part, dict):
        return {name: _exact(value) for name, value in part.items()}
    if isinstance(part, list):
        return [_exact(value) for value in part]
    return int(part) if isinstance(part, float) and part.is_integer() else part


def _complete(operation: dict[str, Any], path: str, method: str, *, keys: bool) -> None:
    statuses = set(_ALWAYS)
    if operation.get("parameters"):
        statuses.add(422)
    if "requestBody" in operation:
        statuses |= _WITH_BODY
    if operation["responses"].pop("422", None) is not None:
        statuses.add(422)
    if keys and path not in OPEN_PATHS:
        statuses |= {401, 403}
        operation["security"] = [{"key": [scope_of(method, path)]}]
    if path in _MAY_BE_UNKNOWN:
        statuses.add(404)
    for status in sorted(statuses):
        operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/Problem{status}"})


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": f"{HTTPStatus(status).phrase}. {_PROBLEMS[status]}",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
