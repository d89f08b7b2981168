"""Make the small copy of a document for reading over a slow line: mixed raster content in a PDF/A-2b of our own.

Each page is a coarse JPEG of everything that is not black ink, and a sharp G4 stencil of the ink painted over it, under
the same invisible words as in the archived PDF. It is made when somebody asks, may be thrown away, and never stands in
for the master or for the sealed PDF; its metadata say so. See docs/decisions/0123.
"""

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ocr import images
from ocr.compose import Composed, ComposePage, Painted, compose_pdfa, page_size
from ocr.invisible_font import InvisibleFont
from ocr.layers import Layers, Mask, take_apart
from ocr.pdf_file import PdfFile, number
from ocr.pdf_image import PdfImage, fax_image
from ocr.pdfa import PdfMeta
from ocr.text_layer import text_content

PAGE_BYTES = 60_000
"""What an A4 page may take, words and all; larger sheets get as much more as they are larger."""

_FIXED_BYTES = 7_000
"""Of these, what font, metadata and output intent of a file of one page take."""
_A4_POINTS = 595.0 * 842.0


@dataclass(frozen=True, slots=True)
class Quality:
    """How finely a page is kept: dots per inch of mask and background, and the JPEG quality of the background."""

    mask_dpi: int
    rest_dpi: int
    jpeg: int


LADDER = (
    Quality(300, 150, 45),
    Quality(300, 120, 40),
    Quality(300, 100, 35),
    Quality(300, 75, 30),
    Quality(240, 75, 30),
    Quality(200, 75, 25),
    Quality(150, 50, 20),
)
"""From fine to coarse; a page takes the first that fits, or the last."""

LABEL = "Bản truy cập"


def make_access_copy(pages: Sequence[ComposePage], meta: PdfMeta, out: Path) -> Composed:
    """Write the small copy of `pages` to `out`. `meta.subject` should say of which document, see `access_meta`.

    Faults are those of `ocr.compose.compose_pdfa`. Decodes foreign images: call it in a limited child process.
    """
    return compose_pdfa(pages, meta, out, paint=_paint)


def access_meta(meta: PdfMeta, told: str) -> PdfMeta:
    """Return `meta` as that of the copy: marked in title and subject, where `told` says what the original is."""
    return replace(meta, title=f"{meta.title} ({LABEL.lower()})", subject=f"{LABEL}. {told}")


def _paint(pdf: PdfFile, page: ComposePage, place: int) -> Painted:
    layers = take_apart(page.image, page.text.dpi, page.text.rotation)
    width, height = page_size(page.text)
    words = text_content(page.text, InvisibleFont(), width / page.text.upright_size[0])
    room = PAGE_BYTES * max(1.0, width * height / _A4_POINTS) - _FIXED_BYTES - len(zlib.compress(words, 9))
    stencil, background, quality = _fitted(layers, room)
    objects, content = b"", b""
    matrix = b"%s 0 0 %s 0 0 cm" % (number(width), number(height))
    if background is not None:
        space = b"/DeviceRGB" if background.color else b"/DeviceGray"
        data = background.data
        drawn = pdf.write_stream(
            b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace%s/BitsPerComponent 8/Filter/DCTDecode"
            % (background.width, background.height, space),
            (data,),
            len(data),
        )
        objects, content = b"/B %d 0 R" % drawn, b"q %s/B Do Q\n" % matrix
    if stencil is not None:
        drawn = pdf.write_stream(
            b"/Type/XObject/Subtype/Image/ImageMask true/Width %d/Height %d/BitsPerComponent 1%s"
            % (stencil.width, stencil.height, stencil.rest),
            stencil.chunks(),
            stencil.length,
        )
        ink = b" ".join(b"%.3f" % (level / 255) for level in layers.ink)
        objects += b"/M %d 0 R" % drawn
        content += b"q %s rg %s/M Do Q\n" % (ink, matrix)
    return Painted(objects, content, f"mask {quality.mask_dpi} dpi, background {quality.rest_dpi} dpi")


@dataclass(frozen=True, slots=True)
class _Jpeg:
    data: bytes
    width: int
    height: int
    color: bool


def _fitted(layers: Layers, room: float) -> tuple[PdfImage | None, _Jpeg | None, Quality]:
    """Return stencil and background at the finest quality that takes no more than `room` bytes, else the coarsest."""
    masks: dict[int, PdfImage | None] = {}
    for quality in LADDER:
        if quality.mask_dpi not in masks:
            masks[quality.mask_dpi] = _stencil(layers.mask, layers.dpi / quality.mask_dpi)
        stencil = masks[quality.mask_dpi]
        used = 0 if stencil is None else stencil.length
        if used > room and quality != LADDER[-1]:
            continue
        rest = (
            None if layers.rest is None else _jpeg(layers.rest, layers.dpi / quality.rest_dpi, quality.jpeg)
        )
        if used + (0 if rest is None else len(rest.data)) <= room or quality == LADDER[-1]:
            return stencil, rest, quality
    raise AssertionError("the last quality always fits")


def _stencil(mask: Mask, factor: float) -> PdfImage | None:
    """Return the mask made `factor` times smaller as a G4 stencil that paints the ink; None without ink."""
    if factor > 1:
        mask = images.shrunk(mask.astype(np.uint8) * 255, factor) > 127
    if not mask.any():
        return None
    return fax_image(Image.fromarray(~mask))  # black is what a stencil paints


def _jpeg(rest: NDArray[np.uint8], factor: float, quality: int) -> _Jpeg:
    small = images.shrunk(rest, factor)
    out = io.BytesIO()
    # no subsampling: thin coloured strokes on a coarse picture would turn gray
    Image.fromarray(small).save(
        out, "JPEG", quality=quality, optimize=True, progressive=True, subsampling="4:4:4"
    )
    return _Jpeg(out.getvalue(), small.shape[1], small.shape[0], small.ndim == 3)
