"""Search over HTTP: the query in, the hits a reader may see out, with boxes for the image."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import Searcher, ToolsDep
from api.schemas.common import Limit, Offset
from api.schemas.search import SearchOut
from api.services import search

router = APIRouter(tags=["search"])


@router.get("/search")
def find(
    reader: Searcher,
    tools: ToolsDep,
    q: Annotated[
        str, Query(max_length=4000, description="Words, a quoted phrase, a number; accents optional.")
    ],
    limit: Limit = 20,
    offset: Offset = 0,
    group: Annotated[bool, Query(description="Only the best page of each document.")] = False,
) -> SearchOut:
    """Return the pages that answer `q` among those you may see, best first, with boxes on the page image."""
    return search.find(tools, reader, q, limit, offset, group=group)
