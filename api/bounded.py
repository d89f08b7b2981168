"""Ask something that may hang, without hanging: an answer in time or none, one asker at a time, kept for a moment.

Runs in threads of its own that never stop the process from ending; the pool that serves people is not touched.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from records.errors import Away

Told = TypeVar("Told")


class Bounded(Generic[Told]):
    """`ask` behind a deadline of `seconds`; what it told, or raised, is good for `kept` seconds."""

    def __init__(self, name: str, ask: Callable[[], Told], seconds: float, kept: float) -> None:
        self._name = name
        self._ask = ask
        self._seconds = seconds
        self._kept = kept
        self._lock = threading.Lock()
        self._told: Future[Told] | None = None
        self._begun = 0.0
        self._ended = 0.0

    async def answer(self) -> Told:
        """Return what `ask` tells. Raises TimeoutError when it takes too long, and what `ask` raises."""
        told, begun = self._asked()
        left = max(0.0, begun + self._seconds - time.monotonic())
        return await asyncio.wait_for(asyncio.wrap_future(told), left)

    async def answer_or_none(self) -> Told | None:
        """Return what `ask` tells, None when it is away or takes too long."""
        try:
            return await self.answer()
        except (Away, TimeoutError):
            return None

    def _asked(self) -> tuple[Future[Told], float]:
        with self._lock:
            now = time.monotonic()
            if self._told is not None and (not self._told.done() or now - self._ended < self._kept):
                return self._told, now if self._told.done() else self._begun
            told: Future[Told] = Future()
            told.set_running_or_notify_cancel()
            self._told, self._begun = told, now
            threading.Thread(target=self._run, args=(told,), name=f"ask-{self._name}", daemon=True).start()
            return told, now

    def _run(self, told: Future[Told]) -> None:
        try:
            value = self._ask()
        except BaseException as fault:  # noqa: BLE001  (whoever waits gets it)
            self._ended = time.monotonic()
            told.set_exception(fault)
        else:
            self._ended = time.monotonic()
            told.set_result(value)
