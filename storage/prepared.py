"""Signatures prepared for a device at a desk: what waits, for how long, and that it is used at most once.

The rows are the record; the prepared file lies as a draft in the staging, so any process of any machine may finish
what another one prepared. See docs/decisions/0086.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import RowMapping, delete, insert, select, update

from records.errors import Missing
from storage.ground import Ground
from storage.schema import prepared_signatures
from storage.signing_values import WaitingSignature

_FOLDER = "prepared/"


def draft_name(prepared_id: str) -> str:
    """Return the name of the prepared file among the drafts."""
    return f"{_FOLDER}{prepared_id}.pdf"


class PreparedSignatures:
    """What was prepared. Whose it is, and whether its paper still waits, is asked of the papers."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def add(self, new: WaitingSignature) -> None:
        """Keep what was prepared."""
        self._ground.connection.execute(
            insert(prepared_signatures).values(
                id=new.id, paper_id=new.paper_id, record=new.record, expires_at=new.expires_at
            )
        )

    def get(self, prepared_id: str) -> WaitingSignature:
        """Return it; a writer has it to itself until its end. Raises `Missing` (`prepared-unknown`)."""
        mine = prepared_signatures.c.id == prepared_id
        self._ground.hold(mine)
        found = self._ground.connection.execute(select(prepared_signatures).where(mine)).mappings().first()
        if found is None:
            raise Missing(
                f"nothing prepared under {prepared_id!r:.80}",
                code="prepared-unknown",
                tell="Không tìm thấy lần ký này, có thể đã hết hạn. Hãy mở văn bản và ký lại.",
            )
        return _of(found)

    def end(self, prepared_id: str, why: Literal["used", "void"]) -> None:
        """Let it not be finished any more."""
        mine = (prepared_signatures.c.id == prepared_id) & (prepared_signatures.c.ended == "")
        self._ground.connection.execute(update(prepared_signatures).where(mine).values(ended=why))

    def void_those_of(self, paper_id: str) -> Sequence[str]:
        """Let none of a paper's that wait be finished any more; return the ids of those that waited."""
        waiting = (prepared_signatures.c.paper_id == paper_id) & (prepared_signatures.c.ended == "")
        self._ground.hold(waiting, prepared_signatures.c.id)
        ids = select(prepared_signatures.c.id).where(waiting).order_by(prepared_signatures.c.id)
        found = list(self._ground.connection.execute(ids).scalars())
        these = prepared_signatures.c.id.in_(found)
        self._ground.connection.execute(update(prepared_signatures).where(these).values(ended="void"))
        return found

    def expired(self, moment: datetime, limit: int = 200) -> Sequence[str]:
        """Return the ids of what expired before `moment`, used or not, oldest first."""
        old = prepared_signatures.c.expires_at < moment
        ids = select(prepared_signatures.c.id).where(old).order_by(prepared_signatures.c.expires_at)
        return list(self._ground.connection.execute(ids.limit(limit)).scalars())

    def forget(self, prepared_ids: Sequence[str]) -> int:
        """Remove them; return how many were there."""
        these = prepared_signatures.c.id.in_(prepared_ids)
        return self._ground.connection.execute(delete(prepared_signatures).where(these)).rowcount


def _of(row: RowMapping) -> WaitingSignature:
    return WaitingSignature(row["id"], row["paper_id"], row["record"], row["expires_at"], row["ended"])
