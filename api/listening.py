"""How the HTTP server listens: nobody holds a connection by being slow, and idle ones make room for new ones.

uvicorn alone waits for ever for the head of a request, and a client that sends a byte now and then keeps even its
keep-alive clock from running out. Bodies that dawdle are the business of api/shell.py. Measured: docs/decisions/0064.
"""

import asyncio
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.errors import problem

_AT_A_TIME = 32
"""Connections that wait to be taken, and so taken at a time: asyncio takes as many before it looks at the first one."""
_SHARE = 0.4
"""Part of the open files (less those just taken) that connections may have; pools, index, temporary files have theirs.

Running out must not happen: asyncio (CPython 3.11) then logs and schedules itself again once for each that waits.
"""


@dataclass(frozen=True, slots=True)
class LineLimits:
    """Seconds and counts of one listening process.

    `head_seconds`: for the whole head of a request, from its first byte or the opening of the connection.
    `linger_seconds`: how long an unread body is still thrown away after an early answer, so that the answer arrives.
    `stall_seconds`: how long a client may take nothing of its answer. `most_connections`: above it, the connection
    that has waited longest without a whole request is closed; when all are at work the newest is told to come later.
    """

    head_seconds: float = 15.0
    linger_seconds: float = 2.0
    stall_seconds: float = 60.0
    idle_seconds: int = 10
    most_connections: int = 1000

    @classmethod
    def for_this_process(cls) -> "LineLimits":
        """Return the limits that fit the number of files this process may open."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        room = 100_000 if soft == resource.RLIM_INFINITY else int((soft - 3 * _AT_A_TIME) * _SHARE)
        return cls(most_connections=max(_AT_A_TIME, min(cls().most_connections, room)))


def server_options(limits: LineLimits | None = None) -> dict[str, Any]:
    """Return what `uvicorn.run` or `uvicorn.Config` must be given besides the application and the address."""
    chosen = limits or LineLimits.for_this_process()
    return {
        "http": partial(WatchedProtocol, line=chosen),
        "ws": "none",
        "loop": "asyncio",
        "timeout_keep_alive": chosen.idle_seconds,
        "h11_max_incomplete_event_size": 64 * 1024,
        "backlog": _AT_A_TIME,
        "log_config": None,  # boot/logs.py has set the log up
        "access_log": False,  # it would print queries; api/watch.py writes the line
        "server_header": False,
    }


class WatchedProtocol(H11Protocol):
    """uvicorn's own protocol with a clock on each thing that a client can be slow at."""

    def __init__(self, *args: Any, line: LineLimits, **options: Any) -> None:
        super().__init__(*args, **options)
        self._line = line
        self._head = _Clock(self, line.head_seconds)
        self._rest = _Clock(self, line.linger_seconds)
        self._stall = _Clock(self, line.stall_seconds)
        self._waiting_since = 0.0

    @property
    def waits_for_a_head(self) -> bool:
        """Whether no request is under way on this connection: it is new, idle, or its next head is not whole yet."""
        return self.cycle is None or (self.cycle.response_complete and self.conn.their_state is h11.IDLE)

    @property
    def throws_a_body_away(self) -> bool:
        """Whether the request was answered before its body was there, and the body still comes."""
        return (
            self.cycle is not None and self.cycle.response_complete and self.conn.their_state is h11.SEND_BODY
        )

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin the clock; make room when there are too many connections."""
        super().connection_made(transport)
        self._waiting_since = self.loop.time()
        self._head.begin()
        if len(self.connections) > self._line.most_connections:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Take bytes in; they stop a clock only when they complete what it waits for."""
        super().data_received(data)
        if self.waits_for_a_head:
            self._head.begin()
        else:
            self._head.stop()
        if not self.throws_a_body_away:
            self._rest.stop()

    def on_response_complete(self) -> None:
        """Go on to the next request, or throw the rest of an unread body away for a moment and close."""
        self._waiting_since = self.loop.time()
        super().on_response_complete()
        if self.throws_a_body_away:
            self._rest.begin()
        elif (
            self.waits_for_a_head and self.conn.trailing_data[0]
        ):  # half of the next head came with the last request
            self._head.begin()

    def pause_writing(self) -> None:
        """The client does not keep up with its answer: give it a while."""
        super().pause_writing()
        self._stall.begin()

    def resume_writing(self) -> None:
        """The client takes its answer again."""
        super().resume_writing()
        self._stall.stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        for clock in (self._head, self._rest, self._stall):
            clock.stop()
        super().connection_lost(exc)

    def _make_room(self) -> None:
        """Close who has waited longest without asking anything; else tell this newest client to come later."""
        waiting = [other for other in self._others() if other.waits_for_a_head]
        if waiting:
            min(waiting, key=lambda other: other._waiting_since).transport.abort()
        elif len(self.connections) > 2 * self._line.most_connections:
            self.transport.abort()  # not even a refusal can be afforded
        else:
            self.app = _come_later

    def _others(self) -> Iterator["WatchedProtocol"]:
        for other in self.connections:
            if other is not self and not cast("WatchedProtocol", other).transport.is_closing():
                yield cast("WatchedProtocol", other)


class _Clock:
    """Closes a connection for good when it is not stopped in time; beginning it again changes nothing."""

    def __init__(self, line: H11Protocol, seconds: float) -> None:
        self._line = line
        self._seconds = seconds
        self._handle: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        if self._handle is None:
            self._handle = self._line.loop.call_later(self._seconds, self._line.transport.abort)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


async def _come_later(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request on a connection too many."""
    if scope["type"] != "http":
        return
    answer = problem(
        503,
        "too-many-connections",
        "Máy chủ đang phục vụ nhiều kết nối nhất có thể. Hãy thử lại sau vài giây.",
        headers={"Retry-After": "5", "Connection": "close"},
    )
    await answer(scope, receive, send)
