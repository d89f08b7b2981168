"""The tus protocol 1.0 as headers: what a request says, what an answer must say, and a body written as it comes.

https://tus.io/protocols/resumable-upload: core, creation, creation-with-upload, checksum, expiration, termination.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import AsyncIterator
from email.utils import format_datetime
from typing import Annotated, cast

from anyio import to_thread
from fastapi import Depends, Header, Request
from starlette.requests import ClientDisconnect

from api.deps import Desk, Digitizer
from api.schemas.uploads import UploadOut
from ingest.names import clean_name, clean_path
from ingest.resumable import Announced, Pen, Upload, UploadShelf
from records.errors import Conflict, Unfit

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
CHECKSUMS = ("sha256", "sha1")
"""The protocol demands SHA-1 of a server that checks pieces; the whole file is known by its SHA-256 alone."""

BYTES = "application/offset+octet-stream"
_WRITE = 1024 * 1024
_KEEP = 8 * 1024 * 1024
_LONGEST_NAMES = 8 * 1024


def spoken(actor: Digitizer, tus_resumable: Annotated[str | None, Header()] = None) -> None:
    """Demand that the caller, who may hand files in, speaks this version. Raises `Unfit` (`tus-version`, 412)."""
    if tus_resumable != VERSION:
        raise Unfit(
            f"Tus-Resumable: {tus_resumable!r}",
            code="tus-version",
            tell="Yêu cầu không theo giao thức tải lên tus 1.0.0 (đầu mục Tus-Resumable).",
        )


Tus = Depends(spoken)


def announced(
    batch_id: str, length: str | None, metadata: str | None, key: str | None, deferred: str | None
) -> Announced:
    """Return what the headers of a creation say. Raises `Unfit` (`upload-malformed`).

    `metadata` names the file (`filename`), its place in the delivery (`relative_path`, `relativePath`) and its SHA-256
    (`sha256`, hexadecimal). Without an `Idempotency-Key` place, length and hash are the key.
    """
    if deferred is not None or length is None or not length.isdigit() or len(length) > 15:
        raise _malformed(f"Upload-Length {length!r}, Upload-Defer-Length {deferred!r}")
    told = _metadata(metadata or "")
    name = told.get("filename") or told.get("name") or ""
    path = told.get("relative_path") or told.get("relativePath") or name
    sha256 = told.get("sha256", "").lower()
    if sha256 and (len(sha256) != 64 or sha256.strip("0123456789abcdef")):
        raise _malformed("sha256 is no SHA-256 in hexadecimal")
    known = key or "auto:" + hashlib.sha256(f"{path}\n{length}\n{sha256}".encode()).hexdigest()
    return Announced(batch_id, known, clean_name(name or path), clean_path(path or name), int(length), sha256)


def headers_of(found: UploadOut) -> dict[str, str]:
    """Return what an answer about this upload must say."""
    names = {"filename": found.name, "relative_path": found.relative_path, "sha256": found.sha256}
    told = {
        "Upload-Offset": str(found.offset),
        "Upload-Length": str(found.length),
        "Upload-Metadata": ",".join(
            f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in names.items() if value
        ),
    }
    if found.expires is not None:
        told["Upload-Expires"] = format_datetime(found.expires, usegmt=True)
    return told


async def write_body(
    request: Request, desk: Desk, shelf: UploadShelf, upload: Upload, at: int | None, checksum: str | None
) -> None:
    """Write the body behind the durable part of the upload; what came of a cut body without checksum is kept.

    `at` is where the sender goes on; None: the body begins with the first byte of the file, what is here is skipped.
    Raises `Conflict` (`upload-offset`, `upload-busy`), `Unfit` (`upload-too-long`, `checksum-mismatch`,
    `upload-malformed`), `Away`.
    """
    expected = _checksum(checksum)
    async with desk.uploads.body():
        with shelf.writing(upload) as pen:
            if at is not None and at != pen.offset:
                raise Conflict(
                    f"upload is at {pen.offset}, not {at}",
                    code="upload-offset",
                    tell=f"Máy chủ đã nhận đến byte {pen.offset}. Hãy hỏi lại vị trí rồi gửi tiếp từ đó.",
                )
            pieces = _Pieces(pen, upload.told.length, skip=pen.offset if at is None else 0)
            try:
                async for chunk in cast("AsyncIterator[bytes]", request.stream()):
                    pieces.add(chunk)
                    if pieces.waiting >= _WRITE:
                        await to_thread.run_sync(pieces.write, expected is None)
            except ClientDisconnect:
                if expected is None:
                    await to_thread.run_sync(pieces.end)
                raise
            if expected is not None and not pieces.are(expected):
                pen.drop()
                raise Unfit(
                    "the piece is not what its Upload-Checksum says",
                    code="checksum-mismatch",
                    tell="Phần vừa gửi bị hỏng trên đường truyền (sai mã băm) nên không được giữ. Hãy gửi lại.",
                )
            await to_thread.run_sync(pieces.end)
            desk.uploads.count(pieces.taken)


class _Pieces:
    """Gathers small pieces of a body into larger writes."""

    def __init__(self, pen: Pen, length: int, skip: int) -> None:
        self._pen = pen
        self._room = length - pen.offset
        self._skip = skip
        self._some: list[bytes] = []
        self._digests = {name: hashlib.new(name, usedforsecurity=False) for name in CHECKSUMS}
        self.waiting = 0
        self.taken = 0

    def add(self, chunk: bytes) -> None:
        """Take bytes of the body. Raises `Unfit` (`upload-too-long`): more than was announced."""
        for digest in self._digests.values():
            digest.update(chunk)
        self.taken += len(chunk)
        if self._skip:
            left_out = min(self._skip, len(chunk))
            self._skip -= left_out
            chunk = chunk[left_out:]
        self._room -= len(chunk)
        if self._room < 0:
            self._pen.drop()
            raise Unfit(
                "more bytes than announced",
                code="upload-too-long",
                tell="Nội dung gửi lên dài hơn độ dài đã khai báo nên phần này không được giữ. Hãy gửi lại tệp.",
            )
        self._some.append(chunk)
        self.waiting += len(chunk)

    def write(self, and_keep: bool) -> None:
        """Write what waits; `and_keep`: let it count from time to time."""
        self._pen.write(b"".join(self._some))
        self._some, self.waiting = [], 0
        if and_keep and self._pen.written >= _KEEP:
            self._pen.keep()

    def end(self) -> None:
        """Write the rest and let all of it count."""
        self.write(and_keep=False)
        if self._pen.written:
            self._pen.keep()

    def are(self, expected: tuple[str, bytes]) -> bool:
        """Return whether the body has this checksum."""
        name, digest = expected
        return hmac.compare_digest(self._digests[name].digest(), digest)


def _checksum(header: str | None) -> tuple[str, bytes] | None:
    if header is None:
        return None
    name, _, value = header.strip().partition(" ")
    if name not in CHECKSUMS:
        raise _malformed(f"Upload-Checksum algorithm {name!r}")
    return name, _decoded(value)


def _metadata(header: str) -> dict[str, str]:
    if len(header) > _LONGEST_NAMES:
        raise _malformed("Upload-Metadata is too long")
    told: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in header.split(","))):
        name, _, value = item.partition(" ")
        told[name] = _decoded(value).decode("utf-8", "replace")
    return told


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError) as fault:
        raise _malformed("a value is no Base64") from fault


def _malformed(why: str) -> Unfit:
    return Unfit(
        f"tus request: {why}",
        code="upload-malformed",
        tell="Yêu cầu tải lên không đúng giao thức tus (độ dài, tên hoặc mã băm của tệp). Hãy gửi lại tệp.",
    )
