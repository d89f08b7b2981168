"""What routes share that take files in, hand files out, or let somebody watch."""

import base64
import binascii
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import quote

from anyio import sleep, to_thread
from fastapi import Request
from fastapi.responses import StreamingResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.deps import Caller, Desk, check_csrf, find_caller
from api.multipart import FilePart, Form
from api.tools import Tools
from language.fold import fold
from records.errors import ArchiveFault, Unfit

_POLL = 1.0  # seconds between two looks at the rows
_HEARTBEAT = 15
_ASK_AGAIN = 10  # polls between two checks that the watcher is still signed in


def multipart_body(
    required: Sequence[str], properties: Mapping[str, Mapping[str, str]], of_file: str = ""
) -> dict[str, Any]:
    """Return what OpenAPI says of a form with one file: FastAPI cannot tell, as the body is read as a stream.

    `of_file` describes the file, "": as its name says.
    """
    file = {"type": "string", "format": "binary"} | ({"description": of_file} if of_file else {})
    schema = {"type": "object", "required": ["file", *required], "properties": {"file": file, **properties}}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


MULTIPART = multipart_body(
    (), {"relative_path": {"type": "string", "description": "Place of the file inside the delivery."}}
)


@asynccontextmanager
async def one_file(
    request: Request, desk: Desk, caller: Caller, most: int
) -> AsyncIterator[tuple[Form, FilePart]]:
    """Read a form with one file of at most `most` bytes, for the block; its CSRF token may be a field of the form.

    Raises as `Uploads.form`, `CsrfFailed`, `Unfit` (`multipart-malformed`: no file).
    """
    async with desk.uploads.form(request, most, 1) as form:
        if "x-csrf-token" not in request.headers:
            check_csrf(caller, form.fields.get("csrf"))
        if not form.files:
            raise Unfit(
                "no file part", code="multipart-malformed", tell="Yêu cầu không có tệp nào (trường `file`)."
            )
        yield form, form.files[0]


def declared_digest(request: Request, content_digest: str | None) -> str | None:
    """Return the SHA-256 (hex) that the sender declared in `X-Content-SHA256` or RFC 9530 `Content-Digest`, or None."""
    return request.headers.get("x-content-sha256") or _digest(content_digest)


def handed_out(pieces: Iterator[bytes], name: str, media: str, size: int, sha256: str) -> StreamingResponse:
    """Return a file as the answer, named for saving, with its SHA-256 as `ETag` and RFC 9530 `Repr-Digest`."""
    digest = base64.b64encode(bytes.fromhex(sha256)).decode()
    return StreamingResponse(
        _first_checked(pieces),
        media_type=media,
        headers={
            "Content-Disposition": disposition(name),
            "Content-Length": str(size),
            "ETag": f'"{sha256}"',
            "Repr-Digest": f"sha-256=:{digest}:",
        },
    )


def disposition(name: str) -> str:
    """Return the `Content-Disposition` of a download (RFC 6266, RFC 8187): an ASCII name and the real one."""
    plain = "".join(c if (c.isascii() and c.isalnum()) or c in " ._-()" else "_" for c in fold(name))
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


class Watched(Protocol):
    """A state that can be told as JSON."""

    @property
    def state(self) -> str:
        """The word by which the end is known."""

    def model_dump_json(self) -> str:
        """Return all of it."""


def follow(
    request: Request, tools: Tools, look: Callable[[], Watched], ends: set[str]
) -> EventSourceResponse:
    """Return server-sent events: `progress` with each new state, `finished` with the first whose word is in `ends`.

    Every event tells the whole state, so that a `Last-Event-ID` needs no memory here: the newest state is next.
    """

    async def events() -> AsyncIterator[ServerSentEvent]:
        last, count = "", 0
        while True:
            try:
                if count % _ASK_AGAIN == 0 and await to_thread.run_sync(find_caller, request, tools) is None:
                    yield ServerSentEvent(event="signed-out", data="{}")
                    return
                seen = await to_thread.run_sync(look)
            except ArchiveFault:
                await sleep(_POLL)  # the database is busy or away: the next look tells
                continue
            count += 1
            told = seen.model_dump_json()
            ended = seen.state in ends
            if told != last or ended:
                last = told
                yield ServerSentEvent(event="finished" if ended else "progress", id=str(count), data=told)
            if ended:
                return
            await sleep(_POLL)

    return EventSourceResponse(events(), ping=_HEARTBEAT)


def _first_checked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Draw the first piece before the answer begins, so that a missing or short corrupt file is a clean error."""
    first = next(pieces, b"")

    def rest() -> Iterator[bytes]:
        yield first
        yield from pieces

    return rest()


def _digest(header: str | None) -> str | None:
    """Return the hexadecimal SHA-256 of a `Content-Digest: sha-256=:base64:` field, None when there is none."""
    for item in (header or "").split(","):
        name, _, value = item.strip().partition("=")
        if name.lower() == "sha-256" and value.startswith(":") and value.endswith(":"):
            try:
                return base64.b64decode(value[1:-1], validate=True).hex()
            except binascii.Error:
                return "malformed"  # never equal to a hash: the receiver refuses with its own sentence
    return None
