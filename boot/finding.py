"""`vanthu search`, `show`, `reindex`: find documents, look at one, build the index anew."""

from contextlib import ExitStack

from rich.progress import Progress as Bar
from rich.table import Table

from boot.house import House, StoredPages, open_house
from boot.settings import Settings
from boot.speak import Exit, console, emit, progress_bar, result, say
from ingest.publish import indexed, parties_of_document
from jobs.lock import EngineLock
from records.access import LOCAL, SYSTEM
from records.clock import vietnam_iso
from records.document import DocumentState, fields_to_json
from records.errors import Conflict, Missing
from search.asked import Asked
from search.entry import entries_for
from search.find import hit_to_json, search
from search.index import SearchIndex
from storage.documents import Document, DocumentFilter

_KINDS = {"exact": "khớp chính xác", "folded": "không dấu", "approximate": "gần đúng"}
_SHORTEST_PREFIX = 6
_AT_ONCE = 200


def find(settings: Settings, asked: Asked, limit: int, *, as_json: bool) -> Exit:
    """Print the pages that answer; exit code 1 when there are none."""
    with open_house(settings) as house:
        found = search(
            asked.query,
            LOCAL,
            house.index,
            StoredPages(house.work),
            limit=limit,
            approximate=not asked.exact,
            filters=asked.filters,
        )
    for hit in found.hits:
        if as_json:
            emit(hit_to_json(hit))
            continue
        told = " · ".join(
            part for part in (hit.fields.number, hit.fields.issued_date, hit.fields.subject) if part
        )
        console.print(
            f"[bold]{hit.document_id[:12]}[/] trang {hit.page} · {_KINDS[hit.match]} · {told}",
            highlight=False,
        )
        result("    " + hit.snippet.replace("\n", " "))
    if not found.hits:
        say("Không tìm thấy trang nào. Thử gõ ít từ hơn, bỏ dấu, hoặc tìm theo số hiệu.")
        return Exit.NO
    if not as_json:
        say(f"{len(found.hits)} trang, {found.seconds * 1000:.0f} ms")
    return Exit.WELL


def show(settings: Settings, wanted: str, *, with_text: bool, as_json: bool) -> Exit:
    """Print what the archive knows of one document."""
    with open_house(settings) as house:
        document = wanted_document(house, wanted)
        with house.work.reading() as tx:
            renditions = tx.documents.renditions(LOCAL, document.id)
            texts = tx.pages.readings(document.id)
    if as_json:
        emit(
            {
                "document_id": document.id,
                "source": document.source,
                "dossier": document.dossier,
                "state": document.state.value,
                "version": document.version,
                "pages": document.page_count,
                "fields": fields_to_json(document.fields),
                "level": document.level.value,
                "signature": {"level": document.signature_level or None, "verdict": document.verdict or None},
                "renditions": [
                    {"name": r.name, "key": r.key, "sha256": r.sha256, "size": r.size} for r in renditions
                ],
                "code": document.code,
                "tell": document.tell,
                "text": [t.text for t in texts] if with_text else None,
            }
        )
        return Exit.WELL
    table = Table(show_header=False, box=None)
    for name, value in _rows(document):
        table.add_row(name, value)
    for rendition in renditions:
        table.add_row(
            rendition.name, f"{rendition.key} ({rendition.size:,} byte, sha256 {rendition.sha256[:16]}…)"
        )
    console.print(table)
    if with_text:
        for text in texts:
            result(f"--- trang {text.page} ---\n{text.text}")
    return Exit.WELL


def _rows(document: Document) -> list[tuple[str, str]]:
    fields = document.fields
    rows = [
        ("Mã tài liệu", document.id),
        ("Nguồn", document.source),
        ("Hồ sơ", document.dossier),
        ("Trạng thái", document.state.value),
        ("Số, ký hiệu", fields.number),
        ("Ngày ban hành", fields.issued_date),
        ("Loại", f"{fields.type_name} ({fields.type_code})" if fields.type_code else fields.type_name),
        ("Cơ quan ban hành", fields.organ_name),
        ("Trích yếu", fields.subject),
        ("Người ký", " ".join(p for p in (fields.signer_title, fields.signer_name) if p)),
        ("Độ khẩn, độ mật", " ".join(p for p in (fields.urgency, fields.secrecy) if p)),
        ("Số trang", str(document.page_count)),
        ("Chữ ký", f"{document.signature_level} {document.verdict}"),
        ("Ký lúc", vietnam_iso(document.sealed_at) if document.sealed_at else ""),
        ("Ghi chú", document.tell),
    ]
    return [(name, value) for name, value in rows if value.strip()]


def wanted_document(house: House, wanted: str) -> Document:
    """Return the document of that id, or the first whose id begins so. Raises `Missing`."""
    with house.work.reading() as tx:
        try:
            return tx.documents.get(LOCAL, wanted)
        except Missing:
            if len(wanted) < _SHORTEST_PREFIX:
                raise
        offset = 0
        while True:
            page, total = tx.documents.find(LOCAL, DocumentFilter(), limit=_AT_ONCE, offset=offset)
            near = [d for d in page if d.id.startswith(wanted)]
            if near:
                return near[0]
            offset += _AT_ONCE
            if offset >= total:
                raise Missing(f"no document {wanted}")


def reindex(settings: Settings) -> Exit:
    """Build the index anew from the rows and switch to it at the end; readers see the old one until then.

    Raises `Conflict` (`engine-busy`) when the index is a folder that another process writes.
    """
    with ExitStack() as stack:
        house = stack.enter_context(open_house(settings))
        if settings.search.url.startswith("tantivy"):
            lock = stack.enter_context(EngineLock(settings.run_dir))
            if not lock.take({"kind": "reindex"}):
                raise Conflict(
                    "the engine runs elsewhere",
                    code="engine-busy",
                    tell="Một tiến trình khác (serve hoặc digitize) đang giữ chỉ mục. Hãy dừng nó rồi chạy lại.",
                )
        bar = stack.enter_context(progress_bar(quiet=not console.is_terminal))
        fresh = stack.enter_context(house.index.rebuild())
        _fill(house, fresh, bar)
        fresh.commit()
    say("Đã dựng lại chỉ mục.")
    return Exit.WELL


def _fill(house: House, fresh: SearchIndex, bar: Bar) -> None:
    """Put every archived document into `fresh`, by id, so that what is archived meanwhile shifts nothing."""
    task = bar.add_task("Lập chỉ mục", total=None, rate="")
    with house.work.reading() as tx:
        _, total = tx.documents.find(SYSTEM, DocumentFilter(state=DocumentState.ARCHIVED), limit=1)
    after, done = "", 0
    while True:
        with house.work.reading() as tx:
            ids = [version.id for version in tx.pages.archived_after(after, _AT_ONCE)]
            for document_id in ids:
                document = tx.documents.get(SYSTEM, document_id)
                entries = entries_for(
                    indexed(document, parties_of_document(tx, document)), tx.pages.readings(document_id)
                )
                fresh.replace(document_id, entries, document.row_version)
        done += len(ids)
        bar.update(task, total=max(total, done), completed=done, rate="")
        if len(ids) < _AT_ONCE:
            return
        after = ids[-1]
