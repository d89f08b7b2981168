"""Search over HTTP: the query in, the hits a reader may see out, suggestions while typing, the whole list as a file."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.asking import ApiAsked
from api.deps import Searcher, ToolsDep
from api.schemas.common import Limit, Offset
from api.schemas.search import SearchOut, SuggestionOut
from api.services import result_list, search, suggestions

router = APIRouter(tags=["search"])


@router.get("/search")
def find(
    reader: Searcher,
    tools: ToolsDep,
    asked: ApiAsked,
    limit: Limit = 20,
    offset: Offset = 0,
    group: Annotated[bool, Query(description="Only the best page of each document.")] = False,
) -> SearchOut:
    """Return the pages that answer `q` among those you may see, best first, with boxes on the page image and facets."""
    return search.find(tools, reader, asked, limit, offset, group=group)


@router.get(
    "/search/export",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "The list"}},
)
def export(
    reader: Searcher,
    tools: ToolsDep,
    asked: ApiAsked,
    kind: Annotated[Literal["csv", "xlsx"], Query(alias="format")] = "csv",
) -> Response:
    """Download the documents that answer `q`, one a line, as they stand now; at most 1000, and then it says so."""
    return result_list.download(tools, reader, asked, kind)


@router.get("/suggestions")
def suggest(
    reader: Searcher, tools: ToolsDep, q: Annotated[str, Query(max_length=200)] = ""
) -> list[SuggestionOut]:
    """Return at most eight numbers, bodies and types `q` may be the beginning of, of papers you may see."""
    return suggestions.suggest(tools, reader, q)
