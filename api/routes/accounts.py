"""Accounts over HTTP, for administrators."""

from fastapi import APIRouter
from fastapi.responses import Response

from api.deps import Manager, ToolsDep
from api.once import OnceDep
from api.schemas.accounts import AccountChange, AccountIn, AccountOut
from api.schemas.common import Identifier
from api.services import accounts

router = APIRouter(prefix="/accounts", tags=["accounts"])


@router.get("")
def list_accounts(manager: Manager, tools: ToolsDep) -> list[AccountOut]:
    """Return every account."""
    return accounts.list_accounts(tools)


@router.post("", status_code=201, response_model=AccountOut)
def create_account(body: AccountIn, manager: Manager, once: OnceDep) -> Response:
    """Make an account. Without a password one is made up and told in this answer only."""
    return once.in_one(lambda tx: accounts.make_account(tx, manager, body), 201)


@router.patch("/{account_id}", response_model=AccountOut)
def change_account(account_id: Identifier, body: AccountChange, manager: Manager, once: OnceDep) -> Response:
    """Let an account in or keep it out."""
    return once.in_one(lambda tx: accounts.set_active(tx, manager, account_id, body.active))
