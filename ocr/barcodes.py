"""The door to zxing-cpp: bar codes of a page, at the resolution asked for, and the codes of our own sheets."""

from dataclasses import dataclass

import numpy as np
import zxingcpp
from numpy.typing import NDArray

from ocr.images import Gray, shrunk
from records.geometry import Box

Modules = NDArray[np.bool_]
"""Rows of the modules of a code without its white rim, dark ones True; a code of bars has one row."""

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


def qr_code(text: str) -> Modules:
    """Return the modules of a QR code that bears the loss of a quarter of them (level Q)."""
    return _modules(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="Q"))


def code_128(text: str) -> Modules:
    """Return the bars of a Code 128. Raises ValueError for letters beyond ASCII."""
    if not text.isascii():
        raise ValueError(f"no Code 128 of {text!r}")
    return _modules(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128))[:1]


def _modules(code: zxingcpp.Barcode) -> Modules:
    drawn = zxingcpp.write_barcode_to_image(code, scale=1, add_quiet_zones=False)
    return np.asarray(drawn) < 128


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
