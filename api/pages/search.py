"""Search as a page: one box, result cards with the strip of the page and how each hit matches."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.deps import DeskDep
from api.errors import status_of
from api.pages.render import Visitor, page, visitor_may
from api.schemas.common import Offset
from api.schemas.search import SearchOut
from api.services import search
from records.access import Action
from records.errors import ArchiveFault

router = APIRouter()

_PER_PAGE = 15


@router.get("/search")
def search_page(
    request: Request,
    desk: DeskDep,
    caller: Visitor,
    q: Annotated[str, Query(max_length=4000)] = "",
    offset: Offset = 0,
) -> Response:
    """Show the best page of each document that answers."""
    reader = visitor_may(request, caller, Action.SEARCH)
    found: SearchOut | None = None
    problem, status = "", 200
    if q.strip():
        try:
            found = search.find(desk.tools, reader, q, _PER_PAGE, offset, group=True)
        except ArchiveFault as fault:
            problem, status = fault.tell, status_of(fault)
    return page(
        request,
        "search.html",
        caller,
        "search",
        status=status,
        q=q.strip()[: desk.tools.limits.max_query_chars],
        found=found,
        problem=problem,
        offset=offset,
        limit=_PER_PAGE,
    )
