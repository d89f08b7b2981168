"""Read the words of a PDF page out of the file itself, with their boxes on the picture of the page.

For papers that were born as PDF here: their text is certain, and reading it from the picture would only add mistakes.
What was signed into the page (stamps, the words of a box) counts as the page shows it. Text in the codes from before
Unicode is told by its fonts, or by its syllables, and decoded; text that says nothing in any code is no text, so that
the page is read from its picture instead (docs/decisions/0124). PDFium parses whatever it is given: call this in a
limited child process only.
"""

import ctypes
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pypdfium2 as pdfium
from pypdfium2 import raw

from language.fold import canonical
from language.legacy import Code, code_of_font, decoded, guessed_code, is_garbage
from ocr import unfit
from records.geometry import Box
from records.page import PageText, Word

ENGINE = "pdf-text 2"
"""Who read: the text of the file. Goes up when words are cut or placed otherwise."""

_MOST_LETTERS = 60_000
_HYPHENS = str.maketrans({"\x02": "-", "\ufffe": "-"})  # how PDFium writes a hyphen at the end of a line
_WIDE_GAP = 1.5
"""A gap of more than so many heights of a letter ends a line: the next column of a table, the other half of a head."""

_LONGEST_NAME = 256
_SOFT_HYPHEN = "\u00ad"
"""The letter ư in TCVN3."""

_Letter = tuple[str, Box, Code | None]
"""A character, where it stands, and the code of its font when that is one from before Unicode."""


def page_words(path: Path, number: int, width: int, height: int, dpi: float) -> PageText:
    """Return the text of page `number` (from 1) as words with boxes in pixels of its picture of `width` × `height`.

    No words: the page holds no text (a scan), or none that says anything. Raises `Unfit` when PDFium cannot open the
    file or show the page.
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
            words = _told(tuple(_words(_letters(page, width, height))))
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
            code = None if char.isspace() or char < "!" else code_of_font(_font_name(text, index))
            printed = char.isprintable() or (code is not None and char == _SOFT_HYPHEN)
            shown = not char.isspace() and printed and not 0xD800 <= ord(char) < 0xE000
            box = _box(page, text, index, width, height) if shown else None
            if box is not None:
                yield char, box, code
            elif not shown:
                yield "\n" if char in "\r\n" else " "
    finally:
        text.close()


def _font_name(text: pdfium.PdfTextPage, index: int) -> str:
    name, flags = ctypes.create_string_buffer(_LONGEST_NAME), ctypes.c_int()
    length = raw.FPDFText_GetFontInfo(text, index, name, _LONGEST_NAME, flags)
    return name.value.decode("utf-8", "replace") if 0 < length <= _LONGEST_NAME else ""


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
    for _, other, _ in letters[1:]:
        box = box.union(other)
    parts = []
    for code, run in groupby(letters, key=lambda letter: letter[2]):
        told = "".join(char for char, _, _ in run)
        parts.append(told if code is None else decoded(told, code))
    return Word(canonical("".join(parts)), box, 1.0, line)


def _told(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Return words whose fonts did not tell of their code in Unicode; none when they say nothing in any code."""
    text = " ".join(word.text for word in words)
    code = guessed_code(text)
    if code is not None:
        return tuple(replace(word, text=decoded(word.text, code)) for word in words)
    return () if is_garbage(text) else words
