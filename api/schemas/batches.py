"""Deliveries as the API shows them."""

from datetime import datetime

from pydantic import Field

from api.schemas.common import Frozen, Strict
from storage.batches import Batch, DeliveredFile, Progress


class BatchIn(Strict):
    """A delivery to be opened."""

    title: str = Field(default="", max_length=300)
    dossier: str = Field(default="", max_length=200)


class ProgressOut(Frozen):
    """How far the walk has come. `pages` is the best number known now; `seconds_left` null when unknown."""

    state: str
    files: int
    pages: int
    pages_done: int
    pages_failed: int
    documents: int
    documents_archived: int
    documents_existing: int
    refused: int
    pages_per_second: float
    seconds_left: float | None

    @classmethod
    def of(cls, progress: Progress, files: list[DeliveredFile], now: datetime) -> "ProgressOut":
        """Return counts with pace. Pages that files promise count before they are split out."""
        promised = sum(f.pages for f in files if f.state != "refused")
        pages = max(progress.pages, promised)
        done = progress.pages_read + progress.pages_failed + progress.separators + progress.pages_aside
        pace = 0.0
        if progress.started_at is not None:
            ran = ((progress.finished_at or now) - progress.started_at).total_seconds()
            pace = done / ran if ran > 0 else 0.0
        running = progress.state == "started"
        left = (pages - done) / pace if running and pace > 0 else (None if running else 0.0)
        return cls(
            state=progress.state,
            files=progress.files,
            pages=pages,
            pages_done=min(done, pages),
            pages_failed=progress.pages_failed,
            documents=progress.documents,
            documents_archived=progress.documents_archived,
            documents_existing=progress.documents_existing,
            refused=progress.files_refused + progress.documents_refused,
            pages_per_second=round(pace, 3),
            seconds_left=None if left is None else round(left, 1),
        )


class BatchOut(Frozen):
    """A delivery. `progress` is given when one batch is asked for."""

    id: str
    title: str
    dossier: str
    state: str
    message: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: ProgressOut | None = None

    @classmethod
    def of(cls, batch: Batch, progress: ProgressOut | None = None) -> "BatchOut":
        """Return the outgoing form of `batch`."""
        return cls(
            id=batch.id,
            title=batch.title,
            dossier=batch.dossier,
            state=batch.state,
            message=batch.message,
            created_at=batch.created_at,
            started_at=batch.started_at,
            finished_at=batch.finished_at,
            progress=progress,
        )


class FileOut(Frozen):
    """A delivered file; `code` and `tell` say why it was refused."""

    id: str
    name: str
    relative_path: str
    sha256: str
    size: int
    media_type: str
    state: str
    code: str
    tell: str
    pages: int
    received_at: datetime

    @classmethod
    def of(cls, file: DeliveredFile) -> "FileOut":
        """Return the outgoing form of `file`."""
        return cls(
            id=file.id,
            name=file.name,
            relative_path=file.relative_path,
            sha256=file.sha256,
            size=file.size,
            media_type=file.media_type,
            state=file.state,
            code=file.code,
            tell=file.tell,
            pages=file.pages,
            received_at=file.received_at,
        )


class PageFlagOut(Frozen):
    """A finding on a page image. `state` is what the page is now (`content`, `blank`, `duplicate`); `score` 0 to 1."""

    page_id: str
    file: str
    frame: int
    state: str
    finding: str
    score: float
    sentence: str


class ReceiptOut(Frozen):
    """The promise: these bytes are durable in the archive's stores (`copies` of them) and written down in its books."""

    file_id: str
    batch_id: str
    name: str
    sha256: str
    size: int
    audit_seq: int
    copies: int
