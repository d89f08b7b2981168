"""Read a multipart body straight to disk, so that the size of a delivery never becomes the size of the process.

The framework's own reader has no cap on a file's size; this one stops at the first byte too many.
"""

import contextlib
import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, cast

from anyio import to_thread
from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from records.errors import Away, Unfit
from storage.disk import FULL

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_MAX_FIELD = 64 * 1024
_MAX_HEADER = 16 * 1024
_FLUSH = 1024 * 1024
_READ = 256 * 1024


@dataclass(slots=True)
class FilePart:
    """One delivered file: its name as sent, and its bytes in a temporary file that goes away with the form."""

    name: str
    media_type: str
    path: Path
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes as they came, lower-case hexadecimal; complete once the form is read."""
        return str(self.digest.hexdigest())

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in pieces."""
        with self.path.open("rb") as source:
            while piece := source.read(_READ):
                yield piece


@dataclass(slots=True)
class Form:
    """A multipart body as read: text fields by name (the last wins) and files in the order sent."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[FilePart] = field(default_factory=list)


class FormReader:
    """Async context that reads `request` into a `Form` and removes its temporary files at the end.

    `folder` must be on the data disk. Raises `Unfit`: `multipart-malformed` (no or wrong boundary, cut body, too many
    parts), `file-too-large`; `Away`: `spool-full`, `spool-away` (the disk does not take it).
    """

    def __init__(
        self, request: Request, folder: Path, max_file_bytes: int, max_files: int = 1000, max_fields: int = 20
    ) -> None:
        self._request = request
        self._folder = folder
        self._max_file = max_file_bytes
        self._max_files = max_files
        self._max_fields = max_fields
        self._open: list[IO[bytes]] = []
        self._form = Form()

    async def __aenter__(self) -> Form:
        """Read the whole body."""
        try:
            await self._read()
            for handle in self._open:
                handle.flush()
        except OSError as fault:
            self._close()
            raise _no_spool(fault) from fault
        except BaseException:
            self._close()
            raise
        return self._form

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the temporary files."""
        self._close()

    def _close(self) -> None:
        for handle in self._open:
            with contextlib.suppress(OSError):
                handle.close()  # a named temporary file: closing removes it
        self._open.clear()

    async def _read(self) -> None:
        declared = self._request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._max_file * self._max_files + _MAX_HEADER:
            raise _too_large(self._max_file)
        kind, options = parse_options_header(self._request.headers.get("content-type", ""))
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise _malformed("no multipart boundary")
        parts = _Parts(self)
        try:
            parser = MultipartParser(boundary, parts.callbacks())
            async for chunk in cast("AsyncIterator[bytes]", self._request.stream()):
                parser.write(chunk)
                if parts.waiting >= _FLUSH:
                    await to_thread.run_sync(parts.flush)
            parser.finalize()
        except FormParserError as why:
            raise _malformed(str(why)) from why
        await to_thread.run_sync(parts.flush)
        if not parts.ended:
            raise _malformed("the body ends before its last boundary")

    def add_file(self, name: str, media_type: str) -> tuple[FilePart, IO[bytes]]:
        """Open a temporary file for a new file part."""
        if len(self._form.files) >= self._max_files:
            raise _malformed("too many files")
        self._folder.mkdir(parents=True, exist_ok=True)
        handle = tempfile.NamedTemporaryFile(dir=self._folder, prefix="incoming-")  # noqa: SIM115 (closed by _close)
        self._open.append(cast("IO[bytes]", handle))
        part = FilePart(name, media_type, Path(handle.name))
        self._form.files.append(part)
        return part, cast("IO[bytes]", handle)

    def add_field(self, name: str, value: bytes) -> None:
        """Keep a text field."""
        if len(self._form.fields) >= self._max_fields:
            raise _malformed("too many fields")
        self._form.fields[name] = value.decode("utf-8", "replace")

    @property
    def max_file(self) -> int:
        """Cap of one file in bytes."""
        return self._max_file


class _Parts:
    """The parser's callbacks: they gather headers and bytes of the part under way."""

    def __init__(self, reader: FormReader) -> None:
        self._reader = reader
        self._header_name = b""
        self._header_value = b""
        self._headers: dict[bytes, bytes] = {}
        self._headers_size = 0
        self._field = ""
        self._value = bytearray()
        self._part: FilePart | None = None
        self._handle: IO[bytes] | None = None
        self._pieces: list[tuple[FilePart, IO[bytes], bytes]] = []
        self.waiting = 0
        self.ended = False

    def callbacks(self) -> "MultipartCallbacks":
        """Return the parser's callback table."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._on_header_name,
            "on_header_value": self._on_header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def flush(self) -> None:
        """Write what waits to disk."""
        pieces, self._pieces, self.waiting = self._pieces, [], 0
        for part, handle, piece in pieces:
            part.digest.update(piece)
            handle.write(piece)

    def _begin(self) -> None:
        self._headers, self._headers_size = {}, 0
        self._header_name = self._header_value = b""
        self._part = self._handle = None
        self._value = bytearray()

    def _on_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]
        self._grown(end - start)

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]
        self._grown(end - start)

    def _grown(self, count: int) -> None:
        self._headers_size += count
        if self._headers_size > _MAX_HEADER:
            raise _malformed("part headers too long")

    def _header_end(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _headers_finished(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if kind != b"form-data" or b"name" not in options:
            raise _malformed("a part without a name")
        self._field = options[b"name"].decode("utf-8", "replace")
        if b"filename" in options:
            name = options[b"filename"].decode("utf-8", "replace")
            media = self._headers.get(b"content-type", b"").decode("latin-1")
            self._part, self._handle = self._reader.add_file(name, media)

    def _data(self, data: bytes, start: int, end: int) -> None:
        count = end - start
        if self._part is None or self._handle is None:
            if len(self._value) + count > _MAX_FIELD:
                raise _malformed("a text field is too long")
            self._value += data[start:end]
            return
        self._part.size += count
        if self._part.size > self._reader.max_file:
            raise _too_large(self._reader.max_file)
        self._pieces.append((self._part, self._handle, data[start:end]))
        self.waiting += count

    def _end_part(self) -> None:
        if self._part is None:
            self._reader.add_field(self._field, bytes(self._value))

    def _end(self) -> None:
        self.ended = True


def _malformed(why: str) -> Unfit:
    return Unfit(
        f"multipart body: {why}",
        code="multipart-malformed",
        tell="Yêu cầu tải tệp lên không đúng dạng hoặc bị cắt giữa chừng. Hãy gửi lại tệp.",
    )


def _too_large(cap: int) -> Unfit:
    return Unfit(
        f"file larger than {cap} bytes",
        code="file-too-large",
        tell=f"Tệp lớn hơn mức cho phép ({cap // 1024**2} MB). Hãy chia tệp nhỏ hơn rồi gửi lại.",
    )


def _no_spool(fault: OSError) -> Away:
    full = fault.errno in FULL
    return Away(
        f"incoming folder: {fault}",
        code="spool-full" if full else "spool-away",
        tell=("Ổ đĩa tạm của máy chủ đã đầy" if full else "Ổ đĩa tạm của máy chủ không ghi được")
        + " nên tệp chưa được nhận. Hãy báo quản trị viên rồi gửi lại sau; các tệp đã nhận vẫn an toàn.",
    )
