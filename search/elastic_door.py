"""The door to an Elasticsearch server: bounded waiting, few retries, and every failure as a fault of the house.

No message carries the password or the text of a paper: of a document that was refused only the kind of error is told.
"""

import base64
import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import urllib3
from elastic_transport import NodeConfig, Urllib3HttpNode
from elasticsearch import ApiError, Elasticsearch, SerializationError, TransportError

from records.errors import Away
from search.index import index_away, index_missing, index_refused, index_unwritable

CONNECT, REQUEST = 3.0, 10.0
"""Seconds to wait for a connection, and for an answer in whole."""
PATIENCE = "8s"
"""What the server is told to wait at most, so that it says itself why it cannot."""
DEADLINE = 20.0
"""Seconds after which no further try is begun."""
TRIES = 4
_PIECE = 4096  # bytes read at once
_PAUSE = 0.1  # seconds before the second try; doubled each time and shortened by chance so that clients do not march

_TEXTUAL = ("document_parsing_exception", "mapper_parsing_exception", "parsing_exception")
_NOT_OPEN = ("index_closed_exception", "index_not_found_exception", "aliases_not_found_exception")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Answer:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class _Pool:
    """The connections of a node. A server that does not answer is left sooner than one that does, and an answer has
    to be there in whole in time: one that trickles would never run into the time-out of a single read.
    """

    def __init__(self, pool: urllib3.HTTPConnectionPool) -> None:
        self._pool = pool

    def urlopen(self, method: str, target: str, timeout: float = REQUEST, **how: Any) -> _Answer:
        end = time.monotonic() + timeout
        waits = urllib3.Timeout(connect=min(CONNECT, timeout), read=timeout)
        answer = self._pool.urlopen(method, target, timeout=waits, preload_content=False, **how)
        data = bytearray()
        try:
            for piece in answer.stream(_PIECE):
                data += piece
                if time.monotonic() > end:
                    answer.close()
                    raise urllib3.exceptions.ReadTimeoutError(self._pool, target, "the answer trickles")
        finally:
            answer.release_conn()
        return _Answer(answer.status, answer.headers, bytes(data))

    def close(self) -> None:
        self._pool.close()


class _Node(Urllib3HttpNode):
    """A server as the client knows it, with our connections."""

    def __init__(self, config: NodeConfig) -> None:
        super().__init__(config)
        self.pool: Any = _Pool(self.pool)


class Door:
    """One server and our account there. Threads may share it; connections are made when first needed."""

    def __init__(self, address: str, user: str, password: str) -> None:
        self.address = address
        # Made here: the client's own way fails on letters beyond ASCII, with the password in its message.
        self._account = base64.b64encode(f"{user}:{password}".encode()).decode() if user else None
        self._guard = threading.Lock()
        self._client: Elasticsearch | None = None

    def __repr__(self) -> str:
        return f"Door({self.address!r})"

    def another(self) -> "Door":
        """Return a door of its own to the same server."""
        twin = Door(self.address, "", "")
        twin._account = self._account
        return twin

    def call(self, work: Callable[[Elasticsearch], T]) -> T:
        """Return what `work` gets from the client; it may be run up to four times, so it must bear that.

        `work` may itself raise what `judge` says of a part of an answer. Raises Away: `search-index-missing`,
        `-unwritable`, `-refused` at once, `-away` after the last try.
        """
        end = time.monotonic() + DEADLINE
        for attempt in range(1, TRIES + 1):
            try:
                client, left = self._opened(), max(end - time.monotonic(), 1.0)
                return work(client if left >= REQUEST else client.options(request_timeout=left))
            except (ApiError, TransportError, Away) as raised:
                fault, cause = _fault(raised), None if isinstance(raised, SerializationError) else raised
            pause = _PAUSE * 2 ** (attempt - 1) * random.uniform(0.5, 1.0)  # noqa: S311  no secret hangs on it
            if fault.code != "search-index-away" or attempt == TRIES or time.monotonic() + pause >= end:
                break
            time.sleep(pause)
        raise Away(f"{self.address}: {fault}", tell=fault.tell, code=fault.code) from cause

    def close(self) -> None:
        """Close the connections; the next call makes new ones."""
        with self._guard:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _opened(self) -> Elasticsearch:
        with self._guard:
            if self._client is None:
                secure = {"ssl_context": ssl.create_default_context()} if "https:" in self.address else {}
                self._client = Elasticsearch(
                    self.address,
                    basic_auth=self._account,
                    node_class=_Node,
                    request_timeout=REQUEST,  # asking for another one costs as much as a small answer
                    max_retries=0,  # ours pause between tries
                    **cast("dict[str, Any]", secure),
                )
            return self._client


def judge(status: int, error: Any) -> Away:
    """Return the fault for an answer of the server, or of one item of a bulk request; `error` is its error object.

    Only `search-index-away` is worth another try.
    """
    kind = str(error.get("type", "")) if isinstance(error, dict) else ""
    told = "" if kind in _TEXTUAL or not isinstance(error, dict) else str(error.get("reason", ""))[:300]
    reason = " ".join(part for part in (str(status), kind, told) if part)
    if status in (401, 403) and kind != "cluster_block_exception":
        return index_refused(reason)
    if kind == "cluster_block_exception" and "[SERVICE_UNAVAILABLE" not in told:
        return index_unwritable(reason)  # the disk is nearly full, or somebody set the index read-only
    if status == 413:
        return index_unwritable(reason)
    if kind in _NOT_OPEN or status == 400:
        return index_missing(reason)  # absent, closed, or not shaped as this program shapes it
    return index_away(reason)


def _fault(raised: ApiError | TransportError | Away) -> Away:
    if isinstance(raised, Away):
        return raised
    if isinstance(raised, SerializationError):
        return index_away("an answer that is not whole JSON")  # the client quotes it: texts of papers
    if isinstance(raised, ApiError):
        return judge(raised.meta.status, raised.body.get("error") if isinstance(raised.body, dict) else None)
    return index_away(f"{type(raised).__name__} {raised.message}")
