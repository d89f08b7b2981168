"""The door to zxing-cpp: bar codes of a page, at the resolution asked for."""

from dataclasses import dataclass

import zxingcpp

from ocr.images import Gray, shrunk
from records.geometry import Box

_FORMATS = (
    zxingcpp.BarcodeFormat.QRCode,
    zxingcpp.BarcodeFormat.Code128,
    zxingcpp.BarcodeFormat.DataMatrix,
    zxingcpp.BarcodeFormat.PDF417,
)
"""What separator sheets and Vietnamese e-documents carry. The 1-D kinds without a check sum see codes in tables."""

COARSE, FINE = 150, 300
"""Dots per inch of the two looks: large codes decode best at the first (paper noise is gone), small ones need more."""


@dataclass(frozen=True, slots=True)
class Code:
    """A bar code on a page: its text, its kind (`QRCode`, `Code128` …), its bounds in delivered pixels."""

    text: str
    symbology: str
    box: Box


def read_codes(image: Gray, dpi: float, look: float, delivered: tuple[int, int]) -> tuple[Code, ...]:
    """Return the codes of a page image of `dpi` dots per inch, looked at with `look` of them, top to bottom.

    Boxes are scaled to `delivered` pixels (width, height). A finer look than the image has is the image itself.
    """
    return _read(shrunk(image, dpi / look), delivered)


def _read(image: Gray, delivered: tuple[int, int]) -> tuple[Code, ...]:
    height, width = image.shape
    scale_x, scale_y = delivered[0] / width, delivered[1] / height
    codes = []
    for code in zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormats(_FORMATS), try_invert=False):
        place = code.position
        corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
        box = Box(
            int(min(c.x for c in corners) * scale_x),
            int(min(c.y for c in corners) * scale_y),
            int((max(c.x for c in corners) + 1) * scale_x),
            int((max(c.y for c in corners) + 1) * scale_y),
        )
        codes.append(Code(code.text, code.format.name, box.clamp(*delivered)))
    return tuple(sorted(codes, key=lambda code: (code.box.y0, code.box.x0, code.text)))
