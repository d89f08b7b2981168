"""Show a paper of a batch before it is signed: where its mark goes and why, and its pages as they are and will be.

Always from the kept bytes, their hash checked on the way out, so what is shown is what would be signed.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Semaphore

from procedures.sign_papers import order_of
from records.clock import Clock
from signing.mark import Marked, MarkOrder, MarkOwner
from signing.page_picture import page_png
from signing.profiles import COPY
from signing.wish import Wish, wish_of
from storage.blobs import BlobStore
from storage.signing_values import Paper, SigningBatch

_SCRATCH = "desk-"


@dataclass(frozen=True, slots=True)
class LookTools:
    """What looking needs. `owner` tells whose mark a key makes; `where` and `mark` run in a limited child.

    `drawing`: as many pages are drawn at the same time; each may take a gigabyte before its child is ended.
    """

    blobs: BlobStore
    clock: Clock
    owner: Callable[[str], MarkOwner]
    where: Callable[[Path, MarkOrder, datetime], Marked]
    mark: Callable[[Path, Path, MarkOrder, datetime], None]
    work_dir: Path
    drawing: Semaphore = field(default_factory=lambda: Semaphore(2))


def look_where(tools: LookTools, batch: SigningBatch, paper: Paper) -> Marked:
    """Return where the paper will be marked and why. Raises as `preview.where_marked`; `BlobFault`, `Away`."""
    with TemporaryDirectory(prefix=_SCRATCH, dir=tools.work_dir) as scratch:
        order = _order(tools, batch, paper, scratch)
        return tools.where(_source(tools, paper, scratch), order, tools.clock.now())


def look_at_page(
    tools: LookTools, batch: SigningBatch, paper: Paper, number: int, width: int, *, with_mark: bool
) -> bytes:
    """Return page `number` of the paper as a PNG, with the mark it would get now if asked for.

    Raises as `page_picture.page_png`, with a mark also as `preview.marked_copy`; `BlobFault`, `Away`.
    """
    with TemporaryDirectory(prefix=_SCRATCH, dir=tools.work_dir) as scratch:
        shown = _source(tools, paper, scratch)
        if with_mark:
            marked = Path(scratch) / "marked.pdf"
            tools.mark(shown, marked, _order(tools, batch, paper, scratch), tools.clock.now())
            shown = marked
        with tools.drawing:
            return page_png(shown, number, width)


def _source(tools: LookTools, paper: Paper, scratch: str) -> Path:
    source = Path(scratch) / "source.pdf"
    tools.blobs.copy_out(paper.source_key, source, paper.source_sha256)
    return source


def _order(tools: LookTools, batch: SigningBatch, paper: Paper, scratch: str) -> MarkOrder:
    """Return what to draw; the picture of the mark beside the paper, for who draws sees nothing of the keys' folder."""
    order = order_of(batch, paper)
    owner = tools.owner(order.key)
    if owner.image is not None:
        owner = replace(
            owner, image=Path(shutil.copy(owner.image, Path(scratch) / f"mark{owner.image.suffix}"))
        )
    return MarkOrder(order.profile, owner, wish_of(dict(order.options)))


def look_at_bytes(tools: LookTools, key: str, sha256: str, number: int, width: int) -> bytes:
    """Return page `number` of a kept paper as a PNG, drawn from exactly these bytes. Raises as `look_at_page`."""
    with TemporaryDirectory(prefix=_SCRATCH, dir=tools.work_dir) as scratch:
        source = Path(scratch) / "source.pdf"
        tools.blobs.copy_out(key, source, sha256)
        with tools.drawing:
            return page_png(source, number, width)


def count_pages(tools: LookTools, key: str, sha256: str) -> int:
    """Return how many pages a kept paper has; it is opened in the limited child. Raises as `look_where`."""
    with TemporaryDirectory(prefix=_SCRATCH, dir=tools.work_dir) as scratch:
        source = Path(scratch) / "source.pdf"
        tools.blobs.copy_out(key, source, sha256)
        return _pages_of(tools, source)


def look_at_drawn(tools: LookTools, pdf: bytes, number: int, width: int) -> bytes:
    """Return page `number` of a paper that was drawn to be looked at and is kept nowhere. Raises as `look_at_page`."""
    with TemporaryDirectory(prefix=_SCRATCH, dir=tools.work_dir) as scratch:
        source = Path(scratch) / "source.pdf"
        source.write_bytes(pdf)
        with tools.drawing:
            return page_png(source, number, width)


def count_drawn(tools: LookTools, pdf: bytes) -> int:
    """Return how many pages a paper has that was drawn to be looked at. Raises as `look_where`."""
    with TemporaryDirectory(prefix=_SCRATCH, dir=tools.work_dir) as scratch:
        source = Path(scratch) / "source.pdf"
        source.write_bytes(pdf)
        return _pages_of(tools, source)


def _pages_of(tools: LookTools, source: Path) -> int:
    order = MarkOrder(COPY, MarkOwner("", ""), Wish(hidden=True))  # no mark: only its pages are asked for
    return len(tools.where(source, order, tools.clock.now()).pages)
