"""Let the signing service out to the network through one door: only to addresses an operator has listed.

Certificates say themselves where their revocation data lies, so whoever makes a certificate could send us anywhere
(SSRF). What is not listed is refused before any name is looked up; see docs/decisions/0075.
"""

import asyncio
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeVar
from urllib.parse import unquote, urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from records.errors import ArchiveFault

LARGEST_LIST = 20_000_000
"""Bytes a revocation list may have; the largest seen in the wild have a few million."""

LARGEST_ANSWER = 100_000
"""Bytes an OCSP answer or an issuer's certificate may have."""

_REDIRECTS = 3
_PIECE = 64 << 10
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?P<target>/[!-~]*)?",
    re.ASCII | re.IGNORECASE,
)
_PORTS = {"http": 80, "https": 443}
EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))

_Network = IPv4Network | IPv6Network
_T = TypeVar("_T")


class NotFetched(aiohttp.ClientError):
    """No usable answer came: away, slow, too large, refused. The message names the address and why."""


class OffTheList(NotFetched):
    """The address is not one an operator has listed; nothing was looked up or connected to."""


@dataclass(frozen=True, slots=True)
class Place:
    """Addresses that may be asked: this scheme, host and port, and paths that are `prefix` or lie under it."""

    scheme: str
    host: str
    port: int
    prefix: str = "/"

    def covers(self, other: "Place") -> bool:
        """Return whether the address `other` (its prefix is the whole path) is one of these."""
        if (self.scheme, self.host, self.port) != (other.scheme, other.host, other.port):
            return False
        path = other.prefix.partition("?")[0]
        return path == self.prefix or path.startswith(self.prefix.rstrip("/") + "/")


def places_of(lines: Iterable[str]) -> tuple[Place, ...]:
    """Return the allow-list of lines like `http://ocsp.ca.example.vn/` or `http://10.1.2.3:8080/crl`.

    Raises `ArchiveFault` (`signing-settings`) when one is not a plain http(s) address.
    """
    found = []
    for line in lines:
        try:
            place = _parse(line.strip())
        except OffTheList as fault:
            raise _nonsense(line, str(fault)) from fault
        if place.host.endswith(".") or "?" in place.prefix:
            raise _nonsense(line, "host with a dot at its end, or a query")
        found.append(place)
    return tuple(found)


def networks_of(lines: Iterable[str]) -> tuple[_Network, ...]:
    """Return networks like `10.20.0.0/16`. Raises `ArchiveFault` (`signing-settings`)."""
    try:
        return tuple(ip_network(line.strip()) for line in lines)
    except ValueError as fault:
        raise _nonsense(str(fault), "not a network") from fault


def _nonsense(line: str, why: str) -> ArchiveFault:
    return ArchiveFault(
        f"{line!r}: {why}",
        code="signing-settings",
        tell="Danh sách địa chỉ được phép lấy dữ liệu chứng thư không đúng. "
        "Mỗi mục ghi dạng http://máy-chủ[:cổng]/đường-dẫn, hoặc mạng nội bộ dạng 10.20.0.0/16.",
    )


def _parse(address: str) -> Place:
    """Take an address apart; nothing that two parsers could read in two ways gets through."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise OffTheList(f"not a plain http(s) address: {address[:200]!r}")
    scheme, host, target = found["scheme"].lower(), found["host"].lower(), found["target"] or "/"
    port = int(found["port"] or _PORTS[scheme])
    path = target.partition("?")[0]
    for _ in range(3):  # a server may decode more than once
        if "\\" in path or "#" in path or {".", ".."} & set(path.split("/")) or not path.isprintable():
            raise OffTheList(f"ambiguous path: {address[:200]!r}")
        path = unquote(path)
    if "#" in target or not 0 < port < 65536:
        raise OffTheList(f"fragment or port: {address[:200]!r}")
    if host.startswith("["):
        try:
            host = f"[{IPv6Address(host[1:-1]).compressed}]"
        except ValueError:
            raise OffTheList(f"not an IPv6 address: {address[:200]!r}") from None
    return Place(scheme, host, port, target)


class Door:
    """Fetches from listed places only. It holds no connection, so threads and processes may share one.

    `inside`: networks not on the internet (private, loopback …) that *names* on the list may stand for; an address
    written as digits on the list needs no entry there. `connect` and `whole` are seconds for the connection and for
    the whole answer, redirects included.
    """

    def __init__(
        self,
        places: Sequence[Place],
        inside: Sequence[_Network] = (),
        connect: float = 10.0,
        whole: float = 30.0,
    ) -> None:
        self._places, self._inside = tuple(places), tuple(inside)
        self._connect, self._whole = connect, whole

    @asynccontextmanager
    async def open(self) -> "AsyncIterator[Session]":
        """Give a session for a few calls; no cookies, no proxy of the environment, no compression."""
        resolver = _Resolver(self._inside)
        connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, limit_per_host=4)
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect),
            headers={"Accept-Encoding": "identity"},
        ) as session:
            yield Session(self, session)

    def demand(self, address: str) -> URL:
        """Return the address as it will be asked. Raises `OffTheList`."""
        asked = _parse(address)
        if not any(place.covers(asked) for place in self._places):
            raise OffTheList(f"not on the list of addresses: {address[:200]!r}")
        url = URL(f"{asked.scheme}://{asked.host}:{asked.port}{asked.prefix}", encoded=True)
        if (url.host, url.port) != (asked.host.strip("[]"), asked.port):
            raise OffTheList(f"read in two ways: {address[:200]!r}")
        return url

    async def ask(
        self, session: aiohttp.ClientSession, method: str, address: str, headers: dict[str, str],
        body: bytes | None, most: int, seconds: float | None = None,
    ) -> "Answer":  # fmt: skip
        """Return the answer to one call. Raises `NotFetched` (`OffTheList` before anything is looked up)."""
        seconds = self._whole if seconds is None else seconds
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(session, method, self.demand(address), headers, body, most)
        except TimeoutError:
            raise NotFetched(f"{address[:200]!r}: no whole answer within {seconds:g} s") from None
        except NotFetched:
            raise
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            raise NotFetched(f"{address[:200]!r}: {type(fault).__name__}: {fault}") from fault

    async def _follow(
        self, session: aiohttp.ClientSession, method: str, url: URL, headers: dict[str, str],
        body: bytes | None, most: int,
    ) -> "Answer":  # fmt: skip
        for _ in range(_REDIRECTS + 1):
            async with session.request(
                method, url, headers=headers, data=body, allow_redirects=False
            ) as found:
                if found.status in (301, 302, 303, 307, 308) and method == "GET":
                    url = self.demand(urljoin(str(url), found.headers.get("Location", "")))
                    continue
                if found.status != 200:
                    raise NotFetched(f"{url}: HTTP status {found.status}")
                if found.headers.get("Content-Encoding", "identity").lower() != "identity":
                    raise NotFetched(f"{url}: compressed though not asked for")
                data = bytearray()
                async for piece in found.content.iter_chunked(_PIECE):
                    data += piece
                    if len(data) > most:
                        raise NotFetched(f"{url}: answer larger than {most} bytes")
                return Answer(bytes(data))
        raise NotFetched(f"{url}: too many redirects")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, in the shape the certificate validator's fetchers ask for.

    `headers` is empty on purpose: authorities mislabel what they send, so what it is decides and not its label.
    """

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    async def read(self) -> bytes:
        """Return the body."""
        return self.body


class Session:
    """What the certificate validator's own fetchers use in place of an aiohttp session."""

    def __init__(self, door: Door, session: aiohttp.ClientSession) -> None:
        self._door, self._session = door, session

    @asynccontextmanager
    async def get(self, url: str, headers: dict[str, str], **_: object) -> AsyncIterator[Answer]:
        """Fetch a revocation list or certificates. Raises `NotFetched`."""
        most = LARGEST_LIST if "pkix-crl" in headers.get("Accept", "") else LARGEST_ANSWER
        yield await self._door.ask(self._session, "GET", url, headers, None, most)

    @asynccontextmanager
    async def post(
        self, url: str, headers: dict[str, str], data: bytes, **_: object
    ) -> AsyncIterator[Answer]:
        """Ask an OCSP responder. Raises `NotFetched`."""
        yield await self._door.ask(self._session, "POST", url, headers, data, LARGEST_ANSWER)

    async def post_once(
        self, url: str, headers: dict[str, str], data: bytes, most: int, seconds: float
    ) -> bytes:
        """Post and return at most `most` bytes within `seconds`. Raises `NotFetched`."""
        return (await self._door.ask(self._session, "POST", url, headers, data, most, seconds)).body


class _Resolver(AbstractResolver):
    """Looks names up and refuses those that stand for machines inside; the connection goes where this one says.

    In threads of its own: a name server that hangs may not hold up the end of the event loop.
    """

    def __init__(self, inside: Sequence[_Network]) -> None:
        self._inside = inside
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        look = partial(socket.getaddrinfo, host, port, family=family, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look)
        results: list[ResolveResult] = []
        for kind, _, protocol, _, where in found:
            self._demand_allowed(host, ip_address(str(where[0]).partition("%")[0]))
            results.append(
                ResolveResult(
                    hostname=host,
                    host=str(where[0]),
                    port=port,
                    family=kind,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST,
                )
            )
        return results

    def _demand_allowed(self, host: str, address: IPv4Address | IPv6Address) -> None:
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if address.is_global and not address.is_multicast:
            return
        if not any(address in network for network in self._inside):
            raise NotFetched(f"{host} stands for {address}, which is not on the internet and not allowed")

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def apart(work: Callable[[], Coroutine[None, None, _T]]) -> _T:
    """Run a coroutine to its end in a thread of its own, whatever event loop the calling thread may run."""
    done: list[_T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(asyncio.run(work()))
        except BaseException as fault:  # noqa: BLE001 carried to the caller's thread and raised there
            failed.append(fault)

    thread = threading.Thread(target=run, name="apart", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]
