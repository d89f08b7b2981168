"""Sign a paper with the device at a person's desk: prepared here, the hash signed there, finished here, once.

What was prepared rests in a row and, the file of it, among the drafts, so any process of any machine may finish it. The
row decides: of two who finish, or a finish and a cancel, one wins, and nothing is called signed that is not proven and
kept. The file goes the way of every signed paper (`sign_papers`). See docs/decisions/0086.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from procedures.sign_papers import Order, demand_bytes, enter_end, keep_signed, order_of
from records.clock import Clock
from records.errors import ArchiveFault, Away, Conflict
from signing.interrupted import LASTS, Prepared
from signing.profiles import BOXED
from signing.proof import Sealed, revision_changed
from storage.blobs import BlobStore
from storage.canonical import Scalar
from storage.crashpoint import crashpoint
from storage.prepared import draft_name
from storage.signing_notes import End, Notebook, find_end, keep_start, put_end
from storage.signing_values import BatchStage, Paper, PaperStage, SigningBatch, WaitingSignature
from storage.staging import Staging
from storage.work import Tx, Work

_log = logging.getLogger("vanthu.desk")

_BUSY_SECONDS = 300.0
"""So long one finish has a paper to itself; a process that dies in it is followed by another try after this."""
_REMEMBERED = timedelta(days=1)
"""So long a row tells that its time is over, instead of „unknown"."""
_SWEEP_SECONDS = 300.0
_SCRATCH = "desk-"


@dataclass(frozen=True, slots=True)
class Brought:
    """What the person's device brings before it signs: its certificate and those between it and the root, DER."""

    certificate: bytes
    chain: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class DeskTools:
    """What signing at a desk needs.

    `prepare` (source, folder, paper id, order, what was brought) and `finish` (folder, what was prepared, signature
    value, out) run in the child that knows keys and roots; the folder holds what waits while they work.
    """

    work: Work
    blobs: BlobStore
    staging: Staging
    clock: Clock
    prepare: Callable[[Path, Path, str, Order, Brought], Prepared]
    finish: Callable[[Path, Prepared, bytes, Path], Sealed]
    work_dir: Path

    @property
    def notebook(self) -> Notebook:
        """Where it is written down, beside the stores, what became of papers."""
        return Notebook(self.work, self.blobs, self.work_dir)


@dataclass(frozen=True, slots=True)
class Finished:
    """A signature that is made, proven and kept, and not yet in the books."""

    batch: SigningBatch
    paper: Paper
    prepared_id: str
    end: End
    intent: str


def prepare_paper(tools: DeskTools, paper_id: str, seen_sha256: str, brought: Brought) -> Prepared:
    """Return what the device shall sign so that the paper is signed. What was prepared for it before is void then.

    `seen_sha256`: of the bytes the person saw. Raises `Conflict`: `batch-not-at-desk`, `paper-at-end`, `paper-signed`
    (the same bytes were signed with this key before; the paper has that signature now), `revision-changed`; as
    `InterruptedSigning.prepare`; `Away`.
    """
    with tools.work.reading() as tx:
        paper, batch = _waiting(tx, paper_id)
        before = None if batch.profile in BOXED else tx.signings.signed_before(paper, batch)
    if paper.source_sha256 != seen_sha256.lower():
        raise revision_changed(f"{paper_id} is {paper.source_sha256}, seen was {seen_sha256:.80}")
    keep_start(tools.notebook, batch.id)
    end, told = find_end(tools.notebook, batch.id, paper_id), {}
    if end is not None:  # its row was lost, or a process died between the two
        demand_bytes(tools.blobs, end)
    elif before is not None and before.signature is not None:
        end, told = put_end(tools.notebook, paper_id, before.signature, {}), {"as": before.id}
    if end is not None:
        with tools.work.begin() as tx:
            enter_end(tx, batch, paper, end, told)
        raise _at_end(PaperStage(end.row["state"]))
    with TemporaryDirectory(prefix=_SCRATCH, dir=tools.work_dir) as scratch:
        source = Path(scratch) / "source.pdf"
        tools.blobs.copy_out(paper.source_key, source, paper.source_sha256)
        try:
            prepared = tools.prepare(source, Path(scratch), paper_id, order_of(batch, paper), brought)
        except ArchiveFault as fault:
            _note(tools, paper_id, fault)
            raise
        # the draft first: a row always points at bytes; one without a row is swept
        tools.staging.hold(draft_name(prepared.id), Path(scratch) / f"{prepared.id}.pdf")
    crashpoint("desk-held")
    with tools.work.begin() as tx:
        paper, batch = _waiting(tx, paper_id)
        void = tx.prepared.void_those_of(paper_id)
        expires = datetime.fromisoformat(prepared.expires)
        tx.prepared.add(WaitingSignature(prepared.id, paper_id, prepared.to_json(), expires))
        facts: dict[str, Scalar] = {"batch": batch.id, "prepared": prepared.id, "sha256": paper.source_sha256}
        tx.audit.append(batch.created_by, "paper-prepared", paper_id, "done", facts)
    _drop(tools, void)
    return prepared


def finish_paper(tools: DeskTools, prepared_id: str, signature: bytes, holder: str) -> Finished:
    """Put the signature value into the prepared paper, prove it, keep it. `enter_finished` must follow, then `let_go`.

    Raises `Missing` (`prepared-unknown`); `Conflict`: `prepared-used`, `prepared-void`, `prepared-expired`,
    `signing-busy` (another finish of this paper is at work), `batch-not-at-desk`, `paper-at-end`; and as
    `InterruptedSigning.finish`. What passes by itself (`Away`) may be sent again until it expires.
    """
    with tools.work.begin() as tx:
        kept = tx.prepared.get(prepared_id)
        _demand_open(kept, tools.clock.now())
        paper, batch = _waiting(tx, kept.paper_id)
        if not tx.leases.take(_lease(paper.id), holder, _BUSY_SECONDS):
            raise Conflict(
                f"paper {paper.id} is being finished",
                code="signing-busy",
                tell="Văn bản này đang được hoàn tất ký ở một yêu cầu khác. Hãy đợi rồi xem kết quả.",
            )
    prepared = Prepared.from_json(kept.record)
    try:
        with TemporaryDirectory(prefix=_SCRATCH, dir=tools.work_dir) as scratch:
            folder, made = Path(scratch), Path(scratch) / "signed.pdf"
            draft = folder / f"{prepared.id}.pdf"
            tools.staging.fetch(draft_name(prepared.id), prepared.prepared_sha256, draft)
            (folder / f"{prepared.id}.json").write_text(kept.record, encoding="utf-8")
            sealed = tools.finish(folder, prepared, signature, made)
            crashpoint("desk-signed")
            found, intent = keep_signed(tools.work, tools.blobs, batch, paper, made, sealed)
            crashpoint("desk-stored")
            end = put_end(tools.notebook, paper.id, found, {})
    except ArchiveFault as fault:
        _note(tools, paper.id, fault)
        raise
    return Finished(batch, paper, prepared_id, end, intent)


def enter_finished(tx: Tx, done: Finished) -> Paper:
    """Enter what `finish_paper` made, in one transaction. Raises `Conflict` as `finish_paper`: somebody was first."""
    kept = tx.prepared.get(done.prepared_id)
    _demand_open(kept, None)
    _waiting(tx, done.paper.id)
    tx.prepared.end(done.prepared_id, "used")
    if not enter_end(tx, done.batch, done.paper, done.end, {"desk": done.prepared_id}, done.intent):
        raise _at_end(PaperStage.SIGNED)
    return tx.signings.paper(done.paper.id)


def let_go(tools: DeskTools, paper_id: str, prepared_id: str, holder: str) -> None:
    """End a finish, however it ended: the paper is free for the next one, the draft of what was used goes."""
    with suppress(Away):  # the lease runs out, and the sweep follows
        with tools.work.begin() as tx:
            tx.leases.give_back(_lease(paper_id), holder)
            over = tx.prepared.get(prepared_id).ended
        if over:
            _drop(tools, [prepared_id])


class DeskSweep:
    """Drops what expired at the desks; called over and over (a chore of the standing rounds), it looks now and then."""

    def __init__(self, work: Work, staging: Staging, clock: Clock, every: float = _SWEEP_SECONDS) -> None:
        """`every`: seconds between two looks, for a list of drafts costs a request to the store."""
        self._work, self._staging, self._clock = work, staging, clock
        self._every = every
        self._next = 0.0

    def __call__(self) -> int:
        """Drop drafts whose time is over and forget their rows a day later; return how many things went."""
        if time.monotonic() < self._next:
            return 0
        gone = 0
        for name, age in self._staging.names(draft_name("").removesuffix(".pdf")):
            if age > 2 * LASTS.total_seconds():  # a finish that began in time may still be reading it
                self._staging.drop(name)
                gone += 1
        with self._work.begin() as tx:
            gone += tx.prepared.forget(tx.prepared.expired(self._clock.now() - _REMEMBERED))
        self._next = time.monotonic() + self._every
        return gone


def _waiting(tx: Tx, paper_id: str) -> tuple[Paper, SigningBatch]:
    """Return a paper that waits for a desk, and its batch; a writer has both to itself until its end."""
    batch = tx.signings.batch(tx.signings.batch_of(paper_id))
    paper = tx.signings.paper(paper_id)
    if paper.state is not PaperStage.WAITING:
        raise _at_end(paper.state)
    if batch.state is not BatchStage.DESK:
        raise Conflict(
            f"signing batch {batch.id} is {batch.state}",
            code="batch-not-at-desk",
            tell="Đợt ký này không ở bước ký bằng thiết bị tại bàn: chưa bắt đầu, đã kết thúc, hoặc do máy chủ ký.",
        )
    return paper, batch


def _demand_open(kept: WaitingSignature, now: datetime | None) -> None:
    if kept.ended == "used":
        raise Conflict(
            kept.id,
            code="prepared-used",
            tell="Lần ký này đã hoàn tất; không dùng lại được. Hãy xem kết quả.",
        )
    if kept.ended:
        raise Conflict(
            f"{kept.id}: {kept.ended}",
            code="prepared-void",
            tell="Lần ký này không còn hiệu lực vì văn bản đã được chuẩn bị ký lại hoặc đổi vị trí. Chưa ký gì; "
            "hãy dùng lần chuẩn bị mới nhất.",
        )
    if now is not None and now >= kept.expires_at:
        raise Conflict(
            f"{kept.id} expired {kept.expires_at}",
            code="prepared-expired",
            tell="Lần ký này đã quá 15 phút nên hết hiệu lực. Văn bản không bị thay đổi. Hãy mở văn bản và ký lại.",
        )


def _at_end(stage: PaperStage) -> Conflict:
    if stage is PaperStage.SIGNED:
        return Conflict(
            "it is signed",
            code="paper-signed",
            tell="Văn bản này đã được ký rồi; mỗi văn bản chỉ ký một lần. Hãy tải bản đã ký.",
        )
    return Conflict(
        f"it is {stage}",
        code="paper-at-end",
        tell="Văn bản này đã bị hủy hoặc bị từ chối nên không ký nữa. Hãy đưa vào một đợt mới nếu vẫn cần ký.",
    )


def _note(tools: DeskTools, paper_id: str, fault: ArchiveFault) -> None:
    """Note beside the paper, and in the log of the house, why it could not be signed; it goes on waiting."""
    _log.warning("paper %s: %s: %s", paper_id, fault.code, fault)
    with tools.work.begin() as tx:
        paper = tx.signings.paper(paper_id)
        batch = tx.signings.batch(paper.batch_id)
        tx.signings.held(paper_id, fault.code, str(fault)[:900], fault.tell)
        tx.audit.append(batch.created_by, "paper-not-signed", paper_id, fault.code, {"batch": batch.id})


def _drop(tools: DeskTools, prepared_ids: Sequence[str]) -> None:
    for one in prepared_ids:
        with suppress(Away):  # the sweep finds it
            tools.staging.drop(draft_name(one))


def _lease(paper_id: str) -> str:
    return f"desk:{paper_id}"
