"""The outermost middleware: request id, line in the journal, metrics, and security headers.

It sees every answer, those of the other middlewares too, and answers unexpected errors.
"""

from __future__ import annotations

import re
import time
import uuid

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamsvd.errors import StreamSVDError
from streamsvd.service.journal import Journal
from streamsvd.service.middleware import HttpMiddleware
from streamsvd.service.problems import from_error

_SAFE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_SECURITY_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Observability(HttpMiddleware):
    """Counts, measures and records every request; see the module.

    Parameters
    ----------
    app : ASGIApp
    journal : Journal
    registry : CollectorRegistry
        For counts and durations by method, route template and status.
    """

    def __init__(self, app: ASGIApp, journal: Journal, registry: CollectorRegistry) -> None:
        super().__init__(app)
        self._journal = journal
        labels = ["method", "route", "status"]
        self._requests = Counter("streamsvd_http_requests", "Requests answered", labels, registry=registry)
        self._seconds = Histogram(
            "streamsvd_http_request_duration_seconds",
            "Time from a request's headers to the end of its answer",
            labels,
            buckets=_BUCKETS,
            registry=registry,
        )
        self._in_progress = Gauge("streamsvd_http_requests_in_progress", "Requests not answered yet", registry=registry)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and record it."""
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = given.decode() if _SAFE_ID.fullmatch(given) else uuid.uuid4().hex
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode()), *_SECURITY_HEADERS]
            await send(message)

        began = time.perf_counter()
        self._in_progress.inc()
        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001  every request is answered
            state["error"] = error
            if not status:
                await from_error(error, request_id)(scope, receive, watched)
        finally:
            self._in_progress.dec()
            self._record(scope, status, time.perf_counter() - began)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")  # an unknown path must not become a label
        method = scope["method"] if scope["method"] in _METHODS else "other"
        labels = (method, route, str(status))
        self._requests.labels(*labels).inc()
        self._seconds.labels(*labels).observe(seconds)
        line = {
            "request_id": scope["state"]["request_id"],
            "method": method,
            "route": route,
            "status": status,
            "seconds": round(seconds, 6),
            "client": (scope.get("client") or ("",))[0],
            "key": scope["state"].get("key"),
        }
        error = scope["state"].get("error")
        if error is not None:
            line["error"] = type(error).__name__
        if error is None or status < 500:
            self._journal.info("request", **line)
        else:
            details = {"message": str(error)} if isinstance(error, StreamSVDError) else {"exc_info": error}
            self._journal.error("request", **line, **details)
