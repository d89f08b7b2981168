"""Sign in, sign out, preferences, and the home page."""

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.deps import DeskDep, MaybeCaller, ToolsDep, as_party
from api.errors import status_of
from api.i18n import LANGUAGES
from api.pages.render import THEMES, Fields, SignedForm, Visitor, one, page, to
from api.services import batches, documents
from api.services import sign_in as door
from api.sessions import LANGUAGE_COOKIE, THEME_COOKIE, clear_session, remember, safe_next, set_session
from records.access import Action, permits
from records.document import DocumentState
from records.errors import ArchiveFault
from storage.batch_values import ISSUER

router = APIRouter()

_RECENT = 6


@router.get("/sign-in")
def sign_in_form(
    request: Request, caller: MaybeCaller, next_page: Annotated[str, Query(alias="next")] = "/"
) -> Response:
    """Show the form; who is signed in already goes on."""
    if caller is not None:
        return to(safe_next(next_page))
    return page(request, "sign_in.html", None, next=safe_next(next_page), problem="", login="")


@router.post("/sign-in")
async def sign_in(request: Request, desk: DeskDep, caller: MaybeCaller, fields: Fields) -> Response:
    """Check login and password; a mistake shows the form again with a sentence."""
    login, next_page = one(fields, "login"), safe_next(one(fields, "next"))
    address = request.client.host if request.client else ""
    old = caller.session if caller else None
    try:
        _, session = await to_thread.run_sync(
            door.sign_in, desk, login, one(fields, "password"), address, old
        )
    except ArchiveFault as fault:
        status = status_of(fault)
        return page(
            request, "sign_in.html", None, status=status, next=next_page, problem=fault.tell, login=login
        )
    answer = to(next_page)
    set_session(answer, session.token, desk.tools.secure_cookies)
    return answer


@router.post("/sign-out")
async def sign_out(desk: DeskDep, caller: Visitor, fields: SignedForm) -> Response:
    """Close the session."""
    if caller.session is not None:
        await to_thread.run_sync(door.sign_out, desk, caller.actor.id, caller.session)
    answer = to("/sign-in")
    clear_session(answer, desk.tools.secure_cookies)
    return answer


@router.post("/preferences")
async def preferences(tools: ToolsDep, fields: Fields) -> Response:
    """Keep language and theme in the browser."""
    answer = to(safe_next(one(fields, "back")))
    if one(fields, "lang") in LANGUAGES:
        remember(answer, LANGUAGE_COOKIE, one(fields, "lang"), tools.secure_cookies)
    theme = one(fields, "theme")
    if theme in THEMES or theme == "auto":
        remember(answer, THEME_COOKIE, theme if theme in THEMES else "", tools.secure_cookies)
    return answer


@router.get("/")
def home(request: Request, desk: DeskDep, caller: Visitor) -> Response:
    """Show what is new to this person."""
    tools, actor = desk.tools, as_party(desk.tools, caller.actor)
    values: dict[str, Any] = {
        "documents": [],
        "total_documents": 0,
        "batches": [],
        "running": 0,
        "waiting": 0,
    }
    if permits(actor, Action.SEARCH):
        archived = documents.Wanted(state=DocumentState.ARCHIVED)
        found = documents.list_documents(desk, actor, archived, _RECENT, 0)
        values |= {"documents": found.items, "total_documents": found.total}
    if permits(actor, Action.DIGITIZE):
        recent = batches.list_batches(tools, actor, _RECENT, 0)
        refused = documents.Wanted(state=DocumentState.REFUSED)
        with tools.work.reading() as tx:
            running = sum(batch.created_by != ISSUER for batch in tx.batches.unfinished())
        values |= {
            "batches": recent.items,
            "running": running,
            "waiting": documents.count_documents(tools, actor, refused),
        }
    return page(request, "home.html", caller, "home", **values)
