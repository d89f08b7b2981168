"""Browser sessions: opaque tokens of which only the hash is kept, ended by rest, age or an administrator."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, insert, select, update

from storage.accounts import Account, account_of
from storage.ground import Ground
from storage.schema import accounts, sessions

IDLE = timedelta(minutes=60)
"""A session at rest this long is over."""

OLDEST = timedelta(hours=12)
"""A session this old is over, however busy: one working day, then sign in again."""

TOUCH = timedelta(minutes=1)
"""How exact the memory of the last use is; a finer one would write a row per click."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """What the browser gets: `token` for the cookie, `csrf` for forms. Neither is kept by the house."""

    token: str
    csrf: str


@dataclass(frozen=True, slots=True)
class Session:
    """An open session. `touch_due`: call `touch` in a writing transaction to keep it from going idle."""

    account: Account
    csrf: str
    touch_due: bool


class Sessions:
    """The open sessions of people at browsers."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def open(self, account_id: str) -> NewSession:
        """Open a session for an account that has just proved itself; ended sessions are swept away."""
        token = secrets.token_urlsafe(32)
        now = self._ground.clock.now()
        over = (sessions.c.created_at <= now - OLDEST) | (sessions.c.seen_at <= now - IDLE)
        self._sweep(over)
        self._ground.connection.execute(
            insert(sessions).values(
                token_sha256=hashed(token), account_id=account_id, created_at=now, seen_at=now
            )
        )
        return NewSession(token, _csrf(token))

    def find(self, token: str) -> Session | None:
        """Return the session of `token`; None when unknown, over, or its account is inactive.

        In a writing transaction the last use is noted (at most once a minute); in a reading one `touch_due`
        says that the caller should `touch`.
        """
        row = (
            self._ground.connection.execute(
                select(accounts, sessions.c.created_at.label("opened_at"), sessions.c.seen_at)
                .join(sessions, sessions.c.account_id == accounts.c.id)
                .where(sessions.c.token_sha256 == hashed(token), accounts.c.active)
            )
            .mappings()
            .first()
        )
        now = self._ground.clock.now()
        if row is None or now - row["opened_at"] >= OLDEST or now - row["seen_at"] >= IDLE:
            return None
        due = now - row["seen_at"] >= TOUCH
        if due and self._ground.writable:
            self.touch(token)
            due = False
        return Session(account_of(row), _csrf(token), due)

    def touch(self, token: str) -> None:
        """Note that the session is in use now. Writes; an unknown token does nothing."""
        self._ground.connection.execute(
            update(sessions)
            .where(sessions.c.token_sha256 == hashed(token))
            .values(seen_at=self._ground.clock.now())
        )

    def close(self, token: str) -> None:
        """End one session; an unknown token does nothing."""
        self._ground.connection.execute(delete(sessions).where(sessions.c.token_sha256 == hashed(token)))

    def close_all(self, account_id: str) -> None:
        """End every session of an account."""
        self._ground.connection.execute(delete(sessions).where(sessions.c.account_id == account_id))

    def _sweep(self, over: ColumnElement[bool]) -> None:
        """Remove ended sessions but those that somebody else is just removing: two who sign in never wait."""
        free = select(sessions.c.token_sha256).where(over).with_for_update(skip_locked=True)
        self._ground.connection.execute(delete(sessions).where(sessions.c.token_sha256.in_(free)))


def hashed(token: str) -> str:
    """Return what is kept of a token. It has 256 random bits, so a plain SHA-256 cannot be searched back."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _csrf(token: str) -> str:
    """A second secret that only who holds the session token can know, so it need not be kept."""
    return hmac.new(token.encode("utf-8", "surrogatepass"), b"vanthu csrf", hashlib.sha256).hexdigest()
