"""Saved searches as pages: one's own list with what is new, the new hits of one, keep, rename, delete, bring back."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.asking import PageAsked, address
from api.deps import Caller, DeskDep
from api.pages.render import SignedForm, Visitor, one, page, to, visitor_may
from api.schemas.common import Identifier, Offset
from api.schemas.saved_searches import SeenIn
from api.services import saved_searches
from records.access import Action, Actor
from records.errors import Unfit
from storage.work import Tx

router = APIRouter(prefix="/saved-searches")

_PER_PAGE = 30


@router.get("")
def saved_list(
    request: Request, desk: DeskDep, caller: Visitor, gone: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """Show the searches; after a deletion (`gone`) the way back is at hand."""
    owner = visitor_may(request, caller, Action.SEARCH)
    return page(
        request,
        "saved_searches.html",
        caller,
        "search",
        kept=saved_searches.listing(desk.tools, owner),
        deleted=saved_searches.listing(desk.tools, owner, deleted=True),
        gone=gone,
    )


@router.post("")
async def save(
    request: Request, desk: DeskDep, caller: Visitor, asked: PageAsked, fields: SignedForm
) -> Response:
    """Keep the search of the address, and show it again."""

    def go(tx: Tx, owner: Actor) -> str:
        wanted = bool(one(fields, "alert"))
        kept = saved_searches.keep(desk.tools, tx, owner, asked, one(fields, "name"), alert=wanted)
        return f"{address(asked)}&saved={kept.id}"

    return await _done(request, desk, caller, go)


@router.get("/{search_id}")
def saved_hits(
    request: Request,
    search_id: Identifier,
    desk: DeskDep,
    caller: Visitor,
    all_hits: Annotated[str, Query(alias="all", max_length=8)] = "",
    offset: Offset = 0,
) -> Response:
    """Show what is new for one search, or everything that was ever found for it."""
    owner = visitor_may(request, caller, Action.SEARCH)
    kept, hits = saved_searches.hits(desk, owner, search_id, _PER_PAGE, offset, fresh=not all_hits)
    return page(
        request,
        "saved_hits.html",
        caller,
        "search",
        kept=kept,
        hits=hits,
        everything=bool(all_hits),
        newest=max((hit.found_at for hit in hits.items), default=None),
        pager_base=f"/saved-searches/{search_id}?{'all=1&' if all_hits else ''}",
    )


@router.post("/{search_id}/seen")
async def mark_seen(
    request: Request, search_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Mark as seen what the page showed."""

    def go(tx: Tx, owner: Actor) -> str:
        try:
            until = datetime.fromisoformat(one(fields, "until"))
        except ValueError as fault:
            raise Unfit(
                f"until: {fault}", code="day-unknown", tell="Hãy tải lại trang rồi bấm lại."
            ) from fault
        if until.tzinfo is None:
            raise Unfit("a moment without a zone", code="day-unknown", tell="Hãy tải lại trang rồi bấm lại.")
        saved_searches.mark_seen(tx, owner, search_id, SeenIn(until=until))
        return "/saved-searches"

    return await _done(request, desk, caller, go)


@router.post("/{search_id}/change")
async def change(
    request: Request, search_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Give another name, or switch the alert."""

    def go(tx: Tx, owner: Actor) -> str:
        name = " ".join(one(fields, "name").split())[:120] or None
        alert = {"on": True, "off": False}.get(one(fields, "alert"))
        saved_searches.change(tx, owner, search_id, name, alert)
        return "/saved-searches"

    return await _done(request, desk, caller, go)


@router.post("/{search_id}/delete")
async def delete(
    request: Request, search_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Put it away and show the way back."""

    def go(tx: Tx, owner: Actor) -> str:
        saved_searches.delete(tx, owner, search_id)
        return f"/saved-searches?gone={search_id}"

    return await _done(request, desk, caller, go)


@router.post("/{search_id}/restore")
async def restore(
    request: Request, search_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Bring it back."""

    def go(tx: Tx, owner: Actor) -> str:
        saved_searches.restore(tx, owner, search_id)
        return "/saved-searches"

    return await _done(request, desk, caller, go)


async def _done(request: Request, desk: DeskDep, caller: Caller, do: Callable[[Tx, Actor], str]) -> Response:
    """Run one change and lead on to where it says."""

    def go() -> Response:
        owner = visitor_may(request, caller, Action.SEARCH)
        with desk.tools.work.begin() as tx:
            then = do(tx, owner)
        return to(then)

    return await to_thread.run_sync(go)
