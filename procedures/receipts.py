"""Who was given a case, when they had it, opened it, took it on or sent it back: read off its history. Pure.

A receipt begins when a move brings a case to a body whose turn it then is, and ends with what that body does. That it
was opened is told by the audit log (`case-read`), with the units that the reader acted for at that moment.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from procedures.definition import Definition, MoveKind
from records.case import CaseMove, Channel

_TAKES = (MoveKind.FORWARD,)


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody was shown the case, acting for `units` of it."""

    at: datetime
    account_id: str
    units: frozenset[str]


@dataclass(frozen=True, slots=True)
class Receipt:
    """One handing over: from whom, to which body and units, and what became of it. Moments are None until then.

    `reason`: the words of who sent it back or took it back.
    """

    ordinal: int
    title: str
    from_body: str
    from_unit: str
    by: str
    body: str
    units: tuple[str, ...]
    delivered_at: datetime
    opened_at: datetime | None = None
    opened_by: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    accepted_at: datetime | None = None
    accepted_by: str = ""
    returned_at: datetime | None = None
    returned_by: str = ""
    recalled_at: datetime | None = None
    reason: str = ""

    @property
    def stage(self) -> str:
        """`recalled`, `returned`, `accepted`, `acknowledged`, `opened` or `delivered`: the last that is known."""
        for name in ("recalled", "returned", "accepted", "acknowledged", "opened"):
            if getattr(self, f"{name}_at") is not None:
                return name
        return "delivered"


def holders(definition: Definition, state: str) -> frozenset[str]:
    """Return the bodies that take a case on from `state`; one that acts only for a slip on paper is none of them.

    "" stands for the member or whoever opened the case.
    """
    onward = [move for move in definition.moves_from(state) if move.kind in _TAKES]
    here = [move for move in onward if Channel.ELECTRONIC in move.channels] or onward
    found: set[str] = set()
    for move in here:
        bodies = {by.body for by in move.by}
        found |= {""} if "" in bodies else bodies  # beside the person it is about, others only help
    return frozenset(found)


def receipts_of(definition: Definition, history: Sequence[CaseMove], looks: Iterable[Look]) -> list[Receipt]:
    """Return every handing over of a case from one body to another, the first one first."""
    bodies: dict[str, tuple[str, ...]] = {}
    seen = sorted(looks, key=lambda look: look.at)
    done: list[Receipt] = []
    running: list[Receipt] = []
    for line in history:
        bodies |= _named(line)
        running = [_after(definition, one, line) for one in running]
        if line.to_state == line.from_state:
            continue
        done += running
        running = [
            Receipt(
                ordinal=line.ordinal,
                title=definition.moves[line.move].title,
                from_body=line.body,
                from_unit=line.unit_id,
                by=line.actor,
                body=body,
                units=bodies[body],
                delivered_at=line.at,
            )
            for body in sorted(holders(definition, line.to_state))
            if body and body != line.body and bodies.get(body)
        ]
    return sorted((_opened(one, seen) for one in (*done, *running)), key=lambda one: (one.ordinal, one.body))


def _named(line: CaseMove) -> Mapping[str, tuple[str, ...]]:
    told = line.evidence.get("bodies", "")
    pairs = (word.partition("=") for word in told.split())
    return {body: tuple(units.split(",")) for body, _, units in pairs if units}


def _after(definition: Definition, receipt: Receipt, line: CaseMove) -> Receipt:
    """Return the receipt with what this line of the history tells of it."""
    move = definition.moves[line.move]
    if move.kind is MoveKind.RECALL:
        return replace(receipt, recalled_at=line.at, reason=line.comment)
    if line.body != receipt.body:
        return receipt
    if move.kind is MoveKind.EDIT:
        if receipt.acknowledged_at is not None:
            return receipt
        return replace(receipt, acknowledged_at=line.at, acknowledged_by=line.actor)
    if move.kind in (MoveKind.RETURN, MoveKind.END):
        return replace(receipt, returned_at=line.at, returned_by=line.actor, reason=line.comment)
    return replace(receipt, accepted_at=line.at, accepted_by=line.actor)


def _opened(receipt: Receipt, looks: Sequence[Look]) -> Receipt:
    ends = (receipt.recalled_at, receipt.returned_at, receipt.accepted_at)
    end = next((at for at in ends if at is not None), None)
    units = set(receipt.units)
    for look in looks:
        if look.at < receipt.delivered_at or not look.units & units:
            continue
        if end is None or look.at <= end:
            return replace(receipt, opened_at=look.at, opened_by=look.account_id)
        break
    return receipt
