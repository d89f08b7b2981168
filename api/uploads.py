"""How many deliveries are taken in at the same time, so that a flood of them never stops people from reading."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from fastapi import Request

from api.multipart import Form, FormReader
from api.tools import Tools
from records.errors import Away

_Made = TypeVar("_Made")


class Uploads:
    """Counts the bodies under way in this process and gives the work on them threads of its own."""

    def __init__(self, tools: Tools) -> None:
        self._folder = tools.data_dir / "cache" / "incoming"
        self._most = tools.limits.uploads_at_once
        self._threads = tools.limits.upload_threads
        self._limiter: RunVar[CapacityLimiter] = RunVar(f"vanthu-upload-threads-{id(self)}")
        self._lock = threading.Lock()
        self.running = 0
        self.bytes_taken = 0

    @asynccontextmanager
    async def body(self) -> AsyncIterator[None]:
        """Count one body for the block. Raises `Away` (`too-many-uploads`) before a byte of it is read."""
        with self._lock:
            if self.running >= self._most:
                raise Away(
                    f"{self.running} bodies are being read already",
                    code="too-many-uploads",
                    tell="Máy chủ đang nhận nhiều tệp cùng lúc nên chưa nhận thêm. Hãy gửi lại sau vài giây; "
                    "các tệp đã nhận vẫn an toàn.",
                )
            self.running += 1
        try:
            yield
        finally:
            with self._lock:
                self.running -= 1

    def count(self, taken: int) -> None:
        """Add `taken` bytes to those that came in."""
        with self._lock:
            self.bytes_taken += taken

    @asynccontextmanager
    async def form(self, request: Request, max_file_bytes: int, max_files: int) -> AsyncIterator[Form]:
        """Read the form of `request`. Raises as `FormReader` and as `body`."""
        async with self.body(), FormReader(request, self._folder, max_file_bytes, max_files) as form:
            self.count(sum(part.size for part in form.files))
            yield form

    async def work(self, do: Callable[..., _Made], *args: object) -> _Made:
        """Run `do` in one of the few threads for deliveries: the threads for reading are never used up by them."""
        try:
            limiter = self._limiter.get()
        except LookupError:
            limiter = CapacityLimiter(self._threads)
            self._limiter.set(limiter)
        return await to_thread.run_sync(do, *args, limiter=limiter)
