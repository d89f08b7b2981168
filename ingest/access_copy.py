"""Make the small access copy of an archived document when somebody asks for it; nothing of it is kept in the archive.

The copy is drawn from the masters and the readings, in a limited child. It is no rendition of record: it has no seal,
its metadata say what the sealed original is, and it can be made again at any time.
"""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ingest.recognise import image_seconds
from ingest.tools import IngestTools
from ocr.access_copy import access_meta, make_access_copy
from ocr.compose import ComposePage
from ocr.pdfa import PdfMeta
from records.clock import vietnam_iso
from records.errors import Missing, Unfit
from records.page import PageText
from storage.documents import Document
from storage.pages import Page

COPY_VERSION = "mrc 1"
"""Goes up when the same document would give another copy; part of the cache key."""

MOST_PAGES = 200
"""Pages that one request may ask for; each costs about a second."""


def access_copy(
    tools: IngestTools, document: Document, pages: Sequence[Page], texts: Sequence[PageText]
) -> bytes:
    """Return the PDF/A-2b of the copy of `document`, whose pages and readings stand in the same order.

    Raises `Missing` (not archived), `Unfit` (`too-many-pages`, `page-unreadable`), the faults of the store and of
    limited children.
    """
    if document.pdf is None:
        raise Missing(f"{document.id} is not archived")
    if len(pages) > MOST_PAGES:
        raise Unfit(
            f"{len(pages)} pages, at most {MOST_PAGES}",
            code="too-many-pages",
            tell=f"Tài liệu có {len(pages)} trang; bản truy cập chỉ lập được cho tài liệu tối đa {MOST_PAGES} trang. "
            "Hãy tải bản PDF đã ký.",
        )
    tools.work_dir.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="access-", dir=tools.work_dir))
    try:
        parts = []
        for page, text in zip(pages, texts, strict=True):
            local = folder / f"{text.page:06d}{Path(page.image_key).suffix}"
            tools.blobs.copy_out(page.image_key, local, page.image_sha256)
            parts.append(ComposePage(local, text))
        seconds = sum(image_seconds(tools.limits, page.width, page.height) for page in pages)
        out = folder / "copy.pdf"
        # where foreign files are taken apart, so that nobody who waits for a copy stands behind a batch being read
        tools.children.run("parse", seconds, make_access_copy, parts, copy_meta(document), out)
        return out.read_bytes()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def copy_meta(document: Document) -> PdfMeta:
    """Return what the copy says of itself: whose copy it is, and how the sealed original stood when it was archived."""
    fields = document.fields
    title = " ".join(part for part in (fields.type_name, fields.number) if part)
    sealed = vietnam_iso(document.sealed_at) if document.sealed_at else ""
    state = (
        f"chữ ký {document.signature_level}, kết quả kiểm tra khi lưu {document.verdict}, ký lúc {sealed}"
        if document.verdict
        else "không có chữ ký"
    )
    sha256 = document.pdf.sha256 if document.pdf else ""
    told = (
        "Ảnh đã nén để xem nhanh, không có chữ ký và không thay bản gốc. "
        f"Bản gốc: tài liệu {document.id}, phiên bản {document.version}, {state}, SHA-256 {sha256}."
    )
    plain = PdfMeta(
        title=title or document.title or document.source,
        author=fields.organ_name,
        created=document.archived_at or document.created_at,
        document_id=f"{document.id}-access-copy",
    )
    return access_meta(plain, told)
