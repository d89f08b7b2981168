"""Read the words of a PDF page out of the file itself, with their boxes on the picture of the page.

For papers that were born as PDF here: their text is certain, and reading it from the picture would only add mistakes.
What was signed into the page (stamps, the words of a box) counts as the page shows it. PDFium parses whatever it is
given: call this in a limited child process only.
"""

import ctypes
import math
from collections.abc import Iterator
from pathlib import Path

import pypdfium2 as pdfium
from pypdfium2 import raw

from language.fold import canonical
from ocr import unfit
from records.geometry import Box
from records.page import PageText, Word

ENGINE = "pdf-text 1"
"""Who read: the text of the file. Goes up when words are cut or placed otherwise."""

_MOST_LETTERS = 60_000
_HYPHENS = str.maketrans({"\x02": "-", "\ufffe": "-"})  # how PDFium writes a hyphen at the end of a line
_WIDE_GAP = 1.5
"""A gap of more than so many heights of a letter ends a line: the next column of a table, the other half of a head."""

_Letter = tuple[str, Box]


def page_words(path: Path, number: int, width: int, height: int, dpi: float) -> PageText:
    """Return the text of page `number` (from 1) as words with boxes in pixels of its picture of `width` × `height`.

    No words: the page holds no text (a scan). Raises `Unfit` when PDFium cannot open the file or show the page.
    """
    try:
        pdf = pdfium.PdfDocument(path)
    except (pdfium.PdfiumError, OSError) as fault:
        raise unfit.broken(path.name, "PDF", str(fault)) from fault
    try:
        pdf.init_forms()  # or what signatures show would not be there
        flattened = pdf[number - 1]
        raw.FPDFPage_Flatten(flattened, raw.FLAT_NORMALDISPLAY)
        flattened.close()
        page = pdf[number - 1]  # opened anew, for only then its text holds what was flattened
        try:
            words = tuple(_words(_letters(page, width, height)))
        finally:
            page.close()
    except pdfium.PdfiumError as fault:
        raise unfit.broken(path.name, "PDF", f"page {number}: {fault}") from fault
    finally:
        pdf.close()
    return PageText(number, width, height, dpi, 0, 0.0, ENGINE, words)


def _letters(page: pdfium.PdfPage, width: int, height: int) -> Iterator[_Letter | str]:
    """Return every visible letter with its box, and white space as it is: PDFium itself ends the lines."""
    text = page.get_textpage()
    try:
        for index in range(min(text.count_chars(), _MOST_LETTERS)):
            char = chr(raw.FPDFText_GetUnicode(text, index)).translate(_HYPHENS)
            shown = not char.isspace() and char.isprintable() and not 0xD800 <= ord(char) < 0xE000
            box = _box(page, text, index, width, height) if shown else None
            if box is not None:
                yield char, box
            elif not shown:
                yield "\n" if char in "\r\n" else " "
    finally:
        text.close()


def _box(page: pdfium.PdfPage, text: pdfium.PdfTextPage, index: int, width: int, height: int) -> Box | None:
    found = raw.FS_RECTF()
    if not raw.FPDFText_GetLooseCharBox(text, index, found):
        return None
    corners = [
        _seen(page, x, y, width, height) for x in (found.left, found.right) for y in (found.bottom, found.top)
    ]
    if not all(map(math.isfinite, (found.left, found.right, found.bottom, found.top))):
        return None
    across, down = [x for x, _ in corners], [y for _, y in corners]
    box = Box(min(across), min(down), max(across), max(down)).clamp(width, height)
    return box if box.width and box.height else None


def _seen(page: pdfium.PdfPage, x: float, y: float, width: int, height: int) -> tuple[int, int]:
    """From PDFium's user space to the picture, turned and cut as PDFium shows the page."""
    across, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, width, height, 0, x, y, across, down)
    return across.value, down.value


def _words(letters: Iterator[_Letter | str]) -> Iterator[Word]:
    line, ended = 0, False
    held: list[_Letter] = []
    last: Box | None = None
    for letter in letters:
        if isinstance(letter, str):
            if held:
                yield _word(held, line)
                held = []
            ended = ended or letter == "\n"
            continue
        if last is not None and (ended or _is_apart(last, letter[1])):
            if held:
                yield _word(held, line)
                held = []
            line += 1
        held.append(letter)
        last, ended = letter[1], False
    if held:
        yield _word(held, line)


def _is_apart(last: Box, box: Box) -> bool:
    """Return whether a wide gap lies between two letters, along the line or across it, whichever way the text runs."""
    size = max(last.width, last.height, box.width, box.height)
    across = max(box.x0 - last.x1, last.x0 - box.x1)
    down = max(box.y0 - last.y1, last.y0 - box.y1)
    return max(across, down) > _WIDE_GAP * size


def _word(letters: list[_Letter], line: int) -> Word:
    box = letters[0][1]
    for _, other in letters[1:]:
        box = box.union(other)
    return Word(canonical("".join(char for char, _ in letters)), box, 1.0, line)
