"""Make the document's PDF/A-2b: every page image untouched, the words invisible over it, then read it back.

Step 6 of the walk. Runs in a child, since page images are foreign bytes; the result lies in the work folder.
"""

import hashlib
import logging
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.children import ChildDied
from ingest.tools import IngestTools
from ocr.compose import ComposePage, compose_pdfa
from ocr.pdfa import PdfMeta
from ocr.read_back import compare
from records.document import Fields
from records.errors import ArchiveFault, Away, ToolMissing
from records.outcome import Done, Later, Outcome, Refused
from records.page import PageText
from storage.documents import Document
from storage.pages import Page

_log = logging.getLogger("vanthu.compose")


@dataclass(frozen=True, slots=True)
class Composed:
    """A PDF/A ready to be sealed, and how well its text reads back (shares 0.0 to 1.0 of letters and words)."""

    path: Path
    sha256: str
    letters: float
    words: float


def compose(
    tools: IngestTools, document: Document, fields: Fields, pages: Sequence[Page], texts: Sequence[PageText]
) -> Outcome[Composed]:
    """Compose `document` from its pages in order. Refused: an image or the PDF/A rules say no (`pdfa-refused` …)."""
    folder = tools.work_dir / document.id
    folder.mkdir(parents=True, exist_ok=True)
    images = folder / "images"
    images.mkdir(exist_ok=True)
    parts: list[ComposePage] = []
    for page, text in zip(pages, texts, strict=True):
        local = images / f"{text.page:06d}{Path(page.image_key).suffix}"
        if not local.exists():
            tools.blobs.copy_out(page.image_key, local, page.image_sha256)
        parts.append(ComposePage(local, text))
    out = folder / "composed.pdf"
    meta = PdfMeta(
        title=_title(document, fields),
        subject=fields.subject,
        author=fields.organ_name or tools.organisation,
        created=document.created_at,
        document_id=document.id,
    )
    limits = tools.limits
    seconds = limits.compose_seconds + limits.compose_page_seconds * len(parts)
    try:
        try:
            made = tools.children.run("read", seconds, compose_pdfa, parts, meta, out)
        except ChildDied as fault:
            # a very large picture that PDF cannot hold as it is (CMYK, alpha) needs more memory than a reader has
            _log.warning("document %s: %s; once more where there is more memory", document.id, fault)
            made = tools.children.run("parse", seconds, compose_pdfa, parts, meta, out)
        trip = tools.children.run("read", seconds, compare, out, list(texts))
    except (Away, ToolMissing) as fault:  # the world's fault is never the paper's (decision 0008)
        return Later(str(fault), tools.clock.now())
    except ArchiveFault as fault:
        return Refused(fault.code, str(fault), fault.tell)
    finally:
        shutil.rmtree(images, ignore_errors=True)
    _settle(out)
    return Done(Composed(out, made.sha256, trip.letters, trip.words))


def intact(path: Path, sha256: str) -> bool:
    """Return whether the file at `path` is (still) what was recorded of it."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def _settle(out: Path) -> None:
    """Force the file and the folders on the way to it to disk, before the engine records that it is there."""
    for path in (out, out.parent, out.parent.parent):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _title(document: Document, fields: Fields) -> str:
    told = " ".join(part for part in (fields.type_name, fields.number) if part)
    return told or document.title or document.source
