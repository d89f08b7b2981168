"""Bind page images and their text into one PDF/A-2b: the picture untouched, the words invisible on top of it.

A page is upright in its own user space: the *placement* of the image turns it, no /Rotate. So text, search marks and
visible signatures of later steps all work in plain upright coordinates (docs/decisions/0019). Pages go to disk one
after the other; memory holds one page however long the document is.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ocr.invisible_font import InvisibleFont
from ocr.pdf_file import PdfFile, number
from ocr.pdf_image import PdfImage, pdf_image
from ocr.pdfa import PdfMeta, check_pdfa, write_catalogue
from ocr.text_layer import text_content
from records.errors import ArchiveFault
from records.page import PageText

MIN_SIDE, MAX_SIDE = 3.0, 14_400.0
"""Page sides in points that PDF/A-2 allows (ISO 19005-2, 6.1.13)."""

_FANOUT = 64


@dataclass(frozen=True, slots=True)
class ComposePage:
    """One page to bind: the master image as extracted, and its reading (which carries dpi and rotation)."""

    image: Path
    text: PageText


@dataclass(frozen=True, slots=True)
class Composed:
    """The written file. `notes`: page number and reason wherever an image could not go in byte for byte."""

    pages: int
    size: int
    sha256: str
    notes: tuple[str, ...] = ()


def compose_pdfa(pages: Sequence[ComposePage], meta: PdfMeta, out: Path) -> Composed:
    """Write `pages` to `out` as PDF/A-2b and validate what was written; the same input gives the same bytes.

    Raises `ArchiveFault`: `pdfa-refused` when the validator denies the file, `page-mismatch` when an image is not as
    large as its reading says, `no-pages`; `Unfit` (`page-unreadable`) when an image cannot be decoded. `out` appears
    only when all went well, and replaces what was there.
    """
    if not pages:
        raise ArchiveFault(
            "a document without pages", code="no-pages", tell="Tài liệu không có trang nào để tạo PDF."
        )
    handle, name = tempfile.mkstemp(prefix=".compose-", suffix=".pdf", dir=out.parent)
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            notes = _write(PdfFile(stream), pages, meta)
        verdict = check_pdfa(fresh)
        if not verdict.compliant:
            raise ArchiveFault(
                f"{out.name}: not PDF/A-{verdict.flavour}: {'; '.join(verdict.problems)}",
                code="pdfa-refused",
                tell="Tệp PDF vừa tạo chưa đạt chuẩn lưu trữ PDF/A nên không được đưa vào kho. "
                "Ảnh gốc vẫn được giữ nguyên; hãy báo quản trị viên.",
            )
        with fresh.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = fresh.stat().st_size
        fresh.chmod(0o644)  # a temporary file is born private
        fresh.replace(out)
    finally:
        with suppress(FileNotFoundError):
            fresh.unlink()
    return Composed(len(pages), size, sha256, tuple(notes))


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all pages of a file use together: the font, and colour profiles by their hash."""

    font: InvisibleFont
    font_number: int
    profiles: dict[str, int]

    def profile(self, pdf: PdfFile, image: PdfImage) -> int | None:
        """Return the object number of the image's colour profile, written at its first use; None without one."""
        if not image.profile:
            return None
        key = hashlib.sha256(image.profile).hexdigest()
        if key not in self.profiles:
            self.profiles[key] = pdf.write_flate(b"/N %d" % image.components, image.profile)
        return self.profiles[key]


def _write(pdf: PdfFile, pages: Iterable[ComposePage], meta: PdfMeta) -> list[str]:
    """Write the whole file and return its notes."""
    shared = _Shared(InvisibleFont(), pdf.reserve(), {})
    notes: list[str] = []
    leaves: list[int] = []
    parents: list[int] = []
    for place, page in enumerate(pages, 1):
        if len(leaves) % _FANOUT == 0:
            parents.append(pdf.reserve())
        image = pdf_image(page.image)
        _check_size(image, page.text, place)
        if image.note:
            notes.append(f"{place}: {image.note}")
        leaves.append(_write_page(pdf, image, page.text, shared, parents[-1]))
    shared.font.write(pdf, shared.font_number)
    root = pdf.reserve()
    for order, parent in enumerate(parents):
        kids = leaves[order * _FANOUT : (order + 1) * _FANOUT]
        pdf.write(
            b"<</Type/Pages/Parent %d 0 R/Count %d/Kids%s>>" % (root, len(kids), _references(kids)), parent
        )
    pdf.write(b"<</Type/Pages/Count %d/Kids%s>>" % (len(leaves), _references(parents)), root)
    write_catalogue(pdf, root, meta)
    return notes


def _write_page(pdf: PdfFile, image: PdfImage, text: PageText, shared: _Shared, parent: int) -> int:
    scale = _points_per_pixel(text)
    width, height = (side * scale for side in text.upright_size)
    picture = pdf.write_stream(image.entries(shared.profile(pdf, image)), image.chunks(), image.length)
    matrix = b" ".join(number(value) for value in _placement(text.rotation, width, height))
    words = text_content(text, shared.font, scale)
    content = pdf.write_flate(b"", b"q %s cm/I Do Q\n" % matrix + words)
    fonts = b"/Font<</T %d 0 R>>" % shared.font_number if words else b""
    return pdf.write(
        b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 %s %s]/Contents %d 0 R/Resources<</XObject<</I %d 0 R>>%s>>>>"
        % (parent, number(width), number(height), content, picture, fonts)
    )


def _placement(rotation: int, width: float, height: float) -> tuple[float, float, float, float, float, float]:
    """Return the matrix that puts the unit square of the delivered image, turned clockwise, on the upright page."""
    if rotation == 90:
        return (0, -height, width, 0, 0, height)
    if rotation == 180:
        return (-width, 0, 0, -height, width, height)
    if rotation == 270:
        return (0, height, -width, 0, width, 0)
    return (width, 0, 0, height, 0, 0)


def _points_per_pixel(text: PageText) -> float:
    """Return points per pixel from the dpi, kept where the page fits the limits of PDF/A."""
    longest, shortest = max(text.width, text.height), min(text.width, text.height)
    scale = 72 / text.dpi if text.dpi > 0 else 72 / 300
    return min(max(scale, MIN_SIDE / shortest), MAX_SIDE / longest)


def _check_size(image: PdfImage, text: PageText, place: int) -> None:
    if (image.width, image.height) != (text.width, text.height):
        raise ArchiveFault(
            f"page {place}: image {image.width} x {image.height}, reading {text.width} x {text.height}",
            code="page-mismatch",
            tell=f"Kết quả nhận dạng không khớp với ảnh của trang {place}. Hãy nhận dạng lại trang này.",
        )


def _references(numbers: Sequence[int]) -> bytes:
    return b"[" + b" ".join(b"%d 0 R" % one for one in numbers) + b"]"
