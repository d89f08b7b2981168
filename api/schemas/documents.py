"""Documents and pages as the API shows them."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from api.schemas.common import FieldsOut, Frozen
from records.document import DocumentState, Fields
from records.page import PageText
from signing.seal import LEVEL
from storage.documents import Document
from storage.pages import Page
from storage.seal_life import SealLife


class RenditionOut(Frozen):
    """A file that can be downloaded."""

    url: str
    sha256: str
    size: int
    media_type: str


class SignatureOut(Frozen):
    """What the check of our own seal said when this version was admitted; "" before that.

    `waits_for_completion`: the seal is B-T and its archive time stamp comes at night; a stranger's check says
    INDETERMINATE until then. `provable_until` and `provable_why` (Vietnamese): until when the file proves something and
    what ends then, null and "" where that was not read yet; only told when one document is asked for.
    """

    verdict: str
    level: str
    sealed_at: datetime | None
    waits_for_completion: bool
    provable_until: datetime | None = None
    provable_why: str = ""

    @classmethod
    def of(cls, document: Document, life: SealLife | None = None) -> "SignatureOut":
        """Return the outgoing form; a life of another version says nothing."""
        known = life if life is not None and life.version == document.version else None
        return cls(
            verdict=document.verdict,
            level=document.signature_level,
            sealed_at=document.sealed_at,
            waits_for_completion=waits_for_completion(document),
            provable_until=known.provable_until if known is not None else None,
            provable_why=known.why if known is not None else "",
        )


def waits_for_completion(document: Document) -> bool:
    """Return whether the document's seal still waits for its archive time stamp."""
    return document.state is DocumentState.ARCHIVED and document.signature_level != LEVEL


class DocumentOut(Frozen):
    """A document as this reader may see it.

    `unread_pages`: numbers of pages that no engine could read and that need a person's eyes; only told when one
    document is asked for.
    """

    id: str
    title: str
    source: str
    state: str
    level: str
    version: int
    pages: int
    dossier: str
    batch_id: str
    fields: FieldsOut
    pdf: RenditionOut | None
    original: RenditionOut | None
    pdfa: str
    signature: SignatureOut
    created_at: datetime
    archived_at: datetime | None
    code: str
    tell: str
    unread_pages: list[int] = []

    @classmethod
    def of(
        cls,
        document: Document,
        original: RenditionOut | None = None,
        life: SealLife | None = None,
        unread: Sequence[int] = (),
    ) -> "DocumentOut":
        """Return the outgoing form; what follows `document` is looked up only when one document is asked for."""
        pdf = document.pdf
        return cls(
            id=document.id,
            title=title_of(document.fields) or document.title or document.source,
            source=document.source,
            state=document.state,
            level=document.level,
            version=document.version,
            pages=document.page_count,
            dossier=document.dossier,
            batch_id=document.batch_id,
            fields=FieldsOut.of(document.fields),
            pdf=None
            if pdf is None
            else RenditionOut(
                url=f"/api/v1/documents/{quote(document.id)}/pdf",
                sha256=pdf.sha256,
                size=pdf.size,
                media_type=pdf.media_type,
            ),
            original=original,
            pdfa=document.pdfa,
            signature=SignatureOut.of(document, life),
            created_at=document.created_at,
            archived_at=document.archived_at,
            code=document.code,
            tell=document.tell,
            unread_pages=list(unread),
        )


class PageOut(Frozen):
    """A page: its size in pixels as delivered, the clockwise turn that makes it upright, and its text.

    `state`: `read`; `timed-out` or `failed` when it needs a person's eyes; "" not yet read. `notes` (with the text):
    `read-plainly` when only the simpler way read it, so that order and tables are not to be trusted.
    """

    number: int
    width: int
    height: int
    upright_width: int
    upright_height: int
    rotation: int
    dpi: float
    state: str
    confidence: float
    words: int
    image: str
    image_sha256: str
    text: str | None = None
    notes: list[str] = []

    @classmethod
    def of(cls, page: Page, document_id: str, reading: PageText | None = None) -> "PageOut":
        """Return the outgoing form; with `reading` the text comes along."""
        sideways = page.rotation in (90, 270)
        return cls(
            number=page.number or 0,
            width=page.width,
            height=page.height,
            upright_width=page.height if sideways else page.width,
            upright_height=page.width if sideways else page.height,
            rotation=page.rotation,
            dpi=page.dpi,
            state=page.state,
            confidence=page.confidence,
            words=page.words,
            image=f"/api/v1/documents/{quote(document_id)}/pages/{page.number}/image",
            image_sha256=page.image_sha256,
            text=None if reading is None else reading.text,
            notes=[] if reading is None else list(reading.notes),
        )


class WordOut(Frozen):
    """One word: box [x0, y0, x1, y1], its chance to be right 0 to 1, line number from 0, what it may have been ("")."""

    text: str
    box: list[int]
    confidence: float
    line: int
    meant: str = ""


class WordsOut(Frozen):
    """The words of a page in reading order; boxes in pixels of a page image of `width` × `height`."""

    page: int
    frame: str
    width: int
    height: int
    state: str
    words: list[WordOut]


def title_of(fields: Fields) -> str:
    """Return what people call the paper: its subject after its type, else type and number; "" when unknown."""
    if fields.subject:
        return f"{fields.type_name} – {fields.subject}" if fields.type_name else fields.subject
    return " ".join(part for part in (fields.type_name, fields.number) if part)
