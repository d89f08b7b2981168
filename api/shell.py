"""The shell around every answer: security headers, caps and pace of what comes in, the last word when it breaks."""

import logging
import re
import time

from anyio import fail_after
from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem, unexpected
from api.resumable import VERSION
from api.tools import Limits

log = logging.getLogger("vanthu.api")

_UPLOADS = re.compile(
    r"/api/v1/(?:verify(?:/[^/]+)?|batches/[^/]+/(?:files|uploads(?:/[^/]+)?)|signing-batches/[^/]+/papers|signatures)"
    r"|/verify|/batches/[^/]+/files|/kiem-tra/[^/]+/[^/]+"
)
_RESUMABLE = re.compile(r"/api/v1/batches/[^/]+/uploads(?:/[^/]+)?")
_TUS = {"tus-resumable": VERSION, "tus-version": VERSION}
"""What every answer of the resumable door says, refusals too (tus 1.0)."""
_LONGEST_URL = 8 * 1024
_LONGEST_HEADERS = 32 * 1024

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class Shell:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, limits: Limits, secure: bool) -> None:
        self._app = app
        self._limits = limits
        self._headers = dict(HEADERS)
        if secure:
            self._headers["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def dressed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                self._dress(message, _TUS if _RESUMABLE.fullmatch(scope["path"]) else {})
            await send(message)

        request = Request(scope)
        refused = self._refusal(scope)
        if refused is not None:
            status, code, detail = refused
            await problem(status, code, detail)(scope, receive, dressed)
            return
        try:
            await self._app(scope, self._watched(scope, receive), dressed)
        except ClientDisconnect:
            log.info(
                "%s %s: the caller went away before the body was whole", request.method, request.url.path
            )
        except Exception as error:
            if begun:
                raise
            await unexpected(request, error)(scope, receive, dressed)

    def _dress(self, message: Message, more: dict[str, str]) -> None:
        present = {name.lower() for name, _ in message["headers"]}
        added = {**self._headers, **more}
        added["cache-control"] = "no-store"
        message["headers"] = [
            *message["headers"],
            *((n.encode(), v.encode()) for n, v in added.items() if n.encode() not in present),
        ]

    def _refusal(self, scope: Scope) -> tuple[int, str, str] | None:
        if len(scope.get("raw_path", b"")) + len(scope.get("query_string", b"")) > _LONGEST_URL:
            return 414, "uri-too-long", "Địa chỉ yêu cầu quá dài."
        if sum(len(n) + len(v) for n, v in scope["headers"]) > _LONGEST_HEADERS:
            return 431, "headers-too-large", "Phần đầu của yêu cầu quá lớn."
        length = next((v for n, v in scope["headers"] if n == b"content-length"), b"0")
        if not _UPLOADS.fullmatch(scope["path"]) and length.isdigit() and int(length[:20]) > self._cap(scope):
            return 413, "body-too-large", "Nội dung gửi lên quá lớn."
        return None

    def _cap(self, scope: Scope) -> float:
        """Return the most bytes a body may have; the form reader counts for itself."""
        return float("inf") if _UPLOADS.fullmatch(scope["path"]) else self._limits.max_json_bytes

    def _watched(self, scope: Scope, receive: Receive) -> Receive:
        """Return `receive` with a cap on the bytes and a floor under the pace; a body that dawdles ends with 408."""
        cap, pause, least = (
            self._cap(scope),
            self._limits.body_pause_seconds,
            self._limits.body_bytes_a_second,
        )
        begun = time.monotonic()
        taken, whole = 0, False

        async def next_piece() -> Message:
            nonlocal taken, whole
            if (
                whole
            ):  # what comes now is only whether the caller is still there; that may take as long as it likes
                return await receive()
            try:
                with fail_after(pause):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408) from None  # answered by api/errors.py like any other
            taken += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if taken > cap:
                raise HTTPException(413)
            if not whole and taken < least * (time.monotonic() - begun - pause):
                raise HTTPException(408)
            return message

        return next_piece
