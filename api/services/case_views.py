"""What a person reads of a case: names instead of ids, who has it, receipts, signatures in words."""

from collections.abc import Iterable
from typing import Any

from api.schemas.case_desks import CaseSignatureOut, CaseViewOut, HolderOut, ReceiptOut
from api.schemas.cases import CaseSeenOut
from api.services.case_scans import scans_of
from api.tools import Tools
from procedures.cases import CaseSeen
from procedures.definition import Definition
from procedures.receipts import Look, Receipt, holders, receipts_of
from records.case import Case, CaseMove, Person
from records.errors import Missing
from storage.work import Tx

READ = "case-read"


def view(tools: Tools, seen: CaseSeen) -> CaseViewOut:
    """Return a case as one person sees it, with everything in words."""
    with tools.work.reading() as tx:
        receipts = receipts_in(tx, seen.definition, seen.case, seen.history)
        signatures = list(_signatures(tx, seen.history, seen.case))
        held = holding(seen.definition, seen.case)
        units = {unit for one in held for unit in one.units} | {move.unit_id for move in seen.history}
        units |= {unit for named in seen.case.bodies.values() for unit in named}
        units |= {box.unit_id for paper in seen.case.papers for box in paper.boxes}
        units |= {box.to_unit_id for paper in seen.case.papers for box in paper.boxes}
        people = {move.actor for move in seen.history} | {seen.case.opened_by}
        people |= {box.by for paper in seen.case.papers for box in paper.boxes}
        for one in receipts:
            units |= {one.from_unit, *one.units}
            people |= {one.by, one.opened_by, one.acknowledged_by, one.accepted_by, one.returned_by}
        names = names_of(tx, units, people)
        scans = scans_of(tx, tools, seen.history)
    told = CaseSeenOut.seen(seen).model_dump()
    return CaseViewOut(
        **told,
        holders=held,
        receipts=[ReceiptOut.of(one) for one in receipts],
        signatures=signatures,
        names=names,
        scans=scans,
        measures={one.code: one.title for one in seen.definition.measures},
    )


def receipts_in(
    tx: Tx, definition: Definition, case: Case, history: Iterable[CaseMove] | None = None
) -> list[Receipt]:
    """Return the receipts of a case, with who opened it as the log tells."""
    lines = list(history if history is not None else tx.cases.history(case.id))
    looks = [
        Look(at, actor, frozenset(str(details.get("units", "")).split()))
        for at, actor, details in tx.audit.looks(case.id, READ)
    ]
    return receipts_of(definition, lines, looks)


def holding(definition: Definition, case: Case) -> list[HolderOut]:
    """Return who has to take the case on: nobody when it has ended."""
    if case.ended:
        return []
    found = []
    for body in sorted(holders(definition, case.state)):
        if not body:
            about = "Đảng viên đứng tên hồ sơ" if definition.about_member else "Người mở hồ sơ"
            found.append(HolderOut(body="", title=about, units=[]))
        elif case.bodies.get(body):
            title = definition.bodies[body].title
            found.append(HolderOut(body=body, title=title, units=list(case.bodies[body])))
    return [one for one in found if one.body] or found


def units_acted_for(person: Person, case: Case) -> frozenset[str]:
    """Return the units of a case that a person acts for: as what they are shown it."""
    here = {unit for named in case.bodies.values() for unit in named}
    return frozenset(one.unit_id for one in person.acting if one.unit_id in here)


def about(case: Case, definition: Definition) -> str:
    """Return whom or what a case is about, in the words of its form."""
    return str(case.form.get("full_name") or case.form.get("subject") or definition.title)


def names_of(tx: Tx, units: Iterable[str], people: Iterable[str]) -> dict[str, str]:
    """Return the names of units and accounts by id; a unit that is gone by the last name it had."""
    names: dict[str, str] = {}
    for unit_id in sorted({one for one in units if one}):
        try:
            names[unit_id] = tx.units.history(unit_id)[-1].name
        except Missing:
            names[unit_id] = unit_id
    for account_id in sorted({one for one in people if one}):
        try:
            names[account_id] = tx.accounts.get(account_id).name
        except Missing:
            names[account_id] = account_id
    return names


def _signatures(tx: Tx, history: Iterable[CaseMove], case: Case) -> Iterable[CaseSignatureOut]:
    made: dict[str, tuple[CaseMove | None, str]] = {}
    for line in history:
        for name, value in line.evidence.items():
            if name.startswith("signed-"):
                made[value.partition(" ")[2]] = (line, name.removeprefix("signed-"))
    for paper in case.papers:
        for one in paper.signed:
            by, profile = made.get(one.signing_id, (None, one.profile))
            told: dict[str, Any] = {"signed_at": by.at if by else None, "level": ""}
            try:
                signature = tx.signings.paper(one.signing_id).signature
            except Missing:
                signature = None  # made before this house kept signing batches, or elsewhere
            if signature is not None:
                told = {"signed_at": signature.signed_at, "level": signature.level}
            yield CaseSignatureOut(
                paper=paper.ordinal,
                profile=profile,
                actor=by.actor if by else "",
                unit_id=by.unit_id if by else "",
                role=by.role if by else "",
                form=by.form if by else "",
                **told,
            )
