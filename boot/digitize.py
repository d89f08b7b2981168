"""`vanthu digitize`: hand files in, wait for the walk to its end, and tell what became of every page.

The engine runs here when nobody else runs it on this data folder; else the work is handed over as rows and this
command only watches, ready to take the engine over if its holder goes away.
"""

import hashlib
import json
import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import Progress as Bar
from rich.table import Table

from boot.childroom import open_children
from boot.house import House, open_house
from boot.inputs import Input, gather
from boot.settings import Settings
from boot.speak import Exit, console, emit, progress_bar, say
from boot.wiring import ingest_tools, running_engine
from ingest.documents import AGAIN
from ingest.handover import read_handover
from ingest.handover_compare import compare_handover
from ingest.receive import receive_path
from ingest.tools import IngestTools
from jobs.lock import EngineLock
from records.access import LOCAL, SYSTEM
from records.clock import new_id
from records.document import BatchState, DocumentState, FileState, PageRole, fields_to_json
from records.errors import Unfit
from records.handover import FoundDocument, HandoverList
from storage.batches import Batch, NewBatch, Progress
from storage.documents import Document

_LOOK_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person asked for."""

    inputs: tuple[Path, ...]
    dossier: str
    manifest: Path | None
    out: Path | None
    again: bool
    as_json: bool


def digitize(settings: Settings, wish: Wish) -> Exit:
    """Run the command; returns its exit code (3 when some input was refused or waits for a person)."""
    listed = read_handover(wish.manifest) if wish.manifest else None
    inputs, aside = gather(wish.inputs)
    for path in aside:
        say(f"Bỏ qua {path.name}: không phải ảnh quét hay PDF.")
    if not inputs:
        say(
            "Không có tệp ảnh hay PDF nào để số hóa. Hãy chỉ ra tệp JPEG, PNG, TIFF, PDF hoặc thư mục chứa chúng."
        )
        return Exit.REFUSED
    with ExitStack() as stack:
        house = stack.enter_context(open_house(settings))
        lock = stack.enter_context(EngineLock(settings.run_dir))
        children = stack.enter_context(open_children(settings))
        tools = ingest_tools(house, children)
        bar = stack.enter_context(progress_bar(quiet=not console.is_terminal))
        batch = _hand_in(house, tools, inputs, wish, bar)
        if batch.state is not BatchState.FINISHED:
            _wait(house, tools, lock, stack, batch.id, bar)
        bar.stop()
        told = _tell(house, batch.id, wish)
        return max(told, _compare(house, batch.id, listed, wish)) if listed else told


def _compare(house: House, batch_id: str, listed: HandoverList, wish: Wish) -> Exit:
    """Tell how the delivery differs from its hand-over list; a difference waits for a person."""
    with house.work.reading() as tx:
        documents = tx.documents.of_batch(batch_id)
    found = [
        FoundDocument(d.ordinal, d.page_count, d.title, d.fields.number, d.fields.issued_date)
        for d in documents
    ]
    differences = compare_handover(listed, found).differences
    for one in differences:
        say(f"≠ {one.tell}")
        if wish.as_json:
            emit(
                {
                    "state": "difference",
                    "kind": one.kind,
                    "line": one.line,
                    "order": one.order,
                    "tell": one.tell,
                }
            )
    say(f"Danh mục bàn giao: {len(listed.rows)} dòng, {len(differences)} điểm khác.")
    return Exit.REFUSED if differences else Exit.WELL


def _hand_in(house: House, tools: IngestTools, inputs: list[Input], wish: Wish, bar: Bar) -> Batch:
    """Return the batch of exactly these files: the one that is there already, or a new one, with all files in it."""
    task = bar.add_task("Đọc tệp", total=len(inputs), rate="")
    hashes: list[tuple[str, str]] = []
    for item in inputs:
        hashes.append((item.relative, _sha256(item.path)))
        bar.advance(task)
    told = json.dumps([wish.dossier, sorted(hashes)], ensure_ascii=False)
    fingerprint = None if wish.again else hashlib.sha256(told.encode()).hexdigest()
    with house.work.begin() as tx:
        known = tx.batches.by_fingerprint(fingerprint) if fingerprint else None
        batch = known or tx.batches.add(
            NewBatch(
                title=wish.inputs[0].name or new_id(),
                dossier=wish.dossier,
                created_by=LOCAL.id,
                fingerprint=fingerprint,
                options={AGAIN: "1"} if wish.again else {},
            )
        )
        if known is None:
            tx.audit.append(LOCAL.id, "batch-created", batch.id, "done", {"files": len(inputs)})
    if batch.state is not BatchState.RECEIVING:
        return batch
    task = bar.add_task("Nhận tệp", total=len(inputs), rate="")
    for item in inputs:
        try:
            receive_path(tools, batch.id, item.path, item.relative, LOCAL)
        except Unfit as fault:
            say(f"✗ {fault.tell}")
        bar.advance(task)
    with house.work.begin() as tx:
        started = tx.batches.start(batch.id)
        tx.audit.append(LOCAL.id, "batch-started", batch.id, "done", {})
    return started


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _wait(
    house: House, tools: IngestTools, lock: EngineLock, stack: ExitStack, batch_id: str, bar: Bar
) -> None:
    """Watch the batch to its end; become the engine as soon as nobody else is."""
    task = bar.add_task("Số hóa trang", total=None, rate="")
    began, first = time.monotonic(), None
    running = False
    told_other = False
    while True:
        if not running and lock.take({"kind": "digitize", "batch": batch_id}):
            stack.enter_context(running_engine(house, tools))
            running = True
        elif not running and not told_other:
            holder = lock.holder()
            kind, pid = holder.get("kind", "?"), holder.get("pid", "?")
            say(f"Đã giao lô cho tiến trình đang chạy ({kind}, pid {pid}); đang chờ…")
            told_other = True
        with house.work.reading() as tx:
            now = tx.batches.progress(LOCAL, batch_id)
        read = now.pages_read + now.pages_failed
        first = read if first is None else first
        rate = (read - first) / max(time.monotonic() - began, 0.001)
        bar.update(
            task,
            total=max(now.pages - now.separators, 1) if now.pages else None,
            completed=read,
            rate=f"{rate:.2f} trang/s",
        )
        if now.state is BatchState.FINISHED:
            return
        time.sleep(_LOOK_SECONDS)


def _tell(house: House, batch_id: str, wish: Wish) -> Exit:
    """Report every document, every refused file, every sheet that is no page; copy the PDFs when asked."""
    with house.work.reading() as tx:
        progress = tx.batches.progress(LOCAL, batch_id)
        files = {f.id: f for f in tx.batches.files(SYSTEM, batch_id)}
        documents = tx.documents.of_batch(batch_id)
        existing = [
            (e, tx.documents.get(SYSTEM, e.document_id)) for e in tx.batches.existing(SYSTEM, batch_id)
        ]
        pages = tx.pages.of_batch(batch_id)
    where: dict[str, list[dict[str, Any]]] = {}
    for page in pages:
        where.setdefault(page.document_id or "", []).append(
            {"file": files[page.file_id].relative_path, "frame": page.frame}
        )
    names = _Names()
    table = Table("Nguồn", "Tài liệu", "Số, ký hiệu", "Trang", "Trạng thái", box=None)
    waiting = 0
    rows = [(d, d.source, "") for d in documents] + [(d, e.source, "already-archived") for e, d in existing]
    for document, source, note in rows:
        pdf = _pdf_path(house, document, wish.out, names)
        state = "already-archived" if note else document.state.value
        waiting += document.state is not DocumentState.ARCHIVED
        table.add_row(
            source,
            document.id[:12],
            document.fields.number,
            str(document.page_count),
            _STATES.get(state, state),
        )
        if document.tell:
            say(f"✗ {source}: {document.tell}")
        if wish.as_json:
            emit(_document_json(document, source, state, pdf, where.get(document.id, [])))
    refused = [f for f in files.values() if f.state is FileState.REFUSED]
    for file in refused:
        table.add_row(file.relative_path, "", "", "", f"bị từ chối ({file.code})")
        if wish.as_json:
            emit(
                {
                    "source": file.relative_path,
                    "state": "refused",
                    "code": file.code,
                    "tell": file.tell,
                    "pages": 0,
                }
            )
    if wish.as_json:
        for page in pages:
            if page.role is PageRole.SEPARATOR:
                emit(
                    {
                        "source": files[page.file_id].relative_path,
                        "frame": page.frame,
                        "state": "separator",
                        "code": page.code,
                    }
                )
    else:
        console.print(table)
        _summary(progress, len(existing), refused=len(refused))
    return Exit.REFUSED if refused or waiting else Exit.WELL


_STATES = {
    "archived": "đã lưu trữ",
    "already-archived": "đã có trong kho",
    "refused": "chờ người xử lý",
    "proposed": "chưa xử lý",
    "reading": "đang xử lý",
}


def _summary(progress: Progress, existing: int, *, refused: int) -> None:
    say(
        f"{progress.pages} trang ảnh: {progress.pages_read} trang đọc được, {progress.pages_failed} trang cần xem lại, "
        f"{progress.separators} tờ ngăn cách · {progress.documents_archived} tài liệu đã lưu trữ, "
        f"{existing} đã có từ trước, {progress.documents_refused} chờ xử lý, {refused} tệp bị từ chối."
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
        place = house.settings.blobs_url.removeprefix("file://")
        return Path(place) / document.pdf.key if house.settings.blobs_url.startswith("file://") else None
    out.mkdir(parents=True, exist_ok=True)
    target = out / names.give(document.source)
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    house.blobs.copy_out(document.pdf.key, part, document.pdf.sha256)
    shutil.move(part, target)
    return target
