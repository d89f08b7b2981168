"""Accounts as a page, for administrators."""

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from api.deps import DeskDep
from api.errors import status_of
from api.pages.render import SignedForm, Visitor, one, page, to, visitor_may
from api.schemas.accounts import AccountIn, AccountOut
from api.schemas.common import Identifier
from api.services import accounts
from records.access import Action, Role
from records.errors import ArchiveFault

router = APIRouter(prefix="/accounts")


@router.get("")
def account_list(request: Request, desk: DeskDep, caller: Visitor) -> Response:
    """Show every account and the form for a new one."""
    visitor_may(request, caller, Action.MANAGE_ACCOUNTS)
    return _list(request, desk, caller)


@router.post("")
async def make_account(request: Request, desk: DeskDep, caller: Visitor, fields: SignedForm) -> Response:
    """Make an account; its password is shown once, on the page that answers."""

    def make() -> Response:
        manager = visitor_may(request, caller, Action.MANAGE_ACCOUNTS)
        try:
            wanted = AccountIn(
                login=one(fields, "login"),
                name=one(fields, "name"),
                roles=[Role(r) for r in fields.get("roles", []) if r in set(Role)],
            )
            with desk.tools.work.begin() as tx:
                made = accounts.make_account(tx, manager, wanted)
        except ValidationError:
            return _list(
                request, desk, caller, 422, problem="Hãy điền tên đăng nhập, họ tên và ít nhất một vai trò."
            )
        except ArchiveFault as fault:
            return _list(request, desk, caller, status_of(fault), problem=fault.tell)
        return _list(request, desk, caller, made=made)

    return await to_thread.run_sync(make)


@router.post("/{account_id}/disable")
async def disable_account(
    request: Request, account_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Keep an account out from now on."""

    def disable() -> None:
        manager = visitor_may(request, caller, Action.MANAGE_ACCOUNTS)
        with desk.tools.work.begin() as tx:
            accounts.set_active(tx, manager, account_id, False)

    await to_thread.run_sync(disable)
    return to("/accounts")


def _list(
    request: Request,
    desk: DeskDep,
    caller: Visitor,
    status: int = 200,
    problem: str = "",
    made: AccountOut | None = None,
) -> Response:
    return page(
        request,
        "accounts.html",
        caller,
        "accounts",
        status,
        accounts=accounts.list_accounts(desk.tools),
        problem=problem,
        made=made,
    )
