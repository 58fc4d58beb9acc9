"""ASGI middlewares that limit one request: bytes of its body, seconds, content type.

They run before the application: a body is counted as it arrives, whatever its Content-Length says, and a client that
sends slowly is cut off like a lookup that takes too long.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamsvd.service.problems import problem


class HttpMiddleware(ABC):
    """Base of middlewares for HTTP requests; other scopes, such as the lifespan, pass through."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle a request."""
        return (self.handle if scope["type"] == "http" else self._app)(scope, receive, send)

    @abstractmethod
    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request on, or answer it."""


class SizeLimit(HttpMiddleware):
    """413 for a body of more bytes, as soon as that is known."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        super().__init__(app)
        self._most = most

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count its bytes."""
        detail = f"The body has more than {self._most:,} bytes. Send less in one request."
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        if declared.isdigit() and int(declared[:20]) > self._most:
            await _refuse(scope, receive, send, 413, "Content Too Large", detail)
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._most:  # raised through the code that reads the body, answered by the application
                raise HTTPException(413, detail, {"Connection": "close"})
            return message

        await self._app(scope, counted, send)


class TimeLimit(HttpMiddleware):
    """408 for a client whose body does not arrive in time, 503 for an answer that does not."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        super().__init__(app)
        self._seconds = seconds

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with a deadline."""
        reading = started = False

        async def watched_receive() -> Message:
            nonlocal reading
            reading = True
            message = await receive()
            reading = False
            return message

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            async with asyncio.timeout(self._seconds) as deadline:
                await self._app(scope, watched_receive, watched_send)
        except TimeoutError:
            if started or not deadline.expired():
                raise
            limit = f"within {self._seconds:g} seconds"
            if reading:
                await _refuse(scope, receive, send, 408, "Request Timeout", f"The body did not come {limit}.")
            else:
                await _refuse(scope, receive, send, 503, "Not in time", f"No answer {limit}. Try again later.")


class JsonOnly(HttpMiddleware):
    """415 for a body that is not declared as JSON.

    Browsers send other types across origins without a preflight request; for JSON they send one, and CORS is off.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["method"] not in ("GET", "HEAD"):
            headers = dict(scope["headers"])
            there = headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
            kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
            if there and kind != b"application/json":
                detail = "Send the body as JSON, with Content-Type: application/json"
                await _refuse(scope, receive, send, 415, "Unsupported Media Type", detail)
                return
        await self._app(scope, receive, send)


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, title: str, detail: str) -> None:
    """Answer without having read the body; the connection cannot be used after that."""
    headers = {"Connection": "close", **({"Retry-After": "1"} if status == 503 else {})}
    answer = problem(scope["state"]["request_id"], status, title, detail, headers=headers)
    await answer(scope, receive, send)
