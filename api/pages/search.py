"""Search as a page: one box, what narrows it and how much of each there is, result cards with the strip of the page."""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.asking import PageAsked, address, day_of
from api.deps import DeskDep
from api.errors import status_of
from api.i18n import day
from api.pages.render import Visitor, page, visitor_may
from api.schemas.common import Offset
from api.schemas.search import FacetValueOut, SearchOut
from api.services import loosening, saved_searches, search
from records.access import Action
from records.errors import ArchiveFault
from search.asked import Asked
from search.filters import Facet

router = APIRouter()

_PER_PAGE = 15


@dataclass(frozen=True, slots=True)
class Chip:
    """One narrowing: its kind, the value in words, and the address without it."""

    name: str
    value: str
    off: str


@dataclass(frozen=True, slots=True)
class FacetLink:
    """One value of a facet: in words, how many pages, chosen or not, and where a click leads."""

    label: str
    count: int
    more: bool
    chosen: bool
    href: str


@router.get("/search")
def search_page(
    request: Request,
    desk: DeskDep,
    caller: Visitor,
    asked: PageAsked,
    saved: Annotated[str, Query(max_length=64)] = "",
    offset: Offset = 0,
) -> Response:
    """Show the best page of each document that answers; `saved` is the id of a search that was just kept."""
    reader = visitor_may(request, caller, Action.SEARCH)
    found: SearchOut | None = None
    ways: list[loosening.Looser] = []
    problem, status = "", 200
    if asked.query:
        try:
            found = search.find(desk.tools, reader, asked, _PER_PAGE, offset, group=True)
            ways = loosening.looser(desk.tools, reader, asked) if not found.hits and not offset else []
        except ArchiveFault as fault:
            problem, status = fault.tell, status_of(fault)
    return page(
        request,
        "search.html",
        caller,
        "search",
        status=status,
        q=asked.query[: desk.tools.limits.max_query_chars],
        asked=asked,
        chips=chips(asked),
        hidden=hidden(asked),
        facets=facets(asked, found) if found else [],
        ways=[(way, shown(way.name, way.value), address(way.asked)) for way in ways],
        here_again=address(replace(asked, query=asked.query[: desk.tools.limits.max_query_chars])),
        since=day_of(asked.filters.since),
        until=day_of(asked.filters.until),
        found=found,
        problem=problem,
        saved=saved,
        kept=saved_searches.listing(desk.tools, reader) if not asked.query else [],
        offset=offset,
        limit=_PER_PAGE,
    )


def chips(asked: Asked) -> list[Chip]:
    """Return what narrows the search, each with the way without it."""
    return [
        Chip(name, shown(name, value), address(asked.without(name, value))) for name, value in asked.narrowed
    ]


def hidden(asked: Asked) -> list[tuple[str, str]]:
    """Return the fields a form must carry so that the filters stay when other words are typed."""
    return [(name, day_of(value) if name in ("since", "until") else value) for name, value in asked.narrowed]


def shown(name: str, value: str) -> str:
    """Return a narrowing in words."""
    return day(day_of(value)) if name in ("since", "until") else search.label(name, value)


def facets(asked: Asked, found: SearchOut) -> list[tuple[str, list[FacetLink]]]:
    """Return by facet the values there are, the chosen ones first; a facet without any is not shown."""
    told = []
    for facet in Facet:
        chosen = [str(value) for value in asked.filters.values(facet)]
        counted = {one.value: one for one in found.facets.get(facet.value, [])}
        values = [*chosen, *(value for value in counted if value not in chosen)]
        links = [_link(asked, facet, value, counted.get(value), chosen=value in chosen) for value in values]
        if links:
            told.append((facet.value, links))
    return told


def _link(
    asked: Asked, facet: Facet, value: str, counted: FacetValueOut | None, *, chosen: bool
) -> FacetLink:
    other = asked.without(facet.value, value) if chosen else asked.plus(facet, value)
    count, more = (counted.count, counted.more) if counted else (0, False)
    return FacetLink(search.label(facet.value, value), count, more, chosen, address(other))
