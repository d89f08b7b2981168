"""Read one page, once: the reading is kept under the image's hash, the options and the engine's version.

Step 4 of the walk. A page on which the reader hung, failed or ran out of memory is read once more in a simpler way
(`ocr/plain.py`). One that cannot be read even so is marked and stays in its document; the other pages go on.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.children import ChildDied, Children, ChildrenStopped, ChildStuck
from ingest.review_items import page_part
from ingest.tools import IngestTools, WalkLimits
from ocr.options import OcrOptions
from ocr.plain import PLAIN_PIXELS, PLAINLY, recognise_plainly
from ocr.recognise import engine_version, recognise
from records.errors import ArchiveFault, Unfit
from records.geometry import Rotation
from records.outcome import Done, Outcome
from records.page import PageText, dump_page, load_page
from storage.pages import Page

_log = logging.getLogger("vanthu.recognise")

_NOISE = 0.4
"""Mean confidence under which what the simpler way found on a page that hung the usual one is specks, not words."""

_DECODE_SECONDS = 0.2
"""To decode a megapixel and make it small, several times what the slowest format needs."""


@dataclass(frozen=True, slots=True)
class ReadPage:
    """How the reading of a page ended and where it is kept."""

    page_id: str
    state: str
    words: int


def reading_key(image_sha256: str, options: OcrOptions, hint: int = 0) -> str:
    """Return the cache key of a reading: equal images read alike, under the same hint of a turn, give one key."""
    parts = (image_sha256, options.digest(), engine_version(options))
    told = "\x00".join((*parts, f"turned {hint}") if hint else parts)
    return hashlib.sha256(told.encode()).hexdigest()


def read_page(tools: IngestTools, page: Page) -> Outcome[ReadPage]:
    """Read `page` unless its reading is already there; always Done, the state says how it went."""
    if page.state == "read":
        return Done(ReadPage(page.id, page.state, 0))
    key = reading_key(page.image_sha256, tools.ocr, page.hint_rotation)
    with tools.work.reading() as tx:
        known = tx.pages.reading_by_key(key)
    number = page.number or 1
    text = load_page(known).numbered(number) if known is not None else _read(tools, page, number)
    keep_reading(tools, page, text, key)
    return Done(ReadPage(page.id, text.state, len(text.words)))


def keep_reading(tools: IngestTools, page: Page, text: PageText, key: str) -> None:
    """Keep the reading of a page; under `key` other pages with the same picture find it ("": none may)."""
    data = dump_page(text)
    with tools.work.begin() as tx:
        if page.document_id and tx.reviews.is_corrected(page.document_id, page_part(page.number or 1)):
            return  # a person wrote what stands there: no reading goes over it
        tx.pages.set_reading(
            page.id,
            state=text.state,
            # a page read plainly or not at all says how it went that time: a better hour may read it better
            reading_key=key if text.state == "read" and PLAINLY not in text.notes else "",
            reading_sha256=hashlib.sha256(data).hexdigest(),
            text=text.text,
            reading=data,
            confidence=text.confidence,
            rotation=text.rotation,
            words=len(text.words),
        )


def _read(tools: IngestTools, page: Page, number: int) -> PageText:
    local = tools.work_dir / f"read-{page.id}{Path(page.image_key).suffix}"
    hint: Rotation = page.hint_rotation  # type: ignore[assignment]  # written from a Rotation
    try:
        tools.blobs.copy_out(page.image_key, local, page.image_sha256)
        asked = AskedPage(local, number, page.width, page.height, page.dpi, hint)
        return read_image(tools.children, tools.limits, tools.ocr, asked)
    finally:
        local.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class AskedPage:
    """A page image to be read: where it lies, its number, its size in pixels, dots per inch (0.0: not known), and the
    clockwise turn that its file asks for.
    """

    image: Path
    number: int
    width: int
    height: int
    dpi: float
    hint_rotation: Rotation


def read_image(children: Children, limits: WalkLimits, options: OcrOptions, asked: AskedPage) -> PageText:
    """Read a page in a limited child; one more time and simpler when the child was stuck or ended.

    Both ways have a budget in seconds that grows with the pixels they look at. What neither reads comes back without
    words, its state saying why. Raises what is not the page's own doing (`ToolMissing`, `records.errors.Away`).
    """
    given = (asked.image, options, asked.number, asked.dpi or None, asked.hint_rotation)
    try:
        return _tried(children, image_seconds(limits, asked.width, asked.height), recognise, *given)
    except (ChildStuck, ChildDied) as fault:
        _log.warning("page %s: %s; once more, simpler", asked.image.name, fault)
        first = fault
    except Unfit as fault:  # its bytes are no picture: another try would not change them
        return unread(fault, asked.number, asked.width, asked.height, asked.dpi, options)
    try:
        seconds = plain_seconds(limits, asked.width, asked.height)
        text = _tried(children, seconds, recognise_plainly, *given)
    except (ChildStuck, ChildDied, Unfit) as fault:
        _log.warning("page %s is not read: %s", asked.image.name, fault)
        return unread(fault, asked.number, asked.width, asked.height, asked.dpi, options)
    if text.words and text.confidence < _NOISE:
        _log.warning("page %s is not read: %d words that are none", asked.image.name, len(text.words))
        return unread(first, asked.number, asked.width, asked.height, asked.dpi, options)
    return text


def _tried(
    children: Children, seconds: float, reader: Callable[..., PageText], image: Path, *more: Any
) -> PageText:
    """Read in a child. A fault of our own reader is told as `ChildDied`: it costs one page its good reading, and the
    log has where it was, but neither the document nor the delivery stops for it.
    """
    try:
        return children.run("read", seconds, reader, image, *more)
    except (ArchiveFault, OSError, ChildrenStopped):  # said in words, or nothing that the page did
        raise
    except Exception as bug:
        _log.exception("page %s: a fault of %s", image.name, reader.__name__)
        raise ChildDied(
            f"{reader.__name__} failed with {type(bug).__name__}: {bug}",
            tell="Bộ đọc chữ gặp lỗi ở trang này nên trang cần người xem lại; các phần khác vẫn tiếp tục.",
        ) from bug


def plain_seconds(limits: WalkLimits, width: int, height: int) -> float:
    """Return how long the simpler way may take, in seconds: all pixels are decoded, but few are read."""
    return (
        image_seconds(limits, min(width * height, PLAIN_PIXELS), 1) + _DECODE_SECONDS * width * height / 1e6
    )


def image_seconds(limits: WalkLimits, width: int, height: int) -> float:
    """Return how long reading a page of `width` × `height` pixels may take, in seconds."""
    return limits.page_seconds + limits.megapixel_seconds * width * height / 1e6


def unread(
    fault: ArchiveFault, number: int, width: int, height: int, dpi: float, options: OcrOptions
) -> PageText:
    """Return an empty reading that says why it is empty: a page is never silently blank.

    Raises `fault` again when it is not the page's own doing (a missing model is nobody's bad scan).
    """
    if not isinstance(fault, ChildStuck | ChildDied | Unfit):
        raise fault
    return PageText(
        page=number,
        width=width,
        height=height,
        dpi=dpi or 300.0,
        rotation=0,
        skew=0.0,
        engine=engine_version(options),
        words=(),
        state="timed-out" if isinstance(fault, ChildStuck) else "failed",
        notes=("needs-review",),
    )
