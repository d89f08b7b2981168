"""What routes ask for: the tools, who is calling, and proof that the caller meant it (CSRF)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, cast

from fastapi import Depends, Request

from api.errors import CsrfFailed, SignInNeeded
from api.metrics import Metrics
from api.page_cache import PageCache
from api.reads import ReadLog
from api.services.health import Watchman
from api.services.operations import Overseer
from api.sessions import cookie_name, from_elsewhere, same_secret
from api.throttle import Throttle
from api.tools import Tools
from api.uploads import Uploads
from ingest.resumable import UploadShelf
from procedures.case_parties import parties_of_account
from records.access import WITH_PARTIES, Action, Actor, authorize
from records.errors import NotAllowed

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Desk:
    """What one running application keeps beside its tools: counters, caches and unfinished uploads, all disposable."""

    tools: Tools
    throttle: Throttle
    reads: ReadLog
    images: PageCache
    copies: PageCache
    uploads: Uploads
    shelf: UploadShelf
    watchman: Watchman
    overseer: Overseer
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling. `csrf` and `session` are set for browsers, None for bearer tokens."""

    actor: Actor
    csrf: str | None = None
    session: str | None = None


def get_desk(request: Request) -> Desk:
    """Return the desk that `create_app` laid out."""
    return cast("Desk", request.app.state.desk)


def get_tools(desk: Annotated[Desk, Depends(get_desk)]) -> Tools:
    """Return the tools."""
    return desk.tools


def find_caller(request: Request, tools: Annotated[Tools, Depends(get_tools)]) -> Caller | None:
    """Return who is calling, by bearer token or by session cookie; None when nobody is signed in."""
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        with tools.work.reading() as tx:
            account = tx.tokens.find(given.strip())
            return None if account is None else Caller(account.actor())
    token = request.cookies.get(cookie_name(tools.secure_cookies))
    if not token or len(token) > 200:
        return None
    with tools.work.reading() as tx:
        session = tx.sessions.find(token)
        if session is None:
            return None
    if session.touch_due:
        with tools.work.begin() as tx:
            tx.sessions.touch(token)
    return Caller(session.account.actor(), session.csrf, token)


def as_party(tools: Tools, actor: Actor) -> Actor:
    """Return the actor with their part in cases today: who asks for documents, or whether they may, asks as that.

    Only these pay for it. Whoever forgets it sees less, never more.
    """
    with tools.work.reading() as tx:
        return replace(actor, parties=parties_of_account(tx, tools.cases.tools.definitions, actor.id))


def need_caller(request: Request, found: Annotated[Caller | None, Depends(find_caller)]) -> Caller:
    """Return the caller; raises `SignInNeeded`. An unsafe request of a browser must carry `X-CSRF-Token`."""
    return _proven(request, found, field_may_follow=False)


def need_uploader(request: Request, found: Annotated[Caller | None, Depends(find_caller)]) -> Caller:
    """Return the caller of a multipart route, whose token may also come as a field: the route checks that itself."""
    return _proven(request, found, field_may_follow=True)


def _proven(request: Request, found: Caller | None, *, field_may_follow: bool) -> Caller:
    if found is None:
        raise SignInNeeded("nobody is signed in", tell="Bạn chưa đăng nhập hoặc phiên làm việc đã hết hạn.")
    if request.method in _SAFE or found.csrf is None:
        return found
    if from_elsewhere(request):
        raise CsrfFailed("sent by another site")
    given = request.headers.get("x-csrf-token")
    if given is not None or not field_may_follow:
        check_csrf(found, given)
    return found


def check_csrf(caller: Caller, given: str | None) -> None:
    """Raise `CsrfFailed` unless `given` is the token of the caller's session (bearer tokens need none)."""
    if caller.csrf is not None and not (given and same_secret(given, caller.csrf)):
        raise CsrfFailed("wrong CSRF token")


def need(action: Action) -> Callable[[Tools, Caller], Actor]:
    """Return the dependency that lets only actors through who may do `action` at all; refusals are audited."""

    def allowed(
        tools: Annotated[Tools, Depends(get_tools)], caller: Annotated[Caller, Depends(need_caller)]
    ) -> Actor:
        return allow(tools, caller.actor, action)

    return allowed


def allow(tools: Tools, actor: Actor, action: Action) -> Actor:
    """Return `actor` when it may do `action`, as a party of cases where that matters for it.

    Else write the refusal down and raise `NotAllowed`.
    """
    if action in WITH_PARTIES:
        actor = as_party(tools, actor)
    try:
        authorize(actor, action)
    except NotAllowed:
        with tools.work.begin() as tx:
            tx.audit.append(actor.id, "access-denied", "", "denied", {"asked": action.value})
        raise
    return actor


DeskDep = Annotated[Desk, Depends(get_desk)]
ToolsDep = Annotated[Tools, Depends(get_tools)]
CallerDep = Annotated[Caller, Depends(need_caller)]
Uploader = Annotated[Caller, Depends(need_uploader)]
MaybeCaller = Annotated[Caller | None, Depends(find_caller)]
Digitizer = Annotated[Actor, Depends(need(Action.DIGITIZE))]
Searcher = Annotated[Actor, Depends(need(Action.SEARCH))]
Manager = Annotated[Actor, Depends(need(Action.MANAGE_ACCOUNTS))]
Signer = Annotated[Actor, Depends(need(Action.SIGN))]
Operator = Annotated[Actor, Depends(need(Action.OPERATE))]


def get_reader(caller: CallerDep) -> Actor:
    """Return the caller as a reader. No check by action here: the rows answer 404 for what may not be seen."""
    return caller.actor


def get_finder(tools: ToolsDep, caller: CallerDep) -> Actor:
    """Return the caller as a reader of documents: those of the cases that are theirs, too."""
    return as_party(tools, caller.actor)


Reader = Annotated[Actor, Depends(get_reader)]
Finder = Annotated[Actor, Depends(get_finder)]
