"""Draw a paper of a case and keep its bytes by the write protocol, so that a row never points at what is not there.

The moment written into the file is that of the move before, and the same sheet and moment give the same bytes: what was
shown is drawn again at the move, and must be it to the byte.
"""

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from procedures.check_mark import CheckMark
from procedures.papers.sheet import Sheet
from procedures.sign_papers import signed_key
from records.case import Case, CasePaper
from records.errors import ArchiveFault, Away, Missing
from storage.blobs import BlobStore, Conflict, Stored, Unavailable
from storage.crashpoint import crashpoint
from storage.work import Tx, Work

Draw = Callable[[Sheet, datetime, CheckMark | None], bytes]
"""Draws a sheet with this moment of creation and this mark; in a limited child. Raises as `papers.render.render`."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes that rest in the stores, and the intent to strike off with the row that points at them."""

    key: str
    sha256: str
    size: int
    intent: str

    def enter(self, tx: Tx) -> None:
        """Write the bytes down in the books, in the transaction of what points at them."""
        tx.objects.keep(self.key, self.sha256, self.size)
        tx.intents.done(self.intent)


def keep_drawn(work: Work, blobs: BlobStore, work_dir: Path, pdf: bytes, actor_id: str, case_id: str) -> Kept:
    """Keep a drawn paper: intent, then the bytes, read back. Raises `Away`: nothing is kept, do it again."""
    sha256 = hashlib.sha256(pdf).hexdigest()
    key = drawn_key(sha256)
    with work.begin() as tx:
        intent = tx.intents.add(key, sha256, len(pdf), actor_id, case_id)
    crashpoint("case-paper-intent")
    with tempfile.TemporaryDirectory(prefix="case-", dir=work_dir) as folder:
        path = Path(folder) / "paper.pdf"
        path.write_bytes(pdf)
        stored = blobs.put_once(key, path, sha256)
    if isinstance(stored, Stored):
        crashpoint("case-paper-stored")
        return Kept(key, sha256, len(pdf), intent)
    with work.begin() as tx:
        tx.intents.done(intent)
    raise _not_stored(key, stored)


def drawn_key(sha256: str) -> str:
    """Return the key of a drawn paper."""
    return f"drawn/{sha256[:2]}/{sha256}.pdf"


def drawn_paper(case: Case, ordinal: int) -> CasePaper:
    """Return a paper of a case that has bytes. Raises `Missing`: there is none of this number, or it is on paper."""
    paper = next((one for one in case.papers if one.ordinal == ordinal and one.sha256), None)
    if paper is None:
        raise Missing(f"case {case.id} has no paper {ordinal} with bytes")
    return paper


def key_of(paper: CasePaper) -> str:
    """Return under which key the newest bytes of a paper rest: as the last signature left them, or as drawn."""
    last = paper.signed[-1].after_sha256 if paper.signed else ""
    if paper.sha256 == last:
        return signed_key(last)
    return drawn_key(paper.sha256)


def _not_stored(key: str, stored: Conflict | Unavailable) -> ArchiveFault:
    if isinstance(stored, Unavailable):
        return stored.fault(
            "Kho lưu trữ chưa ghi được văn bản lúc này; hồ sơ chưa chuyển bước. Hãy thử lại sau."
        )
    return Away(
        f"{key} holds {stored.found_sha256}",
        code="blob-conflict",
        tell="Kho lưu trữ có tệp hỏng ở vị trí của văn bản này. Chưa ghi gì; hãy báo quản trị viên.",
    )
