"""The register of outgoing papers as the API shows it."""

from datetime import date

from pydantic import Field

from api.schemas.common import Frozen, Strict
from procedures.number_rules import NumberRule
from procedures.register_desk import Book
from storage.number_values import Number

HIDDEN = "(văn bản mật)"


class BookOut(Frozen):
    """A register you may open. `writes`: you may keep numbers in it and strike them out.

    `secret_apart`: secret papers have a series of their own, else they run on with the others of their type; `source`:
    the rule that says so.
    """

    unit_id: str
    unit: str
    system: str
    writes: bool
    types: list[str]
    secret_apart: bool
    source: str

    @classmethod
    def of(cls, book: Book, types: list[str], rule: NumberRule) -> "BookOut":
        """Return the outgoing form of a register."""
        unit = book.unit
        return cls(
            unit_id=unit.id,
            unit=unit.name,
            system=unit.system,
            writes=book.writes,
            types=types,
            secret_apart=rule.secret_apart,
            source=rule.source,
        )


class NumberOut(Frozen):
    """A line of the register. Of a secret paper nobody is told here what it is about or where it went."""

    id: str
    written: str
    type_name: str
    state: str
    day: date
    secret: bool
    subject: str
    signer: str
    recipients: str
    held_for: str
    held_until: date | None
    void_reason: str
    void_on: date | None

    @classmethod
    def of(cls, number: Number) -> "NumberOut":
        """Return the outgoing form of a line."""
        entry, kept = number.entry, number.hold
        return cls(
            id=number.id,
            written=number.written,
            type_name=number.type_name,
            state=number.state,
            day=number.day,
            secret=number.secret,
            subject=HIDDEN if number.secret else entry.subject,
            signer=entry.signer,
            recipients=HIDDEN if number.secret else entry.recipients,
            held_for=kept.purpose if kept else "",
            held_until=kept.until if kept else None,
            void_reason=number.void_reason,
            void_on=number.void_on,
        )


class VoidIn(Strict):
    """Why a number is struck out."""

    reason: str = Field(max_length=2000)


class HoldIn(Strict):
    """A number to be kept for a later paper of yours; `secret`: one of state secrets."""

    type_name: str = Field(min_length=1, max_length=100)
    purpose: str = Field(max_length=2000)
    until: date
    secret: bool = False
