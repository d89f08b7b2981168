"""The walk of a scan as durable workflows: which step follows which, what runs side by side, what waits for what.

Every effect is a recorded step, so a killed process goes on at the step it left. Workflows carry ids only; bytes,
rows and words stay in the stores. The steps themselves are in `ingest/`, one a file.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from ingest.children import ChildrenStopped
from ingest.compose import Composed, compose, intact
from ingest.deposit import Deposited, deposit
from ingest.describe import describe
from ingest.documents import open_document, propose_documents, refuse_document, tidy
from ingest.publish import publish
from ingest.recognise import read_page
from ingest.register import INDEX, register
from ingest.seal import seal
from ingest.split import split_file
from ingest.tools import IngestTools
from jobs.engine import LONGEST_WAIT, Engine, Json, QueueOptions, WorkflowFailed
from records.access import SYSTEM
from records.clock import VIETNAM
from records.document import Fields, FileState, fields_from_json, fields_to_json
from records.outcome import Done, Outcome, Refused
from signing.seal import Sealed
from storage.documents import Document, Rendition
from storage.pages import Page

_log = logging.getLogger("vanthu.walk")

BULK = 1000
"""Priority of ordinary digitizing; lower numbers go first, and what a person waits for will go before this."""

_FILES_AT_ONCE = 16
_MOST_PAGES_A_CHUNK = 8
_BATCHES_AT_ONCE = 8


def queues(cores: int) -> tuple[QueueOptions, ...]:
    """Return the walk's queues for a machine with `cores` cores.

    A document waits while its pages are read, so documents have many more places than cores and never starve the
    page queue, which keeps the reading children fed.
    """
    return (
        QueueOptions("batches", _BATCHES_AT_ONCE),
        QueueOptions("files", max(2, cores)),
        QueueOptions("documents", min(cores * 4, 64)),
        QueueOptions("pages", cores * 3),
    )


class Walk:
    """The workflows, bound to an engine that is not launched yet and to the steps' tools."""

    def __init__(self, engine: Engine, tools: IngestTools, cores: int) -> None:
        self._engine = engine
        self._tools = tools
        self._cores = cores
        self._batch_flow = engine.workflow("walk-batch", self._walk_batch)
        self._files_flow = engine.workflow("split-files", self._split_files)
        self._document_flow = engine.workflow("walk-document", self._walk_document)
        self._pages_flow = engine.workflow("read-pages", self._read_pages)

    @staticmethod
    def batch_workflow(batch_id: str) -> str:
        """Return the workflow id of a batch."""
        return f"batch:{batch_id}"

    def start_batch(self, batch_id: str) -> None:
        """Begin (or be sure of) the walk of a started batch."""
        self._engine.enqueue("batches", BULK, self.batch_workflow(batch_id), self._batch_flow, batch_id)

    # -- a delivery -------------------------------------------------------------------------------------------

    def _walk_batch(self, batch_id: str) -> Json:
        engine = self._engine
        chunks = engine.step("plan-files", self._plan_files, batch_id)
        ids = [f"files:{batch_id}:{number}" for number in range(len(chunks))]
        for workflow_id, chunk in zip(ids, chunks, strict=True):
            engine.enqueue("files", BULK, workflow_id, self._files_flow, batch_id, chunk)
        for workflow_id, chunk in zip(ids, chunks, strict=True):
            try:
                engine.result(workflow_id)
            except WorkflowFailed as fault:
                for file_id, _ in chunk:
                    engine.step("give-up-file", self._give_up_file, file_id, str(fault))
        documents = engine.step("propose", self._propose, batch_id)
        for document_id in documents:
            engine.enqueue("documents", BULK, f"document:{document_id}", self._document_flow, document_id)
        for document_id in documents:
            try:
                engine.result(f"document:{document_id}")
            except WorkflowFailed as fault:
                engine.step("give-up", self._give_up, document_id, str(fault))
        engine.step("finish", self._finish, batch_id)
        return len(documents)

    def _plan_files(self, batch_id: str) -> Json:
        """Chunks of [file id, ordinal of its first page] over the batch in delivery order."""
        with self._tools.work.reading() as tx:
            files = tx.batches.files(SYSTEM, batch_id)
        planned: list[list[Json]] = []
        ordinal = 1
        for file in files:
            planned.append([file.id, ordinal])
            ordinal += max(file.pages, 1)
        return [planned[at : at + _FILES_AT_ONCE] for at in range(0, len(planned), _FILES_AT_ONCE)]

    def _split_files(self, batch_id: str, chunk: Json) -> Json:
        pages = 0
        for file_id, ordinal in chunk:
            try:
                pages += self._until("split", partial(self._split_one, file_id, ordinal), None)
            except ChildrenStopped:
                raise
            except Exception as fault:  # noqa: BLE001  one file's trouble must not take its neighbours with it
                self._engine.step(
                    "give-up-file", self._give_up_file, file_id, f"{type(fault).__name__}: {fault}"
                )
        return pages

    def _split_one(self, file_id: str, ordinal: int) -> Json:
        with self._tools.work.reading() as tx:
            file = tx.batches.file(file_id)
        if file.state is not FileState.RECEIVED:
            return {"done": 0}
        outcome = split_file(self._tools, file, ordinal)
        if isinstance(outcome, Refused):
            self._refuse_file(file_id, outcome)
            return {"done": 0}
        return _told(outcome, lambda value: value.pages)

    def _give_up_file(self, file_id: str, reason: str) -> Json:
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
        with self._tools.work.begin() as tx:
            tx.batches.set_file(file_id, FileState.REFUSED, refused.code, refused.reason, refused.tell, 0)
            tx.audit.append(SYSTEM.id, "file-refused", file_id, refused.code, {})

    def _propose(self, batch_id: str) -> Json:
        return list(propose_documents(self._tools, batch_id))

    def _finish(self, batch_id: str) -> Json:
        with self._tools.work.begin() as tx:
            tx.batches.finish(batch_id, "")
            tx.audit.append(SYSTEM.id, "batch-finished", batch_id, "done", {})
        return None

    # -- a document -------------------------------------------------------------------------------------------

    def _walk_document(self, document_id: str) -> Json:
        engine = self._engine
        pages = engine.step("open", self._open, document_id)
        chunk = max(1, min(_MOST_PAGES_A_CHUNK, pages // (self._cores * 4)))
        firsts = range(1, pages + 1, chunk)
        for first in firsts:
            last = min(first + chunk - 1, pages)
            engine.enqueue(
                "pages", BULK, f"pages:{document_id}:{first}", self._pages_flow, document_id, first, last
            )
        for first in firsts:
            engine.result(f"pages:{document_id}:{first}")
        fields = engine.step("describe", self._describe, document_id)
        composed = self._until("compose", lambda: self._compose(document_id, fields), document_id)
        if composed is None:
            return "refused"
        sealed = self._until("seal", lambda: self._seal(document_id, fields, composed), document_id)
        if sealed is None:
            return "refused"
        deposited = self._until(
            "deposit", lambda: self._deposit(document_id, fields, composed, sealed), document_id
        )
        if deposited is None:
            return "refused"
        engine.step("register", self._register, document_id, fields, composed, sealed, deposited)
        engine.step("publish", self._publish, document_id)
        engine.step("tidy", self._tidy, document_id)
        return "archived"

    def _read_pages(self, document_id: str, first: int, last: int) -> Json:
        return [self._engine.step("read", self._read_one, document_id, n) for n in range(first, last + 1)]

    def _open(self, document_id: str) -> Json:
        return open_document(self._tools, document_id)

    def _read_one(self, document_id: str, number: int) -> Json:
        with self._tools.work.reading() as tx:
            page = tx.pages.get(SYSTEM, document_id, number)
        outcome = read_page(self._tools, page)
        return outcome.value.state if isinstance(outcome, Done) else ""

    def _describe(self, document_id: str) -> Json:
        with self._tools.work.reading() as tx:
            document = tx.documents.get(SYSTEM, document_id)
            texts = tx.pages.readings(document_id)
        received = document.created_at.astimezone(VIETNAM).date()  # no paper is younger than its scan
        return fields_to_json(describe(texts, received))

    def _compose(self, document_id: str, fields: Json) -> Json:
        document, pages = self._rows(document_id)
        with self._tools.work.reading() as tx:
            texts = tx.pages.readings(document_id)
        return _told(compose(self._tools, document, _fields(fields), pages, texts), _composed_json)

    def _seal(self, document_id: str, fields: Json, composed: Json) -> Json:
        if not intact(_composed(composed)):  # the power failed between the file and the record of it
            again = self._compose(document_id, fields)
            if "done" not in again:
                return again
            composed = again["done"]
        return _told(seal(self._tools, document_id, _composed(composed)), _sealed_json)

    def _deposit(self, document_id: str, fields: Json, composed: Json, sealed: Json) -> Json:
        document, pages = self._rows(document_id)
        with self._tools.work.reading() as tx:
            texts = tx.pages.readings(document_id)
        outcome = deposit(
            self._tools, document, _fields(fields), pages, texts, _composed(composed), _sealed(sealed)
        )
        return _told(outcome, asdict)

    def _register(
        self, document_id: str, fields: Json, composed: Json, sealed: Json, deposited: Json
    ) -> Json:
        document, _ = self._rows(document_id)
        made = Deposited(deposited["version"], tuple(Rendition(**r) for r in deposited["renditions"]))
        register(self._tools, document, _fields(fields), _composed(composed), _sealed(sealed), made)
        return None

    def _publish(self, document_id: str) -> Json:
        outcome = publish(self._tools, document_id)
        if isinstance(outcome, Done):
            with self._tools.work.begin() as tx:
                tx.outbox.done_for(INDEX, document_id)
            return True
        _log.warning("document %s is archived but not indexed yet: %s", document_id, outcome.reason)
        return False

    def _tidy(self, document_id: str) -> Json:
        tidy(self._tools, document_id)
        return None

    def _give_up(self, document_id: str, reason: str) -> Json:
        _log.error("document %s: %s", document_id, reason)
        told = Refused(
            "internal-fault",
            reason[:2000],
            "Lỗi của chương trình khi xử lý tài liệu này; ảnh gốc vẫn được giữ. Hãy chạy lại, nếu còn lỗi thì báo "
            "quản trị viên.",
        )
        refuse_document(self._tools, document_id, told)
        return None

    # -- help -------------------------------------------------------------------------------------------------

    def _rows(self, document_id: str) -> tuple[Document, list[Page]]:
        with self._tools.work.reading() as tx:
            return tx.documents.get(SYSTEM, document_id), list(tx.pages.of_document(SYSTEM, document_id))

    def _until(self, name: str, work: Callable[[], Json], document_id: str | None) -> Json:
        """Run a step until it is done or refused; a `Later` waits ever longer, across restarts too, without end."""
        wait = 1.0
        while True:
            told = self._engine.step(name, work)
            if "done" in told:
                return told["done"]
            if "refused" in told:
                if document_id is not None:
                    self._engine.step("refuse", self._refuse, document_id, *told["refused"])
                return None
            _log.warning("%s waits %.0f s: %s", name, wait, told["later"])
            self._engine.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    def _refuse(self, document_id: str, code: str, reason: str, tell: str) -> Json:
        refuse_document(self._tools, document_id, Refused(code, reason, tell))
        return None


def _told(outcome: Outcome[Any], value: Callable[[Any], Json]) -> Json:
    if isinstance(outcome, Done):
        return {"done": value(outcome.value)}
    if isinstance(outcome, Refused):
        return {"refused": [outcome.code, outcome.reason, outcome.tell]}
    return {"later": outcome.reason}


def _fields(data: Json) -> Fields:
    return fields_from_json(data)


def _composed_json(value: Composed) -> Json:
    return {"path": str(value.path), "sha256": value.sha256, "letters": value.letters, "words": value.words}


def _composed(data: Json) -> Composed:
    return Composed(Path(data["path"]), data["sha256"], data["letters"], data["words"])


def _sealed_json(value: Sealed) -> Json:
    return {**asdict(value), "signed_at": value.signed_at.isoformat()}


def _sealed(data: Json) -> Sealed:
    return Sealed(**{**data, "signed_at": datetime.fromisoformat(data["signed_at"])})
