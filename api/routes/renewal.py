"""Keeping seals provable, over HTTP: how it stands and what to hurry, for who operates the house."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.deps import Operator, ToolsDep
from api.once import OnceDep
from api.schemas.common import Identifier
from api.schemas.renewal import RenewalAskedOut, RenewalOut
from api.services import renewal

router = APIRouter(prefix="/renewal", tags=["renewal"])

Most = Annotated[int, Query(ge=1, le=1000, description="How many listed files to name at most.")]


@router.get("")
def get_renewal(operator: Operator, tools: ToolsDep, limit: Most = 100) -> RenewalOut:
    """Return what is due, what waits for completion, what a person must look at, and until when files are provable."""
    return renewal.standing(tools, limit)


@router.post("/documents/{document_id}", status_code=202, response_model=RenewalAskedOut)
def ask_renewal(document_id: Identifier, operator: Operator, once: OnceDep) -> Response:
    """Ask that one file be renewed at the next turn, also one that was listed and has been looked at.

    404 when there is no such sealed file; 409 `waits-for-completion`, `life-unread`.
    """
    return once.in_one(lambda tx: renewal.ask(tx, operator, document_id), 202)
