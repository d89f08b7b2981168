"""What travels between a document's rows and everybody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from records.access import Level
from records.document import DocumentState, Fields

ACCESS_PDF = "access.pdf"
"""Name of the rendition people read: the sealed PDF/A. The others: `original.pdf`, `pages.json`,
`manifest.json`.
"""


@dataclass(frozen=True, slots=True)
class Rendition:
    """One kept form of a document: its name inside the version, where its bytes rest, and what they are."""

    name: str
    key: str
    sha256: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document the walk has found in a batch. `id` is deterministic, so that finding it twice makes one
    row.

    `source` is the display name of the input; `original_key`/`original_sha256` point at the delivered file
    when the document is one file, else "". `level`: who may know of it before it is archived.
    """

    id: str
    batch_id: str
    dossier: str
    ordinal: int
    source: str
    title: str
    fingerprint: str
    page_count: int
    original_key: str = ""
    original_sha256: str = ""
    level: Level = Level.RESTRICTED


@dataclass(frozen=True, slots=True)
class Archive:
    """What the archive answers for from now on. `number_key` is the number in the form numbers are compared
    in; `archived_at` is now unless the archive is being rebuilt.
    """

    version: int
    fields: Fields
    level: Level
    renditions: Sequence[Rendition]
    pdfa: str
    signature_level: str
    verdict: str
    sealed_at: datetime
    number_key: str = ""
    archived_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A document as a reader may see it. `version` is 0 until archived; `code` and `tell` say why it was
    refused.
    """

    id: str
    batch_id: str
    dossier: str
    ordinal: int
    source: str
    title: str
    fingerprint: str
    state: DocumentState
    version: int
    page_count: int
    fields: Fields
    level: Level
    pdf: Rendition | None
    original_key: str
    original_sha256: str
    pdfa: str
    signature_level: str
    verdict: str
    sealed_at: datetime | None
    created_at: datetime
    archived_at: datetime | None
    code: str
    reason: str
    tell: str
    row_version: int


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents; every part that is given must hold. `number` is compared with `number_key`; `year` of
    issue.
    """

    batch_id: str | None = None
    dossier: str | None = None
    type_code: str | None = None
    year: int | None = None
    number: str | None = None
    state: DocumentState | None = None
    text_in_subject: str | None = None


@dataclass(frozen=True, slots=True)
class ArchivedVersion:
    """An archived document as the index should hold it: at which row version, with how many pages."""

    id: str
    row_version: int
    pages: int
