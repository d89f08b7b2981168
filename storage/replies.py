"""Answers already given to a request with an `Idempotency-Key`, so that asking again changes nothing.

Kept in the transaction of the effect where the effect is one transaction; draft-ietf-httpapi-idempotency-key-header-07.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import delete, select, tuple_, update

from records.errors import Conflict
from storage.ground import Ground
from storage.schema import replies

KEPT = timedelta(days=7)
"""How long an answer is remembered; a client that asks again later is told nothing and asks anew."""


_CLAIMED = 0
"""Status of a key whose answer is still being made; seen only inside the transaction that makes it."""


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

    def claim(self, account_id: str, key: str, asked: str) -> Reply | None:
        """Take a new key for this transaction and return None, else return the answer given before.

        Another transaction with the same key waits until this one ends. The claim goes away with a rollback; a commit
        must have kept an answer. Raises `Conflict` as `get` does.
        """
        self._forget()
        claimed = self._insert(account_id, key, asked, Reply(_CLAIMED, b"", ""))
        return None if claimed else self.get(account_id, key, asked)

    def keep(self, account_id: str, key: str, asked: str, reply: Reply) -> None:
        """Remember the answer; the first one stays. Answers older than `KEPT` are forgotten."""
        self._forget()
        mine = (replies.c.account_id == account_id) & (replies.c.key == key)
        claimed = self._ground.connection.execute(
            update(replies)
            .where(mine & (replies.c.status == _CLAIMED))
            .values(status=reply.status, answer=reply.answer, media_type=reply.media_type)
        )
        if not claimed.rowcount and not self._insert(account_id, key, asked, reply):
            self.get(account_id, key, asked)  # raises when the key was used for another request

    def _insert(self, account_id: str, key: str, asked: str, reply: Reply) -> bool:
        row = {
            "account_id": account_id,
            "key": key,
            "asked": asked,
            **asdict(reply),
            "created_at": self._ground.clock.now(),
        }
        return bool(self._ground.insert_new(replies, [row], "account_id", "key"))

    def _forget(self) -> None:
        """Remove old answers but those that somebody else is just removing: nobody waits for a broom."""
        old = replies.c.created_at < self._ground.clock.now() - KEPT
        name = (replies.c.account_id, replies.c.key)
        free = select(*name).where(old).with_for_update(skip_locked=True)
        self._ground.connection.execute(delete(replies).where(tuple_(*name).in_(free)))
