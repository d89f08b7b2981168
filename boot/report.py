"""What became of a delivery: every document, every refused file, every sheet that is no page, every page left over."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from boot.handing_in import FAULT, Left
from boot.house import House
from boot.speak import Exit, console, emit, say
from ingest.delivered import checks_of
from ingest.documents import documents_in
from ingest.handover_report import compared
from ingest.propose import Proposal
from records.access import LOCAL, SYSTEM
from records.document import DocumentState, FileState, PageRole, fields_to_json
from records.handover import Difference, HandoverList
from records.page_checks import TWINS, PageCheck
from storage.batches import DeliveredFile, Existing, Progress
from storage.documents import Document
from storage.pages import UNREAD, Page

_STATES = {
    "archived": "đã lưu trữ",
    "already-archived": "đã có trong kho",
    "refused": "chờ người xử lý",
    "proposed": "chưa xử lý",
    "reading": "đang xử lý",
    "held": "bị giữ vì dấu mật",
    "removed": "đã xóa vì là tài liệu mật",
}
_LOST = "trang này chưa vào tài liệu nào vì lỗi của chương trình; ảnh gốc vẫn được giữ. Hãy chạy lại lệnh."


@dataclass(frozen=True, slots=True)
class Ended:
    """A batch at its end, as the rows tell it."""

    message: str
    progress: Progress
    files: dict[str, DeliveredFile]
    pages: dict[str, Page]
    documents: list[Document]
    existing: list[tuple[Existing, Document]]
    parts: list[Proposal]
    checks: dict[str, list[PageCheck]]

    def places(self, page_ids: list[str]) -> list[dict[str, Any]]:
        """Return file and frame of pages, in order."""
        told = [self.pages[p] for p in page_ids]
        return [{"file": self.files[p.file_id].relative_path, "frame": p.frame} for p in told]

    def unread(self, page_ids: list[str]) -> tuple[int, ...]:
        """Return the numbers of those pages that could not be read and wait for a person's eyes."""
        return tuple(self.pages[p].number or 0 for p in page_ids if self.pages[p].state in UNREAD)

    def pages_by_document(self) -> dict[str, list[str]]:
        """Return the page ids of each document of this batch, by number; one pass, a batch may hold 40,000 pages."""
        placed: dict[str, list[str]] = {}
        for page in sorted(self.pages.values(), key=lambda p: p.number or 0):
            if page.document_id is not None:
                placed.setdefault(page.document_id, []).append(page.id)
        return placed


def ended(house: House, batch_id: str) -> Ended:
    """Read everything about a batch in one snapshot."""
    with house.work.reading() as tx:
        batch = tx.batches.get(SYSTEM, batch_id)
        files = {f.id: f for f in tx.batches.files(SYSTEM, batch_id)}
        pages = {p.id: p for p in tx.pages.of_batch(batch_id)}
        known = tx.batches.existing(SYSTEM, batch_id)
        return Ended(
            message=batch.message,
            progress=tx.batches.progress(LOCAL, batch_id),
            files=files,
            pages=pages,
            documents=tx.documents.of_batch(batch_id),
            existing=[(e, tx.documents.get(SYSTEM, e.document_id)) for e in known],
            parts=documents_in(tx, batch, files, pages, checks_of(tx, batch_id)) if known else [],
            checks=tx.page_checks.of_batch(batch_id),
        )


def report(house: House, batch_id: str, left: list[Left], out: Path | None, *, as_json: bool) -> Exit:
    """Tell what became of every page and file; copy the PDFs to `out` when given. 3 when a person must look."""
    batch = ended(house, batch_id)
    names, table = _Names(), Table("Nguồn", "Tài liệu", "Số, ký hiệu", "Trang", "Trạng thái", box=None)
    parts = batch.parts
    mine = batch.pages_by_document()
    rows = [(d, d.source, d.state.value, mine.get(d.id, [])) for d in batch.documents]
    rows += [(d, e.source, "already-archived", list(parts[e.ordinal - 1].pages)) for e, d in batch.existing]
    placed: set[str] = set()
    waiting = bool(batch.message)
    for document, source, state, page_ids in rows:
        placed.update(page_ids)
        waiting = waiting or document.state is not DocumentState.ARCHIVED
        pdf = _pdf_path(house, document, out, names)
        table.add_row(
            source,
            document.id[:12],
            document.fields.number,
            str(document.page_count),
            _STATES.get(state, state),
        )
        if document.tell:
            say(f"✗ {source}: {document.tell}")
        unread = batch.unread(page_ids)
        if unread:
            waiting = True
            numbers = ", ".join(map(str, unread))
            say(f"! {source}: máy chưa đọc được trang {numbers}, cần người xem; ảnh vẫn được giữ đủ.")
        if as_json:
            told = _document_json(document, source, state, pdf, batch.places(page_ids))
            emit({**told, "unread_pages": list(unread)} if unread else told)
    refused = [
        Left(f.relative_path, f.code, f.tell) for f in batch.files.values() if f.state is FileState.REFUSED
    ]
    refused += left
    for one in refused:
        table.add_row(one.source, "", "", "", f"bị từ chối ({one.code})")
        if one in left:
            say(f"✗ {one.tell}")
        if as_json:
            emit({"source": one.source, "state": "refused", "code": one.code, "tell": one.tell, "pages": 0})
    lost = _other_pages(batch, placed, as_json=as_json)
    if not as_json:
        console.print(table)
        _summary(batch.progress, len(batch.existing), refused=len(refused))
    return Exit.REFUSED if refused or waiting or lost else Exit.WELL


def _other_pages(batch: Ended, placed: set[str], *, as_json: bool) -> int:
    """Tell of separator sheets, and of pages and files that ended nowhere; return how many of these there are."""
    lost = 0
    for page in batch.pages.values():
        if page.id in placed:
            continue
        told = {"source": batch.files[page.file_id].relative_path, "frame": page.frame}
        if page.role in (PageRole.SEPARATOR, PageRole.OUT, PageRole.REPLACED):
            if as_json:
                emit({**told, "state": page.role.value, "code": page.code})
            continue
        if page.role in (PageRole.BLANK, PageRole.DUPLICATE):
            _aside(batch, page, told, as_json=as_json)
            continue
        lost += 1
        say(f"✗ {told['source']}, trang {page.frame}: {_LOST}")
        if as_json:
            emit({**told, "state": "failed", "code": FAULT, "tell": _LOST})
    for file in batch.files.values():
        if file.state is FileState.RECEIVED:
            lost += 1
            tell = f"{file.relative_path}: tệp chưa được xử lý vì lỗi của chương trình; tệp vẫn được giữ. Hãy chạy lại."
            say(f"✗ {tell}")
            if as_json:
                emit({"source": file.relative_path, "state": "failed", "code": FAULT, "tell": tell})
    return lost


def _aside(batch: Ended, page: Page, told: dict[str, Any], *, as_json: bool) -> None:
    """Tell of a page that was set aside, and in the case of a second scan whose."""
    twins = [c for c in batch.checks.get(page.id, []) if c.finding in TWINS]
    first = batch.places([str(twins[0].detail["page"])])[0] if twins else None
    what = "trang trắng" if page.role is PageRole.BLANK else "quét lặp"
    if first is not None:
        what += f" của {first['file']}, trang {first['frame']}"
    say(f"○ {told['source']}, trang {page.frame}: {what}; để riêng, ảnh vẫn được giữ.")
    if as_json:
        emit({**told, "state": page.role.value, **({"duplicate_of": first} if first else {})})


def compare_with_list(house: House, batch_id: str, listed: HandoverList, *, as_json: bool) -> Exit:
    """Tell how the delivery differs from its hand-over list; a difference waits for a person."""
    with house.work.reading() as tx:
        differences = compared(tx, LOCAL, batch_id, listed).differences
    for one in differences:
        say(f"≠ {one.tell}")
        if as_json:
            emit(difference_json(one))
    say(f"Danh mục bàn giao: {len(listed.rows)} dòng, {len(differences)} điểm khác.")
    return Exit.REFUSED if differences else Exit.WELL


def difference_json(one: Difference) -> dict[str, Any]:
    """Return a difference as commands print it."""
    return {"state": "difference", "kind": one.kind, "line": one.line, "order": one.order, "tell": one.tell}


def _summary(progress: Progress, existing: int, *, refused: int) -> None:
    say(
        f"{progress.pages} trang ảnh: {progress.pages_read} trang đọc được, {progress.pages_failed} trang cần xem lại, "
        f"{progress.separators} tờ ngăn cách, {progress.pages_aside} trang để riêng (trắng, quét lặp, lấy ra) · "
        f"{progress.documents_archived} tài liệu đã lưu trữ, "
        f"{existing} đã có từ trước, {progress.documents_refused} chờ xử lý, "
        f"{progress.documents_held} bị giữ vì dấu mật, {refused} tệp bị từ chối."
    )


def _document_json(
    document: Document, source: str, state: str, pdf: Path | None, pages: list[dict[str, Any]]
) -> dict[str, Any]:
    fields = fields_to_json(document.fields)
    fields.pop("evidence")
    ended = document.archived_at or document.created_at
    told: dict[str, Any] = {
        "document_id": document.id,
        "source": source,
        "pages": document.page_count,
        "state": state,
        "pdf": None if pdf is None else str(pdf),
        "sha256": document.pdf.sha256 if document.pdf else None,
        "pdfa": document.pdfa or None,
        "signature": {"level": document.signature_level or None, "verdict": document.verdict or None},
        "fields": fields,
        "seconds": round((ended - document.created_at).total_seconds(), 2),
        "page_sources": pages,
    }
    if document.code:
        told |= {"code": document.code, "tell": document.tell}
    return told


class _Names:
    """File names in the output folder: after the source, readable, never twice."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def give(self, source: str) -> str:
        """Return a fresh name ending in .pdf."""
        stem = source.split("…", maxsplit=1)[0].replace("/", "_").replace("#", "_")
        for suffix in (".pdf", ".jpg", ".jpeg", ".png", ".tif", ".tiff"):
            stem = stem[: -len(suffix)] if stem.lower().endswith(suffix) else stem
        stem = stem.encode()[:180].decode(errors="ignore") or "tai-lieu"
        name, number = f"{stem}.pdf", 1
        while name in self._used:
            number += 1
            name = f"{stem}-{number}.pdf"
        self._used.add(name)
        return name


def _pdf_path(house: House, document: Document, out: Path | None, names: _Names) -> Path | None:
    """Copy the sealed PDF to `out` (checked while copied), or say where it rests in a folder store."""
    if document.pdf is None:
        return None
    if out is None:
        place = house.settings.blobs.url.removeprefix("file://")
        return Path(place) / document.pdf.key if house.settings.blobs.url.startswith("file://") else None
    out.mkdir(parents=True, exist_ok=True)
    target = out / names.give(document.source)
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    house.blobs.copy_out(document.pdf.key, part, document.pdf.sha256)
    shutil.move(part, target)
    return target
