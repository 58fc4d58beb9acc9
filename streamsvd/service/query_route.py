"""Routes that validate the whole query string with one pydantic model.

FastAPI validates a query model field by field for every request, which takes longer than the lookup. Here the model is
found when the route is made; a request costs one parse of its query and one validation. The specification is FastAPI's,
from the same signature.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, get_origin, get_type_hints
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response


class QueryRoute(APIRoute):
    """Route of an endpoint `(request, query)`, `query` a model of all parameters; others are left to FastAPI."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's hook: the function that answers a request."""
        hints = get_type_hints(self.endpoint)
        if hints.keys() != {"request", "query", "return"}:
            return super().get_route_handler()
        model = hints["query"]
        lists = frozenset(name for name, field in model.model_fields.items() if get_origin(field.annotation) is list)
        return partial(_answer, self.endpoint, model, lists)


async def _answer(
    endpoint: Callable[..., Awaitable[Response]], model: type[BaseModel], lists: frozenset[str], request: Request
) -> Response:
    given = parse_query(request.scope["query_string"], lists)
    try:
        query = model.model_validate(given)
    except ValidationError as error:
        found = [{**each, "loc": ("query", *each["loc"])} for each in error.errors(include_url=False)]
        raise RequestValidationError(found) from error
    return await endpoint(request=request, query=query)


def parse_query(raw: bytes, lists: frozenset[str]) -> dict[str, Any]:
    """Parameters by name: of a repeated one the last value, or all of them where the model has a list.

    Examples
    --------
    >>> parse_query(b"user=5&genres=Drama&n=1&n=2&genres=Sci-Fi", frozenset({"genres"}))
    {'user': '5', 'genres': ['Drama', 'Sci-Fi'], 'n': '2'}
    """
    found: dict[str, Any] = {}
    for name, value in parse_qsl(raw.decode("latin-1"), keep_blank_values=True):
        if name in lists:
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found
