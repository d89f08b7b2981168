"""Read what stands where on the upright pages of a PDF, as a viewer shows it, so that stamps find their place.

PDFium gives letters and their boxes and turns them itself, so the places are those of the screen whatever the page
boxes say. It parses whatever it is given, a stranger's file too: call this in a limited child process only.
"""

import ctypes
import math
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
    """Open `path` with PDFium, one user at a time. Raises `Unfit` (`file-malformed`) when PDFium cannot."""
    with _ONE_AT_A_TIME:
        pdf = None
        try:
            pdf = pdfium.PdfDocument(path)
            pdf.init_forms()  # or the stamps of earlier signatures would not be drawn
            yield pdf
        except (pdfium.PdfiumError, OSError) as fault:
            raise Unfit(
                f"{path}: {fault}",
                code="file-malformed",
                tell=f"{path.name} không mở được bằng trình đọc PDF. Hãy tạo lại tệp rồi thử lại.",
            ) from fault
        finally:
            if pdf is not None:
                pdf.close()


def read_page(pdf: pdfium.PdfDocument, number: int) -> PageText:
    """Return text and marks of page `number` (from 1); a page of no size has none."""
    page = pdf[number - 1]
    try:
        width, height = page.get_size()
        if not (0 < width < float("inf") and 0 < height < float("inf")):
            return PageText(number, 0.0, 0.0, (), ())
        screen = _Screen(page, number)
        return PageText(number, width, height, tuple(_lines(page, screen)), tuple(_marks(page, screen)))
    finally:
        page.close()


def mentions(pdf: pdfium.PdfDocument, number: int, word: str) -> bool:
    """Return whether `word` (lower-case) is written on a page; far quicker than reading the whole page."""
    page = pdf[number - 1]
    try:
        text = page.get_textpage()
        said = canonical(text.get_text_range(0, min(text.count_chars(), _MOST_LETTERS)))
        text.close()
        return word in said.casefold()
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


def _lines(page: pdfium.PdfPage, screen: "_Screen") -> Iterator[Line]:
    text = page.get_textpage()
    try:
        letters: list[tuple[str, Place]] = []
        gap = False
        for index in range(min(text.count_chars(), _MOST_LETTERS)):
            char = chr(raw.FPDFText_GetUnicode(text, index))
            box = None if char.isspace() or not char.isprintable() else _letter(text, index, screen)
            if box is None:
                gap = True
                continue
            if letters and not _goes_on(letters[-1][1], box, screen.shape):
                yield _line(letters, screen.number)
                letters = []
            elif letters and gap:
                letters.append((" ", letters[-1][1]))
            letters.append((char, box))
            gap = False
        if letters:
            yield _line(letters, screen.number)
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


def _goes_on(last: Place, box: Place, shape: float) -> bool:
    """Return whether a letter continues the line: about as high on the page, and not a wide gap away."""
    both = min(last.y1, box.y1) - max(last.y0, box.y0)
    size = max(last.height, box.height) * shape
    return both > 0.4 * min(last.height, box.height) and -0.5 * size < box.x0 - last.x1 < 1.5 * size


def _letter(text: pdfium.PdfTextPage, index: int, screen: "_Screen") -> Place | None:
    box = raw.FS_RECTF()
    return screen.place(box) if raw.FPDFText_GetLooseCharBox(text, index, box) else None


def _marks(page: pdfium.PdfPage, screen: "_Screen") -> Iterator[Place]:
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), 1000)):
        mark = raw.FPDFPage_GetAnnot(page, index)
        if not mark:
            continue
        box = raw.FS_RECTF()
        hidden = raw.FPDFAnnot_GetFlags(mark) & (raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW)
        if raw.FPDFAnnot_GetRect(mark, box) and not hidden:
            place = screen.place(box)
            if place is not None:
                yield place
        raw.FPDFPage_CloseAnnot(mark)


class _Screen:
    """From PDFium's user space to the upright page, as PDFium itself shows it. `shape`: height by width."""

    def __init__(self, page: pdfium.PdfPage, number: int) -> None:
        self.number = number
        self._page = page
        width, height = page.get_size()
        self.shape = float(height / width)
        # three points say all of a map that keeps lines straight; asking for every letter takes ten times as long
        origin, along, up = self._ask(0.0, 0.0), self._ask(width, 0.0), self._ask(0.0, height)
        self._x = (origin[0], (along[0] - origin[0]) / width, (up[0] - origin[0]) / height)
        self._y = (origin[1], (along[1] - origin[1]) / width, (up[1] - origin[1]) / height)

    def _ask(self, x: float, y: float) -> tuple[float, float]:
        across, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(self._page, 0, 0, _GRID, _GRID, 0, x, y, across, down)
        return across.value / _GRID, down.value / _GRID

    def place(self, box: raw.FS_RECTF) -> Place | None:
        """Return the part of a rectangle of user space that the page shows; None when it shows none."""
        (ax, ay), (bx, by) = self._seen(box.left, box.bottom), self._seen(box.right, box.top)
        if ax == bx or ay == by or not all(map(math.isfinite, (ax, ay, bx, by))):
            return None
        return Place(self.number, min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))

    def _seen(self, x: float, y: float) -> tuple[float, float]:
        across, down = (start + x * by_x + y * by_y for start, by_x, by_y in (self._x, self._y))
        return min(max(across, 0.0), 1.0), min(max(down, 0.0), 1.0)
