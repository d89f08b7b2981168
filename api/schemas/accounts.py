"""Accounts and sessions as the API shows them. Passwords only ever come in, or go out once when made for somebody."""

from datetime import datetime

from pydantic import Field

from api.schemas.common import Frozen, Strict
from records.access import Role
from storage.accounts import Account


class SignIn(Strict):
    """A log-in. The password is taken as typed (no stripping)."""

    model_config = {"extra": "forbid", "str_strip_whitespace": False}
    login: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=1000)


class Me(Frozen):
    """Who is signed in. `csrf` is sent back as `X-CSRF-Token`; null for bearer tokens, which need none."""

    id: str
    name: str
    roles: list[Role]
    csrf: str | None


class AccountIn(Strict):
    """An account to be made; without a password one is made up and told once."""

    login: str = Field(min_length=1, max_length=100)
    name: str = Field(min_length=1, max_length=200)
    roles: list[Role] = Field(min_length=1, max_length=3)
    password: str | None = Field(default=None, max_length=256)


class AccountChange(Strict):
    """What may change: whether the account may sign in."""

    active: bool


class AccountOut(Frozen):
    """An account. `password` is filled once, in the answer that made it up."""

    id: str
    login: str
    name: str
    roles: list[Role]
    active: bool
    created_at: datetime
    password: str | None = None

    @classmethod
    def of(cls, account: Account, password: str | None = None) -> "AccountOut":
        """Return the outgoing form of `account`."""
        return cls(
            id=account.id,
            login=account.login,
            name=account.name,
            roles=sorted(account.roles),
            active=account.active,
            created_at=account.created_at,
            password=password,
        )
