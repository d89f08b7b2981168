"""The outermost ring: every request gets a number, a line in the log, a place in the figures and a span."""

import logging
import re
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from records.clock import new_id
from records.context import log_context
from records.trace import span

log = logging.getLogger("vanthu.request")

REQUEST_ID = b"x-request-id"
_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_TRACE = (b"traceparent", b"tracestate")
_QUIET = ("/health", "/metrics", "/static", "/api/v1/health", "/operations")
"""Asked all the time by machines and browsers: counted, but not worth a line unless something is wrong."""

_NOBODY_WAITS = 499
"""Status of a request that was never answered, because the caller went away (the number that nginx uses)."""


class Watch:
    """ASGI middleware. `route_of` gives the template of a request's address once it was routed."""

    def __init__(self, app: ASGIApp, metrics: Metrics, route_of: Callable[[Scope], str]) -> None:
        self._app = app
        self._metrics = metrics
        self._route_of = route_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(REQUEST_ID, b"")
        request_id = given.decode() if _WELL_FORMED.fullmatch(given) else new_id()[:16]
        method = str(scope["method"])
        carrier = {name.decode(): headers[name].decode("latin-1") for name in _TRACE if name in headers}
        begun = time.perf_counter()
        status, size, until_first, streaming = _NOBODY_WAITS, 0, 0.0, False

        async def noted(message: Message) -> None:
            nonlocal status, size, until_first, streaming
            if message["type"] == "http.response.start":
                status, until_first = message["status"], time.perf_counter() - begun
                message["headers"] = [*message["headers"], (REQUEST_ID, request_id.encode())]
                streaming = any(v.startswith(b"text/event-stream") for _, v in message["headers"])
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            await send(message)

        with log_context(request_id=request_id), span(f"HTTP {method}", carrier=carrier) as under_way:
            try:
                await self._app(scope, receive, noted)
            finally:
                route = self._route_of(scope)
                seconds = until_first if streaming else time.perf_counter() - begun
                self._metrics.passed(method, route, status, seconds)
                under_way.note("http.route", route)
                under_way.note("http.response.status_code", status)
                _tell(scope, method, route, status, seconds, size)


def _tell(scope: Scope, method: str, route: str, status: int, seconds: float, size: int) -> None:
    """Write the line: the template of the address and the ids in it, never what was typed into the query."""
    level = logging.WARNING if status >= 500 else logging.DEBUG if route.startswith(_QUIET) else logging.INFO
    if not log.isEnabledFor(level):
        return
    asked = scope.get("path_params") or {}
    with log_context(document_id=_id(asked, "document_id"), batch_id=_id(asked, "batch_id")):
        measured = {
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
            "bytes": size,
        }
        log.log(level, "%s %s %d %.0f ms", method, route, status, seconds * 1000, extra=measured)


def _id(asked: dict[str, object], name: str) -> str:
    value = str(asked.get(name, ""))
    return value if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value) else ""
