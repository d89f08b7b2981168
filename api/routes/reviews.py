"""The review list: pages and fields that want a person's eyes, the most useful first."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.deps import DeskDep, need
from api.once import OnceDep
from api.schemas.common import Identifier, Limit, Listing, Offset
from api.schemas.reviews import CorrectionIn, Part, ReviewDetailOut, ReviewOut
from api.services import reviews
from records.access import Action, Actor
from storage.reviews import ReviewState

router = APIRouter(prefix="/reviews", tags=["reviews"])

Reviewer = Annotated[Actor, Depends(need(Action.REVIEW))]


@router.get("")
def list_reviews(
    reader: Reviewer,
    desk: DeskDep,
    state: ReviewState = ReviewState.OPEN,
    document: Annotated[str, Query(max_length=64)] = "",
    limit: Limit = 50,
    offset: Offset = 0,
) -> Listing[ReviewOut]:
    """Return what wants eyes, unread pages first; with `state` what was accepted or corrected, newest first."""
    return reviews.listing(desk, reader, state, document, limit, offset)


@router.get("/{document_id}/{part}")
def get_review(document_id: Identifier, part: Part, reader: Reviewer, desk: DeskDep) -> ReviewDetailOut:
    """Return one item: its doubtful words with strips of the page, or the value of a field. 404: not on the list."""
    return reviews.detail(desk, reader, document_id, part)


@router.post("/{document_id}/{part}/accept", response_model=ReviewOut)
def accept_review(document_id: Identifier, part: Part, reader: Reviewer, once: OnceDep) -> Response:
    """Say that it is right as it stands: it leaves the list for good. 409 `review-decided`: somebody was first."""
    return once.in_one(lambda tx: reviews.accept(tx, reader, document_id, part))


@router.post("/{document_id}/{part}/corrections", response_model=ReviewOut)
def correct_review(
    document_id: Identifier, part: Part, body: CorrectionIn, reader: Reviewer, once: OnceDep
) -> Response:
    """Write what stands on the paper; the master stays as it is. 409 `review-changed`: it says something else now."""
    return once.in_one(lambda tx: reviews.correct(tx, reader, document_id, part, body))


@router.post("/{document_id}/{part}/undo", response_model=ReviewOut)
def undo_review(document_id: Identifier, part: Part, reader: Reviewer, once: OnceDep) -> Response:
    """Take the newest decision back: what stood there before stands there again. 409 `review-nothing`."""
    return once.in_one(lambda tx: reviews.undo(tx, reader, document_id, part))
