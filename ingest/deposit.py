"""Put a finished document into the archive so that no crash can half-do it.

Step 8 of the walk. Bytes go in before rows: a row always points at bytes that were read back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.compose import Composed
from ingest.keys import document_key
from ingest.manifest import Claims, DocumentManifest, KeptBytes, Seal, manifest, readings_bytes
from ingest.tools import IngestTools
from records.document import Fields
from records.outcome import Done, Later, Outcome, Refused
from records.page import PageText
from signing.seal import Sealed
from storage.blobs import Conflict, Stored, Unavailable
from storage.catalogue import Row
from storage.crashpoint import crashpoint
from storage.documents import ACCESS_PDF, Document, Rendition
from storage.objects import UNKNOWN_SIZE
from storage.pages import Page

READINGS, MANIFEST, ORIGINAL = "pages.json", "manifest.json", "original"
"""Names of the renditions beside `access.pdf`."""

ATTEMPTS = 20
"""How many folders one version may take: each lost engine that had begun to deposit costs one."""


@dataclass(frozen=True, slots=True)
class Deposited:
    """What the archive now holds: one version, every rendition with key, SHA-256 and size."""

    version: int
    renditions: tuple[Rendition, ...]


@dataclass(frozen=True, slots=True)
class _Rows:
    """What the books say of the document before its version is admitted."""

    document: Row
    pages: list[Row]
    readings: list[bytes]
    objects: list[KeptBytes]


def deposit(
    tools: IngestTools,
    document: Document,
    fields: Fields,
    pages: Sequence[Page],
    texts: Sequence[PageText],
    composed: Composed,
    sealed: Sealed,
    claims: Claims = Claims(),  # noqa: B008  a frozen value
) -> Outcome[Deposited]:
    """Store every rendition of the sealed document write-once and prove it by reading it back.

    Safe to repeat: a rendition already there with the same hash counts as stored. What an earlier, forgotten attempt
    at the same version left behind stays, and this one takes the next folder. Refused: no folder is free
    (`blob-conflict`), the original is lost (`blob-missing`). Later: the store is away or full.
    """
    rows = _rows(tools, document, pages)
    original = _original(tools, document, rows)
    if not isinstance(original, Done):
        return original
    version, folder = document.version + 1, composed.path.parent
    readings = folder / READINGS
    readings.write_bytes(readings_bytes(rows.readings))
    crashpoint("deposit-before")
    for attempt in range(1, ATTEMPTS + 1):
        kept: list[Rendition] = []
        for name, path, media in (
            (ACCESS_PDF, folder / "sealed.pdf", "application/pdf"),
            (READINGS, readings, "application/json"),
        ):
            stored = _put(tools, document_key(document.id, version, name, attempt), name, path, media)
            crashpoint(f"deposit-after-{name}")
            if stored is None:
                break
            if isinstance(stored, Later):
                return stored
            kept.append(stored)
        else:
            told = folder / MANIFEST
            told.write_bytes(
                manifest(
                    DocumentManifest(
                        document=rows.document,
                        version=version,
                        fields=fields,
                        pages=rows.pages,
                        renditions=[*kept, *original.value],
                        objects=rows.objects,
                        seal=Seal(sealed.level, sealed.signed_at, sealed.certificate_sha256),
                        letters=composed.letters,
                        words=composed.words,
                        engine=texts[0].engine if texts else "",
                        claims=claims,
                    )
                )
            )
            key = document_key(document.id, version, MANIFEST, attempt)
            stored = _put(tools, key, MANIFEST, told, "application/json")
            crashpoint("deposit-after-manifest.json")
            if isinstance(stored, Later):
                return stored
            if stored is not None:
                return Done(Deposited(version, (*kept, stored, *original.value)))
    return Refused(
        "blob-conflict",
        f"{ATTEMPTS} folders of {document.id} v{version} hold other bytes",
        "Kho lưu trữ đã có tệp khác ở vị trí này; tài liệu được giữ lại để kiểm tra. Hãy báo quản trị viên.",
    )


def _rows(tools: IngestTools, document: Document, pages: Sequence[Page]) -> _Rows:
    keys = [page.image_key for page in pages] + [document.original_key]
    with tools.work.reading() as tx:
        readings = tx.catalogue.readings([page.id for page in pages])
        return _Rows(
            document=next(tx.catalogue.rows("documents", id=document.id)),
            pages=sorted(
                tx.catalogue.rows("pages", document_id=document.id), key=lambda row: int(row["number"])
            ),
            readings=[readings[page.id] for page in pages],
            objects=[KeptBytes(o["key"], o["sha256"], o["size"]) for o in tx.catalogue.kept(keys)],
        )


def _original(tools: IngestTools, document: Document, rows: _Rows) -> Outcome[tuple[Rendition, ...]]:
    """Return the delivered file as a rendition, nothing when the document is not one whole file."""
    if not document.original_key:
        return Done(())
    size: int | None = next((o.size for o in rows.objects if o.key == document.original_key), UNKNOWN_SIZE)
    if size == UNKNOWN_SIZE:
        size = tools.blobs.size(document.original_key)
    if size is None:
        return Refused(
            "blob-missing",
            f"{document.original_key} is absent",
            "Tệp gốc không còn trong kho nên tài liệu được giữ lại. Hãy báo quản trị viên khôi phục từ bản sao.",
        )
    sha256, media = document.original_sha256, "application/octet-stream"
    return Done((Rendition(ORIGINAL, document.original_key, sha256, size, media),))


def _put(tools: IngestTools, key: str, name: str, path: Path, media: str) -> Rendition | Later | None:
    """Return the stored rendition, None when the key holds other bytes."""
    match tools.blobs.put_once(key, path):
        case Stored(_, sha256, size):
            return Rendition(name=name, key=key, sha256=sha256, size=size, media_type=media)
        case Conflict():
            return None
        case Unavailable(reason):
            return Later(reason, tools.clock.now())
