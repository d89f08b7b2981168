"""Bearer tokens for programs: shown once, kept as a hash, valid until revoked."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from records.clock import new_id
from records.errors import Missing
from storage.accounts import Account, account_of
from storage.ground import Ground
from storage.schema import accounts, tokens
from storage.sessions import hashed

PREFIX = "vt_"
"""Lets a secret scanner and a person see what a stray string is."""


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What may be shown of a token: never the token."""

    id: str
    account_id: str
    label: str
    created_at: datetime
    revoked_at: datetime | None


class Tokens:
    """The bearer tokens of accounts."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def create(self, account_id: str, label: str) -> str:
        """Return a new token (`vt_…`) for the account; it cannot be shown again."""
        token = PREFIX + secrets.token_urlsafe(32)
        self._ground.connection.execute(
            insert(tokens).values(
                id=new_id(),
                account_id=account_id,
                label=label,
                token_sha256=hashed(token),
                created_at=self._ground.clock.now(),
            )
        )
        return token

    def find(self, token: str) -> Account | None:
        """Return the active account of an unrevoked token, else None."""
        row = (
            self._ground.connection.execute(
                select(accounts)
                .join(tokens, tokens.c.account_id == accounts.c.id)
                .where(
                    tokens.c.token_sha256 == hashed(token), tokens.c.revoked_at.is_(None), accounts.c.active
                )
            )
            .mappings()
            .first()
        )
        return None if row is None else account_of(row)

    def revoke(self, token_id: str) -> None:
        """End a token; ending it twice keeps the first moment. Raises `Missing`."""
        known = self._ground.connection.execute(select(tokens.c.id).where(tokens.c.id == token_id)).first()
        if known is None:
            raise Missing(f"no token {token_id}")
        self._ground.connection.execute(
            update(tokens)
            .where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None))
            .values(revoked_at=self._ground.clock.now())
        )

    def list(self, account_id: str) -> list[TokenInfo]:
        """Return the tokens of an account, newest first, revoked ones too."""
        rows = self._ground.connection.execute(
            select(tokens)
            .where(tokens.c.account_id == account_id)
            .order_by(tokens.c.created_at.desc(), tokens.c.id)
        ).mappings()
        return [
            TokenInfo(r["id"], r["account_id"], r["label"], r["created_at"], r["revoked_at"]) for r in rows
        ]
