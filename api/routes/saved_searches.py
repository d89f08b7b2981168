"""Saved searches over HTTP: one's own, with what is new in each. Nobody else's exist."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import DeskDep, Searcher, ToolsDep
from api.once import OnceDep
from api.schemas.common import Identifier, Limit, Listing, Offset
from api.schemas.saved_searches import (
    SavedHitOut,
    SavedSearchChange,
    SavedSearchIn,
    SavedSearchOut,
    SeenIn,
    SeenOut,
)
from api.services import saved_searches

router = APIRouter(prefix="/saved-searches", tags=["search"])


@router.get("")
def list_saved(
    owner: Searcher,
    tools: ToolsDep,
    deleted: Annotated[bool, Query(description="Those deleted in the last thirty days instead.")] = False,
) -> list[SavedSearchOut]:
    """Return your saved searches, newest first, each with the number of new hits."""
    return saved_searches.listing(tools, owner, deleted=deleted)


@router.post("", status_code=201, response_model=SavedSearchOut)
def save(body: SavedSearchIn, owner: Searcher, tools: ToolsDep, once: OnceDep) -> Response:
    """Keep a search. What answers it now is not new. 409 `saved-too-many`."""
    return once.in_one(
        lambda tx: saved_searches.keep(tools, tx, owner, body.asked(), body.name, alert=body.alert), 201
    )


@router.patch("/{search_id}", response_model=SavedSearchOut)
def change(search_id: Identifier, body: SavedSearchChange, owner: Searcher, once: OnceDep) -> Response:
    """Give it another name, switch its alert on or off."""
    return once.in_one(lambda tx: saved_searches.change(tx, owner, search_id, body.name, body.alert))


@router.delete("/{search_id}", response_model=SavedSearchOut)
def delete(search_id: Identifier, owner: Searcher, once: OnceDep) -> Response:
    """Delete it; `restore` brings it back for thirty days."""
    return once.in_one(lambda tx: saved_searches.delete(tx, owner, search_id))


@router.post("/{search_id}/restore", response_model=SavedSearchOut)
def restore(search_id: Identifier, owner: Searcher, once: OnceDep) -> Response:
    """Bring back what was deleted, with everything found for it."""
    return once.in_one(lambda tx: saved_searches.restore(tx, owner, search_id))


@router.get("/{search_id}/hits")
def list_hits(
    search_id: Identifier,
    owner: Searcher,
    desk: DeskDep,
    fresh: Annotated[bool, Query(description="Only those not seen yet.")] = True,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Listing[SavedHitOut]:
    """Return the documents found for it that you may see at this moment, newest first."""
    return saved_searches.hits(desk, owner, search_id, limit, offset, fresh=fresh)[1]


@router.post("/{search_id}/seen", response_model=SeenOut)
def mark_seen(search_id: Identifier, body: SeenIn, owner: Searcher, once: OnceDep) -> Response:
    """Mark as seen what was found up to a moment; what came later stays new."""
    return once.in_one(lambda tx: saved_searches.mark_seen(tx, owner, search_id, body))
