"""Read what stands where on the upright pages of a PDF, as a viewer shows it, so that stamps find their place.

PDFium gives letters and their boxes and turns them itself, so the places are those of the screen whatever the page
boxes say. It parses whatever it is given, a stranger's file too: call this in a limited child process only.
"""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image, ImageChops
from pypdfium2 import raw

from language.fold import canonical
from records.errors import Unfit
from signing.geometry import Place

_ONE_AT_A_TIME = threading.Lock()  # PDFium is not safe between threads
_GRID = 1 << 20
"""PDFium tells places in whole pixels; on a page of a million they are exact enough for any paper."""
_MOST_LETTERS = 40_000
_MOST_PIXELS = 4_000_000
_DOTS = 100.0
_FAINT = 48


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of a line of text without wide gaps, and its box on the upright page."""

    text: str
    place: Place

    @property
    def middle(self) -> float:
        """Where its middle is across the page, 0..1."""
        return (self.place.x0 + self.place.x1) / 2


@dataclass(frozen=True, slots=True)
class PageText:
    """One page: its size in points as PDFium sees it (UserUnit left out), its lines, and the boxes of its marks.

    `marks`: visible annotations, among them stamps of earlier signatures.
    """

    number: int
    width: float
    height: float
    lines: tuple[Line, ...]
    marks: tuple[Place, ...]


@contextmanager
def open_pages(path: Path) -> Iterator[pdfium.PdfDocument]:
    """Open `path` with PDFium, one user at a time. Raises `Unfit` (`file-malformed`) when it cannot be opened."""
    with _ONE_AT_A_TIME:
        try:
            pdf = pdfium.PdfDocument(path)
        except (pdfium.PdfiumError, OSError) as fault:
            raise Unfit(
                f"{path}: {fault}",
                code="file-malformed",
                tell=f"{path.name} không mở được bằng trình đọc PDF. Hãy tạo lại tệp rồi thử lại.",
            ) from fault
        try:
            pdf.init_forms()  # or the stamps of earlier signatures would not be drawn
            yield pdf
        finally:
            pdf.close()


def read_page(pdf: pdfium.PdfDocument, number: int) -> PageText:
    """Return text and marks of page `number` (from 1). Pages of no size or of too many letters have none."""
    page = pdf[number - 1]
    try:
        width, height = page.get_size()
        if not (0 < width < float("inf") and 0 < height < float("inf")):
            return PageText(number, 0.0, 0.0, (), ())
        return PageText(number, width, height, tuple(_lines(page, number)), tuple(_marks(page, number)))
    finally:
        page.close()


def is_blank(pdf: pdfium.PdfDocument, place: Place) -> bool:
    """Return whether nothing is drawn at `place`: a scanned signature or a seal is ink that no text tells of."""
    page = pdf[place.page - 1]
    try:
        width, height = page.get_size()
        scale = min(_DOTS / 72, (_MOST_PIXELS / (width * height)) ** 0.5)
        bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=True)
        image = bitmap.to_pil().convert("L")
        bitmap.close()
    finally:
        page.close()
    across, down = image.size
    box = (place.x0 * across, place.y0 * down, place.x1 * across, place.y1 * down)
    room = image.crop(tuple(round(side) for side in box))
    paper = max(room.getcolors(256) or [(0, 255)])[1]
    differs = ImageChops.difference(room, Image.new("L", room.size, paper)).point(
        lambda value: 255 if value > _FAINT else 0
    )
    ink = sum(count for count, value in differs.getcolors(2) or [] if value)
    return bool(ink < 0.002 * room.width * room.height)


def _lines(page: pdfium.PdfPage, number: int) -> Iterator[Line]:
    text = page.get_textpage()
    try:
        letters: list[tuple[str, Place]] = []
        gap = False
        for index in range(min(text.count_chars(), _MOST_LETTERS)):
            char = chr(raw.FPDFText_GetUnicode(text, index))
            box = None if char.isspace() or not char.isprintable() else _box_of(page, text, number, index)
            if box is None:
                gap = True
                continue
            if letters and not _goes_on(letters[-1][1], box, page):
                yield _line(letters, number)
                letters = []
            elif letters and gap:
                letters.append((" ", letters[-1][1]))
            letters.append((char, box))
            gap = False
        if letters:
            yield _line(letters, number)
    finally:
        text.close()


def _line(letters: list[tuple[str, Place]], number: int) -> Line:
    boxes = [box for _, box in letters]
    place = Place(
        number,
        min(box.x0 for box in boxes),
        min(box.y0 for box in boxes),
        max(box.x1 for box in boxes),
        max(box.y1 for box in boxes),
    )
    return Line(canonical("".join(char for char, _ in letters)), place)


def _goes_on(last: Place, box: Place, page: pdfium.PdfPage) -> bool:
    """Return whether a letter continues the line: about as high on the page, and not a wide gap away."""
    width, height = page.get_size()
    both = min(last.y1, box.y1) - max(last.y0, box.y0)
    size = max(last.height, box.height) * height / width
    return bool(both > 0.4 * min(last.height, box.height) and -0.5 * size < box.x0 - last.x1 < 1.5 * size)


def _box_of(page: pdfium.PdfPage, text: pdfium.PdfTextPage, number: int, index: int) -> Place | None:
    box = raw.FS_RECTF()
    if not raw.FPDFText_GetLooseCharBox(text, index, box):
        return None
    return _seen(page, number, box.left, box.bottom, box.right, box.top)


def _marks(page: pdfium.PdfPage, number: int) -> Iterator[Place]:
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), 1000)):
        mark = raw.FPDFPage_GetAnnot(page, index)
        if not mark:
            continue
        box = raw.FS_RECTF()
        hidden = raw.FPDFAnnot_GetFlags(mark) & (raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW)
        if raw.FPDFAnnot_GetRect(mark, box) and not hidden:
            place = _seen(page, number, box.left, box.bottom, box.right, box.top)
            if place is not None:
                yield place
        raw.FPDFPage_CloseAnnot(mark)


def _seen(
    page: pdfium.PdfPage, number: int, left: float, bottom: float, right: float, top: float
) -> Place | None:
    """Return the part of a rectangle of user space that the upright page shows; None when it shows none."""
    corners = []
    for x, y in ((left, bottom), (right, top)):
        across, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page, 0, 0, _GRID, _GRID, 0, x, y, across, down)
        corners.append((min(max(across.value / _GRID, 0.0), 1.0), min(max(down.value / _GRID, 0.0), 1.0)))
    (ax, ay), (bx, by) = corners
    if ax == bx or ay == by:
        return None
    return Place(number, min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))
