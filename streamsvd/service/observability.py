"""What is seen of each request: an id, a line in the journal, a count, a duration; and headers for browsers.

The outermost middleware: it sees every answer, also those of the other middlewares, and answers for errors that nobody
expected.
"""

from __future__ import annotations

import re
import time
import uuid

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamsvd.errors import StreamSVDError
from streamsvd.service.journal import Journal
from streamsvd.service.problems import from_error

_SAFE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_SAFETY = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class HttpMetrics:
    """Counts and durations by method, route template and status."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["method", "route", "status"]
        self.requests = Counter("streamsvd_http_requests", "Requests answered", labels, registry=registry)
        self.seconds = Histogram(
            "streamsvd_http_request_duration_seconds",
            "Time from a request's headers to the end of its answer",
            labels,
            buckets=_BUCKETS,
            registry=registry,
        )
        self.in_progress = Gauge("streamsvd_http_requests_in_progress", "Requests not answered yet", registry=registry)


class Observing:
    """Middleware; see the module."""

    def __init__(self, app: ASGIApp, journal: Journal, metrics: HttpMetrics) -> None:
        self._app, self._journal, self._metrics = app, journal, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and watch."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = given.decode() if _SAFE_ID.fullmatch(given) else uuid.uuid4().hex
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode()), *_SAFETY]
            await send(message)

        began = time.perf_counter()
        self._metrics.in_progress.inc()
        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001  every request is answered
            state["error"] = error
            if not status:
                await from_error(error, request_id)(scope, receive, watched)
        finally:
            self._metrics.in_progress.dec()
            self._record(scope, status, time.perf_counter() - began)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")  # a path that nobody serves is not a label
        method = scope["method"] if scope["method"] in _METHODS else "other"
        labels = (method, route, str(status))
        self._metrics.requests.labels(*labels).inc()
        self._metrics.seconds.labels(*labels).observe(seconds)
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
        if error is None:
            self._journal.info("request", **line)
        elif status < 500:
            self._journal.info("request", **line, error=type(error).__name__)
        else:
            self._journal.error("request", **line, error=type(error).__name__, **_told(error))


def _told(error: BaseException) -> dict[str, object]:
    return {"message": str(error)} if isinstance(error, StreamSVDError) else {"exc_info": error}
