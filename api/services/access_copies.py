"""The small access copy of a document: made when somebody asks who may see the document, kept in a disposable cache."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from api.deps import Desk
from api.services.documents import file_name
from ingest.access_copy import COPY_VERSION
from ocr.page_view import PageView
from records.access import Actor
from records.errors import Missing
from storage.documents import Document
from storage.pages import Page


@dataclass(frozen=True, slots=True)
class MadeCopy:
    """The file and the name it is saved under."""

    name: str
    data: bytes
    sha256: str


def access_copy(desk: Desk, reader: Actor, document_id: str) -> MadeCopy:
    """Return the copy, and write down who took it. Raises `Missing` (absent, not archived, not this reader's to see),
    and as `ingest.access_copy.access_copy`.
    """
    with desk.tools.work.reading() as tx:
        document = tx.documents.get(reader, document_id)
        pages = tx.pages.of_document(reader, document_id)
        texts = tx.pages.readings(document_id)
    if document.pdf is None:
        raise Missing(f"{document_id} is not archived")

    def make() -> PageView:
        return PageView(desk.tools.access_copy(document, pages, texts), "application/pdf")

    data = desk.copies.get(_key(document, pages), make).data
    sha256 = hashlib.sha256(data).hexdigest()
    with desk.tools.work.begin() as tx:
        told = {"rendition": "access-copy", "sha256": sha256}
        tx.audit.append(reader.id, "document-downloaded", document_id, "done", told)
    return MadeCopy(file_name(document, ".pdf", "access-copy"), data, sha256)


def _key(document: Document, pages: Sequence[Page]) -> str:
    """Return what the copy depends on: the sealed version that it speaks of, pictures, readings, and our own way."""
    parts = [
        COPY_VERSION,
        document.id,
        str(document.row_version),
        document.pdf.sha256 if document.pdf else "",
    ]
    parts += [f"{page.image_sha256} {page.rotation} {page.reading_sha256}" for page in pages]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
