"""Take a version into the books that lies whole in the store already, so that nothing is ever sealed twice.

It happens when the books are younger than the stores: after a restore, or when the engine's memory is lost between
deposit and register. Every byte is measured first; a folder that is not whole is left alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.compose import Composed
from ingest.deposit import ATTEMPTS, MANIFEST, READINGS, Deposited
from ingest.keys import document_key
from ingest.manifest import DocumentManifest, ManifestDamaged, read_manifest, readings_from_bytes
from ingest.register import register
from ingest.tools import IngestTools
from records.access import SYSTEM
from records.document import DocumentState
from records.errors import Away
from records.outcome import Done, Later, Outcome
from records.page import PageText
from signing.seal import Sealed
from storage.blobs import BlobFault, BlobStore
from storage.documents import ACCESS_PDF, Document, Rendition
from storage.pages import Page
from storage.work import Tx


@dataclass(frozen=True, slots=True)
class Found:
    """A whole version in the store: its manifest, that manifest as a rendition, and the readings of its pages."""

    manifest: DocumentManifest
    itself: Rendition
    readings: Sequence[tuple[bytes, PageText]]

    @property
    def renditions(self) -> tuple[Rendition, ...]:
        """Every rendition of the version, the manifest among them."""
        return (*self.manifest.renditions, self.itself)


def adopt(tools: IngestTools, document_id: str) -> Outcome[bool]:
    """Admit the next version of a document from the store if it is there whole; Done carries whether it was.

    Costs one look at the store when there is nothing. Safe to repeat. Later: the store is away.
    """
    try:
        return Done(_adopted(tools, document_id))
    except Away as fault:
        return Later(str(fault), tools.clock.now())


def _adopted(tools: IngestTools, document_id: str) -> bool:
    with tools.work.reading() as tx:
        document = tx.documents.get(SYSTEM, document_id)
        pages = tx.pages.of_document(SYSTEM, document_id)
    if document.state is DocumentState.ARCHIVED:
        return False
    for attempt in range(1, ATTEMPTS + 1):
        version = document.version + 1
        if tools.blobs.size(document_key(document_id, version, ACCESS_PDF, attempt)) is None:
            return False  # the PDF is what goes in first
        found = whole_version(tools.blobs, document_key(document_id, version, MANIFEST, attempt))
        if found is not None and _same(found.manifest, document, pages):
            _admit(tools, document, pages, found)
            return True
    return False


def whole_version(blobs: BlobStore, key: str) -> Found | None:
    """Return the version whose manifest rests under `key`, None when any part of it is damaged or lost.

    Raises `Away`.
    """
    try:
        measured = blobs.measure(key)
        if measured is None:
            return None
        made = read_manifest(blobs.read(key, measured.sha256))
        found = Found(
            made,
            Rendition(MANIFEST, key, measured.sha256, measured.size, "application/json"),
            readings_of(blobs, made),
        )
        parts = {r.name: r for r in made.renditions}
        for part in made.renditions:
            there = blobs.measure(part.key)
            if there is None or (there.sha256, there.size) != (part.sha256, part.size):
                return None
    except (BlobFault, ManifestDamaged):
        return None
    return found if ACCESS_PDF in parts else None


def readings_of(blobs: BlobStore, made: DocumentManifest) -> list[tuple[bytes, PageText]]:
    """Return the readings of a version's pages, by number. Raises `ManifestDamaged`, `BlobFault`, `Away`."""
    kept = next((r for r in made.renditions if r.name == READINGS), None)
    if kept is None:
        raise ManifestDamaged(f"{made.document_id} v{made.version} has no {READINGS}")
    readings = readings_from_bytes(blobs.read(kept.key, kept.sha256))
    if len(readings) != len(made.pages):
        raise ManifestDamaged(f"{made.document_id}: {len(readings)} readings for {len(made.pages)} pages")
    return readings


def _same(made: DocumentManifest, document: Document, pages: Sequence[Page]) -> bool:
    """Return whether the version is of this document and of these very pages."""
    theirs = [(row["id"], row["image_sha256"]) for row in made.pages]
    return (
        made.document_id == document.id
        and made.version == document.version + 1
        and made.document["fingerprint"] == document.fingerprint
        and theirs == [(page.id, page.image_sha256) for page in pages]
    )


def _admit(tools: IngestTools, document: Document, pages: Sequence[Page], found: Found) -> None:
    with tools.work.begin() as tx:
        for page, row, (data, text) in zip(pages, found.manifest.pages, found.readings, strict=True):
            if page.reading_sha256 != row["reading_sha256"]:
                _read(tx, page.id, row["reading_key"], row["reading_sha256"], row["confidence"], data, text)
    seal = found.manifest.seal
    pdf = next(r for r in found.renditions if r.name == ACCESS_PDF)
    register(
        tools,
        document,
        found.manifest.fields,
        Composed(Path(ACCESS_PDF), pdf.sha256, found.manifest.letters, found.manifest.words),
        Sealed(pdf.sha256, pdf.size, seal.level, "", seal.signed_at, seal.certificate_sha256),
        Deposited(found.manifest.version, found.renditions),
        found.manifest.claims,
    )


def _read(
    tx: Tx, page_id: str, key: str, sha256: str, confidence: float, data: bytes, text: PageText
) -> None:
    tx.pages.set_reading(
        page_id,
        state=text.state,
        reading_key=key,
        reading_sha256=sha256,
        text=text.text,
        reading=data,
        confidence=confidence,
        rotation=text.rotation,
        words=len(text.words),
    )
