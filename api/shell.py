"""The shell around every answer: security headers, caps on what comes in, and the last word when something breaks."""

import re

from fastapi import HTTPException, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem, unexpected

_UPLOADS = re.compile(r"/api/v1/verify|/api/v1/batches/[^/]+/files|/verify|/batches/[^/]+/files")
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

    def __init__(self, app: ASGIApp, max_body: int, secure: bool) -> None:
        self._app = app
        self._max_body = max_body
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
                self._dress(message)
            await send(message)

        request = Request(scope)
        refused = self._refusal(scope)
        if refused is not None:
            status, code, detail = refused
            await problem(status, code, detail)(scope, receive, dressed)
            return
        try:
            await self._app(scope, self._capped(scope, receive), dressed)
        except Exception as error:
            if begun:
                raise
            await unexpected(request, error)(scope, receive, dressed)

    def _dress(self, message: Message) -> None:
        present = {name.lower() for name, _ in message["headers"]}
        added = dict(self._headers)
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
        if not _UPLOADS.fullmatch(scope["path"]) and length.isdigit() and int(length[:20]) > self._max_body:
            return 413, "body-too-large", "Nội dung gửi lên quá lớn."
        return None

    def _capped(self, scope: Scope, receive: Receive) -> Receive:
        if _UPLOADS.fullmatch(scope["path"]):
            return receive  # the form reader counts for itself
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > self._max_body:
                    raise HTTPException(413)  # answered by api/errors.py like any other
            return message

        return counted
