"""Compare what a viewer shows of two revisions of a PDF; the one door to PDFium in this package.

A parser that finds "no change" is not enough: PDFium repairs damaged files and may show objects that no
cross-reference lists, so the signed bytes and the whole file are drawn and read by the viewer's own engine.
"""

import threading
from collections.abc import Iterator

import pypdfium2 as pdfium

_SCALE = 0.5  # 36 dpi: a changed word moves pixels, and a page costs little beyond decoding its image
_MOST_PIXELS = 4_000_000  # a hostile page may claim any size
_ONE_AT_A_TIME = threading.Lock()  # PDFium is not safe between threads


def first_difference(signed: bytes, whole: bytes) -> int:
    """Return the number (1-based) of the first page that looks or reads differently, 0 when all are the same.

    A different number of pages counts as a difference at the first extra page. Raises `pdfium.PdfiumError` (a
    RuntimeError) when either side cannot be opened.
    """
    with _ONE_AT_A_TIME:
        return _compare(signed, whole)


def _compare(signed: bytes, whole: bytes) -> int:
    before = pdfium.PdfDocument(signed)
    try:
        after = pdfium.PdfDocument(whole)
    except Exception:
        before.close()
        raise
    try:
        for document in (before, after):
            document.init_forms()
        for number, (one, two) in enumerate(zip(_pages(before), _pages(after), strict=False), start=1):
            if one != two:
                return number
        if len(before) != len(after):
            return min(len(before), len(after)) + 1
        return 0
    finally:
        after.close()
        before.close()


def _pages(document: pdfium.PdfDocument) -> Iterator[tuple[tuple[float, ...], str, bytes]]:
    for index in range(len(document)):
        page = document[index]
        try:
            text = page.get_textpage()
            words = text.get_text_bounded()
            text.close()
            bitmap = page.render(scale=_scale(*page.get_size()), may_draw_forms=True)
            pixels = bytes(bitmap.buffer)
            bitmap.close()
            yield (*page.get_size(), float(page.get_rotation())), words, pixels
        finally:
            page.close()


def _scale(width: float, height: float) -> float:
    area = width * height
    if not 0 < area < float("inf"):
        raise ValueError(f"page of {width} by {height} points")
    return float(min(_SCALE, (_MOST_PIXELS / area) ** 0.5))
