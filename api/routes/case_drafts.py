"""Documents under way over HTTP: hand a file in, fetch it, compare versions, see opinions, preview a paper."""

from datetime import date
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.deps import DeskDep, Reader, ToolsDep, Uploader
from api.once import KeyHeader, Once, asked_of, checked_key
from api.schemas.case_drafts import DifferenceOut, UnitOpinionsOut
from api.schemas.cases import CaseOut
from api.schemas.common import Identifier
from api.services import case_drafts
from api.transfer import declared_digest, handed_out, multipart_body, one_file
from records.errors import Unfit

router = APIRouter(prefix="/cases", tags=["cases"])

DrawingMove = Annotated[str, Query(min_length=1, max_length=80, description="The move that would draw it.")]
HoldId = Annotated[str, Query(max_length=64, description="A number you hold, for a move that numbers.")]
Dated = Annotated[date | None, Query(description="The paper's date with a held number; left out: today.")]
Version = Annotated[int, Path(ge=1, le=2**31 - 1)]

_FORM = multipart_body(
    ("revision",),
    {
        "revision": {"type": "integer", "description": "Of the case as you saw it."},
        "move": {"type": "string", "description": "The edit that takes the file; `save`."},
        "comment": {"type": "string"},
    },
    of_file="PDF or DOCX.",
)
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/octet-stream": {}},
        "description": "The file, its hash checked on the way out",
    }
}
_PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}}}
_PNG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}}, "description": "The upright page"}
}


@router.post("/{case_id}/drafts", status_code=200, response_model=CaseOut, openapi_extra=_FORM)
async def hand_in_draft(
    case_id: Identifier,
    request: Request,
    caller: Uploader,
    desk: DeskDep,
    idempotency_key: KeyHeader = None,
    content_digest: Annotated[str | None, Header()] = None,
) -> Response:
    """Give the case a new file (PDF or DOCX): a new version, once its bytes are durable. A DOCX is made PDF once.

    `X-Content-SHA256` or `Content-Digest` may be sent along and is checked.
    """
    tools, actor = desk.tools, caller.actor
    key = checked_key(idempotency_key)
    await to_thread.run_sync(case_drafts.must_exist, tools, actor, case_id)  # 404 before the body is read
    async with one_file(request, desk, caller, case_drafts.MOST_BYTES) as (form, part):
        revision = _revision(form.fields.get("revision", ""))
        move = form.fields.get("move", "save")[:80]
        comment = form.fields.get("comment", "")
        asked = asked_of(request, part.name, part.sha256, str(revision), move, comment)
        once = Once(tools.work, actor.id, key, asked)
        declared = declared_digest(request, content_digest)
        return await desk.uploads.work(
            case_drafts.hand_in, once, tools, actor, case_id, part, revision, move, comment, key, declared
        )


@router.get("/{case_id}/versions/{number}/file", response_class=StreamingResponse, responses=_FILE)
def get_draft(case_id: Identifier, number: Version, actor: Reader, tools: ToolsDep) -> StreamingResponse:
    """Download the file of a version as it was handed in."""
    found = case_drafts.draft_file(tools, actor, case_id, number, as_pdf=False)
    return handed_out(found.pieces, found.name, "application/octet-stream", found.size, found.sha256)


@router.get("/{case_id}/versions/{number}/pdf", response_class=StreamingResponse, responses=_PDF)
def get_draft_pdf(case_id: Identifier, number: Version, actor: Reader, tools: ToolsDep) -> StreamingResponse:
    """Download the file of a version as the PDF that would be signed."""
    found = case_drafts.draft_file(tools, actor, case_id, number, as_pdf=True)
    return handed_out(found.pieces, found.name, "application/pdf", found.size, found.sha256)


@router.get("/{case_id}/versions/{number}/difference")
def get_difference(
    case_id: Identifier,
    number: Version,
    actor: Reader,
    tools: ToolsDep,
    desk: DeskDep,
    since: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="The older version.")] = None,
) -> DifferenceOut:
    """Tell what changed up to this version, from `since` or from the version before: words, line by line."""
    before = since if since is not None else max(1, number - 1)
    return case_drafts.difference(tools, desk.reads, actor, case_id, before, number)


@router.get("/{case_id}/opinions")
def list_opinions(
    case_id: Identifier, actor: Reader, tools: ToolsDep, desk: DeskDep
) -> list[UnitOpinionsOut]:
    """Return the opinions of the bodies that were asked about the draft, side by side."""
    return case_drafts.opinions(tools, desk.reads, actor, case_id)


@router.get("/{case_id}/preview", response_class=Response, responses=_PDF)
def get_preview(
    case_id: Identifier,
    actor: Reader,
    tools: ToolsDep,
    desk: DeskDep,
    move: DrawingMove,
    hold_id: HoldId = "",
    dated: Dated = None,
) -> Response:
    """Show the paper as a move of yours would draw it now; nothing is kept and no number is taken."""
    wanted = case_drafts.Previewed(case_id, move, hold_id, dated)
    pdf = case_drafts.preview_paper(tools, desk.reads, actor, wanted)
    return Response(pdf, media_type="application/pdf", headers={"Cache-Control": "no-store"})


@router.get("/{case_id}/preview/pages/{number}.png", response_class=Response, responses=_PNG)
def get_preview_page(
    case_id: Identifier,
    number: Annotated[int, Path(ge=1, le=100_000, description="Page number from 1.")],
    actor: Reader,
    tools: ToolsDep,
    desk: DeskDep,
    move: DrawingMove,
    sha256: Annotated[str, Query(pattern="^[0-9a-f]{64}$", description="Of the paper that is looked at.")],
    width: Annotated[int, Query(ge=64, le=2400, description="Pixels.")] = 1000,
    hold_id: HoldId = "",
    dated: Dated = None,
) -> Response:
    """Show a page of that paper as a picture; 409 `revision-changed` when the move would draw another one by now."""
    wanted = case_drafts.Previewed(case_id, move, hold_id, dated)
    png = case_drafts.preview_page(tools, desk.reads, actor, wanted, sha256, number, width)
    return Response(png, media_type="image/png", headers={"Cache-Control": "no-store"})


def _revision(said: str) -> int:
    if not said.isascii() or not said.isdigit() or not 0 < len(said) < 10:
        raise Unfit(
            f"revision {said[:40]!r}",
            code="revision-missing",
            tell="Yêu cầu thiếu số lần sửa (`revision`) của hồ sơ. Hãy tải lại hồ sơ rồi gửi lại.",
        )
    return int(said)
