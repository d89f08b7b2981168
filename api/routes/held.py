"""Documents held for secrecy, for the officer who decides about them: list, release, remove. No image, no text."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from api.deps import ToolsDep, need
from api.once import OnceDep
from api.schemas.common import Identifier, Limit, Listing, Offset
from api.schemas.held import HeldOut, ReleaseIn, RemovalIn, RemovedOut
from api.services import held
from records.access import Action, Actor

router = APIRouter(prefix="/held", tags=["held"])

Officer = Annotated[Actor, Depends(need(Action.DECIDE_HELD))]


@router.get("")
def list_held(officer: Officer, tools: ToolsDep, limit: Limit = 50, offset: Offset = 0) -> Listing[HeldOut]:
    """Return what is held, the oldest first: where the paper lies in its delivery and which mark was found."""
    return held.listing(tools, officer, limit, offset)


@router.post("/{document_id}/release", response_model=HeldOut)
def release_held(document_id: Identifier, body: ReleaseIn, officer: Officer, once: OnceDep) -> Response:
    """Let a document go on: there is no such mark, it was declassified, or its digitising was approved."""
    return once.in_one(lambda tx: held.let_go(tx, officer, document_id, body))


@router.post("/{document_id}/remove", response_model=RemovedOut)
def remove_held(
    document_id: Identifier, body: RemovalIn, officer: Officer, tools: ToolsDep, once: OnceDep
) -> Response:
    """Erase every byte of a document from every store. 409 `held-batch-open`: its delivery is still being walked."""
    return once.beyond(lambda: held.take_away(tools, officer, document_id, body), lambda tx, told: told)
