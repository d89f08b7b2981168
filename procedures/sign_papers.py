"""Sign the papers of a batch, each once: from the kept bytes to a checked, kept, registered signature.

Repeating any of it is safe. A signature that was made on this machine but not yet written down is found in the work
folder and taken, so that a crash does not make the key sign the same paper again; one that was written down beside the
stores is found there, even when its row was lost. Nothing is marked signed whose bytes were not read back from the
store.
"""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from records.clock import Clock
from records.errors import ArchiveFault, Away
from signing.faults import is_ours
from signing.profiles import BOXED
from signing.seal import Sealed
from storage.blobs import BlobStore, Conflict, Stored, Unavailable
from storage.canonical import Scalar
from storage.crashpoint import crashpoint
from storage.schema import storable
from storage.signing_notes import End, Notebook, find_end, put_end
from storage.signing_values import BatchStage, Paper, PaperStage, Signature, SigningBatch
from storage.work import Tx, Work

_log = logging.getLogger("vanthu.signings")

SIGNED = "paper-signed"
_FACTS = "facts.json"


@dataclass(frozen=True, slots=True)
class Order:
    """How a paper is to be signed: profile, key ("" the profile's own), level ("" the profile's own), its stamp."""

    profile: str
    key: str
    level: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SignTools:
    """What signing papers needs. `sign` signs a file into another in the child that holds the keys."""

    work: Work
    blobs: BlobStore
    clock: Clock
    sign: Callable[[Path, Path, str, Order], Sealed]
    work_dir: Path

    @property
    def notebook(self) -> Notebook:
        """Where it is written down, beside the stores, what became of papers."""
        return Notebook(self.work, self.blobs, self.work_dir)


@dataclass(frozen=True, slots=True)
class Waits:
    """A paper that cannot be signed now, and for what it waits."""

    code: str
    reason: str
    tell: str


def sign_paper(tools: SignTools, paper_id: str) -> Waits | None:
    """Sign one paper; None when it is at its end, which its row tells (signed, refused, cancelled).

    Fails closed: without a token, a proven time or the state of the certificate the paper waits, whatever was tried.
    """
    with tools.work.reading() as tx:
        paper = tx.signings.paper(paper_id)
        batch = tx.signings.batch(paper.batch_id)
        # in a box other words may be signed upon the same bytes: that is another signature
        before = None if batch.profile in BOXED else tx.signings.signed_before(paper, batch)
    if paper.state is not PaperStage.WAITING or batch.state in (BatchStage.CANCELLED, BatchStage.DESK):
        return None
    folder = tools.work_dir / f"paper-{paper.id}"
    try:
        ended = _end(tools, batch, paper, before, folder)
    except ArchiveFault as fault:
        ended = _wait(tools, paper, fault)
    if ended is None:
        shutil.rmtree(folder, ignore_errors=True)
    return ended


def _end(
    tools: SignTools, batch: SigningBatch, paper: Paper, before: Paper | None, folder: Path
) -> Waits | None:
    """Bring a paper to its end. Raises `Away` when that cannot be written down now: then it waits."""
    known = find_end(tools.notebook, batch.id, paper.id)
    if known is not None:  # its row was lost, or a process died between the two
        demand_bytes(tools.blobs, known)
        _enter(tools, batch, paper, known, {})
        return None
    if before is not None and before.signature is not None:
        _write_down(tools, batch, paper, before.signature, {"as": before.id})
        return None
    try:
        return _sign(tools, batch, paper, folder)
    except ArchiveFault as fault:
        if is_ours(fault):
            raise
        _refuse(tools, batch, paper, fault)
    except Exception as fault:  # noqa: BLE001  one paper's odd bytes must not keep its neighbours from being signed
        _log.exception("paper %s", paper.id)
        told = ArchiveFault(
            f"{type(fault).__name__}: {fault}",
            code="internal-fault",
            tell="Lỗi của chương trình khi ký văn bản này; văn bản chưa được ký và vẫn được giữ. "
            "Hãy báo quản trị viên.",
        )
        _refuse(tools, batch, paper, told)
    return None


def demand_bytes(blobs: BlobStore, end: End) -> None:
    """Demand that the bytes of a signature that is written down are whole. Raises `Away` (`signed-paper-lost`)."""
    made = end.signature
    if made is None:
        return
    there = blobs.measure(made.key)
    if there is None or (there.sha256, there.size) != (made.sha256, made.size):
        raise Away(
            f"{made.key} is lost or damaged",
            code="signed-paper-lost",
            tell="Văn bản này đã được ký nhưng kho lưu trữ mất hoặc hỏng tệp đã ký; không ký lại. Hãy báo quản trị "
            "viên khôi phục tệp.",
        )


def _sign(tools: SignTools, batch: SigningBatch, paper: Paper, folder: Path) -> Waits | None:
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "signed.pdf"
    sealed = _made_before(folder, made)
    if sealed is None:
        source = folder / "source.pdf"
        tools.blobs.copy_out(paper.source_key, source, paper.source_sha256)
        made.unlink(missing_ok=True)
        sealed = tools.sign(source, made, paper.id, order_of(batch, paper))
        crashpoint("paper-signed")
        _note(folder, sealed)
        crashpoint("paper-noted")
    signature, intent = keep_signed(tools.work, tools.blobs, batch, paper, made, sealed)
    crashpoint("paper-stored")
    _write_down(tools, batch, paper, signature, {}, intent)
    return None


def order_of(batch: SigningBatch, paper: Paper) -> Order:
    """Return how a paper of a batch is to be signed: as the batch wishes, at the place chosen for this paper."""
    options = {**batch.options, **({"place": paper.place} if paper.place else {})}
    return Order(batch.profile, batch.key, batch.level, tuple(sorted(options.items())))


def keep_signed(
    work: Work, blobs: BlobStore, batch: SigningBatch, paper: Paper, made: Path, sealed: Sealed
) -> tuple[Signature, str]:
    """Put a signed, checked file into the store and have it read back; return its facts and the intent to strike off.

    Raises `Away`: nothing is kept.
    """
    key = signed_key(sealed.sha256)
    with work.begin() as tx:
        intent = tx.intents.add(key, sealed.sha256, sealed.size, batch.created_by, paper.id)
    stored = blobs.put_once(key, made, sealed.sha256)
    if not isinstance(stored, Stored):
        with work.begin() as tx:
            tx.intents.done(intent)
        raise _not_stored(key, stored)
    signature = Signature(
        key,
        sealed.sha256,
        sealed.size,
        sealed.level,
        sealed.field,
        sealed.signed_at,
        sealed.certificate_sha256,
        sealed.certificate_serial,
        sealed.time_stamp_serial,
    )
    return signature, intent


def signed_key(sha256: str) -> str:
    """Return the key of a signed paper."""
    return f"signed/{sha256[:2]}/{sha256}.pdf"


def enter_end(
    tx: Tx,
    batch: SigningBatch,
    paper: Paper,
    end: End,
    more: Mapping[str, Scalar],
    intent: str | None = None,
) -> bool:
    """Enter how a paper ended into the books: row, objects and audit event; False when it does not wait any more."""
    made = end.signature
    tx.objects.keep(end.key, end.sha256, end.size)
    for done in (intent, end.intent):
        if done is not None:
            tx.intents.done(done)
    if made is None:
        return _enter_refusal(tx, batch, paper, end)
    tx.objects.keep(made.key, made.sha256, made.size)
    if not tx.signings.signed(paper.id, made, end.ended_at):
        return False
    _end_batch(tx, batch)
    tx.audit.append(batch.created_by, SIGNED, paper.id, "done", {**_told(batch, paper, made), **more})
    return True


def _told(batch: SigningBatch, paper: Paper, made: Signature) -> dict[str, Scalar]:
    return {
        "batch": batch.id,
        "profile": batch.profile,
        "before_sha256": paper.source_sha256,
        "after_sha256": made.sha256,
        "level": made.level,
        "certificate_sha256": made.certificate_sha256,
        "certificate_serial": made.certificate_serial,
        "time_stamp_serial": made.time_stamp_serial,
    }


def _write_down(
    tools: SignTools,
    batch: SigningBatch,
    paper: Paper,
    made: Signature,
    more: Mapping[str, Scalar],
    intent: str | None = None,
) -> None:
    """Write a signature down beside the stores, then enter it into the books. Raises `Away`: then nothing is."""
    _enter(tools, batch, paper, put_end(tools.notebook, paper.id, made, {}), more, intent)


def _enter(
    tools: SignTools,
    batch: SigningBatch,
    paper: Paper,
    end: End,
    more: Mapping[str, Scalar],
    intent: str | None = None,
) -> None:
    with tools.work.begin() as tx:
        enter_end(tx, batch, paper, end, more, intent)
        crashpoint("paper-before-commit")
    crashpoint("paper-after-commit")


def _refuse(tools: SignTools, batch: SigningBatch, paper: Paper, fault: ArchiveFault) -> None:
    _log.warning("paper %s: %s: %s", paper.id, fault.code, fault)
    told = {"code": fault.code, "reason": storable(str(fault)[:900]), "tell": storable(fault.tell)}
    _enter(tools, batch, paper, put_end(tools.notebook, paper.id, None, told), {})


def _enter_refusal(tx: Tx, batch: SigningBatch, paper: Paper, end: End) -> bool:
    row = end.row
    if not tx.signings.refused(paper.id, row["code"], row["reason"], row["tell"], end.ended_at):
        return False
    _end_batch(tx, batch)
    tx.audit.append(batch.created_by, "paper-refused", paper.id, row["code"], {"batch": batch.id})
    return True


def _wait(tools: SignTools, paper: Paper, fault: ArchiveFault) -> Waits:
    told = Waits(fault.code, str(fault)[:900], fault.tell)
    with tools.work.begin() as tx:
        tx.signings.held(paper.id, told.code, told.reason, told.tell)
        tx.signings.hold(paper.batch_id, told.tell)
    return told


def _end_batch(tx: Tx, batch: SigningBatch) -> None:
    tx.signings.go_on(batch.id)
    if tx.signings.finish(batch.id):
        counts = {str(state): count for state, count in tx.signings.counts(batch.id).items()}
        tx.audit.append(batch.created_by, "signing-batch-finished", batch.id, "done", counts)


def _not_stored(key: str, stored: Conflict | Unavailable) -> ArchiveFault:
    if isinstance(stored, Unavailable):
        return stored.fault("Kho lưu trữ chưa ghi được văn bản đã ký; văn bản chờ và được ghi lại sau.")
    return Away(
        f"{key} holds {stored.found_sha256}",
        code="blob-conflict",
        tell="Kho lưu trữ có tệp hỏng ở vị trí của văn bản đã ký. Hãy báo quản trị viên.",
    )


def _note(folder: Path, sealed: Sealed) -> None:
    """Write down, durably and whole, that the file beside it is signed and checked."""
    draft = folder / f".{_FACTS}"
    with draft.open("w", encoding="utf-8") as out:
        json.dump({**asdict(sealed), "signed_at": sealed.signed_at.isoformat()}, out)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(folder / _FACTS)


def _made_before(folder: Path, made: Path) -> Sealed | None:
    """Return what an earlier try signed and checked on this machine, None when there is no whole one."""
    try:
        told = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        sealed = Sealed(**{**told, "signed_at": datetime.fromisoformat(told["signed_at"])})
        with made.open("rb") as file:
            whole = hashlib.file_digest(file, "sha256").hexdigest() == sealed.sha256
    except (FileNotFoundError, ValueError, TypeError, KeyError) as fault:
        if not isinstance(fault, FileNotFoundError):
            _log.warning("%s: facts of an earlier try are no good and it is signed anew: %s", folder, fault)
        return None
    return sealed if whole else None
