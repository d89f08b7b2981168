"""Arranging a delivery: see a window of it, do a command, confirm; ask for pages to be scanned again."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping

from api.deps import Desk
from api.multipart import FilePart
from api.schemas.arrangements import (
    ArrangementOut,
    ArrangingOut,
    CommandIn,
    GroupOut,
    RescanIn,
    RescanOut,
    SheetFlagOut,
    SheetOut,
)
from api.services.page_images import Picture
from api.tools import Tools
from ingest import arrange, rescan
from ingest.arrange import Arranged
from ingest.arrange_base import documents_of, rescan_key, shown_turn
from ingest.page_flags import flags_among
from ocr.page_view import PageView, Size, page_view
from records.access import SYSTEM, Actor
from records.arrangement import Mark, Sheet
from records.document import DocumentState
from records.errors import Missing, Unfit
from records.geometry import Rotation
from records.page_checks import PageCheck
from storage.arrangements import RescanState
from storage.pages import Page
from storage.work import Tx

_TURNS: Mapping[int, Rotation] = {0: 0, 90: 90, 180: 180, 270: 270}


def show(tools: Tools, actor: Actor, batch_id: str, limit: int, offset: int) -> ArrangementOut:
    """Return a window of the arrangement. Raises `Missing`, `Conflict` (`arrange-not-asked`)."""
    with tools.work.reading() as tx:
        now = arrange.arranged(tx, actor, batch_id)
        waiting = {one.page_id: one.id for one in tx.arrangements.rescans(batch_id, RescanState.OPEN)}
        checks = tx.page_checks.of_batch(batch_id)
    marks = Counter(sheet.mark.value for group in now.groups for sheet in group)
    return ArrangementOut(
        batch_id=batch_id,
        state=now.batch.state.value,
        version=now.version,
        documents=now.documents,
        undo=now.undo,
        redo=now.redo,
        marks=dict(sorted(marks.items())),
        groups=list(_window(now, waiting, checks, limit, offset)),
        total=sum(marks.values()),
        limit=limit,
        offset=offset,
    )


def command(tx: Tx, actor: Actor, batch_id: str, wanted: CommandIn) -> ArrangingOut:
    """Do one command. Raises as `ingest.arrange.command`."""
    if wanted.kind == "undo":
        return ArrangingOut.of(arrange.undo(tx, actor, batch_id, wanted.version))
    if wanted.kind == "redo":
        return ArrangingOut.of(arrange.redo(tx, actor, batch_id, wanted.version))
    return ArrangingOut.of(arrange.command(tx, actor, batch_id, wanted.version, wanted.command()))


def confirm(tx: Tx, actor: Actor, batch_id: str, version: int) -> ArrangingOut:
    """Let the walk go on. Raises as `ingest.arrange.confirm`."""
    return ArrangingOut.of(arrange.confirm(tx, actor, batch_id, version))


def reopen(tx: Tx, actor: Actor, batch_id: str) -> ArrangingOut:
    """Take a confirmation back. Raises as `ingest.arrange.reopen`."""
    return ArrangingOut.of(arrange.reopen(tx, actor, batch_id))


def page_numbered(tx: Tx, actor: Actor, batch_id: str, ordinal: int) -> str:
    """Return the page that people call by this number. Raises as `ingest.arrange.page_numbered`."""
    return arrange.page_numbered(tx, actor, batch_id, ordinal)


def rescans(tools: Tools, actor: Actor, batch_id: str) -> list[RescanOut]:
    """Return the tickets of a delivery, the oldest first. Raises `Missing`."""
    with tools.work.reading() as tx:
        tx.batches.get(actor, batch_id)
        found = tx.arrangements.rescans(batch_id)
        return [RescanOut.of(one, tx.pages.one(batch_id, one.page_id).ordinal) for one in found]


def ask_rescan(tx: Tx, actor: Actor, batch_id: str, wanted: RescanIn) -> RescanOut:
    """Ask for a page to be scanned again. Raises as `ingest.rescan.ask`."""
    made = rescan.ask(tx, actor, batch_id, wanted.page, wanted.reason)
    return RescanOut.of(made, tx.pages.one(batch_id, made.page_id).ordinal)


def cancel_rescan(tx: Tx, actor: Actor, batch_id: str, rescan_id: str) -> RescanOut:
    """Give a ticket up. Raises as `ingest.rescan.cancel`."""
    made = rescan.cancel(tx, actor, batch_id, rescan_id)
    return RescanOut.of(made, tx.pages.one(batch_id, made.page_id).ordinal)


def deliver_rescan(
    tools: Tools,
    actor: Actor,
    batch_id: str,
    rescan_id: str,
    part: FilePart,
    key: str,
    declared_sha256: str | None = None,
) -> tuple[RescanOut, bool]:
    """Take the newly scanned page in; return the ticket, and whether it was handed in before under this key.

    Raises as `ingest.rescan.deliver`.
    """
    with tools.work.reading() as tx:
        before = tx.batches.file_by_key(batch_id, rescan_key(rescan_id, key))
    chunks: Iterator[bytes] = part.chunks()
    made = tools.rescan(batch_id, rescan_id, part.name, chunks, key, actor, declared_sha256)
    with tools.work.reading() as tx:
        return RescanOut.of(made, tx.pages.one(batch_id, made.page_id).ordinal), before is not None


def picture(desk: Desk, actor: Actor, batch_id: str, page_id: str, size: Size, turn: int) -> Picture:
    """Check that `actor` may see a page of a delivery and return what will be made, turned clockwise by `turn`.

    Raises `Missing`, `Unfit` (`bad-turn`). Small pictures are seen in lists; a large one is a reading of the delivery.
    """
    if turn not in _TURNS:
        raise Unfit(f"turn {turn}", code="bad-turn", tell="Góc xoay phải là 0, 90, 180 hoặc 270 độ.")
    with desk.tools.work.reading() as tx:
        tx.batches.get(actor, batch_id)
        page = tx.pages.one(batch_id, page_id)
        if page_id in tx.secrecy.of_batch(batch_id) or _shut(tx, page):
            raise Missing(f"page {page_id} bears a mark of secrecy")
    if size != "thumb":
        desk.reads.note(actor, batch_id, "image")
    parts = (page.image_sha256, str(turn), size)
    return Picture(page, size, None, hashlib.sha256("|".join(parts).encode()).hexdigest()[:32])


def _shut(tx: Tx, page: Page) -> bool:
    """Return whether the document of a page is held for its secrecy or was removed: nobody sees its pages."""
    if page.document_id is None:
        return False
    return tx.documents.get(SYSTEM, page.document_id).state in (DocumentState.HELD, DocumentState.REMOVED)


def draw(desk: Desk, asked: Picture, turn: int) -> PageView:
    """Return the picture. Raises `BlobMissing`, `BlobCorrupt`, `Unfit` (`page-unreadable`)."""
    page, rotation = asked.page, _TURNS[turn]

    def whole() -> PageView:
        return page_view(desk.tools.blobs.read(page.image_key, page.image_sha256), rotation, asked.size)

    return desk.images.get(f"{page.image_sha256}-{rotation}-{asked.size}", whole)


def _window(
    now: Arranged,
    waiting: Mapping[str, str],
    checks: Mapping[str, list[PageCheck]],
    limit: int,
    offset: int,
) -> Iterator[GroupOut]:
    """Return the groups that have a page in the window, each with its pages in it."""
    at = number = 0
    for group in now.groups:
        makes = any(sheet.mark is Mark.PAGE for sheet in group)
        number += makes
        first, last = max(offset - at, 0), min(offset + limit - at, len(group))
        if first < last:
            [*name] = documents_of((group,), now.files, now.pages)
            yield GroupOut(
                number=number if makes else 0,
                source=name[0].source if name else "",
                pages=len(name[0].pages) if name else 0,
                sheets=[
                    _sheet(now, sheet, waiting.get(sheet.page, ""), checks.get(sheet.page, []))
                    for sheet in group[first:last]
                ],
                first=first == 0,
                last=last == len(group),
            )
        at += len(group)
        if at >= offset + limit:
            return


def _sheet(now: Arranged, sheet: Sheet, ticket: str, checks: list[PageCheck]) -> SheetOut:
    page = now.pages[sheet.page]
    rotation = now.turned.get(page.id, (shown_turn(page) + (0 if now.turned else sheet.turn)) % 360)
    return SheetOut(
        page=page.id,
        ordinal=page.ordinal,
        file=now.files[page.file_id].relative_path,
        frame=page.frame,
        mark=sheet.mark,
        rotation=rotation,
        width=page.width,
        height=page.height,
        code=page.code,
        rescan=ticket,
        image=f"/api/v1/batches/{page.batch_id}/pages/{page.id}/image?turn={rotation}",
        flags=[
            SheetFlagOut(finding=flag.finding, sentence=flag.sentence)
            for flag in flags_among({page.id: checks}, now.pages, now.files)
            if flag.worth_telling
        ],
    )
