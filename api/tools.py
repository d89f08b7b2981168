"""Everything the HTTP door is handed by boot, in one frozen value. The api package builds none of it itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ingest.held import Removal, Removed
from procedures.case_desk import CaseDesk
from procedures.look_at_paper import LookTools
from procedures.order import KeyFacts
from procedures.sign_at_desk import DeskTools
from records.access import Actor
from records.case import Draft
from records.clock import Clock
from records.errors import ArchiveFault, Away
from records.page import PageText
from records.queues import DeadLetter, QueueCount, WorkerSeen
from search.index import SearchIndex
from signing.certificates import Ending
from signing.verdict import Verdict
from storage.arrangements import Rescan
from storage.blobs import BlobStore
from storage.documents import Document
from storage.pages import Page
from storage.paired import PairedStore
from storage.signing_notes import Notebook
from storage.signing_values import NewPaper, Paper
from storage.work import Tx, Work


class ReceiptLike(Protocol):
    """What `ingest.receive` promises once the bytes are durable, verified and the row and audit event committed."""

    @property
    def file_id(self) -> str:
        """Id of the delivered file."""

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes as stored, lower-case hexadecimal."""

    @property
    def size(self) -> int:
        """Bytes stored."""

    @property
    def audit_seq(self) -> int:
        """Sequence number of the audit event that records the delivery."""

    @property
    def copies(self) -> int:
        """In how many stores the bytes were read back."""


class Receive(Protocol):
    """Take one file into a batch (`ingest.receive.receive_stream` bound to its tools)."""

    def __call__(
        self,
        batch_id: str,
        name: str,
        relative_path: str,
        chunks: Iterator[bytes],
        idempotency_key: str,
        actor: Actor,
        declared_sha256: str | None = None,
    ) -> ReceiptLike:
        """Return the receipt; the same key and bytes again return the same receipt.

        Raises `Conflict` (`idempotency-conflict`: the key was used for other bytes; `batch-started`), `Missing`
        (no such batch), `Unfit` (`file-empty`, `file-too-large`, `digest-mismatch`), `Away` (store full or gone).
        """


class DeliverRescan(Protocol):
    """Take a newly scanned page in for its ticket (`ingest.rescan.deliver` bound to its tools)."""

    def __call__(
        self,
        batch_id: str,
        rescan_id: str,
        name: str,
        chunks: Iterator[bytes],
        key: str,
        actor: Actor,
        declared_sha256: str | None = None,
    ) -> Rescan:
        """Return the ticket; the same key and bytes again return the same. Raises as `deliver`."""


class ReceiptOf(Protocol):
    """Give the receipt of a file again that was taken in (`ingest.receive.receipt_of` bound to its tools)."""

    def __call__(self, file_id: str) -> ReceiptLike:
        """Return the receipt. Raises `Unfit` when the file was refused, `Missing`, `Away`."""


class ReceivePaper(Protocol):
    """Take one PDF into a batch of papers to be signed (`ingest.receive_paper.receive_paper` bound to its tools)."""

    def __call__(
        self,
        batch_id: str,
        name: str,
        chunks: Iterator[bytes],
        idempotency_key: str,
        actor: Actor,
        declared_sha256: str | None = None,
    ) -> Paper:
        """Return the paper; the same key and bytes again return the same paper. Raises as `receive_paper`."""


class TakePaper(Protocol):
    """Keep one PDF to be signed before its batch is opened (`ingest.receive_paper.take_paper` bound to its tools)."""

    def __call__(
        self,
        name: str,
        chunks: Iterator[bytes],
        idempotency_key: str,
        actor: Actor,
        declared_sha256: str | None = None,
    ) -> tuple[NewPaper, str]:
        """Return the paper to be entered, and the intent to strike off then. Raises as `take_paper`."""


class TakenDraftLike(Protocol):
    """A draft whose bytes are durable (`ingest.receive_draft.TakenDraft`)."""

    @property
    def draft(self) -> Draft:
        """What the case is to point at."""

    def enter(self, tx: Tx) -> None:
        """Write the bytes down in the books, in the transaction of the move."""


class TakeDraft(Protocol):
    """Keep the file of an outgoing document (`ingest.receive_draft.take_draft` bound to its tools)."""

    def __call__(
        self,
        name: str,
        chunks: Iterator[bytes],
        actor_id: str,
        case_id: str,
        declared_sha256: str | None = None,
    ) -> TakenDraftLike:
        """Return the draft. Raises as `take_draft`."""


class Verify(Protocol):
    """Judge the signatures of a PDF in a limited child process; never raises on hostile input."""

    def __call__(self, path: Path, name: str) -> Verdict:
        """Return the verdict of the file at `path`, shown to people as `name`."""


class Report(Protocol):
    """Judge the signatures of a PDF and write a report on it, in a limited child process."""

    def __call__(self, path: Path, name: str, kind: str) -> tuple[Verdict, bytes]:
        """Return verdict and report (`html`, `pdf`, `etsi`). Raises `ArchiveFault` when no report can be made."""


class AccessCopy(Protocol):
    """Make the small copy of a document in a limited child process (`ingest.access_copy` bound to its tools)."""

    def __call__(self, document: Document, pages: Sequence[Page], texts: Sequence[PageText]) -> bytes:
        """Return the PDF/A. Raises as `ingest.access_copy.access_copy`."""


def _no_copy(document: Document, pages: Sequence[Page], texts: Sequence[PageText]) -> bytes:
    raise ArchiveFault(
        "this process was given no way to make access copies",
        code="copy-away",
        tell="Máy phục vụ này chưa lập được bản truy cập. Hãy báo quản trị viên.",
    )


class RemoveHeld(Protocol):
    """Erase a held document from every store (`ingest.held.remove` bound to its tools) and from the picture cache."""

    def __call__(self, actor: Actor, document_id: str, why: Removal, note: str = "") -> Removed:
        """Return what was erased. Raises as `ingest.held.remove`."""


def _no_removal(actor: Actor, document_id: str, why: Removal, note: str = "") -> Removed:
    raise ArchiveFault(
        "this process was given no way to erase",
        code="removal-away",
        tell="Máy phục vụ này không xóa được tài liệu bị giữ. Hãy dùng lệnh vanthu held remove trên máy chủ.",
    )


def _no_report(path: Path, name: str, kind: str) -> tuple[Verdict, bytes]:
    raise ArchiveFault(
        "this process was given no reports",
        code="report-away",
        tell="Máy phục vụ này chưa lập được báo cáo. Hãy báo quản trị viên.",
    )


class QueueView(Protocol):
    """What the engine tells of itself, asked from any process. Every method raises `Away` (`engine-away`)."""

    def counts(self) -> Sequence[QueueCount]:
        """Return what waits, runs and was given up in each queue."""

    def workers(self) -> Sequence[WorkerSeen]:
        """Return the worker processes heard of lately, dead ones too."""

    def dead(self, limit: int) -> Sequence[DeadLetter]:
        """Return at most `limit` things that were given up and not tried again since, newest first."""

    def rerun(self, dead_id: str, actor: Actor) -> None:
        """Ask for another try, with its audit event, in a transaction of its own.

        Raises `Missing` (nothing of that name was given up), `Conflict` (asked already).
        """

    def probe(self) -> object:
        """Return when the engine's database answers."""


class NoEngine:
    """Stands where a process was given no view of the engine: every question is answered with `Away`."""

    def counts(self) -> Sequence[QueueCount]:
        """Raise `Away`."""
        raise _no_engine()

    def workers(self) -> Sequence[WorkerSeen]:
        """Raise `Away`."""
        raise _no_engine()

    def dead(self, limit: int) -> Sequence[DeadLetter]:
        """Raise `Away`."""
        raise _no_engine()

    def rerun(self, dead_id: str, actor: Actor) -> None:
        """Raise `Away`."""
        raise _no_engine()

    def probe(self) -> object:
        """Raise `Away`."""
        raise _no_engine()


def _no_engine() -> Away:
    return Away(
        "this process was given no view of the engine",
        code="engine-away",
        tell="Máy phục vụ này chưa được nối với hàng đợi công việc. Hãy báo quản trị viên kiểm tra cấu hình.",
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of the door. Bytes, seconds and counts; what passes them is refused (4xx, or 503 when it may come later)."""

    max_upload_bytes: int = 2 * 1024**3  # one delivered file
    max_verify_bytes: int = 200 * 1024**2  # one PDF handed in for checking
    max_compare_bytes: int = 30 * 1024**2  # one copy of an issued paper, compared by anybody
    max_json_bytes: int = 256 * 1024
    max_query_chars: int = 500
    login_tries: int = 8  # failing log-ins for one account and address …
    login_window_seconds: int = 300  # … in this time
    page_cache_bytes: int = 1024**3  # page images made for the screen, disposable
    uploads_at_once: int = (
        16  # bodies of files read at the same time by one process; the next one is told to wait
    )
    upload_threads: int = 8  # of these, how many are being put into the stores at the same time
    body_pause_seconds: float = 30.0  # longest silence while a body comes in
    body_bytes_a_second: int = 1024  # least speed of a body, counted from `body_pause_seconds` on
    probe_seconds: float = 2.0  # how long a part of the house may take to say that it is well
    probe_kept_seconds: float = 1.5  # how long its answer counts


@dataclass(frozen=True, slots=True)
class Iiif:
    """How viewers of other houses reach the IIIF addresses.

    `base`: scheme and host they are reached at, "" for those of each request. `origins`: sites whose scripts may read
    the answers (`https://host`), `*` for any; nobody's session comes along, a script must bring a token of its own.
    """

    base: str = ""
    origins: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True)
class Tools:
    """The house behind the door.

    `data_dir`: the data folder; the api writes only its disposable `cache/` and temporary files there.
    `demo`: the signing keys are the built-in demo ones, and every page says so.
    `organisation`: name of the archive.
    `secure_cookies`: the service is reached by https, so cookies are `Secure` and named `__Host-…`.
    `look` and `desk`: seeing a paper before it is signed, and signing it with a device at the desk.
    `cases`: the procedures, and drawing the papers of their cases.
    `queues`: the engine as seen from outside. `signing_keys`: the keys that people may order signatures with.
    `key_endings`: the keys whose certificates end soon.
    `probes`: further parts of the house by name (`keys`, `time-stamps`),
    each a function that raises when the part does not answer; see api/services/health.py for the names it knows.
    """

    work: Work
    blobs: BlobStore
    clock: Clock
    index: SearchIndex
    data_dir: Path
    receive: Receive
    receipt: ReceiptOf
    rescan: DeliverRescan = field(kw_only=True)
    receive_paper: ReceivePaper
    take_paper: TakePaper
    take_draft: TakeDraft = field(kw_only=True)
    look: LookTools
    desk: DeskTools
    cases: CaseDesk
    verify: Verify
    report: Report = _no_report
    access_copy: AccessCopy = _no_copy
    remove_held: RemoveHeld = _no_removal
    limits: Limits = field(default_factory=Limits)
    demo: bool = True
    version: str = "0"
    secure_cookies: bool = False
    organisation: str = ""
    iiif: Iiif = Iiif()
    queues: QueueView = field(default_factory=NoEngine)
    signing_keys: Callable[[], Sequence[KeyFacts]] = tuple
    key_endings: Callable[[], Sequence[Ending]] = tuple
    probes: Mapping[str, Callable[[], object]] = field(default_factory=dict)

    @property
    def notebook(self) -> Notebook:
        """Where notes of papers and cases are written down beside the stores."""
        return Notebook(self.work, self.blobs, self.data_dir / "work")

    @property
    def has_copy(self) -> bool:
        """Whether every object rests in two stores."""
        return isinstance(self.blobs, PairedStore)
