"""Account for every page of a delivery: which state it is in, and whether all sums agree. docs/decisions/0169.

One function, one snapshot, from the rows alone; nothing is remembered from the look before, so nothing can drift.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from ingest.delivered import checks_of
from ingest.documents import documents_in
from records.access import SYSTEM, Actor
from records.accounting import Account, DocumentLine, FileLine, PageState
from records.document import DocumentState, FileState, PageRole
from storage.batches import DeliveredFile
from storage.documents import Document
from storage.pages import UNREAD, Page
from storage.work import Tx

_OF_DOCUMENT = {
    DocumentState.ARCHIVED: PageState.ARCHIVED,
    DocumentState.REFUSED: PageState.REFUSED,
    DocumentState.HELD: PageState.HELD,
    DocumentState.REMOVED: PageState.REMOVED,
}
_OF_ROLE = {
    PageRole.SEPARATOR: PageState.SEPARATOR,
    PageRole.BLANK: PageState.BLANK,
    PageRole.DUPLICATE: PageState.DUPLICATE,
    PageRole.OUT: PageState.OUT,
    PageRole.REPLACED: PageState.REPLACED,
}
"""Sheets that are no page of a document."""


def account(tx: Tx, reader: Actor, batch_id: str) -> Account:
    """Return the account of a delivery. Raises `Missing`, `NotAllowed`."""
    files = tx.batches.files(reader, batch_id)
    pages = tx.pages.of_batch(batch_id)
    documents = {document.id: document for document in tx.documents.of_batch(batch_id)}
    existing = _existing(tx, batch_id, files, pages)
    states = Counter(dict.fromkeys(PageState, 0))
    for file in files:
        if file.state is FileState.RECEIVED:
            states[PageState.IN_FILE] += file.pages
        elif file.state is FileState.REFUSED:
            states[PageState.FILE_REFUSED] += file.pages
    for page in pages:
        states[_state(page, documents, existing)] += 1
    total = sum(file.pages for file in files)
    lines = tuple(FileLine(f.relative_path, f.sha256, f.size, f.state.value, f.pages) for f in files)
    told = tuple(
        DocumentLine(d.id, d.ordinal, d.source, d.fields.number, d.state.value, d.page_count, d.title)
        for d in sorted(documents.values(), key=lambda one: one.ordinal)
    )
    return Account(dict(states), total, lines, told, tuple(_faults(files, pages, documents, states, total)))


def _state(page: Page, documents: Mapping[str, Document], existing: frozenset[str]) -> PageState:
    if page.document_id is None and page.role in _OF_ROLE:
        return _OF_ROLE[page.role]
    if page.document_id is None:
        return PageState.EXISTING if page.id in existing else PageState.UNPLACED
    found = _OF_DOCUMENT.get(documents[page.document_id].state, PageState.WAITING)
    return PageState.UNREAD if found is PageState.ARCHIVED and page.state in UNREAD else found


def _existing(tx: Tx, batch_id: str, files: Sequence[DeliveredFile], pages: Sequence[Page]) -> frozenset[str]:
    """Return the pages of parts that were archived before: what the rules propose at the places noted."""
    noted = tx.batches.existing(SYSTEM, batch_id)
    if not noted:
        return frozenset()
    batch = tx.batches.get(SYSTEM, batch_id)
    by_id = {file.id: file for file in files}, {page.id: page for page in pages}
    parts = documents_in(tx, batch, *by_id, checks_of(tx, batch_id))
    return frozenset(page for one in noted for page in parts[one.ordinal - 1].pages)


def _faults(
    files: Sequence[DeliveredFile],
    pages: Sequence[Page],
    documents: Mapping[str, Document],
    states: Mapping[PageState, int],
    total: int,
) -> list[str]:
    """Say every sum that does not agree: pages against files, numbers within documents, states against the whole."""
    told: list[str] = []
    frames: dict[str, list[int]] = {file.id: [] for file in files}
    numbers: dict[str, list[int]] = {document_id: [] for document_id in documents}
    for page in pages:
        frames[page.file_id].append(page.frame)
        if page.document_id is not None:
            numbers[page.document_id].append(page.number or 0)
    for file in files:
        wanted = range(1, file.pages + 1) if file.state is FileState.ACCEPTED else range(0)
        if sorted(frames[file.id]) != list(wanted):
            told.append(
                f"{file.relative_path}: tệp có {len(wanted)} trang, sổ ghi {len(frames[file.id])} trang."
            )
    for document in documents.values():
        found = sorted(numbers[document.id])
        if found != list(range(1, document.page_count + 1)):
            told.append(
                f"{document.source}: tài liệu có {document.page_count} trang, các trang được đánh số {found[:20]}."
            )
    counted = sum(states.values())
    if counted != total:
        told.append(f"Lô có {total} trang, cộng các trạng thái được {counted} trang.")
    return told
