"""The running house as a page for who is called at two in the morning: is it well, what is wrong, what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.deps import Desk, DeskDep
from api.errors import status_of
from api.pages.render import SignedForm, Visitor, page, to, visitor_may
from api.schemas.operations import LetterId
from api.services.health import Health, Standing
from api.services.operations import EngineFigures, Figures, RowFigures, bad_objects
from records.access import Action, Actor
from records.errors import ArchiveFault, Away
from records.queues import QueueCount
from signing.certificates import Ending
from storage.objects import KeptObject

router = APIRouter(prefix="/operations")

_SHOWN = 50  # bad objects on the page; the JSON API gives more
_OLD_SECONDS = 900.0
"""A note that has failed before and is older than this is worth a look."""
_HURRY_DAYS = 7
"""A signing key whose certificate has no more days stops the house soon."""
_HEADS_BEHIND = 12
"""Signed heads that the second store lacks: at one every five minutes, an hour of them."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that wants a person: how bad (`bad`, `warn`), which sentence, where to look, and what it names."""

    kind: str
    sentence: str
    anchor: str
    count: int = 0
    part: str = ""
    round: str = ""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One queue: how many jobs wait, run and were given up, and the age in seconds of the oldest that waits."""

    name: str
    waiting: int
    running: int
    failed: int
    oldest: float


@router.get("")
async def operations_page(request: Request, desk: DeskDep, caller: Visitor) -> Response:
    """Show the house as it stands; the event stream keeps it fresh."""
    await to_thread.run_sync(visitor_may, request, caller, Action.OPERATE)
    return await _shown(request, desk, caller)


@router.post("/dead-letters/{letter_id}/rerun")
async def rerun(
    request: Request, letter_id: LetterId, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Ask for another try of something that was given up."""

    def ask() -> None:
        operator: Actor = visitor_may(request, caller, Action.OPERATE)
        desk.tools.queues.rerun(letter_id, operator)

    try:
        await to_thread.run_sync(ask)
    except ArchiveFault as fault:
        if status_of(fault) == 403:
            raise
        return await _shown(request, desk, caller, status_of(fault), fault.tell)
    return to("/operations")


async def _shown(
    request: Request, desk: Desk, caller: Visitor, status: int = 200, problem: str = ""
) -> Response:
    figures, health = await desk.overseer.look(), await desk.watchman.look()
    bad = await to_thread.run_sync(_bad, desk)
    endings = await to_thread.run_sync(desk.tools.key_endings)
    return page(
        request,
        "operations.html",
        caller,
        "operations",
        status,
        figures=figures,
        health=health,
        told=health.told(),
        troubles=troubles(figures, health, endings),
        queues=None if figures.engine is None else by_queue(figures.engine.queues),
        bad_objects=bad,
        has_copy=desk.tools.has_copy,
        problem=problem,
    )


def troubles(figures: Figures, health: Health, endings: Sequence[Ending] = ()) -> list[Trouble]:
    """Return what wants a person, worst first; `endings`: certificates of signing keys that end soon."""
    found = [
        Trouble("bad" if not health.serves else "warn", f"ops.trouble_{standing}", "parts", part=name)
        for name, standing in health.parts.items()
        if standing is not Standing.WELL
    ]
    if figures.engine is not None:
        found += _of_engine(figures.engine)
    if figures.rows is not None:
        found += _of_rows(figures, figures.rows)
    found += [_of_certificate(ending) for ending in endings]
    return sorted(found, key=lambda trouble: trouble.kind != "bad")


def _of_certificate(ending: Ending) -> Trouble:
    if ending.step == 0:
        return Trouble("bad", "ops.trouble_key_ended", "parts", round=ending.key)
    hurry = "bad" if ending.step <= _HURRY_DAYS else "warn"
    return Trouble(hurry, "ops.trouble_key_ends", "parts", max(ending.days, 0), round=ending.key)


def by_queue(counts: Sequence[QueueCount]) -> list[QueueRow]:
    """Return one row a queue, in the order of their names."""
    rows = []
    for name, group in groupby(sorted(counts, key=lambda c: c.queue), key=lambda c: c.queue):
        states = {count.state: count for count in group}
        number = {state: count.count for state, count in states.items()}
        oldest = states["waiting"].oldest_seconds if "waiting" in states else 0.0
        rows.append(
            QueueRow(
                name, number.get("waiting", 0), number.get("running", 0), number.get("failed", 0), oldest
            )
        )
    return rows


def _of_engine(engine: EngineFigures) -> list[Trouble]:
    found = []
    silent = sum(worker.left_seconds <= 0 for worker in engine.workers)
    if silent == len(engine.workers):
        found.append(Trouble("bad", "ops.trouble_no_worker", "workers"))
    elif silent:
        found.append(Trouble("warn", "ops.trouble_silent", "workers", silent))
    if engine.dead:
        found.append(Trouble("warn", "ops.trouble_dead", "dead-letters", len(engine.dead)))
    return found


def _of_rows(figures: Figures, rows: RowFigures) -> list[Trouble]:
    found = [
        Trouble("bad", "ops.trouble_round", "rounds", round=each.name) for each in rows.rounds if each.alarm
    ]
    if rows.lost:
        found.append(Trouble("bad", "ops.trouble_lost", "objects", rows.lost))
    if rows.bad > rows.lost:
        found.append(Trouble("warn", "ops.trouble_damaged", "objects", rows.bad - rows.lost))
    oldest = rows.backlog.oldest
    if rows.backlog.failing and oldest and (figures.at - oldest).total_seconds() > _OLD_SECONDS:
        found.append(Trouble("warn", "ops.trouble_outbox", "outbox", rows.backlog.failing))
    if rows.unpushed_heads > _HEADS_BEHIND:
        found.append(Trouble("warn", "ops.trouble_heads", "outbox", rows.unpushed_heads))
    return found


def _bad(desk: Desk) -> Sequence[KeptObject] | None:
    try:
        return bad_objects(desk.tools, _SHOWN)
    except Away:
        return None  # shown as what it is: the rows do not answer
