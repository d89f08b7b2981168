"""Documents: list, show, hand out. Every row is asked for in the reader's name; every reading is written down."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import PurePosixPath
from typing import Literal

from api.deps import Desk
from api.schemas.common import Listing
from api.schemas.documents import DocumentOut, PageOut, RenditionOut, WordOut, WordsOut, title_of
from api.tools import Tools
from language.fold import canonical, fold
from records.access import SYSTEM, Actor
from records.document import DocumentState
from records.errors import Missing
from records.page import PageText
from search.number_keys import loose_key, own_keys
from storage.blobs import BlobFault
from storage.documents import ACCESS_PDF, Document, DocumentFilter
from storage.pages import UNREAD
from storage.work import Tx

ORIGINAL_PDF, MANIFEST = "original.pdf", "manifest.json"
Frame = Literal["delivered", "upright"]

_MEDIA = {".pdf": "application/pdf", ".jpg": "image/jpeg", ".png": "image/png", ".tif": "image/tiff"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which documents a list shall show; "" and None leave a part open."""

    subject: str = ""
    number: str = ""
    type_code: str = ""
    year: int | None = None
    state: DocumentState | None = None
    batch_id: str = ""
    dossier: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Which parts are asked for."""
        return tuple(part.name for part in fields(self) if getattr(self, part.name) not in ("", None))

    def as_filter(self) -> DocumentFilter:
        """Return the form the rows are asked with; a number is compared by its key ("1593 cv tu" = "1593-CV/TU")."""
        typed = canonical(self.number).strip()
        keys = own_keys(typed)
        return DocumentFilter(
            batch_id=self.batch_id or None,
            dossier=canonical(self.dossier) or None,
            type_code=self.type_code or None,
            year=self.year,
            number=(keys[0] if keys else loose_key(typed) or fold(typed)) if typed else None,
            state=self.state,
            text_in_subject=self.subject.strip() or None,
        )


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way out: its hash is checked before the last piece leaves."""

    name: str
    media_type: str
    size: int
    sha256: str
    pieces: Iterator[bytes]


def list_documents(
    desk: Desk, reader: Actor, wanted: Wanted, limit: int, offset: int
) -> Listing[DocumentOut]:
    """Return a page of the documents `reader` may see, newest first; what was shown to whom is written down."""
    with desk.tools.work.reading() as tx:
        found, total = tx.documents.find(reader, wanted.as_filter(), limit, offset)
    desk.reads.listed(reader, wanted.names, [d.id for d in found], total)
    return Listing(items=[DocumentOut.of(d) for d in found], total=total, limit=limit, offset=offset)


def count_documents(tools: Tools, reader: Actor, wanted: Wanted) -> int:
    """Return how many documents a list would have."""
    with tools.work.reading() as tx:
        return tx.documents.find(reader, wanted.as_filter(), 1, 0)[1]


def get_document(desk: Desk, reader: Actor, document_id: str) -> DocumentOut:
    """Return one document. Raises `Missing` when it is absent or not this reader's to see."""
    with desk.tools.work.reading() as tx:
        document = tx.documents.get(reader, document_id)
        original = _original(desk.tools, tx, reader, document)
        life = tx.seal_lives.get(document_id)
        unread = [p.number or 0 for p in tx.pages.of_document(reader, document_id) if p.state in UNREAD]
    desk.reads.note(reader, document_id, "record")
    return DocumentOut.of(document, None if original is None else original[1], life, unread)


def list_pages(desk: Desk, reader: Actor, document_id: str) -> list[PageOut]:
    """Return the pages of a document without their text. Raises `Missing`."""
    with desk.tools.work.reading() as tx:
        pages = [PageOut.of(page, document_id) for page in tx.pages.of_document(reader, document_id)]
    desk.reads.note(reader, document_id, "pages")
    return pages


def get_page(desk: Desk, reader: Actor, document_id: str, number: int) -> PageOut:
    """Return one page with its text. Raises `Missing`."""
    with desk.tools.work.reading() as tx:
        page = tx.pages.get(reader, document_id, number)
        reading = tx.pages.reading(reader, document_id, number)
    desk.reads.note(reader, document_id, "page")
    return PageOut.of(page, document_id, reading)


def get_words(desk: Desk, reader: Actor, document_id: str, number: int, frame: Frame) -> WordsOut:
    """Return the words of a page with boxes in the delivered or the upright frame. Raises `Missing`."""
    with desk.tools.work.reading() as tx:
        page = tx.pages.get(reader, document_id, number)
        reading = tx.pages.reading(reader, document_id, number)
    desk.reads.note(reader, document_id, "words")
    if reading is None:
        shape = PageOut.of(page, document_id)
        upright = frame == "upright"
        return WordsOut(
            page=number,
            frame=frame,
            width=shape.upright_width if upright else shape.width,
            height=shape.upright_height if upright else shape.height,
            state=page.state,
            words=[],
        )
    return _words(reading, number, frame)


def download(
    desk: Desk, reader: Actor, document_id: str, rendition: Literal["access", "original", "manifest"]
) -> Download:
    """Return the sealed PDF, what was handed in (`original`), or what the version consists of (`manifest`).

    Raises `Missing`, `BlobMissing`.
    """
    tools = desk.tools
    with tools.work.reading() as tx:
        document = tx.documents.get(reader, document_id)
        if rendition == "access":
            if document.pdf is None:
                raise Missing(f"{document_id} has no {ACCESS_PDF}")
            key, sha256, size, media = (
                document.pdf.key,
                document.pdf.sha256,
                document.pdf.size,
                "application/pdf",
            )
        elif rendition == "manifest":
            held = [r for r in tx.documents.renditions(reader, document_id) if r.name == MANIFEST]
            if not held:
                raise Missing(f"{document_id} has no {MANIFEST}")
            key, sha256, size, media = held[0].key, held[0].sha256, held[0].size, held[0].media_type
        else:
            original = _original(tools, tx, reader, document)
            if original is None:
                raise Missing(f"{document_id} has no original of its own")
            key, facts = original
            sha256, size, media = facts.sha256, facts.size, facts.media_type
    pieces = guarded(tools, key, sha256, document_id)
    with tools.work.begin() as tx:
        tx.audit.append(
            reader.id, "document-downloaded", document_id, "done", {"rendition": rendition, "sha256": sha256}
        )
    name = file_name(document, PurePosixPath(key).suffix, rendition)
    return Download(name, media, size, sha256, pieces)


def guarded(tools: Tools, key: str, sha256: str, document_id: str) -> Iterator[bytes]:
    """Pass the pieces of a file on; bytes that are lost or changed are written down before the answer breaks off."""
    try:
        yield from tools.blobs.stream(key, sha256)
    except BlobFault as fault:
        with tools.work.begin() as tx:
            tx.audit.append(
                SYSTEM.id, "integrity-failed", document_id, "failed", {"key": key, "code": fault.code}
            )
        raise


def file_name(document: Document, suffix: str, rendition: str) -> str:
    """Return the name a downloaded file gets: its number and title in words, free of anything a disk dislikes."""
    stem = " ".join(p for p in (document.fields.number, title_of(document.fields)) if p) or document.source
    plain = unicodedata.normalize("NFC", stem)
    kept = "".join("-" if c in '/\\:*?"<>|' else c for c in plain if unicodedata.category(c)[0] != "C")
    tail = {
        "access": "",
        "original": " (bản gốc)",
        "manifest": " (bản kê)",
        "access-copy": " (bản truy cập)",
    }[rendition]
    return f"{kept[:120].strip(' .') or document.id}{tail}{suffix}"


def _original(tools: Tools, tx: Tx, reader: Actor, document: Document) -> tuple[str, RenditionOut] | None:
    """Return (blob key, what it is) of what was handed in, when the document is one delivered file."""
    url = f"/api/v1/documents/{document.id}/pdf?rendition=original"
    for rendition in tx.documents.renditions(reader, document.id) if document.version else ():
        if rendition.name == ORIGINAL_PDF:
            return rendition.key, RenditionOut(
                url=url, sha256=rendition.sha256, size=rendition.size, media_type=rendition.media_type
            )
    if not document.original_key:
        return None
    size = tools.blobs.size(document.original_key)
    if size is None:
        return None
    media = _MEDIA.get(PurePosixPath(document.original_key).suffix, "application/octet-stream")
    return document.original_key, RenditionOut(
        url=url, sha256=document.original_sha256, size=size, media_type=media
    )


def _words(reading: PageText, number: int, frame: Frame) -> WordsOut:
    upright = frame == "upright"
    width, height = reading.upright_size if upright else (reading.width, reading.height)
    return WordsOut(
        page=number,
        frame=frame,
        width=width,
        height=height,
        state=reading.state,
        words=[
            WordOut(
                text=word.text,
                box=(reading.upright_box(word.box) if upright else word.box).as_list(),
                confidence=round(word.confidence, 4),
                line=word.line,
                meant=word.meant,
            )
            for word in reading.words
        ],
    )
