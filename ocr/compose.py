"""Bind page images and their text into one PDF/A-2b: the picture untouched, the words invisible on top of it.

A page is upright in its own user space: the *placement* of the image turns it, no /Rotate. So text, search marks and
visible signatures of later steps all work in plain upright coordinates (docs/decisions/0019). Pages go to disk one
after the other; memory holds one page however long the document is.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
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


@dataclass(frozen=True, slots=True)
class Painted:
    """What shows a page: `objects` are the entries of its XObject resources, `content` paints them. `note`: as in
    `Composed`, "" without one.
    """

    objects: bytes
    content: bytes
    note: str = ""


Painter = Callable[[PdfFile, ComposePage, int], Painted]
"""Writes the pictures of one page (its place counts from 1) into the file. Page sizes are those of `page_size`."""


def compose_pdfa(
    pages: Sequence[ComposePage], meta: PdfMeta, out: Path, paint: Painter | None = None
) -> Composed:
    """Write `pages` to `out` as PDF/A-2b and validate what was written; the same input gives the same bytes.

    `paint` says what shows a page; by default its master image, untouched.
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
            notes = _write(PdfFile(stream), pages, meta, paint or _Masters())
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


def page_size(text: PageText) -> tuple[float, float]:
    """Return (width, height) in points of the upright page of a reading."""
    scale = _points_per_pixel(text)
    width, height = text.upright_size
    return width * scale, height * scale


class _Masters:
    """Paints masters: the delivered image, placed upright. Colour profiles are written once a file, by their hash."""

    def __init__(self) -> None:
        self._profiles: dict[str, int] = {}

    def __call__(self, pdf: PdfFile, page: ComposePage, place: int) -> Painted:
        image = pdf_image(page.image)
        _check_size(image, page.text, place)
        picture = pdf.write_stream(image.entries(self._profile(pdf, image)), image.chunks(), image.length)
        matrix = b" ".join(number(value) for value in _placement(page.text.rotation, *page_size(page.text)))
        return Painted(b"/I %d 0 R" % picture, b"q %s cm/I Do Q\n" % matrix, image.note)

    def _profile(self, pdf: PdfFile, image: PdfImage) -> int | None:
        """Return the object number of the image's colour profile, written at its first use; None without one."""
        if not image.profile:
            return None
        key = hashlib.sha256(image.profile).hexdigest()
        if key not in self._profiles:
            self._profiles[key] = pdf.write_flate(b"/N %d" % image.components, image.profile)
        return self._profiles[key]


def _write(pdf: PdfFile, pages: Iterable[ComposePage], meta: PdfMeta, paint: Painter) -> list[str]:
    """Write the whole file and return its notes."""
    font, font_number = InvisibleFont(), pdf.reserve()
    notes: list[str] = []
    leaves: list[int] = []
    parents: list[int] = []
    for place, page in enumerate(pages, 1):
        if len(leaves) % _FANOUT == 0:
            parents.append(pdf.reserve())
        painted = paint(pdf, page, place)
        if painted.note:
            notes.append(f"{place}: {painted.note}")
        words = text_content(page.text, font, _points_per_pixel(page.text))
        content = pdf.write_flate(b"", painted.content + words)
        fonts = b"/Font<</T %d 0 R>>" % font_number if words else b""
        width, height = page_size(page.text)
        leaves.append(
            pdf.write(
                b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 %s %s]/Contents %d 0 R/Resources<</XObject<<%s>>%s>>>>"
                % (parents[-1], number(width), number(height), content, painted.objects, fonts)
            )
        )
    font.write(pdf, font_number)
    root = pdf.reserve()
    for order, parent in enumerate(parents):
        kids = leaves[order * _FANOUT : (order + 1) * _FANOUT]
        pdf.write(
            b"<</Type/Pages/Parent %d 0 R/Count %d/Kids%s>>" % (root, len(kids), _references(kids)), parent
        )
    pdf.write(b"<</Type/Pages/Count %d/Kids%s>>" % (len(leaves), _references(parents)), root)
    write_catalogue(pdf, root, meta)
    return notes


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
