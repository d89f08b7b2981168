"""The IIIF Image API 3.0 of a page, level 1: what may be asked, which pixels that is, and the picture.

https://iiif.io/api/image/3.0/ (sections 4 and 5) and its compliance document. The image is the page made upright, so
that what a viewer shows can be read and every box of a hit lies where the words are.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from api.deps import Desk
from api.services.iiif_addresses import Addresses
from api.services.page_images import turn_of
from ocr.page_view import WIDTHS, PageView, Size, page_view, scaled
from records.access import Actor
from records.errors import Unfit
from records.geometry import Box, turned_size
from storage.pages import Page

CONTEXT = "http://iiif.io/api/image/3/context.json"
LEVEL = "http://iiif.io/api/image/3/level1.json"
TILE = 1024
"""Side of a tile in pixels: an A4 page at 300 dpi is twelve of them, each cut from a picture that is decoded whole."""

_NUMBER = r"([0-9]{1,8})"
_REGION = re.compile(rf"{_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER}")
_SIZE = re.compile(r"(!?)([0-9]{0,8}),([0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Asked:
    """A picture that may be made: `region` in upright pixels, its size, and the tag of its bytes."""

    page: Page
    region: Box
    width: int
    height: int
    etag: str
    canonical: str


def info(desk: Desk, reader: Actor, at: Addresses, document_id: str, number: int) -> dict[str, Any]:
    """Return the image information of a page. Raises `Missing`."""
    with desk.tools.work.reading() as tx:
        page = tx.pages.get(reader, document_id, number)
    width, height = upright(page)
    factors = [factor for factor in (1, 2, 4, 8) if factor == 1 or TILE * factor < 2 * max(width, height)]
    return {
        "@context": CONTEXT,
        "id": at.image(document_id, number),
        "type": "ImageService3",
        "protocol": "http://iiif.io/api/image",
        "profile": "level1",
        "width": width,
        "height": height,
        # as many sizes as factors, and the same: viewers that find both of one length take them for one pyramid
        "sizes": [
            {"width": w, "height": _along(height, w, width)} for w in (width // f for f in factors[::-1])
        ],
        "tiles": [{"width": TILE, "height": TILE, "scaleFactors": factors}],
        "preferredFormats": ["jpg"],
        "extraFeatures": ["canonicalLinkHeader", "profileLinkHeader", "sizeByConfinedWh", "sizeByWh"],
    }


def ask(
    desk: Desk, reader: Actor, at: Addresses, document_id: str, number: int, region: str, size: str, rest: str
) -> Asked:
    """Check that `reader` may see the page and return what will be made; `rest` is `rotation/quality.format`.

    Raises `Missing`, `Unfit` (`iiif-parameter`, `iiif-upscaling`).
    """
    with desk.tools.work.reading() as tx:
        page = tx.pages.get(reader, document_id, number)
    if rest not in ("0/default.jpg", "0/color.jpg"):
        _refuse(rest, "Chỉ phục vụ ảnh không xoay, màu mặc định, định dạng jpg: …/0/default.jpg.")
    whole = Box(0, 0, *upright(page))
    cut = _region(region, whole)
    width, height = _size(size, cut)
    if region != "full" or width > WIDTHS["thumb"]:
        desk.reads.note(reader, document_id, "image")
    shown = "full" if cut == whole else ",".join(map(str, cut.as_xywh()))
    sized = "max" if (width, height) == (cut.width, cut.height) else f"{width},{height}"
    asked = f"{shown}/{sized}/0/default.jpg"
    parts = (page.image_sha256, str(turn_of(page)), asked)
    tag = hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]
    return Asked(page, cut, width, height, tag, f"{at.image(document_id, number)}/{asked}")


def make(desk: Desk, asked: Asked) -> PageView:
    """Return the picture. Raises `BlobMissing`, `BlobCorrupt`, `Unfit` (`page-unreadable`)."""
    page, rotation = asked.page, turn_of(asked.page)
    wide, high = upright(page)
    size = _least(asked, wide)

    def whole() -> PageView:
        return page_view(desk.tools.blobs.read(page.image_key, page.image_sha256), rotation, size)

    def part() -> PageView:
        return scaled(view, wide, high, asked.region, asked.width, asked.height)

    view = desk.images.get(f"{page.image_sha256}-{rotation}-{size}", whole)
    return desk.images.get(f"{asked.etag}-iiif", part)


def upright(page: Page) -> tuple[int, int]:
    """Return (width, height) of the page made upright: the pixels of its image service and of its canvas."""
    return turned_size(turn_of(page), page.width, page.height)


def _least(asked: Asked, page_width: int) -> Size:
    """Return the smallest kept picture of the page that has the pixels asked for."""
    needed = max(asked.width / asked.region.width, asked.height / asked.region.height) * page_width
    sizes: tuple[Size, ...] = ("thumb", "screen")
    return next((size for size in sizes if needed <= WIDTHS[size] + 0.5), "full")


def _region(asked: str, whole: Box) -> Box:
    if asked == "full":
        return whole
    if asked == "square":
        side = min(whole.width, whole.height)
        x, y = (whole.width - side) // 2, (whole.height - side) // 2
        return Box(x, y, x + side, y + side)
    found = _REGION.fullmatch(asked)
    if found is None:
        _refuse(asked, "Vùng ảnh phải là full, square hoặc bốn số nguyên không âm x,y,rộng,cao.")
    x, y, width, height = (int(number) for number in found.groups())
    box = Box(x, y, x + width, y + height).clamp(whole.width, whole.height)
    if not box.width or not box.height:
        _refuse(
            asked,
            f"Vùng ảnh nằm ngoài trang hoặc rỗng; trang rộng {whole.width}, cao {whole.height} điểm ảnh.",
        )
    return box


def _size(asked: str, region: Box) -> tuple[int, int]:
    """Return (width, height) of the picture; a region is made smaller, never larger."""
    if asked.startswith("^"):
        raise Unfit(
            f"size {asked[:60]!r}",
            code="iiif-upscaling",
            tell="Ảnh chỉ được thu nhỏ, không phóng to quá số điểm ảnh của bản quét.",
        )
    if asked == "max":
        return region.width, region.height
    found = _SIZE.fullmatch(asked)
    if found is None or not (found[2] or found[3]) or (found[1] and not (found[2] and found[3])):
        _refuse(asked, "Kích thước phải là max, rộng, hoặc ,cao, hoặc rộng,cao, hoặc !rộng,cao.")
    width, height = (int(side) if side else None for side in found.groups()[1:])
    if found[1]:
        scale = min((width or 0) / region.width, (height or 0) / region.height, 1.0)
        if not (width and height):
            _refuse(asked, "Ảnh phải rộng và cao ít nhất một điểm ảnh.")
        return max(1, int(region.width * scale)), max(1, int(region.height * scale))
    if width is None:
        width = _along(region.width, height or 0, region.height)
    if height is None:
        height = _along(region.height, width, region.width)
    if not (0 < width <= region.width and 0 < height <= region.height):
        _refuse(asked, f"Ảnh không lớn hơn vùng được lấy ({region.width} × {region.height} điểm ảnh).")
    return width, height


def _along(side: int, other: int, other_whole: int) -> int:
    """Return what `side` becomes when the other side shrinks from `other_whole` to `other`; 0 only for nothing."""
    return max(1, round(side * other / other_whole)) if other else 0


def _refuse(asked: str, tell: str) -> NoReturn:
    raise Unfit(f"image request {asked[:80]!r}", code="iiif-parameter", tell=tell)
