"""The desks: what waits for you, papers of many cases signed in one go, pages of a case's paper, members for a form."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Response

from api.deps import Reader, Signer, ToolsDep
from api.once import OnceDep
from api.schemas.case_desks import (
    CaseSigningsOut,
    MemberOut,
    OpenSigningOut,
    OrdersIn,
    StartIn,
    WaitingOut,
)
from api.schemas.common import Identifier, Limit, Listing, Offset
from api.services import case_lists, case_pictures, case_signings, members

router = APIRouter(tags=["cases"])
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}}, "description": "The upright page"},
    304: {"description": "Same"},
}


@router.get("/waiting")
def list_waiting(
    actor: Reader,
    tools: ToolsDep,
    desk: Annotated[str, Query(max_length=20, description="all, sign, clerk or receive.")] = "all",
    limit: Limit = 50,
    offset: Offset = 0,
) -> Listing[WaitingOut]:
    """Return the cases that wait for you at a desk, the most urgent first, with the moves you may make there."""
    return case_lists.waiting(tools, actor, desk, limit, offset)


@router.post("/case-signings", status_code=201, response_model=CaseSigningsOut)
def create_signings(body: OrdersIn, actor: Signer, tools: ToolsDep, once: OnceDep) -> Response:
    """Draw the papers of these moves as they would be signed; look at each, then start.

    What cannot be had is told in `refused`, and the others go on. No case is changed.
    """
    return case_signings.order(once, tools, actor, body)


@router.get("/case-signings")
def list_signings(actor: Signer, tools: ToolsDep) -> list[OpenSigningOut]:
    """Return what you ordered together and in which moves still wait."""
    return case_signings.waiting(tools, actor)


@router.get("/case-signings/{group_id}")
def get_signings(group_id: Identifier, actor: Signer, tools: ToolsDep) -> CaseSigningsOut:
    """Return papers that are signed together, and what became of each and of its move."""
    return case_signings.see(tools, actor, group_id)


@router.post("/case-signings/{group_id}/start", status_code=202, response_model=CaseSigningsOut)
def start_signings(
    group_id: Identifier, body: StartIn, actor: Signer, tools: ToolsDep, once: OnceDep
) -> Response:
    """Let the papers be signed as they were seen. Those of cases that were moved meanwhile are left out and told."""
    return once.in_one(lambda tx: case_signings.begin(tx, tools, actor, group_id, body.seen), 202)


@router.post("/case-signings/{group_id}/moves", response_model=CaseSigningsOut)
def make_moves(group_id: Identifier, actor: Signer, tools: ToolsDep, once: OnceDep) -> Response:
    """Make the moves of the papers that are signed by now; asking again makes the rest, and none twice."""
    return once.beyond(
        lambda: case_signings.make_moves(tools, actor, group_id),
        lambda tx, _: case_signings.give_up(tx, tools, actor, group_id),
    )


@router.get(
    "/cases/{case_id}/papers/{ordinal}/pages/{number}.png", response_class=Response, responses=_PICTURE
)
def get_page(
    case_id: Identifier,
    ordinal: int,
    number: Annotated[int, Path(ge=1, le=100_000, description="Page number from 1.")],
    actor: Reader,
    tools: ToolsDep,
    width: Annotated[int, Query(ge=64, le=2400, description="Pixels.")] = 1000,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return a page of a case's paper as it stands now; the SHA-256 of its file is in `Vanthu-Source-SHA256`."""
    asked = case_pictures.ask(tools, actor, case_id, ordinal, number, width)
    headers = {
        "Vanthu-Source-SHA256": asked.sha256,
        "ETag": f'"{asked.etag}"',
        "Cache-Control": "private, no-cache",
    }
    if if_none_match and f'"{asked.etag}"' in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(case_pictures.draw(tools, asked), media_type="image/png", headers=headers)


@router.get("/members")
def list_members(
    actor: Reader,
    tools: ToolsDep,
    name: Annotated[str, Query(max_length=100, description="Part of the name, with or without marks.")] = "",
    unit: Annotated[str | None, Query(max_length=64, description="Of this body, or of one under it.")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Listing[MemberOut]:
    """Return members whose file your task needs, as far as it does; the look is in the log."""
    return members.find(tools, actor, name, unit, limit, offset)


@router.get("/members/{member_id}")
def get_member(member_id: Identifier, actor: Reader, tools: ToolsDep) -> MemberOut:
    """Return a member as your task lets you see him or her (`me`: yourself). 404 when absent or not yours to see."""
    return members.one(tools, actor, member_id)
