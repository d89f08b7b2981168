"""Put a finished document into the archive so that no crash can half-do it.

Step 8 of the walk. Bytes go in before rows: a row always points at bytes that were read back.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.compose import Composed
from ingest.keys import document_key
from ingest.manifest import manifest
from ingest.tools import IngestTools
from records.document import Fields
from records.outcome import Done, Later, Outcome, Refused
from records.page import PageText, page_to_json
from signing.seal import Sealed
from storage.blobs import Conflict, Stored, Unavailable
from storage.documents import Document, Rendition
from storage.pages import Page


@dataclass(frozen=True, slots=True)
class Deposited:
    """What the archive now holds: one version, every rendition with key, SHA-256 and size."""

    version: int
    renditions: tuple[Rendition, ...]


def deposit(
    tools: IngestTools,
    document: Document,
    fields: Fields,
    pages: Sequence[Page],
    texts: Sequence[PageText],
    composed: Composed,
    sealed: Sealed,
) -> Outcome[Deposited]:
    """Store every rendition of the sealed document write-once and prove it by reading it back.

    Safe to repeat: a rendition already there with the same hash counts as stored.
    Refused: a key is taken by other bytes (`blob-conflict`). Later: the store is away or full.
    """
    version = document.version + 1
    folder = composed.path.parent
    words = folder / "pages.json"
    words.write_text(
        "[" + ",\n".join(json.dumps(page_to_json(t), ensure_ascii=False) for t in texts) + "]\n",
        encoding="utf-8",
    )
    kept: list[Rendition] = []
    for name, path, media in (
        ("access.pdf", folder / "sealed.pdf", "application/pdf"),
        ("pages.json", words, "application/json"),
    ):
        stored = _put(tools, document, version, name, path, media)
        if not isinstance(stored, Done):
            return stored
        kept.append(stored.value)
    told = folder / "manifest.json"
    hashes = {r.name: r.sha256 for r in kept}
    # the moment is that of the seal, so that a repeated step offers the very same bytes
    told.write_bytes(
        manifest(document, version, fields, pages, texts, composed, sealed, hashes, sealed.signed_at)
    )
    stored = _put(tools, document, version, "manifest.json", told, "application/json")
    if not isinstance(stored, Done):
        return stored
    kept.append(stored.value)
    if document.original_key:
        kept.append(
            Rendition(
                name="original",
                key=document.original_key,
                sha256=document.original_sha256,
                size=tools.blobs.size(document.original_key) or 0,
                media_type="application/octet-stream",
            )
        )
    return Done(Deposited(version, tuple(kept)))


def _put(
    tools: IngestTools, document: Document, version: int, name: str, path: Path, media: str
) -> Outcome[Rendition]:
    key = document_key(document.id, version, name)
    match tools.blobs.put_once(key, path):
        case Stored(_, sha256, size):
            return Done(Rendition(name=name, key=key, sha256=sha256, size=size, media_type=media))
        case Conflict(found):
            return Refused(
                "blob-conflict",
                f"{key} holds {found}",
                "Kho lưu trữ đã có tệp khác ở vị trí này; tài liệu được giữ lại để kiểm tra. Hãy báo quản trị viên.",
            )
        case Unavailable(reason):
            return Later(reason, tools.clock.now())
