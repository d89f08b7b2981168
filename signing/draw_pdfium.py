"""Draw every page of a PDF with PDFium and write the pages to standard output; runs confined, never in our process.

The one door to PDFium in this package. Started by `drawing.py` as a script: `draw_pdfium.py LONGEST PATH…`, or for one
page of one file, as wide as asked: `draw_pdfium.py LONGEST --page NUMBER WIDTH PATH`. First a line with the numbers of
pages; for each page a line of JSON (`Page` of `drawing.py`) and the pixels, three bytes each: red, green, blue.
"""

import hashlib
import json
import mmap
import sys
from ctypes import byref, c_char, c_int
from pathlib import Path
from typing import Any

_UNIT = 1_000_000


def main() -> None:
    """Draw the files named in the arguments, page by page: the first page of each, then the second of each …"""
    import pypdfium2 as pdfium

    longest, *paths = sys.argv[1:]
    only = width = 0
    if paths[0] == "--page":
        only, width, paths = int(paths[1]), int(paths[2]), paths[3:]
    documents = []
    for path in paths:
        with Path(path).open("rb") as file:  # not by name: the binding resolves the link to an unnamed file
            held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        document = pdfium.PdfDocument((c_char * len(held)).from_buffer(held))
        document.init_forms()
        documents.append(document)
    out = sys.stdout.buffer
    out.write(json.dumps([len(d) for d in documents]).encode() + b"\n")
    if only:
        if only <= len(documents[0]):
            _draw(documents[0][only - 1], int(longest), out, width)
        out.flush()
        return
    for index in range(max(map(len, documents))):
        for document in documents:
            if index < len(document):
                _draw(document[index], int(longest), out)
    out.flush()


def _draw(page: Any, longest: int, out: Any, wide: int = 0) -> None:
    width, height = page.get_size()
    if not 0 < width * height < float("inf"):
        raise ValueError(f"page of {width} by {height} points")
    text = page.get_textpage()
    words = text.get_text_bounded()
    text.close()
    scale = longest / max(width, height)
    bitmap = page.render(
        scale=min(scale, wide / width) if wide else scale,
        may_draw_forms=True,
        rev_byteorder=True,  # red first: a seal must be seen red, a signature blue
    )
    line = {
        "size": [width, height],
        "rotation": page.get_rotation(),
        "words": hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest(),
        "width": bitmap.width,
        "height": bitmap.height,
        "corners": [_place(page, x, y) for x, y in ((0, 0), (1000, 0), (0, 1000))],
    }
    out.write(json.dumps(line).encode() + b"\n")
    out.write(_packed(bitmap))
    bitmap.close()
    page.close()


def _packed(bitmap: Any) -> bytes:
    """Return rows without padding; PDFium aligns each row to four bytes."""
    raw = bytes(bitmap.buffer)
    used = bitmap.width * bitmap.n_channels
    if bitmap.n_channels not in (3, 4):
        raise ValueError(f"bitmap of {bitmap.n_channels} channels")
    rows = b"".join(raw[at : at + used] for at in range(0, bitmap.stride * bitmap.height, bitmap.stride))
    if bitmap.n_channels == 3:
        return rows
    colours = bytearray(bitmap.width * bitmap.height * 3)
    for channel in range(3):
        colours[channel::3] = rows[channel::4]
    return bytes(colours)


def _place(page: Any, x: float, y: float) -> list[float]:
    """Return where a point of the page's own space falls, as fractions of the drawn page from its top left."""
    from pypdfium2 import raw

    across, down = c_int(), c_int()
    raw.FPDF_PageToDevice(page, 0, 0, _UNIT, _UNIT, 0, x, y, byref(across), byref(down))
    return [across.value / _UNIT, down.value / _UNIT]


if __name__ == "__main__":
    main()
