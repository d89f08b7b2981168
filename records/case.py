"""A case: one matter on its way through a procedure, its papers and its boxes, and who acts in it. Values only.

What a procedure is stands in `procedures/definition.py`; what moves a case in `procedures/machine.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

Value = str | int | bool
"""What a field of a form holds; a date is ISO text (`2026-11-26`)."""


class Channel(StrEnum):
    """How a move was made. Both channels lead through the same states."""

    ELECTRONIC = "electronic"
    PAPER = "paper"  # signed by hand and stamped; the scan of it is in the archive


class InName(StrEnum):
    """In whose name somebody with a role acts (quyền hạn ký)."""

    COMMITTEE = "T/M"  # thay mặt: for the committee
    DEPUTY = "K/T"  # ký thay: for the head
    ORDER = "T/L"  # thừa lệnh: by order


@dataclass(frozen=True, slots=True)
class Acting:
    """A role that a person has at a unit, from `since` to `until` (both days count, None: without end)."""

    unit_id: str
    role: str
    form: InName
    since: date
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Return whether the role is held on `day`."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks for a move: the account, the member behind it ("" when none), and the roles as they are given."""

    account_id: str
    member_id: str = ""
    acting: tuple[Acting, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules need to know of the member whose matter it is, as the books have it at this moment.

    `member_units` are the member's own branch, its base organisation and the committee directly above that, in this
    order (a branch that is a base organisation itself stands twice), () when the member is not in the books.
    `service` and `exempt_class` are codes that the procedure names ("" when none applies).
    """

    member_units: tuple[str, ...] = ()
    service: str = ""
    exempt_class: str = ""
    under_inspection: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that goes with the case: where its bytes rest, and what they hash to.

    `pdf_…`: of the PDF that was made of a Word file when it was handed in; "" and 0 when the file is a PDF itself.
    """

    name: str
    key: str
    sha256: str
    size: int
    pdf_key: str = ""
    pdf_sha256: str = ""
    pdf_size: int = 0

    @property
    def shown(self) -> tuple[str, str, int]:
        """Key, SHA-256 and size of the PDF that people see and sign."""
        if self.pdf_key:
            return self.pdf_key, self.pdf_sha256, self.pdf_size
        return self.key, self.sha256, self.size


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that was made and checked: under which profile, on which bytes, giving which."""

    profile: str
    before_sha256: str
    after_sha256: str
    signing_id: str


@dataclass(frozen=True, slots=True)
class Struck:
    """What a box said before it was struck through: it stays legible."""

    to_unit_id: str
    note: str
    reason: str
    by: str
    day: date


@dataclass(frozen=True, slots=True)
class Box:
    """One box (ô) of a letter: a body sends the member on, kính gửi / kính chuyển. `ordinal` counts from 1.

    `number`: in which box of the sheet its words stand as they were signed last, 0 where they stand on paper only;
    `by_hand`: they were signed and stamped on paper. What is signed stays, so a body that corrects its words or sends
    on anew after a return takes the next free box.
    """

    ordinal: int
    body: str
    unit_id: str
    to_unit_id: str  # "" where the box only takes in
    note: str
    by: str
    role: str
    form: str
    day: date
    struck: tuple[Struck, ...] = ()
    number: int = 0
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class CasePaper:
    """A paper of a case. `sha256`: of its newest bytes ("" before it was drawn); `void`: why it no longer counts."""

    ordinal: int
    kind: str
    number: str = ""
    dated: date | None = None
    sha256: str = ""
    signed: tuple[Signed, ...] = ()
    boxes: tuple[Box, ...] = ()
    void: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it stands. `revision` is the number of moves made, and who moves it must know the newest.

    `bodies` are unit ids by the part they have in the procedure; `reached` the parts whose turn has come at least once;
    `entered` when each state was come to last (not by being sent back); `form_version` counts the versions of form and
    draft together.
    """

    id: str
    procedure: str
    version: int
    state: str
    revision: int
    channel: Channel
    member_id: str
    opened_by: str
    opened_at: datetime
    moved_at: datetime
    ended: bool = False
    bodies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reached: frozenset[str] = frozenset()
    form: Mapping[str, Value] = field(default_factory=dict)
    draft: Draft | None = None
    form_version: int = 0
    papers: tuple[CasePaper, ...] = ()
    entered: Mapping[str, datetime] = field(default_factory=dict)


def current(case: Case) -> CasePaper | None:
    """Return the paper that counts: the newest one that is not void."""
    return next((paper for paper in reversed(case.papers) if not paper.void), None)


@dataclass(frozen=True, slots=True)
class CaseMove:
    """One move of the history: append-only. `ordinal` is the revision it made, `key` makes asking for it repeatable.

    `body`, `unit_id`, `role` and `form` say as what the person acted ("" each for the member and who opened the case).
    """

    ordinal: int
    move: str
    from_state: str  # "" for the opening
    to_state: str
    actor: str
    body: str
    unit_id: str
    role: str
    form: str
    channel: Channel
    comment: str
    evidence: Mapping[str, str]
    form_version: int
    at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class CaseVersion:
    """What form and draft were after the move `ordinal`."""

    number: int
    ordinal: int
    form: Mapping[str, Value]
    draft: Draft | None
    made_by: str
    made_at: datetime
