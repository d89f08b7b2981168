"""Batches of papers to be signed as the API shows them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas.common import Frozen, Strict
from storage.signing_values import Paper, SigningBatch


class PlaceIn(Strict):
    """A box on a page as a person sees it: upright, fractions of the page from its top left corner."""

    page: int = Field(ge=-1000, le=100_000, description="From 1; negative counts from the last.")
    x0: float = Field(ge=0, le=1)
    y0: float = Field(ge=0, le=1)
    x1: float = Field(ge=0, le=1)
    y1: float = Field(ge=0, le=1)


class VisibleIn(Strict):
    """What the signatures of a batch show. Without `place` it is found on each paper."""

    system: Literal["state", "party"] = "state"
    place: PlaceIn | None = None
    form: str = Field(default="", max_length=40, description="Of copies: SAO Y, SAO LỤC, TRÍCH SAO.")
    number: str = Field(default="", max_length=60, description="Of the paper that an annex belongs to.")
    hidden: bool = False


class SigningBatchIn(Strict):
    """A batch to be opened. `key` may be left out when only one fits; `level` asks for less or more than usual."""

    title: str = Field(default="", max_length=300)
    profile: str = Field(max_length=40)
    key: str = Field(default="", max_length=100)
    level: str = Field(default="", pattern="^(|PAdES-BASELINE-(T|LT|LTA))$")
    visible: VisibleIn = VisibleIn()


class SigningKeyOut(Frozen):
    """A key the caller may sign with: its name, whose it is, whether it is on a device at the desk, its profiles."""

    name: str
    role: str
    unit: str
    holder: str
    at_desk: bool
    profiles: list[str]


class PaperCountsOut(Frozen):
    """How many papers of a batch are in which state."""

    waiting: int = 0
    signed: int = 0
    refused: int = 0
    cancelled: int = 0


class SigningBatchOut(Frozen):
    """A batch. `message` says what a held batch waits for, in Vietnamese."""

    id: str
    title: str
    profile: str
    key: str
    level: str
    state: str
    message: str
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    papers: PaperCountsOut

    @classmethod
    def of(cls, batch: SigningBatch, counts: Mapping[str, int]) -> "SigningBatchOut":
        """Return the outgoing form of `batch`."""
        return cls(
            id=batch.id,
            title=batch.title,
            profile=batch.profile,
            key=batch.key,
            level=batch.level,
            state=batch.state,
            message=batch.message,
            created_by=batch.created_by,
            created_at=batch.created_at,
            started_at=batch.started_at,
            finished_at=batch.finished_at,
            papers=PaperCountsOut(**{str(state): count for state, count in counts.items()}),
        )


class SignatureOut(Frozen):
    """The facts of a signature, proven by our own check; `sha256` is the signed file's."""

    sha256: str
    size: int
    level: str
    field: str
    signed_at: datetime
    certificate_sha256: str
    certificate_serial: str
    time_stamp_serial: str


class PaperOut(Frozen):
    """One paper: what was handed in, what became of it. `code` and `tell` say why it waits or was refused."""

    id: str
    batch_id: str
    ordinal: int
    name: str
    sha256: str
    size: int
    state: str
    code: str
    tell: str
    signature: SignatureOut | None
    ended_at: datetime | None

    @classmethod
    def of(cls, paper: Paper) -> "PaperOut":
        """Return the outgoing form of `paper`."""
        made = paper.signature
        return cls(
            id=paper.id,
            batch_id=paper.batch_id,
            ordinal=paper.ordinal,
            name=paper.name,
            sha256=paper.source_sha256,
            size=paper.source_size,
            state=paper.state,
            code=paper.code,
            tell=paper.tell,
            signature=None
            if made is None
            else SignatureOut(
                sha256=made.sha256,
                size=made.size,
                level=made.level,
                field=made.field,
                signed_at=made.signed_at,
                certificate_sha256=made.certificate_sha256,
                certificate_serial=made.certificate_serial,
                time_stamp_serial=made.time_stamp_serial,
            ),
            ended_at=paper.ended_at,
        )
