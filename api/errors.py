"""The one place where a fault becomes an HTTP answer: RFC 9457 problem documents, or a page that says the same."""

import logging
import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from api.wording import TITLES, next_step
from records.clock import new_id
from records.context import context_fields
from records.errors import ArchiveFault, Away, Conflict, Missing, NotAllowed, ToolMissing, Unfit

log = logging.getLogger("vanthu.api")

PROBLEM = "application/problem+json"

_STATUS: tuple[tuple[type[ArchiveFault], int], ...] = (
    (Missing, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (Away, 503),
    (ToolMissing, 503),
    (Unfit, 422),
    (ArchiveFault, 500),
)
_BY_CODE = {
    "not-signed-in": 401,
    "wrong-password": 401,
    "csrf-failed": 403,
    "too-many-tries": 429,
    "file-too-large": 413,
    "body-too-large": 413,
    "unsupported-type": 415,
    "not-a-pdf": 415,
    "multipart-malformed": 400,
    "upload-malformed": 400,
    "upload-too-long": 413,
    "upload-busy": 423,
    "tus-version": 412,
    "checksum-mismatch": 460,
    "json-malformed": 400,
    "idempotency-key-missing": 400,
    "headers-too-large": 431,
    "uri-too-long": 414,
    "iiif-parameter": 400,
    "iiif-upscaling": 501,
    "query-empty": 422,
    "role-wrong": 422,
    "no-key": 422,
    "level-unknown": 422,
    "blob-missing": 500,
    "blob-corrupt": 500,
}
"""Codes whose status is not that of their family."""

_OF_WHAT_CAME = ("certificate-", "place-", "page-", "stamp-", "seal-size", "seal-not-round")
"""First words of codes that speak of what the caller sent or chose; the signing service knows no HTTP."""

_SAME_BYTES = frozenset({401, 404})

_FULL = "-full"
"""An `Away` whose code ends like this has no room to store in: 507, so that nobody just tries again and again."""

_RETRY_AFTER = {503: "30", 507: "300", 429: "60"}
_RETRY_AFTER_BY_CODE = {
    "idempotency-busy": "2",
    "too-many-uploads": "5",
    "too-many-connections": "5",
    "upload-busy": "1",
    "database-busy": "5",
    "commit-unknown": "2",
}
"""Seconds after which asking again makes sense."""

_PARTS = (
    ("database", "tables"),
    ("commit", "tables"),
    ("store", "blobs"),
    ("blob", "blobs"),
    ("copy", "copy"),
    ("search", "index"),
    ("engine", "engine"),
    ("time-stamp", "time-stamps"),
    ("key", "keys"),
    ("spool", "spool"),
)
"""First word of a fault's code and the part of the house that it speaks of (the names of /health/ready)."""


class SignInNeeded(NotAllowed):
    """Nobody is signed in (or the session has ended): 401, and pages lead to the sign-in form."""

    code = "not-signed-in"


class CsrfFailed(NotAllowed):
    """The request does not prove that the person at this browser meant it."""

    code = "csrf-failed"

    def __init__(self, reason: str) -> None:
        super().__init__(reason, tell="Không xác nhận được yêu cầu này là của bạn. Chưa có gì thay đổi.")


class WrongPassword(NotAllowed):
    """Login or password is wrong, or the account is off; the answer does not say which."""

    code = "wrong-password"

    def __init__(self) -> None:
        super().__init__("log-in refused", tell="Tên đăng nhập hoặc mật khẩu không đúng.")


class SlowDown(NotAllowed):
    """Too many failing log-ins, or checks of papers; `seconds` says when the next one is heard."""

    code = "too-many-tries"

    def __init__(self, seconds: int, what: str = "Đăng nhập sai") -> None:
        super().__init__(
            f"throttled for {seconds} s: {what}",
            tell=f"{what} quá nhiều lần. Hãy đợi {max(1, math.ceil(seconds / 60))} phút rồi thử lại.",
        )
        self.seconds = seconds


def status_of(fault: ArchiveFault) -> int:
    """Return the HTTP status of a fault: by its code, else by its family."""
    if fault.code in _BY_CODE:
        return _BY_CODE[fault.code]
    if isinstance(fault, Away) and fault.code.endswith(_FULL):
        return 507
    if type(fault) is ArchiveFault and fault.code.startswith(_OF_WHAT_CAME):
        return 422
    return next((status for family, status in _STATUS if isinstance(fault, family)), 422)


def part_of(code: str) -> str:
    """Return the part of the house that a fault's code speaks of, "" when it is none in particular."""
    return next((part for word, part in _PARTS if code.startswith(word)), "")


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """Return a problem document. `type` is a stable name, `title` Vietnamese, `next` what the person can do.

    `request_id` is what the log calls this request; 401 and 404 have it in the header only, because wrong login and
    wrong password, absent and forbidden are the same bytes.
    """
    request_id = context_fields().get("request_id")
    if request_id and status not in _SAME_BYTES:
        more = {"request_id": request_id, **more}
    if status >= 500 and (part := part_of(code)):
        more = {"part": part, **more}
    body = {
        "type": f"urn:vanthu:problem:{code}",
        "title": TITLES.get(code)
        or TITLES[f"status-{status}" if f"status-{status}" in TITLES else "status-400"],
        "status": status,
        "detail": detail,
        "code": code,
        "next": next_step(code, status),
        **more,
    }
    return JSONResponse(body, status, media_type=PROBLEM, headers=headers)


def wants_page(request: Request) -> bool:
    """Return whether the caller is a person's browser outside the JSON API."""
    path = request.url.path
    if path.startswith(("/api/", "/health")):
        return False
    return "text/html" in request.headers.get("accept", "") or "hx-request" in request.headers


_HTTP_CODES = {400: "bad-request", 405: "method-not-allowed", 408: "body-too-slow", 413: "body-too-large"}


def install(app: FastAPI) -> None:
    """Register the handlers on `app`."""
    app.add_exception_handler(ArchiveFault, _fault)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def _answer(
    request: Request,
    status: int,
    code: str,
    detail: str,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Response:
    if wants_page(request):
        from api.pages.fault import fault_page  # the pages need this module too

        return fault_page(request, status, code, detail, headers)
    return problem(status, code, detail, headers=headers, **more)


async def _fault(request: Request, error: Exception) -> Response:
    assert isinstance(error, ArchiveFault)  # noqa: S101 (registered for this family only)
    status = status_of(error)
    headers: dict[str, str] = {}
    if isinstance(error, SlowDown):
        headers["Retry-After"] = str(error.seconds)
    elif error.code in _RETRY_AFTER_BY_CODE or status in _RETRY_AFTER:
        headers["Retry-After"] = _RETRY_AFTER_BY_CODE.get(error.code) or _RETRY_AFTER[status]
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status >= 500:
        log.warning("%s %s: %s %s", request.method, request.url.path, error.code, error)
    if status == 404:  # absent and forbidden must be the same bytes
        return _answer(request, 404, "not-found", Missing("").tell)
    return _answer(request, status, error.code, error.tell, headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (registered for this family only)
    found: Sequence[Any] = error.errors()
    if any(e.get("type") == "json_invalid" for e in found):
        return _answer(request, 400, "json-malformed", "Nội dung gửi lên không phải JSON hợp lệ.")
    if any(e["loc"] and e["loc"][0] == "path" for e in found):
        return _answer(request, 404, "not-found", Missing("").tell)
    wrong = [
        {
            "in": str(e["loc"][0]),
            "field": ".".join(str(p) for p in e["loc"][1:])[:200],
            "problem": str(e["type"]),
        }
        for e in found[:20]
    ]
    return _answer(request, 422, "invalid-input", "Một số giá trị gửi lên không hợp lệ.", errors=wrong)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 (registered for this family only)
    status = error.status_code
    if status == 404:
        return _answer(request, 404, "not-found", Missing("").tell)
    code = _HTTP_CODES.get(status, f"status-{status}")
    title = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Error"
    headers = dict(error.headers) if error.headers else None
    return _answer(request, status, code, TITLES.get(code) or title, headers)


def unexpected(request: Request, error: Exception) -> Response:
    """Answer for a bug: a number to quote, the story in the log, nothing of the inside to the outside."""
    number = new_id()[:12]
    log.error("error %s at %s %s", number, request.method, request.url.path, exc_info=error)
    return _answer(
        request,
        500,
        "internal-error",
        f"Hệ thống gặp lỗi ngoài dự kiến. Dữ liệu không bị thay đổi một nửa. Mã lỗi: {number}.",
        error_id=number,
    )
