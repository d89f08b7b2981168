"""Lists of cases for people: their own, what waits at a desk, each with who has it and what became of its letter."""

from collections.abc import Sequence

from api.schemas.case_desks import ReceiptOut, WaitingOut
from api.schemas.cases import CaseOut, ChoiceOut, DueOut
from api.schemas.common import Listing
from api.services.case_views import about, holding, names_of, receipts_in
from api.services.cases import person_of_actor
from api.tools import Tools
from procedures.cases import cases_of
from procedures.deadlines import Due, due_now
from procedures.definition import Definition
from procedures.machine import Choice
from procedures.waiting import DESKS, urgency_of, waiting_for
from records.access import Actor
from records.case import Case
from records.clock import VIETNAM
from records.errors import Unfit
from storage.work import Tx


def waiting(tools: Tools, actor: Actor, desk: str, limit: int, offset: int) -> Listing[WaitingOut]:
    """Return the cases that wait for the caller at a desk, the most urgent first. Raises `Unfit` (`desk-unknown`)."""
    if desk not in DESKS:
        raise Unfit(
            f"desk {desk[:40]!r}",
            code="desk-unknown",
            tell=f"Không có bàn làm việc này. Dùng một trong: {', '.join(DESKS)}.",
        )
    person = person_of_actor(tools, actor)
    with tools.work.reading() as tx:
        found, total = waiting_for(tx, tools.cases.tools, person, desk, limit, offset)
        busy = tx.case_signings.cases_waiting([one.case.id for one in found], actor.id)
        items = [
            _listed(tx, one.definition, one.case, one.due, one.choices, busy.get(one.case.id, ""))
            for one in found
        ]
    return Listing(items=items, total=total, limit=limit, offset=offset)


def own(
    tools: Tools, actor: Actor, procedure: str, ended: bool | None, limit: int, offset: int
) -> Listing[WaitingOut]:
    """Return the cases that exist for the caller, last moved first."""
    person = person_of_actor(tools, actor)
    case_tools = tools.cases.tools
    found, total = cases_of(case_tools, person, (), limit, offset, procedure, ended)
    today = case_tools.work.clock.now().astimezone(VIETNAM).date()
    with tools.work.reading() as tx:
        items = []
        for case in found:
            definition = case_tools.definitions.get(case.procedure, case.version)
            due = next(iter(due_now(definition, case, case_tools.calendar, today)), None)
            items.append(_listed(tx, definition, case, due, (), ""))
    return Listing(items=items, total=total, limit=limit, offset=offset)


def _listed(
    tx: Tx, definition: Definition, case: Case, due: Due | None, choices: Sequence[Choice], signing: str
) -> WaitingOut:
    receipts = receipts_in(tx, definition, case)
    last = receipts[-1] if receipts else None
    units = {unit for one in holding(definition, case) for unit in one.units}
    people = set()
    if last is not None:
        units |= {last.from_unit, *last.units}
        people = {last.by, last.opened_by}
    return WaitingOut(
        **CaseOut.of(case, definition).model_dump(),
        about=about(case, definition),
        urgency=urgency_of(case, due),
        due=DueOut.of(due) if due else None,
        choices=[ChoiceOut.of(one) for one in choices],
        receipt=ReceiptOut.of(last) if last else None,
        holders=holding(definition, case),
        signing=signing,
        names=names_of(tx, units, people),
    )
