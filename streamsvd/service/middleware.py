"""What one request may cost: bytes of body, and seconds.

Both hold before the application sees anything: a body is counted as it comes, whatever its Content-Length says or
leaves out, and a client that sends it slowly is cut off like a lookup that takes too long.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamsvd.service.problems import problem, request_id_of


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


class SizeLimit:
    """Middleware: a body of more bytes is refused with 413, as soon as that is known."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        detail = f"The body has more than {self._most:,} bytes. Send less in one request."
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        if declared.isdigit() and int(declared[:20]) > self._most:
            await refuse(scope, receive, send, 413, "Content Too Large", detail)
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._most:  # whoever reads the body lets this pass, and the application answers it
                raise HTTPException(413, detail, {"Connection": "close"})
            return message

        await self._app(scope, counted, send)


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
                await refuse(scope, receive, send, 408, "Request Timeout", f"The body did not come {limit}.")
            else:
                await refuse(scope, receive, send, 503, "Not in time", f"No answer {limit}. Try again later.")


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
                await refuse(scope, receive, send, 415, "Unsupported Media Type", detail)
                return
        await self._app(scope, receive, send)


async def refuse(scope: Scope, receive: Receive, send: Send, status: int, title: str, detail: str) -> None:
    """Answer without having read the body; the connection is of no use after that."""
    headers = {"Connection": "close", **({"Retry-After": "1"} if status == 503 else {})}
    answer = problem(status, title, detail, request_id=request_id_of(scope), headers=headers)
    await answer(scope, receive, send)
