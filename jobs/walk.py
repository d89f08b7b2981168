"""The walk of a scan as durable workflows: which step follows which, what runs side by side, what waits for what.

Every effect is a recorded step, so a killed process goes on at the step it left, on whatever machine. Workflows carry
ids only; bytes, rows and words stay in the stores, and a file on its way rests in the staging place between two
steps, where every machine finds it. The steps themselves are in `ingest/`, one a file.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from ingest.adopt import adopt
from ingest.children import ChildrenStopped
from ingest.compose import Composed, compose, intact
from ingest.deposit import Deposited, deposit
from ingest.describe import describe
from ingest.documents import open_document, propose_documents, refuse_document, tidy
from ingest.keys import document_key
from ingest.publish import drain
from ingest.recognise import read_page
from ingest.register import INDEX, register
from ingest.seal import seal
from ingest.sidecars import keep_batch_manifest, keep_batch_start
from ingest.split import split_file
from ingest.tools import IngestTools
from jobs.engine import LONGEST_WAIT, Engine, Json, QueueOptions, WorkflowFailed
from jobs.walk_ids import workflow_id
from records.access import SYSTEM
from records.clock import VIETNAM
from records.context import log_context
from records.document import BatchState, Fields, FileState, fields_from_json, fields_to_json
from records.outcome import Done, Outcome, Refused
from signing.seal import Sealed
from storage.blobs import BlobCorrupt, BlobMissing
from storage.crashpoint import crashpoint
from storage.documents import ACCESS_PDF, Document, Rendition
from storage.pages import Page

_log = logging.getLogger("vanthu.walk")

LOST = "lost"
"""What a step answers whose file is nowhere any more: the steps that made it run again."""
_LOOK_SECONDS = 0.1

URGENT = 10
"""Priority of what an official waits for; lower numbers go first."""
AGAIN = 900
"""Priority of work a person asked to have tried again."""
BULK = 1000
"""Priority of ordinary digitizing."""

_FILES_AT_ONCE = 16
_MOST_PAGES_A_CHUNK = 8
_CHUNKS_A_DOCUMENT = 8
_BATCHES_AT_ONCE = 8
_INDEX_SECONDS = 30.0
"""How long the end of a batch waits for the index; a sick index must not hold a healthy archive up."""

SERVICES: Mapping[str, tuple[str, ...]] = {
    "documents": ("batches", "files", "documents"),
    "pages": ("pages",),
    "sign": ("sign",),
    "index": ("index",),
}
"""What a worker can be asked to do, and the queues each service listens to."""


def queues(cores: int) -> tuple[QueueOptions, ...]:
    """Return the walk's queues for a machine with `cores` cores.

    A document waits while its pages are read, so documents have many more places than cores and never starve the
    page queue, which keeps the reading children fed. Signing has places of its own: an official's paper never waits
    for pages.
    """
    return (
        QueueOptions("batches", _BATCHES_AT_ONCE, poll=0.25),
        QueueOptions("files", max(2, cores), poll=0.25),
        QueueOptions("documents", min(cores * 4, 64), poll=0.25),
        QueueOptions("pages", cores * 3),
        QueueOptions("sign", 2),
        QueueOptions("index", 1, poll=0.25),
    )


class Walk:
    """The workflows, bound to an engine that is not launched yet and to the steps' tools."""

    def __init__(self, engine: Engine, tools: IngestTools) -> None:
        self._engine = engine
        self._tools = tools
        self._batch_flow = engine.workflow("walk-batch", _about("batch_id", self._walk_batch))
        self._files_flow = engine.workflow("split-files", _about("batch_id", self._split_files))
        self._document_flow = engine.workflow("walk-document", _about("document_id", self._walk_document))
        self._pages_flow = engine.workflow("read-pages", _about("document_id", self._read_pages))
        self._sign_flow = engine.workflow("seal-document", _about("document_id", self._seal_document))
        self._index_flow = engine.workflow("index-documents", _about("document_id", self._index_documents))

    def start_batch(self, batch_id: str) -> None:
        """Begin (or be sure of) the walk of a started batch."""
        attempt = self._newest("batch", batch_id) or 0
        name = workflow_id("batch", batch_id, attempt)
        self._engine.enqueue("batches", BULK, name, self._batch_flow, batch_id, attempt)

    def batch_state(self, batch_id: str) -> str | None:
        """Return the engine's word for the newest try of a batch."""
        attempt = self._newest("batch", batch_id)
        return None if attempt is None else self._engine.state(workflow_id("batch", batch_id, attempt))

    def again(self, kind: str, object_id: str, attempt: int) -> None:
        """Begin try number `attempt` of a batch or a document that was given up. Raises ValueError for other kinds."""
        flows = {"batch": (self._batch_flow, "batches"), "document": (self._document_flow, "documents")}
        if kind not in flows:
            raise ValueError(f"{kind} cannot be tried again")
        flow, queue = flows[kind]
        self._engine.enqueue(queue, AGAIN, workflow_id(kind, object_id, attempt), flow, object_id, attempt)

    def _newest(self, kind: str, object_id: str) -> int | None:
        attempt = None
        while self._engine.state(workflow_id(kind, object_id, 0 if attempt is None else attempt + 1)):
            attempt = 0 if attempt is None else attempt + 1
        return attempt

    # -- a delivery -------------------------------------------------------------------------------------------

    def _walk_batch(self, batch_id: str, attempt: int) -> Json:
        engine = self._engine
        self._until("keep-start", lambda: self._keep_start(batch_id), None)
        chunks = engine.step("plan-files", self._plan_files, batch_id)
        ids = [workflow_id("files", batch_id, attempt, number) for number in range(len(chunks))]
        jobs = [(name, (batch_id, chunk)) for name, chunk in zip(ids, chunks, strict=True)]
        engine.fan_out("split-all", "files", BULK, self._files_flow, jobs)
        for name, chunk in zip(ids, chunks, strict=True):
            try:
                engine.result(name)
            except WorkflowFailed as fault:
                for file_id, _ in chunk:
                    engine.step("give-up-file", self._give_up_file, file_id, str(fault))
        documents = engine.step("propose", self._propose, batch_id)
        flow = self._document_flow
        walks = [(workflow_id("document", d, 0), (d, 0)) for d in documents]
        engine.fan_out("walk-all", "documents", BULK, flow, walks)
        for document_id in documents:
            try:
                engine.result(workflow_id("document", document_id, 0))
            except WorkflowFailed as fault:
                engine.step("give-up", self._give_up, document_id, str(fault))
        engine.step("await-index", self._await_index, batch_id)
        engine.step("finish", self._finish, batch_id)
        self._until("manifest", lambda: self._keep_manifest(batch_id), None)
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
            # a process killed between this commit and the engine's record of it comes here again: one end, one event
            if tx.batches.get(SYSTEM, batch_id).state is not BatchState.FINISHED:
                tx.batches.finish(batch_id, "")
                tx.audit.append(SYSTEM.id, "batch-finished", batch_id, "done", {})
        crashpoint("finish-after-commit")
        return None

    def _keep_start(self, batch_id: str) -> Json:
        return _told(keep_batch_start(self._tools, batch_id), lambda count: count)

    def _keep_manifest(self, batch_id: str) -> Json:
        return _told(keep_batch_manifest(self._tools, batch_id), lambda key: key)

    # -- a document -------------------------------------------------------------------------------------------

    def _walk_document(self, document_id: str, attempt: int) -> Json:
        engine = self._engine
        opened = engine.step("open", self._open, document_id)
        if self._until("adopt-whole", lambda: self._adopt_whole(document_id), document_id):
            self._hand_to_index(document_id, attempt)  # deposited before, and the rows did not know
            return "archived"
        pages, chunk = opened["pages"], opened["chunk"]
        firsts = range(1, pages + 1, chunk)
        jobs = [
            (
                workflow_id("pages", document_id, attempt, first),
                (document_id, first, min(first + chunk - 1, pages)),
            )
            for first in firsts
        ]
        engine.fan_out("read-all", "pages", BULK, self._pages_flow, jobs)
        for name, _ in jobs:
            engine.result(name)
        fields = engine.step("describe", self._describe, document_id)
        made = self._make(document_id, attempt, fields)
        if made is None:
            return "refused"
        composed, sealed, deposited = made
        engine.step("register", self._register, document_id, fields, composed, sealed, deposited)
        self._hand_to_index(document_id, attempt)
        engine.step("tidy", self._tidy, document_id)
        return "archived"

    def _hand_to_index(self, document_id: str, attempt: int) -> None:
        job = (workflow_id("index", document_id, attempt), (document_id,))
        self._engine.fan_out("index", "index", BULK, self._index_flow, [job])

    def _adopt_whole(self, document_id: str) -> Json:
        return _told(adopt(self._tools, document_id), lambda done: done)

    def _make(self, document_id: str, attempt: int, fields: Json) -> tuple[Json, Json, Json] | None:
        """Compose, seal and deposit; None when refused. A file lost on its way (its machine died, its disk lost it)
        is made anew, as often as it takes.
        """
        if attempt:
            adopted = self._engine.step("adopt", self._adopt, document_id, attempt)
            if adopted is not None:
                return self._deposited(document_id, fields, adopted["composed"], adopted["done"])
        lap = 0
        while True:
            composed = self._until("compose", lambda: self._compose(document_id, fields), document_id)
            if composed is None:
                return None
            name = workflow_id("sign", document_id, attempt, lap)
            job = (name, (document_id, composed))
            self._engine.fan_out("seal", "sign", BULK, self._sign_flow, [job])
            told = self._engine.result(name)
            lap += 1
            if "lost" in told:
                continue
            if "refused" in told:
                self._engine.step("refuse", self._refuse, document_id, *told["refused"])
                return None
            made = self._deposited(document_id, fields, composed, told["done"])
            if made is None or made[2] != LOST:
                return made

    def _deposited(
        self, document_id: str, fields: Json, composed: Json, sealed: Json
    ) -> tuple[Json, Json, Json] | None:
        work = partial(self._deposit, document_id, fields, composed, sealed)
        deposited = self._until("deposit", work, document_id)
        return None if deposited is None else (composed, sealed, deposited)

    def _adopt(self, document_id: str, attempt: int) -> Json:
        """Return the seal of an earlier try whose file rests in the store already, or None.

        What is deposited is never replaced, so a new try must go on with that very file.
        """
        with self._tools.work.reading() as tx:
            version = tx.documents.get(SYSTEM, document_id).version + 1
        found = self._tools.blobs.measure(document_key(document_id, version, ACCESS_PDF))
        if found is None:
            return None
        for earlier in range(attempt):
            lap = 0
            while (told := self._engine.output(workflow_id("sign", document_id, earlier, lap))) is not None:
                if told.get("done", {}).get("sha256") == found.sha256:
                    return told
                lap += 1
        return None

    def _seal_document(self, document_id: str, composed: Json) -> Json:
        """The signing service's part, on a machine that holds the key."""
        told = self._patiently("seal", lambda: self._seal(document_id, composed))
        return {**told, "composed": composed}

    def _index_documents(self, document_id: str) -> Json:
        """Index what the outbox holds, many documents to one commit; the one that asked is usually among them."""
        return self._engine.step("publish", self._publish, document_id)

    def _read_pages(self, document_id: str, first: int, last: int) -> Json:
        return [self._engine.step("read", self._read_one, document_id, n) for n in range(first, last + 1)]

    def _open(self, document_id: str) -> Json:
        pages = open_document(self._tools, document_id)
        # recorded, since a resuming machine must cut the document into the very same pieces
        return {"pages": pages, "chunk": max(1, min(_MOST_PAGES_A_CHUNK, pages // _CHUNKS_A_DOCUMENT))}

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
        outcome = compose(self._tools, document, _fields(fields), pages, texts)
        if isinstance(outcome, Done):
            made = outcome.value
            self._tools.staging.hold(_staged(document_id, made.sha256), made.path)
        return _told(outcome, _composed_json)

    def _seal(self, document_id: str, composed: Json) -> Json:
        source = self._local(document_id, "composed.pdf", composed["sha256"])
        if source is None:
            return {"lost": composed["sha256"]}
        outcome = seal(self._tools, document_id, _composed(composed, source))
        if isinstance(outcome, Done):
            made = outcome.value
            self._tools.staging.hold(_staged(document_id, made.sha256), source.with_name("sealed.pdf"))
            crashpoint("sealed")
        return _told(outcome, _sealed_json)

    def _deposit(self, document_id: str, fields: Json, composed: Json, sealed: Json) -> Json:
        path = self._local(document_id, "sealed.pdf", sealed["sha256"])
        if path is None:
            return {"done": LOST}
        document, pages = self._rows(document_id)
        with self._tools.work.reading() as tx:
            texts = tx.pages.readings(document_id)
        made = _composed(composed, path.with_name("composed.pdf"))
        outcome = deposit(self._tools, document, _fields(fields), pages, texts, made, _sealed(sealed))
        return _told(outcome, asdict)

    def _local(self, document_id: str, name: str, sha256: str) -> Path | None:
        """Return a file on its way as a file of this machine, fetched from staging if need be; None when it is lost."""
        path = self._tools.work_dir / document_id / name
        if intact(path, sha256):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._tools.staging.fetch(_staged(document_id, sha256), sha256, path)
        except (BlobMissing, BlobCorrupt) as fault:
            if name == "sealed.pdf" and self._from_store(document_id, sha256, path):
                return path
            _log.warning("document %s: %s is lost and made anew: %s", document_id, name, fault)
            return None
        return path

    def _from_store(self, document_id: str, sha256: str, path: Path) -> bool:
        """Fetch a sealed file that an earlier try of the step had deposited already."""
        with self._tools.work.reading() as tx:
            version = tx.documents.get(SYSTEM, document_id).version + 1
        try:
            self._tools.blobs.copy_out(document_key(document_id, version, ACCESS_PDF), path, sha256)
        except (BlobMissing, BlobCorrupt):
            return False
        return True

    def _register(
        self, document_id: str, fields: Json, composed: Json, sealed: Json, deposited: Json
    ) -> Json:
        document, _ = self._rows(document_id)
        done = _composed(composed, self._tools.work_dir / document_id / "composed.pdf")
        made = Deposited(deposited["version"], tuple(Rendition(**r) for r in deposited["renditions"]))
        register(self._tools, document, _fields(fields), done, _sealed(sealed), made)
        return None

    def _publish(self, document_id: str) -> Json:
        with self._tools.work.reading() as tx:
            waits = tx.outbox.noted(INDEX, document_id)
        if waits:
            drain(self._tools)
        return None

    def _await_index(self, batch_id: str) -> Json:
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

    def _tidy(self, document_id: str) -> Json:
        tidy(self._tools, document_id)
        for name, _ in list(self._tools.staging.names(f"{document_id}/")):
            self._tools.staging.drop(name)
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
        told = self._patiently(name, work)
        if "done" in told:
            return told["done"]
        if document_id is not None:
            self._engine.step("refuse", self._refuse, document_id, *told["refused"])
        return None

    def _patiently(self, name: str, work: Callable[[], Json]) -> Json:
        """Run a step until it answers something else than `later`; the waits grow, and go on after a restart."""
        wait = 1.0
        while True:
            told = self._engine.step(name, work)
            if "later" not in told:
                return told
            _log.warning("%s waits %.0f s: %s", name, wait, told["later"])
            self._engine.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    def _refuse(self, document_id: str, code: str, reason: str, tell: str) -> Json:
        refuse_document(self._tools, document_id, Refused(code, reason, tell))
        return None


def _about(kind: str, flow: Callable[..., Json]) -> Callable[..., Json]:
    """Let every log line of a workflow name the thing its first argument names."""

    def run(object_id: str, *rest: Json) -> Json:
        with log_context(**{kind: object_id}):
            return flow(object_id, *rest)

    return run


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


def _staged(document_id: str, sha256: str) -> str:
    """Return the name of a file on its way: it carries its hash, so two makers of one document never collide."""
    return f"{document_id}/{sha256}.pdf"


def _sealed_json(value: Sealed) -> Json:
    return {**asdict(value), "signed_at": value.signed_at.isoformat()}


def _sealed(data: Json) -> Sealed:
    return Sealed(**{**data, "signed_at": datetime.fromisoformat(data["signed_at"])})
