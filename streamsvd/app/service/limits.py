"""What one request may cost: bytes of body, and seconds.

Both hold before the application sees anything: a body is counted as it comes, whatever its Content-Length says or
leaves out, and a client that sends it slowly is cut off like a lookup that takes too long.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamsvd.app.service.problems import problem, request_id_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may cost, and how many there may be.

    Attributes
    ----------
    body_bytes : int
    request_seconds : float
        From the end of its headers to the end of its answer.
    threads, waiting : int
        See `Workers`.
    delivery_seconds : float
        Within which Kafka has to confirm a rating; below `request_seconds`.
    """

    body_bytes: int = 256 << 10
    request_seconds: float = 10.0
    threads: int = 8
    waiting: int = 256
    delivery_seconds: float = 5.0


class _TooLarge(Exception):
    pass


class SizeLimit:
    """Middleware: a body of more bytes is refused with 413, as soon as that is known."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        if declared.isdigit() and int(declared[:20]) > self._most:
            await self._refuse(scope, receive, send)
            return
        size, started = 0, False

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._most:
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except _TooLarge:
            if started:
                raise
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"The body has more than {self._most:,} bytes. Send less in one request."
        answer = problem(
            413, "Content Too Large", detail, request_id=request_id_of(scope), headers={"Connection": "close"}
        )
        await answer(scope, receive, send)


class TimeLimit:
    """Middleware: 408 for a client whose body does not come, 503 for an answer that does not."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with a deadline."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
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
                status, title, detail = 408, "Request Timeout", f"The body did not come {limit}."
            else:
                status, title, detail = 503, "Not in time", f"No answer {limit}. Try again later."
            headers = {"Connection": "close", "Retry-After": "1"}
            await problem(status, title, detail, request_id=request_id_of(scope), headers=headers)(scope, receive, send)


class JsonOnly:
    """Middleware: 415 for a body that is not declared as JSON.

    Browsers send other types across origins without asking; this one they ask for first, and CORS is off.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            headers = dict(scope["headers"])
            there = headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
            kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
            if there and kind != b"application/json":
                detail = "Send the body as JSON, with Content-Type: application/json"
                answer = problem(
                    415,
                    "Unsupported Media Type",
                    detail,
                    request_id=request_id_of(scope),
                    headers={"Connection": "close"},
                )
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
