"""What travels between a delivery's rows and everybody else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from records.document import BatchState, FileState

ISSUER = "system:procedures"
"""Who hands in the papers of cases. Its deliveries are the engine's alone: they name what the case is about."""

FILE_RECEIVED = "file-received"
"""The audit action of a file that was taken into a delivery."""

CASE, ORDINAL, SIGNING = "case", "paper", "signing"
"""Options of a delivery of `ISSUER`: the case, which of its papers, and the signing that gave the bytes."""


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A delivery to be opened. `fingerprint` names its whole content: the same content to the same place is
    one batch.
    """

    title: str
    dossier: str
    created_by: str
    fingerprint: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """A delivery. `created_by`: an account id or a `system:` name; `message`: the last word of the walk."""

    id: str
    title: str
    dossier: str
    created_by: str
    fingerprint: str | None
    options: Mapping[str, str]
    state: BatchState
    message: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file whose bytes already rest under `blob_key`. `idempotency_key` makes handing it in repeatable."""

    name: str
    relative_path: str
    sha256: str
    size: int
    blob_key: str
    media_type: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """A file handed in: `ordinal` counts from 1 in the order of delivery; `code`, `reason`, `tell` say why
    refused.
    """

    id: str
    batch_id: str
    ordinal: int
    name: str
    relative_path: str
    sha256: str
    size: int
    blob_key: str
    media_type: str
    idempotency_key: str
    state: FileState
    code: str
    reason: str
    tell: str
    pages: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Existing:
    """A part of a delivery that the archive already holds as `document_id`; nothing new was made of it."""

    ordinal: int
    document_id: str
    source: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of one batch. `pages` counts every page image found; `pages_read` and `pages_failed` content pages;
    `pages_aside` blanks, second scans, and what a person took out or had scanned again.

    `documents_waiting`: on the walk, which one may be again after the end of the batch when an officer released it.
    """

    state: BatchState
    files: int
    files_refused: int
    pages: int
    pages_read: int
    pages_failed: int
    separators: int
    pages_aside: int
    documents: int
    documents_archived: int
    documents_refused: int
    documents_existing: int
    started_at: datetime | None
    finished_at: datetime | None
    documents_held: int = 0
    documents_waiting: int = 0
