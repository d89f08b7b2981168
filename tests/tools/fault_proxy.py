"""Stand between a client and a server on loopback and spoil what passes: the network, on purpose.

    with FaultProxy("127.0.0.1", 9000) as proxy:              # HTTP: counts calls, knows where bodies begin
        store = S3Store(f"s3+http://127.0.0.1:{proxy.port}/bucket", access, secret)
        proxy.spoil(Fault("status", status=503, method="GET", path="/bucket/a", times=2))
        ...
        proxy.heal()                                          # let everything through again
        assert proxy.calls("PUT", "/bucket/") == 3            # seen since the beginning, or since forget()

A fault names which calls it meets (`method`, text in `path`, from the `nth` such call on, `times` calls, 0 = all) and
what happens to them. The first fault that fits a call is the one that happens:

    delay      wait `seconds` before the request goes on
    slow       pass the body of `side` at `rate` bytes a second
    reset      pass `after` bytes of the body of `side`, then reset the connection (RST)
    cut        the same, then an ordinary end of the connection (FIN)
    shorten    pass `after` bytes of the answer's body and say that this is all of it
    flip       change one bit of byte `after` of the body of `side`
    lose       let the server do it, then reset instead of its answer
    refuse     reset without asking the server
    blackhole  ask the server, never pass its answer on
    status     answer `status` and `body` without asking the server
    foreign    the same with 200

`FaultProxy(..., http=False)` passes raw bytes of any protocol; there `path` is text that the client must have sent
(say `COMMIT`) before delay, slow, reset, cut, blackhole or lose begin on that connection.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from typing import NoReturn

_PIECE = 64 << 10


@dataclass
class Fault:
    """What goes wrong, and with which calls."""

    kind: str
    side: str = "response"
    method: str = ""
    path: str = ""
    nth: int = 1
    times: int = 0
    seconds: float = 0.0
    rate: int = 1024
    after: int = 0
    status: int = 503
    body: bytes = b""
    _met: int = field(default=0, init=False)

    def meets(self, method: str, path: str) -> bool:
        """Count a call that fits and tell whether it is one of those to spoil."""
        if self.method not in ("", method) or self.path not in path:
            return False
        self._met += 1
        return self._met >= self.nth and (not self.times or self._met < self.nth + self.times)


@dataclass(frozen=True)
class _Head:
    """The first lines of a request or an answer, and how long the body is (-1: in chunks, -2: to the end)."""

    raw: bytes
    words: list[str]
    length: int
    ends: bool

    def with_length(self, length: int) -> bytes:
        lines = [line for line in self.raw.split(b"\r\n") if not line.lower().startswith(b"content-length:")]
        return b"\r\n".join([lines[0], f"Content-Length: {length}".encode(), *lines[1:]])


class _Gone(Exception):
    """This connection has ended, as a fault wants it or by itself."""


class FaultProxy:
    """A proxy in a thread of its own, on a free port of loopback."""

    def __init__(self, host: str, port: int, *, http: bool = True) -> None:
        self._to = (host, port)
        self._http = http
        self._faults: list[Fault] = []
        self._seen: list[tuple[str, str]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    def spoil(self, *faults: Fault) -> None:
        """From now on these faults and no others."""
        self._faults = list(faults)

    def heal(self) -> None:
        """From now on everything passes, on new calls."""
        self._faults = []

    def hang_up(self) -> None:
        """End every connection there is, also those that hang or drip."""
        self._run(self._hang_up())

    def calls(self, method: str = "", path: str = "") -> int:
        """Return how many calls with this method and this text in the path came in."""
        return sum(method in ("", m) and path in p for m, p in self._seen)

    def forget(self) -> None:
        """Count calls from zero."""
        self._seen = []

    def __enter__(self) -> "FaultProxy":
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._connected, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, what: Awaitable[object]) -> object:
        async def awaited() -> object:
            return await what

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result()

    async def _end(self) -> None:
        self._server.close()
        await self._hang_up()

    async def _hang_up(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        outer: asyncio.StreamWriter | None = None
        try:
            inner, outer = await asyncio.open_connection(*self._to)
            if self._http:
                while True:
                    await self._call(reader, writer, inner, outer)
            await self._raw(reader, writer, inner, outer)
        except (_Gone, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            for each in (writer, outer):
                if each is not None:
                    each.close()

    # --- HTTP

    async def _call(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        inner: asyncio.StreamReader,
        outer: asyncio.StreamWriter,
    ) -> None:
        asked = await _head(reader, body_expected=True)
        method, path = asked.words[0], asked.words[1]
        self._seen.append((method, path))
        fault = next((f for f in self._faults if f.meets(method, path)), Fault("none"))
        if fault.kind == "refuse":
            _reset(writer)
        if fault.kind in ("status", "foreign"):
            async for _ in _body(reader, asked):
                pass
            status = fault.status if fault.kind == "status" else 200
            writer.write(f"HTTP/1.1 {status} Spoilt\r\nContent-Length: {len(fault.body)}\r\n\r\n".encode())
            writer.write(b"" if method == "HEAD" else fault.body)
            await writer.drain()
            return
        await asyncio.sleep(fault.seconds if fault.kind == "delay" else 0)
        spoilt = fault if fault.side == "request" else None
        outer.write(asked.raw)
        await _pass(_body(reader, asked), outer, spoilt, writer)
        if fault.kind == "blackhole":
            await asyncio.Event().wait()
        given = await _head(inner, body_expected=method != "HEAD")
        if fault.kind == "lose":
            async for _ in _body(inner, given):
                pass
            _reset(writer)
        spoilt = fault if fault.side == "response" else None
        if spoilt and spoilt.kind == "shorten" and given.length > spoilt.after:
            writer.write(given.with_length(spoilt.after))
        else:
            writer.write(given.raw)
        await _pass(_body(inner, given), writer, spoilt, writer)
        if given.ends:
            raise _Gone

    # --- any protocol

    async def _raw(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        inner: asyncio.StreamReader,
        outer: asyncio.StreamWriter,
    ) -> None:
        self._seen.append(("", ""))
        sent = bytearray()
        now: list[Fault] = []

        async def there() -> None:
            while piece := await reader.read(_PIECE):
                sent.extend(piece)
                for fault in self._faults:
                    if fault not in now and fault.path.encode() in sent and fault.meets("", fault.path):
                        now.append(fault)
                await self._delayed(now)
                outer.write(piece)
                await outer.drain()
                del sent[: max(0, len(sent) - _PIECE)]
            outer.write_eof()

        async def back() -> None:
            while piece := await inner.read(_PIECE):
                for fault in list(now):
                    if fault.kind in ("reset", "lose"):
                        _reset(writer)
                    if fault.kind == "cut":
                        raise _Gone
                    if fault.kind == "blackhole":
                        await asyncio.Event().wait()
                    if fault.kind == "slow":
                        await asyncio.sleep(len(piece) / fault.rate)
                writer.write(piece)
                await writer.drain()
            raise _Gone

        ways = [asyncio.ensure_future(there()), asyncio.ensure_future(back())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _delayed(self, now: list[Fault]) -> None:
        for fault in now:
            if fault.kind == "delay":
                await asyncio.sleep(fault.seconds)


async def _head(reader: asyncio.StreamReader, *, body_expected: bool) -> _Head:
    raw = await reader.readuntil(b"\r\n\r\n")
    first, *rest = raw.decode("latin-1").split("\r\n")
    named = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    words = first.split(" ", 2)
    answer = first.startswith("HTTP/")
    if not body_expected or (answer and (words[1] in ("204", "304") or words[1].startswith("1"))):
        length = 0
    elif "chunked" in named.get("transfer-encoding", ""):
        length = -1
    elif "content-length" in named:
        length = int(named["content-length"])
    else:
        length = -2 if answer else 0
    return _Head(raw, words, length, length == -2 or named.get("connection", "").lower() == "close")


async def _body(reader: asyncio.StreamReader, head: _Head) -> AsyncIterator[bytes]:
    left = head.length
    while left > 0:
        piece = await reader.read(min(left, _PIECE))
        if not piece:
            raise _Gone
        left -= len(piece)
        yield piece
    while left == -1:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        yield line + await reader.readexactly(size + 2)
        if size == 0:
            left = 0
    while left == -2 and (piece := await reader.read(_PIECE)):
        yield piece


async def _pass(
    pieces: AsyncIterator[bytes], to: asyncio.StreamWriter, fault: Fault | None, client: asyncio.StreamWriter
) -> None:
    """Pass a body on, spoilt where `fault` says."""
    at = 0
    kind = fault.kind if fault else ""
    async for piece in pieces:
        whole = piece
        if fault and kind == "flip" and at <= fault.after < at + len(piece):
            spot = fault.after - at
            piece = piece[:spot] + bytes([piece[spot] ^ 1]) + piece[spot + 1 :]
        if fault and kind in ("reset", "cut", "shorten"):
            piece = piece[: max(0, fault.after - at)]
        step = max(1, fault.rate // 10) if fault and kind == "slow" else _PIECE
        for start in range(0, len(piece), step):
            to.write(piece[start : start + step])
            await to.drain()
            await asyncio.sleep(step / fault.rate if fault and kind == "slow" else 0)
        at += len(whole)
        if fault and kind in ("reset", "cut") and at >= fault.after:
            if kind == "cut":
                raise _Gone
            await asyncio.sleep(0.05)  # what was passed on should arrive before the reset
            _reset(client)
    await to.drain()


def _reset(writer: asyncio.StreamWriter) -> NoReturn:
    """End the connection the hard way (RST)."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
    raise _Gone
