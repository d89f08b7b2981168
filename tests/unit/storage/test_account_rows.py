"""Accounts, sessions and tokens in SQLite, and the real cost of a password."""

from argon2 import PasswordHasher

from storage.accounts import HASHER
from tests.cases.account_rows import AccountRowCases


class TestAccountRows(AccountRowCases):
    """The shared cases."""


def test_real_parameters_are_argon2id_of_the_rfc() -> None:
    hasher = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
    assert hasher.hash("x").startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert HASHER.hash("x").startswith("$argon2id$v=19$m=65536,t=3,p=4$")
