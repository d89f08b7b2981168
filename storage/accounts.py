"""Who may sign in: local accounts with argon2id passwords. The only file that touches passwords."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import RowMapping, insert, select, update

from records.access import Actor, Role
from records.clock import new_id
from records.errors import Conflict, Missing, Unfit
from storage.ground import Ground
from storage.schema import accounts, sessions, storable

HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
"""Argon2id as RFC 9106 §4 recommends for 64 MiB."""

SHORTEST, LONGEST = 8, 256
"""Letters in a password (OWASP ASVS 5.0 6.2.1, 6.2.9)."""

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")


@dataclass(frozen=True, slots=True)
class Account:
    """One person (or program) that may sign in."""

    id: str
    login: str
    name: str
    roles: frozenset[Role]
    active: bool
    created_at: datetime

    def actor(self) -> Actor:
        """Return who this is for the access rule."""
        return Actor(self.id, self.name, self.roles)


class Accounts:
    """The accounts. Callers authorize (`Action.MANAGE_ACCOUNTS`) and write the audit event."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def add(self, login: str, name: str, password: str, roles: Iterable[Role]) -> Account:
        """Make an active account. `login` is kept in lower case.

        Raises `Unfit` (`login-invalid`, `password-length`), `Conflict` (`login-taken`).
        """
        login = _checked_login(login)
        if self.by_login(login):
            raise Conflict(
                f"login {login} is taken",
                code="login-taken",
                tell="Tên đăng nhập này đã có. Hãy chọn tên khác.",
            )
        account = Account(new_id(), login, name, frozenset(roles), True, self._ground.clock.now())
        self._ground.connection.execute(
            insert(accounts).values(
                id=account.id,
                login=login,
                name=name,
                password_hash=_hash(password),
                roles=_joined(account.roles),
                active=True,
                created_at=account.created_at,
            )
        )
        return account

    def get(self, account_id: str) -> Account:
        """Return the account. Raises `Missing`."""
        row = self._row(accounts.c.id == account_id)
        if row is None:
            raise Missing(f"no account {account_id}")
        return account_of(row)

    def by_login(self, login: str) -> Account | None:
        """Return the account with this login (any letter case), or None; a writer has the login to itself then."""
        self._ground.hold_name("login", storable(_plain_login(login)))
        row = self._row(accounts.c.login == _plain_login(login))
        return None if row is None else account_of(row)

    def list(self) -> list[Account]:
        """Return all accounts by login."""
        rows = self._ground.connection.execute(select(accounts).order_by(accounts.c.login)).mappings()
        return [account_of(row) for row in rows]

    def check_password(self, login: str, password: str) -> Account | None:
        """Return the active account whose password this is, else None; takes the same time when there is
        none.

        About 0.1 s of all cores on purpose. Best called in `Work.reading()`, so that no writer waits for it;
        in a writing transaction a hash made with older parameters is renewed on the way.
        """
        row = self._row(accounts.c.login == _plain_login(login))
        kept = _nobody() if row is None else str(row["password_hash"])
        right = _matches(kept, password)
        if row is None or not right or not row["active"]:
            return None
        if self._ground.writable and HASHER.check_needs_rehash(kept):
            renewed = update(accounts).where(accounts.c.id == row["id"], accounts.c.password_hash == kept)
            self._ground.connection.execute(renewed.values(password_hash=HASHER.hash(_typed(password))))
        return account_of(row)

    def set_password(self, account_id: str, password: str) -> None:
        """Change the password and close every session of the account. Raises `Missing`, `Unfit`."""
        self._set(account_id, password_hash=_hash(password))
        self._ground.connection.execute(sessions.delete().where(sessions.c.account_id == account_id))

    def set_active(self, account_id: str, active: bool) -> None:
        """Let the account in or keep it out; sessions and tokens of an inactive one stop at once. Raises
        `Missing`.
        """
        self._set(account_id, active=active)
        if not active:
            self._ground.connection.execute(sessions.delete().where(sessions.c.account_id == account_id))

    def set_roles(self, account_id: str, roles: Iterable[Role]) -> None:
        """Change the roles; open sessions have them from the next request on. Raises `Missing`."""
        self._set(account_id, roles=_joined(roles))

    def _row(self, condition: Any) -> RowMapping | None:
        return self._ground.connection.execute(select(accounts).where(condition)).mappings().first()

    def _set(self, account_id: str, **values: Any) -> None:
        done = self._ground.connection.execute(
            update(accounts).where(accounts.c.id == account_id).values(**values)
        )
        if done.rowcount != 1:
            raise Missing(f"no account {account_id}")


def account_of(row: RowMapping) -> Account:
    """Return the account in a row of `accounts`."""
    roles = frozenset(Role(role) for role in str(row["roles"]).split())
    return Account(row["id"], row["login"], row["name"], roles, row["active"], row["created_at"])


def _joined(roles: Iterable[Role]) -> str:
    return " ".join(sorted(set(roles)))


def _plain_login(login: str) -> str:
    return unicodedata.normalize("NFC", login).strip().lower()


def _checked_login(login: str) -> str:
    plain = _plain_login(login)
    if not _LOGIN.fullmatch(plain):
        raise Unfit(
            f"login {login[:80]!r}",
            code="login-invalid",
            tell="Tên đăng nhập gồm 2–64 ký tự: chữ không dấu, số, dấu chấm, gạch ngang, gạch dưới hoặc @.",
        )
    return plain


def _typed(password: str) -> bytes:
    """One password typed with two Vietnamese keyboards (NFC, NFD) is the same password."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _hash(password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise Unfit(
            f"password of {len(password)} letters",
            code="password-length",
            tell=f"Mật khẩu phải có từ {SHORTEST} đến {LONGEST} ký tự. Hãy chọn mật khẩu khác.",
        )
    return HASHER.hash(_typed(password))


def _matches(kept: str, password: str) -> bool:
    if len(password) > LONGEST:
        password = ""
    try:
        return HASHER.verify(kept, _typed(password))
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    """A hash nobody has the password of, so that an unknown login costs as much as a known one."""
    return HASHER.hash(new_id())
