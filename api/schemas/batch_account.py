"""The account of a delivery and what differs from its list, as they go over HTTP."""

from api.schemas.common import Frozen
from api.services.batch_account import Differences
from records.accounting import TOLD, Account
from records.handover import DifferenceKind, HandoverList


class StateOut(Frozen):
    """A state that pages can be in, its name, and how many are in it."""

    state: str
    name: str
    pages: int


class DocumentLineOut(Frozen):
    """A document of a delivery by its place (from 1)."""

    id: str
    order: int
    source: str
    number: str
    state: str
    pages: int
    separator: str


class AccountOut(Frozen):
    """Where every page of a delivery is. `agrees` is false only through a bug: `faults` says which sums differ."""

    batch_id: str
    files: int
    total: int
    states: list[StateOut]
    documents: list[DocumentLineOut]
    agrees: bool
    faults: list[str]

    @classmethod
    def of(cls, batch_id: str, told: Account) -> "AccountOut":
        """Return the outgoing form."""
        return cls(
            batch_id=batch_id,
            files=len(told.files),
            total=told.total,
            states=[StateOut(state=s.value, name=TOLD[s], pages=count) for s, count in told.states.items()],
            documents=[
                DocumentLineOut(
                    id=one.id,
                    order=one.order,
                    source=one.source,
                    number=one.number,
                    state=one.state,
                    pages=one.pages,
                    separator=one.separator,
                )
                for one in told.documents
            ],
            agrees=told.agrees,
            faults=list(told.faults),
        )


class ListOut(Frozen):
    """A hand-over list as it was understood."""

    batch_id: str
    name: str
    rows: int
    pages: int
    secret: int
    late: int

    @classmethod
    def of(cls, batch_id: str, listed: HandoverList, late: int) -> "ListOut":
        """Return the outgoing form. `secret`: rows with a level; `late`: those of them that came after the start."""
        return cls(
            batch_id=batch_id,
            name=listed.name,
            rows=len(listed.rows),
            pages=sum(row.pages or 0 for row in listed.rows),
            secret=sum(bool(row.secrecy) for row in listed.rows),
            late=late,
        )


class DifferenceOut(Frozen):
    """One disagreement: line of the list, place of the document in the delivery (null: none), a sentence."""

    kind: DifferenceKind
    line: int | None
    order: int | None
    tell: str


class DifferencesOut(Frozen):
    """A list held against its delivery. `given`: the list; `pairs`: [line of the list, place of the document]."""

    batch_id: str
    given: ListOut
    pairs: list[tuple[int, int]]
    differences: list[DifferenceOut]

    @classmethod
    def of(cls, batch_id: str, told: Differences) -> "DifferencesOut":
        """Return the outgoing form."""
        return cls(
            batch_id=batch_id,
            given=ListOut.of(batch_id, told.listed, told.late),
            pairs=[(line, order) for line, order in told.found.pairs],
            differences=[
                DifferenceOut(kind=one.kind, line=one.line, order=one.order, tell=one.tell)
                for one in told.found.differences
            ],
        )
