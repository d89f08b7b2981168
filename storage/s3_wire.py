"""Ask an S3 server one thing: signed, within a short patience, and never taking half an answer for a whole one.

The stock client waits for minutes and keeps a whole object in memory; of it only the signing, the addresses and the
XML are used. Plain S3 as Amazon describes it, nothing that only one server knows.
"""

import base64
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256 as hash_of
from typing import Any, TypeVar
from urllib.parse import urlunsplit

import urllib3
from minio.credentials.credentials import Credentials
from minio.helpers import BaseURL
from minio.signer import sign_v4_s3
from minio.xml import findtext, unmarshal
from urllib3.exceptions import HTTPError, ReadTimeoutError

from storage.s3_patience import Deadline, Patience, Refusal, Trouble

NOTHING = hash_of(b"").hexdigest()
PIECE = 256 << 10
"""Bytes sent or received between two looks at the clock."""
_MOST_XML = 16 << 20
_AGAIN = {408, 429, 500, 502, 503, 504}
_SPOILT_ON_THE_WAY = {
    "BadDigest",
    "IncompleteBody",
    "InternalError",
    "OperationAborted",
    "ConditionalRequestConflict",
    "RequestTimeout",
    "SlowDown",
    "XAmzContentChecksumMismatch",
    "XAmzContentSHA256Mismatch",
}

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent: pieces that can be taken from the start again, their size and SHA-256 (hex)."""

    pieces: Callable[[], Iterable[bytes]]
    size: int
    sha256: str

    @staticmethod
    def of(data: bytes) -> "Body":
        """Return a body held in memory."""
        return Body(lambda: [data], len(data), hash_of(data).hexdigest())


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    headers: Mapping[str, str]
    body: bytes


class Wire:
    """One server and one bucket; safe for threads. Credentials appear in no `repr`, no log and no fault."""

    def __init__(
        self, endpoint: str, bucket: str, region: str, keys: tuple[str, str], patience: Patience
    ) -> None:
        self.endpoint = endpoint
        self.bucket = bucket
        self.patience = patience
        self._base = BaseURL(endpoint, region or None)
        self.region = self._base.region or "us-east-1"
        # a function, so that nobody prints it by accident
        self._credentials: Callable[[], Credentials] = lambda: Credentials(*keys)
        self._pool = urllib3.PoolManager(maxsize=16, retries=False)

    def deadline(self, size: int = 0) -> Deadline:
        """Return the deadline of a call that moves `size` bytes."""
        return Deadline(self.patience.total + size / self.patience.floor)

    def told(
        self,
        method: str,
        key: str,
        limit: Deadline,
        read: Callable[[Answer], _T],
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> _T:
        """Ask until there is an answer that `read` can read (it may raise Trouble); only for what is safe to repeat.

        Raises Trouble after the last try, Refusal at once.
        """
        tried = 1
        while True:
            try:
                with self.asked(method, key, limit, query=query, headers=headers, body=body) as answer:
                    got = b"" if method == "HEAD" else whole(answer, limit)
                    return read(Answer(answer.headers, got))
            except Trouble as trouble:
                self.rest(tried, limit, trouble)
                tried += 1

    def rest(self, tried: int, limit: Deadline, trouble: Trouble) -> None:
        """Wait before the next try, longer each time and never in step with others; raises `trouble` at the end."""
        pause = self.patience.pause * 2 ** (tried - 1) * random.uniform(0.5, 1.5)  # noqa: S311  (no secret hangs on it)
        if tried >= self.patience.tries or not limit.has(pause):
            raise trouble
        time.sleep(pause)

    @contextmanager
    def asked(
        self,
        method: str,
        key: str,
        limit: Deadline,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """Send one request and give its answer, body unread; `key` is "" for the bucket itself.

        Raises Trouble (also for an answer that says "later"), Refusal.
        """
        url = self._base.build(
            method=method,
            region=self.region,
            bucket_name=self.bucket,
            object_name=key or None,
            query_params=dict(query or {}),
        )
        now = datetime.now(UTC)
        signed = sign_v4_s3(
            method=method,
            url=url,
            region=self.region,
            headers={
                "Host": url.netloc,
                "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
                "x-amz-content-sha256": body.sha256 if body else NOTHING,
                **({"Content-Length": str(body.size)} if body else {}),
                **(headers or {}),
            },
            credentials=self._credentials(),
            content_sha256=body.sha256 if body else NOTHING,
            date=now,
        )
        try:
            answer = self._pool.urlopen(
                method,
                urlunsplit(url),
                body=_watched(body, limit) if body else None,
                headers={name: str(value) for name, value in signed.items()},
                preload_content=False,
                redirect=False,
                timeout=urllib3.Timeout(
                    connect=min(self.patience.connect, limit.left()),
                    read=min(self.patience.silence, limit.left()),
                ),
            )
        except (HTTPError, OSError) as fault:
            raise Trouble(_in_short(fault)) from fault
        try:
            if answer.status >= 300:
                raise _no(answer, b"" if method == "HEAD" else whole(answer, limit))
            yield answer
            if method == "HEAD":
                answer.drain_conn()  # gives the connection back
        finally:
            answer.close()

    def __repr__(self) -> str:
        return f"Wire({self.endpoint}/{self.bucket})"


def pieces(answer: urllib3.BaseHTTPResponse, limit: Deadline, most: int = PIECE) -> Iterator[bytes]:
    """Return the body of an answer as it comes in. Raises Trouble when it is slower than the deadline, or cut."""
    declared, got = answer.headers.get("Content-Length"), 0
    try:
        while piece := answer.read1(most, decode_content=False):
            limit.left()
            got += len(piece)
            yield piece
    except (HTTPError, OSError) as fault:
        # a server that promises a body and breaks off before its first byte could not read it
        gave_up = not got and not isinstance(fault, TimeoutError | ReadTimeoutError)
        raise Trouble(_in_short(fault), answered=gave_up) from fault
    if declared is not None and got != int(declared):
        raise Trouble(f"the answer was cut after {got} of {declared} bytes")
    answer.drain_conn()  # gives the connection back


def whole(answer: urllib3.BaseHTTPResponse, limit: Deadline) -> bytes:
    """Return the body of a small answer. Raises Trouble when it is not small."""
    got = bytearray()
    for piece in pieces(answer, limit):
        got += piece
        if len(got) > _MOST_XML:
            raise Trouble("the answer is longer than any S3 gives")
    return bytes(got)


@dataclass(frozen=True, slots=True)
class Said:
    """The words in an XML answer: the name of its root, and the text of an element directly under it."""

    root: str
    word: Callable[[str], str]

    @classmethod
    def fromxml(cls, element: Any) -> "Said":
        """Called by the XML reader of the library."""
        return cls(element.tag, lambda name: findtext(element, name) or "")


def said(body: bytes) -> Said:
    """Read an XML answer. Raises Trouble when it is not XML, so not of an S3 server."""
    try:
        return unmarshal(Said, body.decode())
    except (SyntaxError, ValueError) as fault:  # the XML reader's error is a SyntaxError
        raise Trouble(f"not an answer of S3: {body[:60]!r}") from fault


def checksum(sha256: str) -> str:
    """Return a hex SHA-256 the way the header `x-amz-checksum-sha256` wants it."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()


def _watched(body: Body, limit: Deadline) -> Iterator[bytes]:
    for piece in body.pieces():
        limit.left()
        yield piece


def _no(answer: urllib3.BaseHTTPResponse, body: bytes) -> Trouble | Refusal:
    code = reason = ""
    if body.lstrip().startswith(b"<"):
        try:
            words = said(body)
            code, reason = words.word("Code"), words.word("Message")
        except Trouble:
            reason = "(not an answer of S3)"
    if answer.status in _AGAIN or code in _SPOILT_ON_THE_WAY:
        return Trouble(f"{answer.status} {code} {reason}".strip(), answered=answer.status >= 500)
    return Refusal(answer.status, code, reason)


def _in_short(fault: Exception) -> str:
    return f"{type(fault).__name__}: {fault}"[:300]
