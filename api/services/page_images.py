"""Pictures of pages: upright, in three sizes or cut to a region, made once and kept in a disposable cache."""

import hashlib
from dataclasses import dataclass
from typing import cast

from api.deps import Desk
from ocr.page_view import PageView, Size, cut, page_view
from records.access import Actor
from records.errors import Missing, Unfit
from records.geometry import Box, Rotation, turn, turned_size
from search.strip import HIGHEST
from storage.pages import Page

_STRIP = HIGHEST + 0.01
"""A region no higher than this part of the page is a strip shown beside a search hit or a field; the search and the
document view have already been written down as reads."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What is asked for, before it is made: the access check is done, and the tag is known."""

    page: Page
    size: Size
    region: Box | None
    etag: str


def ask(desk: Desk, reader: Actor, document_id: str, number: int, size: Size, region: str | None) -> Picture:
    """Check that `reader` may see the page and return what will be made. Raises `Missing`, `Unfit` (`bad-region`).

    `region` is `x,y,w,h` in pixels of the page image as delivered.
    """
    with desk.tools.work.reading() as tx:
        page = tx.pages.get(reader, document_id, number)
    box = None if region is None else _region(region, page)
    strip = box is not None and box.height <= _STRIP * turned_size(turn_of(page), page.width, page.height)[1]
    if size != "thumb" and not strip:
        desk.reads.note(reader, document_id, "image")
    parts = (page.image_sha256, str(turn_of(page)), size, str(box.as_list() if box else ""))
    return Picture(page, size, box, hashlib.sha256("|".join(parts).encode()).hexdigest()[:32])


def make(desk: Desk, picture: Picture) -> PageView:
    """Return the picture. Raises `BlobMissing`, `BlobCorrupt`, `Unfit` (`page-unreadable`)."""
    page, rotation = picture.page, turn_of(picture.page)

    def whole() -> PageView:
        return page_view(desk.tools.blobs.read(page.image_key, page.image_sha256), rotation, picture.size)

    view = desk.images.get(f"{page.image_sha256}-{rotation}-{picture.size}", whole)
    if picture.region is None:
        return view
    width, height = turned_size(rotation, page.width, page.height)
    return cut(view, width, height, picture.region)


def turn_of(page: Page) -> Rotation:
    """The turn that shows the page upright: as read, or what the file asked for while nobody has read it."""
    turned = page.rotation if page.state else page.hint_rotation
    return cast("Rotation", turned) if turned in (0, 90, 180, 270) else 0


def _region(text: str, page: Page) -> Box:
    """Return the region in the upright frame."""
    parts = text.split(",")
    try:
        x, y, width, height = (int(part) for part in parts if len(part) < 9)
    except ValueError as why:
        raise _bad_region(text) from why
    if width <= 0 or height <= 0:
        raise _bad_region(text)
    box = Box(x, y, x + width, y + height).clamp(page.width, page.height)
    if not box.width or not box.height:
        raise Missing(f"region {text} lies outside the page")
    return turn(box, turn_of(page), page.width, page.height)


def _bad_region(text: str) -> Unfit:
    return Unfit(
        f"region {text[:80]!r}",
        code="bad-region",
        tell="Vùng ảnh phải là bốn số nguyên x,y,rộng,cao tính bằng điểm ảnh của ảnh gốc.",
    )
