"""The walk of a scan as durable workflows: which step follows which, what runs side by side, what waits for what.

Every effect is a recorded step, so a killed process goes on at the step it left, on whatever machine. Workflows carry
ids only; bytes, rows and words stay in the stores, and a file on its way rests in the staging place between two
steps, where every machine finds it. The steps are in `walk_steps`.
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial

from ingest.children import ChildrenStopped
from ingest.tools import IngestTools
from jobs.engine import LONGEST_WAIT, Engine, Json, QueueOptions, WorkflowFailed
from jobs.walk_ids import workflow_id
from jobs.walk_steps import LOST, Steps
from records.context import log_context

_log = logging.getLogger("vanthu.walk")

URGENT = 10
"""Priority of what an official waits for; lower numbers go first."""
AGAIN = 900
"""Priority of work a person asked to have tried again."""
BULK = 1000
"""Priority of ordinary digitizing."""

_BATCHES_AT_ONCE = 8

ARRANGING = "arranging"
"""The answer of a try that ended because people arrange the pages first."""

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
        # one more than children that read, or a few: what a process has taken its neighbours cannot take at the end
        QueueOptions("pages", cores + max(1, cores // 4), poll=0.25),
        QueueOptions("sign", 2, poll=0.25, idle=0.5),
        QueueOptions("index", 1, poll=0.25),
    )


class Walk:
    """The workflows, bound to an engine that is not launched yet and to the steps' tools."""

    def __init__(self, engine: Engine, tools: IngestTools) -> None:
        self._engine = engine
        self._steps = Steps(tools)
        self._batch_flow = engine.workflow("walk-batch", _about("batch_id", self._walk_batch))
        self._files_flow = engine.workflow("split-files", _about("batch_id", self._split_files))
        self._ahead_flow = engine.workflow("read-ahead", _about("batch_id", self._read_ahead))
        self._document_flow = engine.workflow("walk-document", _about("document_id", self._walk_document))
        self._pages_flow = engine.workflow("read-pages", _about("document_id", self._read_pages))
        self._sign_flow = engine.workflow("seal-document", _about("document_id", self._seal_document))
        self._index_flow = engine.workflow("index-documents", _about("document_id", self._index_documents))

    def start_batch(self, batch_id: str) -> None:
        """Begin (or be sure of) the walk of a started batch; a try that ended for people to arrange gets a next one."""
        attempt = self._newest("batch", batch_id) or 0
        if self._engine.output(workflow_id("batch", batch_id, attempt)) == ARRANGING:
            attempt += 1
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

    def _walk_batch(self, batch_id: str, attempt: int) -> Json:
        engine = self._engine
        self._until("keep-start", lambda: self._steps.keep_start(batch_id), None)
        chunks = engine.step("plan-files", self._steps.plan_files, batch_id)
        ids = [workflow_id("files", batch_id, attempt, number) for number in range(len(chunks))]
        jobs = [(name, (batch_id, chunk)) for name, chunk in zip(ids, chunks, strict=True)]
        engine.fan_out("split-all", "files", BULK, self._files_flow, jobs)
        for name, chunk in zip(ids, chunks, strict=True):
            try:
                engine.result(name)
            except WorkflowFailed as fault:
                for file_id, _ in chunk:
                    engine.step("give-up-file", self._steps.give_up_file, file_id, str(fault))
        self._until("flag-twins", lambda: self._steps.flag_twins(batch_id), None)
        self._read_before(batch_id, attempt)
        documents = engine.step("propose", self._steps.propose, batch_id)
        if documents is None:
            return ARRANGING  # no place is held while people think: the next try goes on from here
        flow = self._document_flow
        walks = [(workflow_id("document", d, 0), (d, 0)) for d in documents]
        engine.fan_out("walk-all", "documents", BULK, flow, walks)
        for document_id in documents:
            try:
                engine.result(workflow_id("document", document_id, 0))
            except WorkflowFailed as fault:
                engine.step("give-up", self._steps.give_up, document_id, str(fault))
        engine.step("await-index", self._steps.await_index, batch_id)
        engine.step("finish", self._steps.finish, batch_id)
        self._until("manifest", lambda: self._steps.keep_manifest(batch_id), None)
        return len(documents)

    def _read_before(self, batch_id: str, attempt: int) -> None:
        """Read the pages whose letterheads must tell where documents begin."""
        engine = self._engine
        chunks = engine.step("plan-reading", self._steps.plan_reading, batch_id)
        if not chunks:
            return
        ids = [workflow_id("ahead", batch_id, attempt, number) for number in range(len(chunks))]
        jobs = [(name, (batch_id, chunk)) for name, chunk in zip(ids, chunks, strict=True)]
        engine.fan_out("read-before", "pages", BULK, self._ahead_flow, jobs)
        for name in ids:
            engine.result(name)

    def _read_ahead(self, batch_id: str, page_ids: Json) -> Json:
        return self._engine.step("read-ahead", self._steps.read_ahead, page_ids)

    def _split_files(self, batch_id: str, chunk: Json) -> Json:
        pages = 0
        for file_id, ordinal in chunk:
            try:
                pages += self._until("split", partial(self._steps.split_one, file_id, ordinal), None)
            except ChildrenStopped:
                raise
            except Exception as fault:  # noqa: BLE001  one file's trouble must not take its neighbours with it
                self._engine.step(
                    "give-up-file", self._steps.give_up_file, file_id, f"{type(fault).__name__}: {fault}"
                )
        return pages

    def _walk_document(self, document_id: str, attempt: int) -> Json:
        engine = self._engine
        opened = engine.step("open", self._steps.open_document, document_id)
        if opened.get("held"):
            return "held"  # a mark of secrecy: not even a version that lies in the store is admitted
        if self._until("adopt-whole", lambda: self._steps.adopt_whole(document_id), document_id):
            self._hand_to_index(document_id, attempt)  # deposited before, and the rows did not know
            return "archived"
        if opened.get("issued"):
            return self._keep_issued(document_id, attempt)
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
        fields = engine.step("describe", self._steps.describe, document_id)
        if "held" in fields:
            return "held"
        made = self._make(document_id, attempt, fields)
        if made is None:
            return "refused"
        composed, sealed, deposited = made
        engine.step("register", self._steps.register, document_id, fields, composed, sealed, deposited)
        self._hand_to_index(document_id, attempt)
        engine.step("tidy", self._steps.tidy, document_id)
        return "archived"

    def _keep_issued(self, document_id: str, attempt: int) -> Json:
        """Steps 8 to 10 for a paper that was signed before it came: nothing is composed, nothing sealed.

        A refusal here is not the paper's: what was issued belongs into the archive. It is given up with its reason
        until an operator has it tried again.
        """
        engine, steps = self._engine, self._steps
        self._or_given_up("read-issued", lambda: steps.read_issued(document_id))
        fields = engine.step("describe-issued", steps.describe_issued, document_id)
        kept = self._or_given_up("deposit-issued", lambda: steps.deposit_issued(document_id, fields))
        engine.step("register-issued", steps.register_issued, document_id, fields, kept)
        self._hand_to_index(document_id, attempt)
        engine.step("tidy", steps.tidy, document_id)
        return "archived"

    def _or_given_up(self, name: str, work: Callable[[], Json]) -> Json:
        told = self._patiently(name, work)
        if "refused" in told:
            code, reason, _ = told["refused"]
            raise RuntimeError(f"{name}: {code}: {reason}")
        return told["done"]

    def _hand_to_index(self, document_id: str, attempt: int) -> None:
        job = (workflow_id("index", document_id, attempt), (document_id,))
        self._engine.fan_out("index", "index", BULK, self._index_flow, [job])

    def _make(self, document_id: str, attempt: int, fields: Json) -> tuple[Json, Json, Json] | None:
        """Compose, seal and deposit; None when refused. A file lost on its way (its machine died, its disk lost it)
        is made anew, as often as it takes.
        """
        lap = 0
        while True:
            composed = self._until("compose", lambda: self._steps.compose(document_id, fields), document_id)
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
                self._engine.step("refuse", self._steps.refuse, document_id, *told["refused"])
                return None
            sealed = told["done"]
            work = partial(self._steps.deposit, document_id, fields, composed, sealed)
            deposited = self._until("deposit", work, document_id)
            if deposited is None:
                return None
            if deposited != LOST:
                return composed, sealed, deposited

    def _seal_document(self, document_id: str, composed: Json) -> Json:
        """The signing service's part, on a machine that holds the key."""
        return self._patiently("seal", lambda: self._steps.seal(document_id, composed))

    def _index_documents(self, document_id: str) -> Json:
        """Index what the outbox holds, many documents to one commit; the one that asked is usually among them."""
        return self._engine.step("publish", self._steps.publish, document_id)

    def _read_pages(self, document_id: str, first: int, last: int) -> Json:
        # one record for all of them: a step that begins anew passes over the pages that are read
        return self._engine.step("read", self._steps.read_pages, document_id, first, last)

    def _until(self, name: str, work: Callable[[], Json], document_id: str | None) -> Json:
        """Run a step until it is done or refused; a `Later` waits ever longer, across restarts too, without end."""
        told = self._patiently(name, work)
        if "done" in told:
            return told["done"]
        if document_id is not None:
            self._engine.step("refuse", self._steps.refuse, document_id, *told["refused"])
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


def _about(kind: str, flow: Callable[..., Json]) -> Callable[..., Json]:
    """Let every log line of a workflow name the thing its first argument names."""

    def run(object_id: str, *rest: Json) -> Json:
        with log_context(**{kind: object_id}):
            return flow(object_id, *rest)

    return run
