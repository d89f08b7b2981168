"""Accounts over HTTP, for administrators."""

from fastapi import APIRouter

from api.deps import Manager, ToolsDep
from api.schemas.accounts import AccountChange, AccountIn, AccountOut
from api.schemas.common import Identifier
from api.services import accounts

router = APIRouter(prefix="/accounts", tags=["accounts"])


@router.get("")
def list_accounts(manager: Manager, tools: ToolsDep) -> list[AccountOut]:
    """Return every account."""
    return accounts.list_accounts(tools)


@router.post("", status_code=201)
def create_account(body: AccountIn, manager: Manager, tools: ToolsDep) -> AccountOut:
    """Make an account. Without a password one is made up and told in this answer only."""
    return accounts.make_account(tools, manager, body)


@router.patch("/{account_id}")
def change_account(
    account_id: Identifier, body: AccountChange, manager: Manager, tools: ToolsDep
) -> AccountOut:
    """Let an account in or keep it out."""
    return accounts.set_active(tools, manager, account_id, body.active)
