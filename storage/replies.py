"""Answers already given to a request with an `Idempotency-Key`, so that asking again changes nothing.

Kept in the transaction of the effect where the effect is one transaction; draft-ietf-httpapi-idempotency-key-header-07.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, select

from records.errors import Conflict
from storage.ground import Ground
from storage.schema import replies

KEPT = timedelta(days=7)
"""How long an answer is remembered; a client that asks again later is told nothing and asks anew."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer given before: HTTP status, body and media type."""

    status: int
    answer: bytes
    media_type: str


class Replies:
    """The answers, by account and key."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def get(self, account_id: str, key: str, asked: str) -> Reply | None:
        """Return the answer given before, None when the key is new.

        `asked` is the SHA-256 of method, path and body. Raises `Conflict` (`idempotency-conflict`) when the key was
        used for another request.
        """
        mine = (replies.c.account_id == account_id) & (replies.c.key == key)
        row = self._ground.connection.execute(select(replies).where(mine)).mappings().first()
        if row is None:
            return None
        if row["asked"] != asked:
            raise Conflict(
                f"key {key!r} was used for another request",
                code="idempotency-conflict",
                tell="Mã chống gửi trùng này đã dùng cho một yêu cầu khác. Hãy gửi lại với mã mới.",
            )
        return Reply(row["status"], row["answer"], row["media_type"])

    def keep(self, account_id: str, key: str, asked: str, reply: Reply) -> None:
        """Remember the answer; the first one stays. Answers older than `KEPT` are forgotten."""
        now = self._ground.clock.now()
        self._ground.connection.execute(delete(replies).where(replies.c.created_at < now - KEPT))
        if self.get(account_id, key, asked) is None:
            self._ground.connection.execute(
                insert(replies).values(
                    account_id=account_id,
                    key=key,
                    asked=asked,
                    status=reply.status,
                    answer=reply.answer,
                    media_type=reply.media_type,
                    created_at=now,
                )
            )
