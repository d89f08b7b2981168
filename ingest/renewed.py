"""Admit a renewed or completed file as a new version of its document: old bytes stay, rows point at the new ones.

Fields and access level are the document's own at that moment; nothing a person has corrected is taken back.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from ingest.adopt import whole_version
from ingest.compose import Composed
from ingest.deposit import ATTEMPTS, MANIFEST, Deposited, deposit
from ingest.keys import document_key
from ingest.manifest import Claims, DocumentManifest, read_manifest
from ingest.register import archive_of, level_of
from ingest.sidecars import keep_record
from ingest.tools import IngestTools
from records.access import SYSTEM
from records.errors import Missing
from records.outcome import Done, Outcome
from signing.seal import Sealed
from storage.canonical import Scalar
from storage.crashpoint import crashpoint
from storage.documents import ACCESS_PDF, Document
from storage.outbox import INDEX
from storage.seal_life import SealedFile

ARCHIVED = "document-archived"
"""The audit action of every new version, which a rebuild asks the log for; `Why` is among its details."""


class Why(StrEnum):
    """Why a sealed file got another revision."""

    RENEWAL = "renewal"
    """Its last archive time stamp was about to lose its force."""
    COMPLETION = "completion"
    """It was sealed at B-T and its archive time stamp was still to come."""


@dataclass(frozen=True, slots=True)
class RenewedPdf:
    """A renewed or completed file in a folder of its own, as `sealed.pdf`: what it is, what the log is told."""

    path: Path
    sha256: str
    size: int
    level: str
    sealed_at: datetime
    told: dict[str, Scalar]


@dataclass(frozen=True, slots=True)
class NextVersion:
    """A version that lies whole in the store and is not in the books yet; `level` of its seal, as its manifest says."""

    deposited: Deposited
    level: str


def found_in_store(tools: IngestTools, file: SealedFile) -> NextVersion | None:
    """Return the next version of a document when it lies whole in the store already: a killed round left it there.

    Raises `Away`.
    """
    version = file.version + 1
    for attempt in range(1, ATTEMPTS + 1):
        if tools.blobs.size(document_key(file.document_id, version, ACCESS_PDF, attempt)) is None:
            return None
        found = whole_version(tools.blobs, document_key(file.document_id, version, MANIFEST, attempt))
        if found is not None and (found.manifest.document_id, found.manifest.version) == (
            file.document_id,
            version,
        ):
            return NextVersion(Deposited(version, found.renditions), found.manifest.seal.level)
    return None


def keep_renewed(tools: IngestTools, file: SealedFile, made: RenewedPdf) -> Outcome[NextVersion]:
    """Put a renewed or completed file into the store as the next version, with the readings and a manifest of its own.

    Later, Refused: see `deposit`. Raises `Missing`, `Away`, `BlobFault`, `ManifestDamaged`.
    """
    with tools.work.reading() as tx:
        document = tx.documents.get(SYSTEM, file.document_id)
        pages, texts = tx.pages.of_document(SYSTEM, document.id), tx.pages.readings(document.id)
    if document.version != file.version:
        raise Missing(f"{document.id} is at v{document.version} by now, not at v{file.version}")
    old = _manifest(tools, document)
    composed = Composed(made.path, made.sha256, old.letters, old.words)
    sealed = Sealed(made.sha256, made.size, made.level, "", made.sealed_at, old.seal.certificate_sha256)
    # what was said of the seal alone is said anew, by its new level
    claims = replace(old.claims, verdict="")
    outcome = deposit(tools, document, document.fields, pages, texts, composed, sealed, claims)
    return Done(NextVersion(outcome.value, made.level)) if isinstance(outcome, Done) else outcome


def admit_renewed(
    tools: IngestTools, file: SealedFile, new: NextVersion, why: Why, told: dict[str, Scalar]
) -> bool:
    """Make the deposited version the document's current one, with its audit event; False when it was already.

    Safe to repeat; `settle` comes behind it.
    """
    kept = new.deposited
    renditions = {r.name: r for r in kept.renditions}
    pdf = renditions[ACCESS_PDF]
    crashpoint("renewed-before")
    with tools.work.begin() as tx:
        now = tx.documents.get(SYSTEM, file.document_id)
        if now.version >= kept.version or now.sealed_at is None:
            return False
        for rendition in kept.renditions:
            tx.objects.keep(rendition.key, rendition.sha256, rendition.size)
        archive = archive_of(
            kept.version,
            now.fields,
            kept.renditions,
            new.level,
            now.sealed_at,
            now.level,
            Claims(pdfa=now.pdfa),
            now.archived_at,
        )
        tx.documents.archive(file.document_id, replace(archive, level=now.level))
        tx.audit.append(
            SYSTEM.id,
            ARCHIVED,
            file.document_id,
            "done",
            {
                "version": kept.version,
                why.value: True,
                "sha256_before": file.pdf.sha256,
                "sha256": pdf.sha256,
                "size": pdf.size,
                "manifest_sha256": renditions[MANIFEST].sha256,
                **told,
            },
        )
        tx.outbox.add(INDEX, file.document_id, {})
        crashpoint("renewed-before-commit")
    crashpoint("renewed-after-commit")
    return True


def settle(tools: IngestTools, document_id: str) -> Outcome[str]:
    """Write the row of a document with such a new version down beside its blobs where its manifest does not say it all.

    A manifest knows the fields, not that a person has changed the access level (or the fields, meanwhile). Later: the
    store is away.
    """
    with tools.work.reading() as tx:
        document = tx.documents.get(SYSTEM, document_id)
    told = _manifest(tools, document)
    if document.level is level_of(document.fields) and told.fields == document.fields:
        return Done("")
    return keep_record(tools, document_id)


def _manifest(tools: IngestTools, document: Document) -> DocumentManifest:
    """Return the manifest of the current version. Raises `Missing`, `BlobFault`, `ManifestDamaged`, `Away`."""
    with tools.work.reading() as tx:
        kept = next((r for r in tx.documents.renditions(SYSTEM, document.id) if r.name == MANIFEST), None)
    if kept is None:
        raise Missing(f"{document.id} v{document.version} has no manifest")
    return read_manifest(tools.blobs.read(kept.key, kept.sha256))
