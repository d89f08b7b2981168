"""Everything the HTTP door is handed by boot, in one frozen value. The api package builds none of it itself."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from records.access import Actor
from records.clock import Clock
from search.index import SearchIndex
from signing.verdict import Verdict
from storage.blobs import BlobStore
from storage.work import Work


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


class Verify(Protocol):
    """Judge the signatures of a PDF in a limited child process; never raises on hostile input."""

    def __call__(self, path: Path, name: str) -> Verdict:
        """Return the verdict of the file at `path`, shown to people as `name`."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of the door. Bytes, seconds and counts; each answers 4xx when passed."""

    max_upload_bytes: int = 2 * 1024**3  # one delivered file
    max_verify_bytes: int = 200 * 1024**2  # one PDF handed in for checking
    max_json_bytes: int = 256 * 1024
    max_query_chars: int = 500
    login_tries: int = 8  # failing log-ins for one account and address …
    login_window_seconds: int = 300  # … in this time
    page_cache_bytes: int = 1024**3  # page images made for the screen, disposable


@dataclass(frozen=True, slots=True)
class Tools:
    """The house behind the door.

    `data_dir`: the data folder; the api writes only its disposable `cache/` and temporary files there.
    `demo`: the signing keys are the built-in demo ones, and every page says so.
    `secure_cookies`: the service is reached by https, so cookies are `Secure` and named `__Host-…`.
    """

    work: Work
    blobs: BlobStore
    clock: Clock
    index: SearchIndex
    data_dir: Path
    receive: Receive
    verify: Verify
    limits: Limits = field(default_factory=Limits)
    demo: bool = True
    version: str = "0"
    secure_cookies: bool = False
