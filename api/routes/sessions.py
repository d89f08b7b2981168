"""Sign in, sign out, who am I."""

from fastapi import APIRouter, Request, Response

from api.deps import CallerDep, DeskDep, MaybeCaller, ToolsDep
from api.errors import CsrfFailed
from api.schemas.accounts import Me, SignIn
from api.services import sign_in as door
from api.sessions import clear_session, from_elsewhere, set_session

router = APIRouter(tags=["sessions"])


@router.post("/sessions", status_code=201)
def create_session(
    body: SignIn, request: Request, response: Response, desk: DeskDep, caller: MaybeCaller
) -> Me:
    """Sign in with login and password; the answer sets the session cookie and tells the CSRF token."""
    if from_elsewhere(request):
        raise CsrfFailed("sign-in from another site")
    address = request.client.host if request.client else ""
    account, session = door.sign_in(
        desk, body.login, body.password, address, caller.session if caller else None
    )
    set_session(response, session.token, desk.tools.secure_cookies)
    return Me(id=account.id, name=account.name, roles=sorted(account.roles), csrf=session.csrf)


@router.delete("/sessions/current", status_code=204)
def delete_session(response: Response, desk: DeskDep, caller: CallerDep) -> None:
    """Sign out: the session is closed on the server, the cookie taken away. Nothing happens to bearer tokens."""
    if caller.session is not None:
        door.sign_out(desk, caller.actor.id, caller.session)
    clear_session(response, desk.tools.secure_cookies)


@router.get("/me")
def get_me(caller: CallerDep, tools: ToolsDep) -> Me:
    """Return who is signed in, with the CSRF token for browsers."""
    return Me(id=caller.actor.id, name=caller.actor.name, roles=sorted(caller.actor.roles), csrf=caller.csrf)
