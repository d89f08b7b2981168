"""Cases as the desks show them: who has one, what waits, what was delivered and opened, what is being signed."""

from datetime import date, datetime

from pydantic import Field

from api.schemas.cases import AskIn, CaseOut, CaseSeenOut, ChoiceOut, DueOut
from api.schemas.common import Frozen, Strict
from api.schemas.signing_desk import SeenIn
from api.schemas.signings import PaperCountsOut
from procedures.receipts import Receipt
from storage.case_signings import CaseSigning


class HolderOut(Frozen):
    """Who has the case in hand: a body of the procedure with its units ("" and none: the person it is about)."""

    body: str
    title: str
    units: list[str]


class ReceiptOut(Frozen):
    """One handing over from a body to another: when it was delivered, opened, acknowledged, and how it ended.

    `stage`: `delivered`, `opened`, `acknowledged`, `accepted`, `returned`, `recalled`. `reason`: why it was sent or
    taken back. People are account ids, units unit ids; `names` of the case has the words.
    """

    ordinal: int
    title: str
    from_unit: str
    by: str
    body: str
    units: list[str]
    stage: str
    delivered_at: datetime
    opened_at: datetime | None
    opened_by: str
    acknowledged_at: datetime | None
    acknowledged_by: str
    accepted_at: datetime | None
    accepted_by: str
    returned_at: datetime | None
    returned_by: str
    recalled_at: datetime | None
    reason: str

    @classmethod
    def of(cls, receipt: Receipt) -> "ReceiptOut":
        """Return the outgoing form of a receipt."""
        told = {name: getattr(receipt, name) for name in cls.model_fields if name not in ("units", "stage")}
        return cls(units=list(receipt.units), stage=receipt.stage, **told)


class CaseSignatureOut(Frozen):
    """A signature on a paper of the case in words: who signed as what, when, at which level."""

    paper: int
    profile: str
    actor: str
    unit_id: str
    role: str
    form: str
    signed_at: datetime | None
    level: str


class CaseViewOut(CaseSeenOut):
    """A case with what a person reads of it. `names`: of units and accounts by id; `measures`: their titles by code.

    `scans`: of moves by the paper channel, by their ordinal, whether their scan can be opened.
    """

    holders: list[HolderOut]
    receipts: list[ReceiptOut]
    signatures: list[CaseSignatureOut]
    names: dict[str, str]
    measures: dict[str, str]
    scans: dict[int, bool]


class WaitingOut(CaseOut):
    """A case in a list. `about`: whom or what; `urgency`: `overdue`, `express`, `very-urgent`, `urgent`, `soon` or "".

    `choices`: the moves that wait for you at that desk; `receipt`: the last handing over; `signing`: the batch of yours
    in which its paper is.
    """

    about: str
    urgency: str
    due: DueOut | None
    choices: list[ChoiceOut]
    receipt: ReceiptOut | None
    holders: list[HolderOut]
    signing: str
    names: dict[str, str]


class OneOrderIn(AskIn):
    """One move whose paper is to be signed."""

    case_id: str = Field(min_length=1, max_length=64)
    revision: int = Field(ge=1, le=2**31 - 1)


class OrdersIn(Strict):
    """Moves whose papers are to be signed together, with one key. `key` may be left out when only one fits."""

    orders: list[OneOrderIn] = Field(min_length=1, max_length=200)
    key: str = Field(default="", max_length=100)
    title: str = Field(default="", max_length=300)


class RefusedOut(Frozen):
    """A move that could not be ordered, and why."""

    case_id: str
    code: str
    tell: str


class CaseSigningOut(Frozen):
    """A move that waits for its paper: `waiting`, `moved`, or `refused` with `code` and `tell`."""

    paper_id: str
    batch_id: str
    case_id: str
    title: str
    about: str
    state: str
    code: str
    tell: str
    sha256: str
    size: int
    paper_state: str
    paper_tell: str

    @classmethod
    def words(cls, row: CaseSigning) -> dict[str, str]:
        """Return what the row of the move tells."""
        return {
            "paper_id": row.paper_id,
            "batch_id": row.batch_id,
            "case_id": row.case_id,
            "state": row.state,
            "code": row.code,
            "tell": row.tell,
        }


class CaseSigningsOut(Frozen):
    """Papers of cases that are signed together, each with its move; `refused`: what was not taken among them.

    `state`: `open` (nothing is signed yet), `running`, `held` (waits for what `message` says), `desk` (waits for the
    device), `finished`, `cancelled`. `key`: several by comma where bodies seal with their own. Each paper is in a
    signing batch (`batch_id`): one that shows what no other does, the words of a box, in its own.
    """

    id: str
    title: str
    key: str
    state: str
    message: str
    created_at: datetime
    papers: PaperCountsOut
    items: list[CaseSigningOut]
    refused: list[RefusedOut] = []


class StartIn(SeenIn):
    """What the person has seen, by paper id: every paper that still waits, none more."""

    seen: dict[str, str] = Field(max_length=2000)


class OpenSigningOut(Frozen):
    """Papers of yours that are signed together, and in how many cases the move still waits."""

    id: str
    title: str
    state: str
    created_at: datetime
    moves: int


class MemberOut(Frozen):
    """A member as the rule of personal data lets you see: `sight` is `full` or `brief`."""

    id: str
    sight: str
    full_name: str
    card_no: str
    cv_no: str
    birth_date: date | None
    official_date: date | None
    unit_id: str
    base_id: str
    upper_id: str
    unit_name: str
