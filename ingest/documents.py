"""The document rows of a delivery: proposed from its pages, opened for work, refused with a reason, tidied up.

Between steps 3 and 4 of the walk: the pages are known, now each belongs to exactly one document.
"""

import fcntl
import hashlib
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ingest.arrange import ARRANGE, arranged, must_wait
from ingest.arrange_base import documents_of, settled
from ingest.delivered import all_delivered, checks_of, is_pdf
from ingest.hold import OVER, Mark, hold, hold_marked, marks_of_proposals
from ingest.keys import derived_id
from ingest.propose import Proposal, propose, set_aside, to_be_read, with_aside
from ingest.tools import IngestTools
from ingest.twins import find_twins
from records.access import SYSTEM, Level
from records.document import DocumentState
from records.outcome import Refused
from records.page_checks import PageCheck
from storage.batch_values import ISSUER
from storage.batches import Batch, DeliveredFile
from storage.crashpoint import crashpoint
from storage.documents import Document, NewDocument
from storage.pages import Page
from storage.work import Tx

AGAIN = "again"
"""Batch option: make new documents even of pages that are archived already."""

PROPOSED = "documents-proposed"
"""The audit action of a batch whose documents were cut out of its pages."""

_ABANDONED_SECONDS = 24 * 3600.0
"""How long scratch of reading and splitting must lie still before a neighbour may take it for a dead worker's."""


def propose_documents(tools: IngestTools, batch_id: str) -> list[str] | None:
    """Write the documents of a batch and give each page its place; return the ids that still need the walk.

    One transaction and safe to repeat. Blanks and second scans are set aside before. A document whose very pages are
    archived already in the same dossier is not made again: the batch notes which document it is. One that this batch
    has archived already (the engine's memory of it may be lost) needs the walk no more.

    None: the delivery waits for people to put its pages in order; once they have confirmed, that order is proposed.
    """
    with tools.work.begin() as tx:
        batch = tx.batches.get(SYSTEM, batch_id)
        files = {f.id: f for f in tx.batches.files(SYSTEM, batch_id)}
        checks = checks_of(tx, batch_id)
        if must_wait(tx, batch):
            return None
        if batch.options.get(ARRANGE):
            _settle(tx, batch)
        else:
            _set_aside(tx, files, {p.id: p for p in tx.pages.of_batch(batch_id)}, checks)
        pages = {p.id: p for p in tx.pages.of_batch(batch_id)}
        parts = documents_in(tx, batch, files, pages, checks)
        marks = marks_of_proposals(tx, batch_id, [(part.separator, part.pages) for part in parts])
        walk: list[str] = []
        held: list[tuple[Document, Mark]] = []
        for ordinal, (proposal, mark) in enumerate(zip(parts, marks, strict=True), start=1):
            dossier = _dossier(batch, proposal)
            document_id = derived_id(batch_id, str(ordinal))
            found = [pages[p] for p in proposal.pages]
            whole = files.get(proposal.whole_file)
            print_ = fingerprint(dossier, found, whole)
            known = None if batch.options.get(AGAIN) else tx.documents.by_fingerprint(dossier, print_)
            if known is not None and known.state is DocumentState.ARCHIVED and known.id != document_id:
                tx.batches.note_existing(batch_id, ordinal, known.id, proposal.source)
                continue
            proposed = tx.documents.propose(
                NewDocument(
                    id=document_id,
                    batch_id=batch_id,
                    dossier=dossier,
                    ordinal=ordinal,
                    source=proposal.source,
                    title=proposal.separator,
                    fingerprint=print_,
                    page_count=len(found),
                    original_key=whole.blob_key if whole else "",
                    original_sha256=whole.sha256 if whole else "",
                    level=Level.PARTIES if batch.created_by == ISSUER else Level.RESTRICTED,
                )
            )
            for number, page_id in enumerate(proposal.pages, start=1):
                tx.pages.assign(page_id, document_id, number)
            if mark is not None and proposed.state not in OVER:
                held.append((proposed, mark))
            elif proposed.state not in OVER:
                walk.append(document_id)
        walk += [document.id for document, mark in held if not hold(tx, document, mark)]
        _note(tx, batch, len(walk))
    crashpoint("proposed-after-commit")
    return walk


def documents_in(
    tx: Tx,
    batch: Batch,
    files: Mapping[str, DeliveredFile],
    pages: Mapping[str, Page],
    checks: Mapping[str, Sequence[PageCheck]],
) -> list[Proposal]:
    """Return the documents of a batch, as people arranged them or by the rules; the n-th has ordinal n (from 1)."""
    if not batch.options.get(ARRANGE):
        return proposals(files, pages, checks)
    return documents_of(arranged(tx, SYSTEM, batch.id).groups, files, pages)


def _settle(tx: Tx, batch: Batch) -> None:
    """Write down in the page rows what people said of each page."""
    now = arranged(tx, SYSTEM, batch.id)
    for page_id, (role, hint) in settled(now.groups, now.pages, now.turned).items():
        tx.pages.settle(page_id, role, hint, read_again=hint != now.pages[page_id].hint_rotation)


def proposals(
    files: Mapping[str, DeliveredFile], pages: Mapping[str, Page], checks: Mapping[str, Sequence[PageCheck]]
) -> list[Proposal]:
    """Return the documents of a batch as the rules propose them; the n-th has ordinal n (from 1)."""
    return propose(with_aside(all_delivered(files, pages, checks)))


def pages_to_read(tools: IngestTools, batch_id: str) -> list[str]:
    """Return the pages of a batch that must be read before its documents can be proposed; none of an issued paper."""
    with tools.work.reading() as tx:
        if tx.batches.get(SYSTEM, batch_id).created_by == ISSUER:
            return []
        files = {f.id: f for f in tx.batches.files(SYSTEM, batch_id)}
        pages = {p.id: p for p in tx.pages.of_batch(batch_id)}
        checks = checks_of(tx, batch_id)
        documents = tx.documents.of_batch(batch_id)
    # what is held is read no more, and what was removed cannot be
    shut = {d.id for d in documents if d.state in (DocumentState.HELD, DocumentState.REMOVED)}
    wanted = to_be_read(all_delivered(files, pages, checks))
    return [page_id for page_id in wanted if pages[page_id].document_id not in shut]


def flag_twins(tools: IngestTools, batch_id: str) -> int:
    """Flag the pages of a batch that were scanned twice; return how many. Safe to repeat. Raises `Away`."""
    with tools.work.reading() as tx:
        files = {f.id: f for f in tx.batches.files(SYSTEM, batch_id)}
        pages = {p.id: p for p in tx.pages.of_batch(batch_id) if p.image_key}
        checks = checks_of(tx, batch_id)
    found = find_twins(tools, pages, all_delivered(files, pages, checks), checks)
    with tools.work.begin() as tx:
        tx.page_checks.add(found)
    return len(found)


def fingerprint(dossier: str, pages: list[Page], whole: DeliveredFile | None) -> str:
    """Return what makes a document the same delivery again: its dossier and its page images in order.

    A PDF counts with its own hash: the same pictures under a signature or with other text are another paper.
    """
    file = [whole.sha256] if whole is not None and is_pdf(whole) else []
    told = "\x00".join([dossier, *file, *(p.image_sha256 for p in pages)])
    return hashlib.sha256(told.encode()).hexdigest()


def open_document(tools: IngestTools, document_id: str) -> int:
    """Mark a document as being read and return its number of pages; 0 when it is held, and nothing is to be done."""
    with tools.work.begin() as tx:
        document = tx.documents.get(SYSTEM, document_id)
        if hold_marked(tx, document):
            return 0
        if document.state is DocumentState.PROPOSED:
            tx.documents.set_state(document_id, DocumentState.READING)
        return document.page_count


def refuse_document(tools: IngestTools, document_id: str, refused: Refused) -> None:
    """Keep a document back for a person, with the reason; its page images and files stay where they are."""
    with tools.work.begin() as tx:
        document = tx.documents.get(SYSTEM, document_id)
        if document.state in (*OVER, DocumentState.REFUSED):
            return
        tx.documents.refuse(document_id, refused.code, refused.reason[:900], refused.tell)
        tx.audit.append(
            SYSTEM.id, "document-refused", document_id, refused.code, {"batch": document.batch_id}
        )
    tidy(tools, document_id)


def tidy(tools: IngestTools, document_id: str) -> None:
    """Remove the work folder of a document whose bytes are in the archive."""
    shutil.rmtree(tools.work_dir / document_id, ignore_errors=True)


def sweep(tools: IngestTools, *, alone: bool) -> int:
    """Remove what a killed process left half done; for a worker before it starts. Return how many things it were.

    `alone`: no other process walks in this data folder (the holder of the engine lock); with neighbours only what has
    lain still for a day goes, since a page that one of them reads this moment has its scratch here too. Work folders of
    documents stay, since their workflows go on with them; so does for a day what a door looks at or has signed at a
    desk (`desk-`) or a command unfolds (`fetch-`), for they hold no lock. Bytes in quarantine belong to a receiving
    process as long as it holds their lock.
    """
    removed = 0
    for path in tools.work_dir.iterdir():
        at_a_door = path.name.startswith(("desk-", "fetch-"))
        left = path.name.startswith(("read-", "split-", "renewal-", "completion-"))
        if at_a_door or left or path.name.endswith(".part"):
            if (at_a_door or not alone) and _touched(path) > time.time() - _ABANDONED_SECONDS:
                continue
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
            removed += 1
    for path in tools.quarantine.iterdir():
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _touched(path: Path) -> float:
    """Return when anything was last put there (seconds of the epoch); what goes away meanwhile was touched now."""
    try:
        return max(p.stat().st_mtime for p in (path, *path.rglob("*")))
    except FileNotFoundError:
        return time.time()


def _set_aside(
    tx: Tx,
    files: Mapping[str, DeliveredFile],
    pages: Mapping[str, Page],
    checks: Mapping[str, Sequence[PageCheck]],
) -> None:
    """Set blanks and second scans aside, unless they are in a document: somebody may have put them there."""
    for page_id, role in set_aside(all_delivered(files, pages, checks)).items():
        if pages[page_id].document_id is None:
            tx.pages.set_role(page_id, role)


def _dossier(batch: Batch, proposal: Proposal) -> str:
    """Return the dossier of a document: a sheet "new dossier" decides, then the delivery, then the document's sheet."""
    return proposal.dossier or batch.dossier or (proposal.sheet.dossier if proposal.sheet else "")


def _note(tx: Tx, batch: Batch, walked: int) -> None:
    """Write the proposal down once: whoever was killed behind it proposes the same again."""
    if not list(tx.catalogue.rows("audit", object=batch.id, action=PROPOSED)):
        tx.audit.append(SYSTEM.id, PROPOSED, batch.id, "done", {"to-walk": walked})
