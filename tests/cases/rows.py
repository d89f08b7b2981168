"""Ordinary values for tests that need rows: a delivery, a file, a document, a page, an archived version."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from records.access import Level
from records.document import Fields, PageRole
from storage.batches import NewBatch, NewFile
from storage.documents import ACCESS_PDF, Archive, NewDocument, Rendition
from storage.pages import NewPage

NEW_BATCH = NewBatch("Lô thử", "HS-01", "system:local")
NEW_FILE = NewFile(
    "công văn.pdf", "2025/công văn.pdf", "a" * 64, 1234, "received/aa/a.pdf", "application/pdf", "k1"
)


def a_document(document_id: str, batch_id: str, **change: Any) -> NewDocument:
    new = NewDocument(
        id=document_id,
        batch_id=batch_id,
        dossier="HS-01",
        ordinal=1,
        source="công văn.pdf",
        title="",
        fingerprint="fp-" + document_id,
        page_count=1,
    )
    return replace(new, **change)


def a_page(page_id: str, batch_id: str, file_id: str, frame: int, **change: Any) -> NewPage:
    new = NewPage(
        id=page_id,
        batch_id=batch_id,
        file_id=file_id,
        frame=frame,
        ordinal=frame,
        role=PageRole.CONTENT,
        code="",
        image_key=f"pages/aa/{page_id}.jpg",
        image_sha256="e" * 64,
        media_type="image/jpeg",
        width=2480,
        height=3508,
        dpi=300.0,
        exact=True,
    )
    return replace(new, **change)


def archived(fields: Fields | None = None, level: Level = Level.OPEN, **change: Any) -> Archive:
    made = Archive(
        version=1,
        fields=fields or Fields(),
        level=level,
        renditions=(Rendition(ACCESS_PDF, "documents/d/v1/access.pdf", "c" * 64, 999, "application/pdf"),),
        pdfa="2b",
        signature_level="PAdES-BASELINE-LTA",
        verdict="VALID",
        sealed_at=datetime(2026, 11, 23, 8, 0, tzinfo=UTC),
    )
    return replace(made, **change)
