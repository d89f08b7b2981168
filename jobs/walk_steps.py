"""The steps of the walk as the engine records them: ids and plain values in, plain values out, each safe to repeat.

What a step does is in `ingest/`, one a file; here it is fetched what it needs, and its outcome put into the few words
that are recorded: `done`, `refused`, `later`, and `lost` for a file that is nowhere any more.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from ingest.adopt import adopt
from ingest.compose import Composed, compose, intact
from ingest.deposit import Deposited, deposit
from ingest.describe import describe
from ingest.documents import (
    flag_twins,
    open_document,
    pages_to_read,
    propose_documents,
    refuse_document,
    tidy,
)
from ingest.hold import hold_read
from ingest.issued import Issued, deposit_issued, describe_issued, is_issued, read_issued
from ingest.manifest import Claims
from ingest.publish import drain
from ingest.read_ahead import read_ahead
from ingest.recognise import read_page
from ingest.register import register
from ingest.seal import seal
from ingest.secrecy import mark_in
from ingest.sidecars import keep_batch_manifest, keep_batch_start
from ingest.split import split_file
from ingest.tools import IngestTools
from jobs.engine import Json
from records.access import SYSTEM
from records.clock import VIETNAM
from records.document import BatchState, Fields, FileState, fields_from_json, fields_to_json
from records.errors import Away
from records.outcome import Done, Outcome, Refused
from signing.seal import Sealed
from storage.batch_values import ISSUER
from storage.blobs import BlobCorrupt, BlobMissing
from storage.crashpoint import crashpoint
from storage.documents import Document, Rendition
from storage.outbox import INDEX
from storage.pages import Page

_log = logging.getLogger("vanthu.walk")

LOST = "lost"
"""What a step answers whose file is nowhere any more: the steps that made it run again."""
_LOOK_SECONDS = 0.1
_FILES_AT_ONCE = 16
_MOST_PAGES_A_CHUNK = 8
_CHUNKS_A_DOCUMENT = 8
_CHUNKS_A_BATCH = 32
"""Pieces of work that keep many machines busy to the end; more of them only cost the engine's time."""
_INDEX_SECONDS = 30.0
"""How long the end of a batch waits for the index; a sick index must not hold a healthy archive up."""


class Steps:
    """Every step, over one set of tools."""

    def __init__(self, tools: IngestTools) -> None:
        self._tools = tools

    def plan_files(self, batch_id: str) -> Json:
        """Chunks of [file id, ordinal of its first page] over the batch in delivery order."""
        with self._tools.work.reading() as tx:
            files = tx.batches.files(SYSTEM, batch_id)
        planned: list[list[Json]] = []
        ordinal = 1
        for file in files:
            planned.append([file.id, ordinal])
            ordinal += max(file.pages, 1)
        return [planned[at : at + _FILES_AT_ONCE] for at in range(0, len(planned), _FILES_AT_ONCE)]

    def split_one(self, file_id: str, ordinal: int) -> Json:
        """Split one delivered file into pages; Done carries how many. Nothing happens to one that was split."""
        with self._tools.work.reading() as tx:
            file = tx.batches.file(file_id)
        if file.state is not FileState.RECEIVED:
            return {"done": 0}
        outcome = split_file(self._tools, file, ordinal)
        if isinstance(outcome, Refused):
            self._refuse_file(file_id, outcome)
            return {"done": 0}
        return _told(outcome, lambda value: value.pages)

    def give_up_file(self, file_id: str, reason: str) -> Json:
        """Mark a file whose splitting failed; one that was split stays split."""
        with self._tools.work.reading() as tx:
            file = tx.batches.file(file_id)
        if file.state is FileState.RECEIVED:
            _log.error("file %s of batch %s: %s", file.name, file.batch_id, reason)
            tell = (
                f"{file.name}: lỗi của chương trình khi tách trang; tệp gốc vẫn được giữ. "
                "Hãy chạy lại, nếu còn lỗi thì báo quản trị viên."
            )
            self._refuse_file(file_id, Refused("internal-fault", reason[:900], tell))
        return None

    def _refuse_file(self, file_id: str, refused: Refused) -> None:
        """Set a file aside. An issued paper never is: its delivery is given up instead, and tried again whole."""
        with self._tools.work.reading() as tx:
            issued = tx.batches.get(SYSTEM, tx.batches.file(file_id).batch_id).created_by == ISSUER
        if issued:
            raise RuntimeError(f"issued paper {file_id}: {refused.code}: {refused.reason}")
        with self._tools.work.begin() as tx:
            pages = tx.batches.file(file_id).pages  # they were delivered, and stay in the account
            tx.batches.set_file(file_id, FileState.REFUSED, refused.code, refused.reason, refused.tell, pages)
            tx.audit.append(SYSTEM.id, "file-refused", file_id, refused.code, {})

    def flag_twins(self, batch_id: str) -> Json:
        """Flag pages that were scanned twice; Done carries how many. Later: the store is away."""
        try:
            return {"done": flag_twins(self._tools, batch_id)}
        except Away as fault:
            return {"later": str(fault)}

    def plan_reading(self, batch_id: str) -> Json:
        """Chunks of ids of the pages that must be read before documents can be proposed."""
        ids = pages_to_read(self._tools, batch_id)
        chunk = max(1, min(_MOST_PAGES_A_CHUNK, -(-len(ids) // _CHUNKS_A_BATCH)))
        return [ids[at : at + chunk] for at in range(0, len(ids), chunk)]

    def read_ahead(self, page_ids: Json) -> Json:
        """Read pages that belong to no document yet; return how many begin one."""
        with self._tools.work.reading() as tx:
            pages = tx.pages.some(page_ids)
        return read_ahead(self._tools, pages)

    def propose(self, batch_id: str) -> Json:
        """Cut the batch's pages into documents; return their ids, None when it waits for people to arrange them."""
        return propose_documents(self._tools, batch_id)

    def finish(self, batch_id: str) -> Json:
        """End the batch, once."""
        with self._tools.work.begin() as tx:
            # a process killed between this commit and the engine's record of it comes here again: one end, one event
            if tx.batches.get(SYSTEM, batch_id).state is not BatchState.FINISHED:
                tx.batches.finish(batch_id, "")
                tx.audit.append(SYSTEM.id, "batch-finished", batch_id, "done", {})
        crashpoint("finish-after-commit")
        return None

    def keep_start(self, batch_id: str) -> Json:
        """Keep the start of the batch beside the blobs."""
        return _told(keep_batch_start(self._tools, batch_id), lambda count: count)

    def keep_manifest(self, batch_id: str) -> Json:
        """Keep the end of the batch beside the blobs."""
        return _told(keep_batch_manifest(self._tools, batch_id), lambda key: key)

    def adopt_whole(self, document_id: str) -> Json:
        """Admit the version that lies whole in the store already, if one does."""
        return _told(adopt(self._tools, document_id), lambda done: done)

    def open_document(self, document_id: str) -> Json:
        """Return how many pages the document has, how many of them one piece of work reads, and whether it is an issued
        paper, which is kept as it came.
        """
        pages = open_document(self._tools, document_id)
        with self._tools.work.reading() as tx:
            document = tx.documents.get(SYSTEM, document_id)
            around, issued = tx.pages.count(document.batch_id), is_issued(tx, document)
        chunk = max(pages // _CHUNKS_A_DOCUMENT, -(-around // _CHUNKS_A_BATCH))
        # recorded, since a resuming machine must cut the document into the very same pieces
        told = {"pages": pages, "chunk": max(1, min(_MOST_PAGES_A_CHUNK, chunk)), "issued": issued}
        return told if pages else {**told, "held": True}

    def read_issued(self, document_id: str) -> Json:
        """Read the pages of an issued paper out of its file."""
        return _told(read_issued(self._tools, document_id), lambda pages: pages)

    def describe_issued(self, document_id: str) -> Json:
        """Say of an issued paper what register, case and the paper itself tell."""
        return fields_to_json(describe_issued(self._tools, document_id))

    def deposit_issued(self, document_id: str, fields: Json) -> Json:
        """Put the signed file and what belongs to it into the store."""
        return _told(deposit_issued(self._tools, document_id, _fields(fields)), _issued_json)

    def register_issued(self, document_id: str, fields: Json, kept: Json) -> Json:
        """Admit the issued paper to the books."""
        document, _ = self._rows(document_id)
        made = Deposited(
            kept["deposited"]["version"], tuple(Rendition(**r) for r in kept["deposited"]["renditions"])
        )
        done = _composed(kept["composed"], self._tools.work_dir / document_id / "sealed.pdf")
        register(
            self._tools,
            document,
            _fields(fields),
            done,
            _sealed(kept["sealed"]),
            made,
            Claims(**kept["claims"]),
        )
        return None

    def read_pages(self, document_id: str, first: int, last: int) -> Json:
        """Read the pages from `first` to `last`; return the state of each reading. Pages read before are left alone."""
        states = []
        with self._tools.work.reading() as tx:
            pages = [tx.pages.get(SYSTEM, document_id, number) for number in range(first, last + 1)]
        for page in pages:
            outcome = read_page(self._tools, page)
            states.append(outcome.value.state if isinstance(outcome, Done) else "")
        return states

    def describe(self, document_id: str) -> Json:
        """Read the fields of the document out of its pages; `held` when a mark of secrecy stands among the words."""
        with self._tools.work.reading() as tx:
            document = tx.documents.get(SYSTEM, document_id)
            texts = tx.pages.readings(document_id)
        if mark_in(texts)[0]:
            with self._tools.work.begin() as tx:
                held = hold_read(tx, tx.documents.get(SYSTEM, document_id), texts)
            if held:
                tidy(self._tools, document_id)
                return {"held": True}
        received = document.created_at.astimezone(VIETNAM).date()  # no paper is younger than its scan
        return fields_to_json(describe(texts, received))

    def compose(self, document_id: str, fields: Json) -> Json:
        """Make the PDF/A and hold it in staging."""
        document, pages = self._rows(document_id)
        with self._tools.work.reading() as tx:
            texts = tx.pages.readings(document_id)
        outcome = compose(self._tools, document, _fields(fields), pages, texts)
        if isinstance(outcome, Done):
            made = outcome.value
            self._tools.staging.hold(_staged(document_id, made.sha256), made.path)
        return _told(outcome, _composed_json)

    def seal(self, document_id: str, composed: Json) -> Json:
        """Seal the PDF and hold it in staging; `lost` when what is to be sealed is nowhere any more."""
        source = self._local(document_id, "composed.pdf", composed["sha256"])
        if source is None:
            return {"lost": composed["sha256"]}
        outcome = seal(self._tools, document_id, _composed(composed, source))
        if isinstance(outcome, Done):
            made = outcome.value
            self._tools.staging.hold(_staged(document_id, made.sha256), source.with_name("sealed.pdf"))
            crashpoint("sealed")
        return _told(outcome, _sealed_json)

    def deposit(self, document_id: str, fields: Json, composed: Json, sealed: Json) -> Json:
        """Put every rendition into the store; Done carries LOST when the sealed PDF is nowhere any more."""
        path = self._local(document_id, "sealed.pdf", sealed["sha256"])
        if path is None:
            return {"done": LOST}
        document, pages = self._rows(document_id)
        with self._tools.work.reading() as tx:
            first = tx.pages.reading(SYSTEM, document_id, 1)
        texts = (
            [] if first is None else [first]
        )  # the manifest tells of the engine; the readings go in as bytes
        made = _composed(composed, path.with_name("composed.pdf"))
        outcome = deposit(self._tools, document, _fields(fields), pages, texts, made, _sealed(sealed))
        return _told(outcome, asdict)

    def register(self, document_id: str, fields: Json, composed: Json, sealed: Json, deposited: Json) -> Json:
        """Admit the version to the books."""
        document, _ = self._rows(document_id)
        done = _composed(composed, self._tools.work_dir / document_id / "composed.pdf")
        made = Deposited(deposited["version"], tuple(Rendition(**r) for r in deposited["renditions"]))
        register(self._tools, document, _fields(fields), done, _sealed(sealed), made)
        return None

    def publish(self, document_id: str) -> Json:
        """Index what the outbox holds, unless the document was indexed meanwhile."""
        with self._tools.work.reading() as tx:
            waits = tx.outbox.noted(INDEX, document_id)
        if waits:
            drain(self._tools)
        return None

    def await_index(self, batch_id: str) -> Json:
        """Wait a while until what the batch archived can be found; then say so and go on."""
        until = time.monotonic() + _INDEX_SECONDS
        while True:
            with self._tools.work.reading() as tx:
                waiting = [d.id for d in tx.documents.of_batch(batch_id) if tx.outbox.noted(INDEX, d.id)]
            if not waiting or time.monotonic() > until:
                break
            time.sleep(_LOOK_SECONDS)
        if waiting:
            _log.warning("batch %s: %d documents are archived but not indexed yet", batch_id, len(waiting))
        return len(waiting)

    def tidy(self, document_id: str) -> Json:
        """Remove what the walk of a document left on this machine and in staging."""
        tidy(self._tools, document_id)
        for name, _ in list(self._tools.staging.names(f"{document_id}/")):
            self._tools.staging.drop(name)
        return None

    def refuse(self, document_id: str, code: str, reason: str, tell: str) -> Json:
        """Mark the document refused, with what a person is told."""
        refuse_document(self._tools, document_id, Refused(code, reason, tell))
        return None

    def give_up(self, document_id: str, reason: str) -> Json:
        """Mark a document whose walk failed for good."""
        _log.error("document %s: %s", document_id, reason)
        told = Refused(
            "internal-fault",
            reason[:2000],
            "Lỗi của chương trình khi xử lý tài liệu này; ảnh gốc vẫn được giữ. Hãy chạy lại, nếu còn lỗi thì báo "
            "quản trị viên.",
        )
        refuse_document(self._tools, document_id, told)
        return None

    def _local(self, document_id: str, name: str, sha256: str) -> Path | None:
        """Return a file on its way as a file of this machine, fetched from staging if need be; None when it is lost."""
        path = self._tools.work_dir / document_id / name
        if intact(path, sha256):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._tools.staging.fetch(_staged(document_id, sha256), sha256, path)
        except (BlobMissing, BlobCorrupt) as fault:
            _log.warning("document %s: %s is lost and made anew: %s", document_id, name, fault)
            return None
        return path

    def _rows(self, document_id: str) -> tuple[Document, list[Page]]:
        with self._tools.work.reading() as tx:
            return tx.documents.get(SYSTEM, document_id), list(tx.pages.of_document(SYSTEM, document_id))


def _told(outcome: Outcome[Any], value: Callable[[Any], Json]) -> Json:
    if isinstance(outcome, Done):
        return {"done": value(outcome.value)}
    if isinstance(outcome, Refused):
        return {"refused": [outcome.code, outcome.reason, outcome.tell]}
    return {"later": outcome.reason}


def _fields(data: Json) -> Fields:
    return fields_from_json(data)


def _composed_json(value: Composed) -> Json:
    return {"sha256": value.sha256, "letters": value.letters, "words": value.words}


def _composed(data: Json, path: Path) -> Composed:
    return Composed(path, data["sha256"], data["letters"], data["words"])


def _issued_json(value: tuple[Issued, Deposited]) -> Json:
    it, deposited = value
    return {
        "composed": _composed_json(it.composed),
        "sealed": _sealed_json(it.sealed),
        "claims": asdict(it.claims),
        "deposited": asdict(deposited),
    }


def _staged(document_id: str, sha256: str) -> str:
    """Return the name of a file on its way: it carries its hash, so two makers of one document never collide."""
    return f"{document_id}/{sha256}.pdf"


def _sealed_json(value: Sealed) -> Json:
    return {**asdict(value), "signed_at": value.signed_at.isoformat()}


def _sealed(data: Json) -> Sealed:
    return Sealed(**{**data, "signed_at": datetime.fromisoformat(data["signed_at"])})
