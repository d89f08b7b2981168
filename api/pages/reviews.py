"""The review list as pages: what wants eyes, one item with its strips of the paper, accept, correct, take back."""

from collections.abc import Callable
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from api.deps import Caller, Desk, DeskDep
from api.errors import status_of
from api.pages.render import SignedForm, Visitor, one, page, to, visitor_may
from api.schemas.common import Identifier, Offset
from api.schemas.reviews import ChangeIn, CorrectionIn, Part
from api.services import reviews
from records.access import Action, Actor
from records.errors import ArchiveFault, Missing, Unfit
from storage.reviews import ReviewState
from storage.work import Tx

router = APIRouter(prefix="/reviews")

_PER_PAGE = 25


@router.get("")
def review_list(
    request: Request,
    desk: DeskDep,
    caller: Visitor,
    state: Annotated[str, Query(max_length=20)] = "",
    done: Annotated[str, Query(max_length=100)] = "",
    offset: Offset = 0,
) -> Response:
    """Show what wants eyes; after a decision (`done`) the way back is at hand."""
    reader = visitor_may(request, caller, Action.REVIEW)
    shown = ReviewState(state) if state in set(ReviewState) else ReviewState.OPEN
    found = reviews.listing(desk, reader, shown, "", _PER_PAGE, offset)
    document_id, _, part = done.partition("/")
    return page(
        request,
        "reviews.html",
        caller,
        "reviews",
        reviews=found,
        state=shown.value,
        states=[each.value for each in ReviewState],
        done=(document_id, part) if document_id and part else None,
        pager_base=f"/reviews?state={shown.value}&",
    )


@router.get("/{document_id}/{part}")
def review_page(
    request: Request, document_id: Identifier, part: Part, desk: DeskDep, caller: Visitor
) -> Response:
    """Show one item."""
    return _shown(request, desk, caller, document_id, part)


@router.post("/{document_id}/{part}/accept")
async def accept(
    request: Request, document_id: Identifier, part: Part, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Say that it is right."""
    return await _decided(
        request, desk, caller, document_id, part, lambda tx, by: reviews.accept(tx, by, document_id, part)
    )


@router.post("/{document_id}/{part}/corrections")
async def correct(
    request: Request, document_id: Identifier, part: Part, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Write what stands on the paper: only what was changed in the form is a correction."""

    def go(tx: Tx, by: Actor) -> object:
        return reviews.correct(tx, by, document_id, part, _body(fields))

    return await _decided(request, desk, caller, document_id, part, go)


@router.post("/{document_id}/{part}/undo")
async def undo(
    request: Request, document_id: Identifier, part: Part, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Take the newest decision back and show the item again."""
    back = f"/reviews/{document_id}/{part}"
    return await _decided(
        request, desk, caller, document_id, part, lambda tx, by: reviews.undo(tx, by, document_id, part), back
    )


async def _decided(
    request: Request,
    desk: Desk,
    caller: Caller,
    document_id: str,
    part: str,
    decide: Callable[[Tx, Actor], object],
    then: str = "",
) -> Response:
    """Run a decision and go on to `then`, by default the list; what is refused is told beside the item, with nothing
    changed.
    """

    def go() -> Response:
        by = visitor_may(request, caller, Action.REVIEW)
        try:
            with desk.tools.work.begin() as tx:
                decide(tx, by)
        except Missing:
            raise
        except (ArchiveFault, ValidationError) as fault:
            told = fault if isinstance(fault, ArchiveFault) else _too_long()
            return _shown(request, desk, caller, document_id, part, told)
        return to(then or f"/reviews?done={document_id}/{part}")

    return await to_thread.run_sync(go)


def _body(fields: dict[str, list[str]]) -> CorrectionIn:
    if "value" in fields:
        return CorrectionIn(value=one(fields, "value"))
    numbers = [
        int(name[2:])
        for name in fields
        if name.startswith("n-") and name[2:].isascii() and name[2:].isdigit()
    ]
    changed = [n for n in sorted(numbers) if one(fields, f"n-{n}") != one(fields, f"was-{n}")]
    words = [ChangeIn(n=n, was=one(fields, f"was-{n}"), becomes=one(fields, f"n-{n}")) for n in changed]
    return CorrectionIn(words=words)


def _too_long() -> Unfit:
    return Unfit("form", code="review-long", tell="Mỗi chỗ sửa dài nhất 400 ký tự. Chưa có gì được sửa.")


def _shown(
    request: Request,
    desk: Desk,
    caller: Caller,
    document_id: str,
    part: str,
    fault: ArchiveFault | None = None,
) -> Response:
    reader = visitor_may(request, caller, Action.REVIEW)
    return page(
        request,
        "review.html",
        caller,
        "reviews",
        200 if fault is None else status_of(fault),
        item=reviews.detail(desk, reader, document_id, part),
        problem="" if fault is None else fault.tell,
    )
