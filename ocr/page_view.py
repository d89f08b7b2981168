"""Make the picture of a page that people look at: upright, in a known size, cut to a region when asked.

The master image is never changed; what is made here is disposable and carries no metadata of the original.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image, UnidentifiedImageError

from records.errors import Unfit
from records.geometry import Box, Rotation

Size = Literal["thumb", "screen", "full"]

WIDTHS: dict[str, int] = {"thumb": 240, "screen": 1400}
"""Width in pixels of the upright page for each size; `full` keeps the pixels of the master."""

MAX_PIXELS = 200_000_000
"""More than an A2 page at 600 dpi; a larger master is refused instead of being decoded (memory)."""

_TURNS: dict[int, Image.Transpose] = {
    90: Image.Transpose.ROTATE_270,  # Pillow turns counter-clockwise, `rotation` is clockwise
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class PageView:
    """A picture ready to send: its bytes and their media type."""

    data: bytes
    media_type: str


def page_view(source: Path | bytes, rotation: Rotation, size: Size) -> PageView:
    """Return the page image at `source` upright and in `size` (never enlarged).

    Raises `Unfit` (`page-unreadable`, `page-too-large`) when the bytes cannot be shown.
    """
    with _open(source) as image:
        width = WIDTHS.get(size)
        if width is not None and image.format == "JPEG":
            sideways = rotation in (90, 270)
            image.draft(None, (1, width) if sideways else (width, 1))  # decode no more than is shown
        shown = _plain(image)
        if rotation:
            shown = shown.transpose(_TURNS[rotation])
        if width is not None and shown.width > width:
            shown = _shrink(shown, width)
        return _encode(shown, size)


def cut(view: PageView, page_width: int, page_height: int, region: Box, rotation: Rotation = 0) -> PageView:
    """Return the part of an upright `view` that shows `region`.

    `region` is in pixels of the *upright* page of `page_width` × `page_height`; it is clamped to the page, and a
    region without area gives one pixel. `rotation` is kept for callers that cut a view not yet upright.
    """
    with _open(view.data) as image:
        scale_x, scale_y = image.width / page_width, image.height / page_height
        inside = region.clamp(page_width, page_height)
        x0 = min(int(inside.x0 * scale_x), image.width - 1)
        y0 = min(int(inside.y0 * scale_y), image.height - 1)
        x1 = min(max(round(inside.x1 * scale_x), x0 + 1), image.width)
        y1 = min(max(round(inside.y1 * scale_y), y0 + 1), image.height)
        part = _plain(image).crop((x0, y0, x1, y1))
        if rotation:
            part = part.transpose(_TURNS[rotation])
        return _encode(part, "screen")


def scaled(
    view: PageView, page_width: int, page_height: int, region: Box, width: int, height: int
) -> PageView:
    """Return the part of an upright `view` that shows `region`, as a picture of exactly `width` × `height` pixels.

    `region` is in pixels of the upright page and lies inside it; the view may be smaller than the page, so the picture
    is cut between its pixels.
    """
    with _open(view.data) as image:
        scale_x, scale_y = image.width / page_width, image.height / page_height
        part = (region.x0 * scale_x, region.y0 * scale_y, region.x1 * scale_x, region.y1 * scale_y)
        shown = _plain(image)
        if (shown.width, shown.height) == (width, height) and part == (0, 0, width, height):
            return view
        shown = shown.resize((width, height), Image.Resampling.LANCZOS, box=part, reducing_gap=2.0)
        return _encode(shown, "screen")


def _open(source: Path | bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as why:
        raise _unreadable(str(why)) from why
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise Unfit(
            f"page image of {image.width} x {image.height}",
            code="page-too-large",
            tell="Ảnh trang quá lớn để hiển thị. Hãy tải bản PDF về máy để xem.",
        )
    return image


def _plain(image: Image.Image) -> Image.Image:
    """Return decoded pixels as grey or RGB: every palette, alpha, CMYK and 16-bit form becomes one of the two."""
    try:
        image.load()
        if image.mode in ("L", "RGB"):
            return image.copy()
        if image.mode in ("1", "LA"):
            return image.convert("L")
        if image.mode.startswith(("I", "F")):
            return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
        if image.mode in ("P", "RGBA", "PA"):
            with_alpha = image.convert("RGBA")
            paper = Image.new("RGB", image.size, "white")
            paper.paste(with_alpha, mask=with_alpha.getchannel("A"))
            return paper
        return image.convert("RGB")
    except (OSError, ValueError, SyntaxError, EOFError) as why:
        raise _unreadable(str(why)) from why


def _shrink(image: Image.Image, width: int) -> Image.Image:
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)


def _encode(image: Image.Image, size: Size) -> PageView:
    out = io.BytesIO()
    image.info.clear()  # Pillow would carry the master's comment along
    quality = {"thumb": 78, "screen": 82, "full": 90}[size]
    image.save(out, "JPEG", quality=quality, progressive=False, optimize=False)
    return PageView(out.getvalue(), "image/jpeg")


def _unreadable(why: str) -> Unfit:
    return Unfit(
        f"page image cannot be decoded: {why}",
        code="page-unreadable",
        tell="Không hiển thị được ảnh trang này. Bản gốc vẫn được giữ nguyên; hãy báo quản trị viên.",
    )
