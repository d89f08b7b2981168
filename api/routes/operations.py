"""The running house over HTTP, for who operates it: queues, workers, dead letters, rounds, bad objects."""

from collections.abc import AsyncIterator
from typing import Annotated

from anyio import sleep, to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.deps import Desk, DeskDep, Operator, ToolsDep, find_caller
from api.once import OnceDep
from api.schemas.operations import (
    BadObjectOut,
    FiguresOut,
    LetterId,
    LetterOut,
    QueuesOut,
    RerunOut,
    RoundOut,
)
from api.services import operations
from records.access import Action, permits
from records.errors import ArchiveFault

router = APIRouter(tags=["operations"])

_LOOK_SECONDS = 2.0
_HEARTBEAT = 15
_ASK_AGAIN = 15  # looks between two checks that the watcher may still watch

Most = Annotated[int, Query(ge=1, le=operations.MOST_LETTERS, description="How many at most.")]


@router.get("/queues")
async def get_queues(operator: Operator, desk: DeskDep) -> QueuesOut:
    """Return what waits, runs and was given up in each queue, and the workers heard of lately."""
    return QueuesOut.of(await desk.overseer.engine())


@router.get(
    "/queues/events",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "`figures` events without end"}},
)
async def watch_queues(request: Request, operator: Operator, desk: DeskDep) -> EventSourceResponse:
    """Follow the house as server-sent events: `figures` with everything of one moment as JSON, every two seconds."""

    async def events() -> AsyncIterator[ServerSentEvent]:
        count = 0
        while True:
            if count % _ASK_AGAIN == 0 and not await to_thread.run_sync(_still_may, request, desk):
                yield ServerSentEvent(event="signed-out", data="{}")
                return
            count += 1
            told = FiguresOut.of(await desk.overseer.look(), await desk.watchman.look())
            yield ServerSentEvent(event="figures", id=str(count), data=told.model_dump_json())
            await sleep(_LOOK_SECONDS)

    return EventSourceResponse(events(), ping=_HEARTBEAT)


@router.get("/dead-letters")
def list_dead_letters(operator: Operator, tools: ToolsDep, limit: Most = 100) -> list[LetterOut]:
    """Return the work that was given up and waits for a person, newest first."""
    return [LetterOut.of(letter) for letter in tools.queues.dead(limit)]


@router.post("/dead-letters/{letter_id}/rerun", status_code=202, response_model=RerunOut)
def rerun_dead_letter(letter_id: LetterId, operator: Operator, tools: ToolsDep, once: OnceDep) -> Response:
    """Ask for another try. 404 when nothing of that name was given up, 409 when it was asked for already."""
    return once.beyond(
        lambda: tools.queues.rerun(letter_id, operator), lambda tx, _: RerunOut(id=letter_id), 202
    )


@router.get("/rounds")
def list_rounds(operator: Operator, tools: ToolsDep) -> list[RoundOut]:
    """Return the present or last round of every kind, with its figures and its alarm."""
    return [RoundOut.of(each) for each in operations.rounds(tools)]


@router.get("/objects/bad")
def list_bad_objects(operator: Operator, tools: ToolsDep, limit: Most = 100) -> list[BadObjectOut]:
    """Return objects that at least one store does not hold as it should."""
    return [BadObjectOut.of(kept) for kept in operations.bad_objects(tools, limit)]


def _still_may(request: Request, desk: Desk) -> bool:
    """Return whether the watcher is still signed in and allowed; while the rows are away nobody new is let in."""
    try:
        caller = find_caller(request, desk.tools)
    except ArchiveFault:
        return True
    return caller is not None and permits(caller.actor, Action.OPERATE)
