"""Accounts for administrators: list, make, let in, keep out."""

import secrets

from api.schemas.accounts import AccountIn, AccountOut
from api.tools import Tools
from records.access import Actor
from records.errors import Conflict
from storage.work import Tx

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # no letter that looks like another one


def list_accounts(tools: Tools) -> list[AccountOut]:
    """Return every account by login."""
    with tools.work.reading() as tx:
        return [AccountOut.of(account) for account in tx.accounts.list()]


def make_account(tx: Tx, manager: Actor, wanted: AccountIn) -> AccountOut:
    """Make an account; a password is made up when none is given, and told once. Raises `Conflict`, `Unfit`."""
    made_up = None if wanted.password else new_password()
    account = tx.accounts.add(wanted.login, wanted.name, wanted.password or made_up or "", wanted.roles)
    tx.audit.append(
        manager.id, "account-made", account.id, "done", {"roles": " ".join(sorted(account.roles))}
    )
    return AccountOut.of(account, made_up)


def set_active(tx: Tx, manager: Actor, account_id: str, active: bool) -> AccountOut:
    """Let an account in or keep it out; its sessions end at once. Raises `Missing`, `Conflict` (`own-account`)."""
    if account_id == manager.id:
        raise Conflict(
            "an administrator may not lock himself out",
            code="own-account",
            tell="Không thể tự khóa tài khoản đang dùng. Hãy nhờ một quản trị viên khác.",
        )
    tx.accounts.set_active(account_id, active)
    tx.audit.append(manager.id, "account-enabled" if active else "account-disabled", account_id, "done", {})
    return AccountOut.of(tx.accounts.get(account_id))


def new_password() -> str:
    """Return a password that can be read aloud: four groups of four, 79 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
