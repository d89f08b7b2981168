"""One request, one effect: the `Idempotency-Key` of every write route, and the answers kept for who asks again.

Header: draft-ietf-httpapi-idempotency-key-header-07. What is kept, how long and why closed: docs/decisions/0062.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.deps import CallerDep, ToolsDep
from records.clock import new_id
from records.errors import Away, Conflict, Unfit
from signing.closed import close, open_closed
from storage.crashpoint import crashpoint
from storage.replies import Reply
from storage.work import Tx, Work

REPLAYED = "Idempotency-Replayed"
"""`true` on an answer that was given before."""

_JSON = "application/json"
_LEASE_SECONDS = 180.0
"""How long one request may work beyond the rows before another with its key takes over (its process is dead)."""
_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.2

_Found = TypeVar("_Found")


class Once:
    """Does the work of one request at most once under its key. Without a key it just does it."""

    def __init__(self, work: Work, account_id: str, key: str | None, asked: str) -> None:
        """`asked` tells requests apart, see `asked_of`."""
        self._work = work
        self._account = account_id
        self._secret = key
        self._asked = asked
        self._key = hashlib.sha256((key or "").encode()).hexdigest()

    def in_one(self, do: Callable[[Tx], BaseModel], status: int = 200) -> Response:
        """Run `do` in one writing transaction that also keeps its answer; return that, or the one given before.

        What raises is kept nowhere: nothing happened, and asking again is judged anew. Raises `Conflict`
        (`idempotency-conflict`), and what `do` raises.
        """
        with self._work.begin() as tx:
            if self._secret is not None:
                known = tx.replies.claim(self._account, self._key, self._asked)
                if known is not None:
                    return self._given_before(known)
            content = do(tx).model_dump_json().encode()
            if self._secret is not None:
                closed = close(self._secret, self._account, content)
                tx.replies.keep(self._account, self._key, self._asked, Reply(status, closed, _JSON))
            crashpoint("once-before-commit")
        crashpoint("once-after-commit")
        return Response(content, status, media_type=_JSON)

    def beyond(
        self,
        reach: Callable[[], _Found],
        settle: Callable[[Tx, _Found], BaseModel],
        status: int = 200,
    ) -> Response:
        """Run `reach`, whose effect is outside the rows, then `settle` what it found as `in_one` does.

        One at a time for each key. Raises `Conflict` (also `idempotency-busy`: the first request with this key is
        still at work), and what the two raise.
        """
        holder = new_id()
        if self._secret is not None:
            known = self._known_or_my_turn(holder)
            if known is not None:
                return known
        try:
            found = reach()
            crashpoint("once-after-reach")
            return self.in_one(lambda tx: settle(tx, found), status)
        finally:
            if self._secret is not None:
                with contextlib.suppress(Away), self._work.begin() as tx:  # the lease runs out by itself
                    tx.leases.give_back(self._lease, holder)

    def _known_or_my_turn(self, holder: str) -> Response | None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            with self._work.begin() as tx:
                mine = tx.leases.take(self._lease, holder, _LEASE_SECONDS)
                # asked after the lease: whoever gave it back had kept the answer before
                known = tx.replies.get(self._account, self._key, self._asked)
                if known is not None:
                    tx.leases.give_back(self._lease, holder)
                    return self._given_before(known)
                if mine:
                    return None
            if time.monotonic() > until:
                raise Conflict(
                    "another request with this key is still at work",
                    code="idempotency-busy",
                    tell="Yêu cầu trước với cùng khóa này vẫn đang được thực hiện. "
                    "Hãy đợi vài giây rồi gửi lại y như cũ.",
                )
            time.sleep(_LOOK_SECONDS)

    @property
    def _lease(self) -> str:
        return f"reply:{self._account}:{self._key}"

    def _given_before(self, reply: Reply) -> Response:
        assert self._secret is not None  # noqa: S101  (only who has a key is answered from what is kept)
        content = open_closed(self._secret, self._account, reply.answer)
        return Response(content, reply.status, media_type=reply.media_type, headers={REPLAYED: "true"})


def asked_of(request: Request, *parts: str | bytes) -> str:
    """Return what tells this request from others under the same key: SHA-256 of method, address and `parts`."""
    told = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    for part in parts:
        told.update(b"%d:" % len(part))
        told.update(part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part)
    return told.hexdigest()


def checked_key(key: str | None) -> str:
    """Return a usable `Idempotency-Key`. Raises `Unfit` (`idempotency-key-missing`)."""
    if key is None or not 1 <= len(key) <= 200 or not key.isascii() or not key.isprintable():
        raise Unfit(
            "Idempotency-Key absent or not 1-200 printable ASCII characters",
            code="idempotency-key-missing",
            tell="Yêu cầu thiếu khóa Idempotency-Key hợp lệ.",
        )
    return key


KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="1-200 printable ASCII characters, best a random UUID. The same key and request again: the same "
        "answer, and nothing happens twice. The same key with another request: 409.",
    ),
]


async def get_once(
    request: Request, caller: CallerDep, tools: ToolsDep, idempotency_key: KeyHeader = None
) -> Once:
    """Return the way to do the effect of a request whose body is small enough to be read here."""
    key = None if idempotency_key is None else checked_key(idempotency_key)
    return Once(tools.work, caller.actor.id, key, asked_of(request, await request.body()))


OnceDep = Annotated[Once, Depends(get_once)]
