"""What travels between the rows of papers to be signed and everybody else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class BatchStage(StrEnum):
    """Where a batch of papers to be signed stands."""

    OPEN = "open"  # papers may be added
    RUNNING = "running"
    HELD = "held"  # waits for a token, a time stamp or the certificate's state; `message` says for what
    DESK = "desk"  # started, and waits for its holder to sign each paper with the device at the desk
    FINISHED = "finished"
    CANCELLED = "cancelled"  # what was signed before stays signed


class PaperStage(StrEnum):
    """Where one paper stands. Only `signed` means that there is a signature, checked and kept."""

    WAITING = "waiting"  # with a `code`: tried, and waits for what `tell` says
    SIGNED = "signed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class NewSigningBatch:
    """A batch to be opened. `key` "" means the profile's default key, `level` "" the profile's own level."""

    title: str
    profile: str
    key: str
    level: str
    created_by: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SigningBatch:
    """Papers that are signed with one key under one profile. `created_by`: the account in whose name it is done."""

    id: str
    title: str
    profile: str
    key: str
    level: str
    options: Mapping[str, str]
    created_by: str
    state: BatchStage
    message: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewPaper:
    """A paper whose bytes rest under `key`. `idempotency_key` makes handing it in repeatable."""

    name: str
    key: str
    sha256: str
    size: int
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Signature:
    """What a signing gave: where the signed file rests, and the facts of the signature proven by our own check."""

    key: str
    sha256: str
    size: int
    level: str
    field: str
    signed_at: datetime
    certificate_sha256: str
    certificate_serial: str = ""
    time_stamp_serial: str = ""


def signature_columns(made: Signature) -> dict[str, Any]:
    """Return a signature as the columns of its paper's row."""
    return {
        "signed_key": made.key,
        "signed_sha256": made.sha256,
        "signed_size": made.size,
        "level": made.level,
        "field": made.field,
        "signed_at": made.signed_at,
        "certificate_sha256": made.certificate_sha256,
        "certificate_serial": made.certificate_serial,
        "time_stamp_serial": made.time_stamp_serial,
    }


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper of a batch: what was handed in, and what became of it. `ordinal` counts from 1.

    `place`: the box a person chose on this paper, as `signing.wish` tells it; "" is what the batch wishes.
    """

    id: str
    batch_id: str
    ordinal: int
    name: str
    source_key: str
    source_sha256: str
    source_size: int
    state: PaperStage
    code: str
    reason: str
    tell: str
    signature: Signature | None
    ended_at: datetime | None
    place: str = ""


@dataclass(frozen=True, slots=True)
class WaitingSignature:
    """A signature that waits for its value from a device at a desk.

    `record`: what `signing.interrupted` prepared, as JSON. `ended`: why it may not be finished any more, "" while it
    waits: `used`, or `void` (the paper was prepared anew, or given another place).
    """

    id: str
    paper_id: str
    record: str
    expires_at: datetime
    ended: str = ""
