"""Documents under way as the API shows them: their versions told apart, and the opinions of who was asked."""

from datetime import datetime
from typing import Literal

from api.schemas.common import Frozen
from procedures.difference import ChangedLine
from procedures.opinions import UnitOpinions


class PieceOut(Frozen):
    """Some words, in both versions (`same`), in the old one only (`gone`) or in the new one only (`new`)."""

    change: Literal["same", "gone", "new"]
    text: str


class ChangedLineOut(Frozen):
    """A line of either version; a `changed` one has its words told apart."""

    change: Literal["same", "gone", "new", "changed"]
    pieces: list[PieceOut]


class DifferenceOut(Frozen):
    """What changed from version `old` to version `new`: form and text of the file, line by line in order."""

    old: int
    new: int
    changes: int
    lines: list[ChangedLineOut]

    @classmethod
    def of(cls, old: int, new: int, found: tuple[ChangedLine, ...]) -> "DifferenceOut":
        """Return the outgoing form of a difference."""
        lines = [
            ChangedLineOut(
                change=line.change,
                pieces=[PieceOut(change=piece.change, text=piece.text) for piece in line.pieces],
            )
            for line in found
        ]
        return cls(old=old, new=new, changes=sum(line.change != "same" for line in found), lines=lines)


class OpinionOut(Frozen):
    """What somebody of a unit said, about which version of form and file."""

    actor: str
    role: str
    comment: str
    version: int
    at: datetime


class UnitOpinionsOut(Frozen):
    """The opinions of one unit; none: it was asked and has not answered. `asked`: it is asked still."""

    unit_id: str
    unit_name: str
    asked: bool
    opinions: list[OpinionOut]

    @classmethod
    def of(cls, found: UnitOpinions, unit_name: str) -> "UnitOpinionsOut":
        """Return the outgoing form of a unit's opinions."""
        said = [
            OpinionOut(actor=one.actor, role=one.role, comment=one.comment, version=one.version, at=one.at)
            for one in found.opinions
        ]
        return cls(unit_id=found.unit_id, unit_name=unit_name, asked=found.asked, opinions=said)
