"""Batches of papers to be signed: open, hand papers in, start, watch, cancel, fetch what was signed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from api.multipart import FilePart
from api.schemas.common import Listing
from api.schemas.signings import PaperOut, SigningBatchIn, SigningBatchOut, SigningKeyOut
from api.tools import Tools
from language.fold import canonical
from procedures.order import NEEDS, choose_key, usable_keys
from records.access import Actor
from records.errors import ArchiveFault, Conflict, Missing, Unfit
from signing.appearance import System
from signing.geometry import Place
from signing.profiles import ANNEX
from signing.wish import Wish
from storage.signing_values import BatchStage, NewSigningBatch, PaperStage, SigningBatch
from storage.work import Tx


def list_keys(tools: Tools, actor: Actor) -> list[SigningKeyOut]:
    """Return the keys that `actor` may use."""
    with tools.work.reading() as tx:
        login = tx.accounts.get(actor.id).login
    return [
        SigningKeyOut(
            name=key.name,
            role=key.role,
            unit=key.unit,
            holder=key.holder,
            profiles=[name for name, role in NEEDS.items() if role is key.role],
        )
        for key in usable_keys(login, actor.roles, tools.signing_keys())
    ]


def open_batch(tx: Tx, tools: Tools, actor: Actor, wanted: SigningBatchIn) -> SigningBatchOut:
    """Open a batch in the name of `actor`. Raises as `procedures.order.choose_key`."""
    login = tx.accounts.get(actor.id).login
    key = choose_key(wanted.profile, wanted.key, login, actor.roles, tools.signing_keys())
    wish = _wish(wanted)
    new = NewSigningBatch(
        canonical(wanted.title), wanted.profile, key.name, wanted.level, actor.id, wish.words()
    )
    batch = tx.signings.open_batch(new)
    tx.audit.append(
        actor.id, "signing-batch-opened", batch.id, "done", {"profile": batch.profile, "key": batch.key}
    )
    return SigningBatchOut.of(batch, {})


def _wish(wanted: SigningBatchIn) -> Wish:
    told = wanted.visible
    if wanted.profile == ANNEX and not told.number and not told.hidden:
        raise Unfit(
            "an annex without the number of its paper",
            code="number-needed",
            tell="Phụ lục phải ghi số của văn bản mà nó kèm theo. Hãy nhập số văn bản.",
        )
    place = None if told.place is None else told.place.model_dump()
    try:
        chosen = None if place is None else Place(**place)
    except ArchiveFault as fault:
        raise Unfit(
            str(fault), code="place-wrong", tell="Vị trí đã chọn không đúng. Hãy chọn lại một ô trên trang."
        ) from fault
    return Wish(System(told.system), chosen, canonical(told.form), canonical(told.number), told.hidden)


def list_batches(tools: Tools, actor: Actor, limit: int, offset: int) -> Listing[SigningBatchOut]:
    """Return the caller's batches, newest first."""
    with tools.work.reading() as tx:
        found, total = tx.signings.batches(actor.id, limit, offset)
        items = [SigningBatchOut.of(batch, tx.signings.counts(batch.id)) for batch in found]
    return Listing(items=items, total=total, limit=limit, offset=offset)


def get_batch(tools: Tools, actor: Actor, batch_id: str) -> SigningBatchOut:
    """Return one batch with its counts. Raises `Missing` also for another person's."""
    with tools.work.reading() as tx:
        batch = _own(tx, actor, batch_id)
        return SigningBatchOut.of(batch, tx.signings.counts(batch_id))


def list_papers(
    tools: Tools, actor: Actor, batch_id: str, state: PaperStage | None, limit: int, after: int
) -> list[PaperOut]:
    """Return papers of a batch in order, those after ordinal `after`."""
    with tools.work.reading() as tx:
        _own(tx, actor, batch_id)
        return [PaperOut.of(paper) for paper in tx.signings.papers(batch_id, state, limit, after)]


@dataclass(frozen=True, slots=True)
class PaperFile:
    """A file to be handed out."""

    name: str
    size: int
    sha256: str
    pieces: Iterator[bytes]


def download(tools: Tools, actor: Actor, batch_id: str, paper_id: str, *, signed: bool) -> PaperFile:
    """Return a paper as handed in, or as signed. Raises `Missing`, `Conflict` (`paper-not-signed`), `BlobFault`."""
    with tools.work.reading() as tx:
        _own(tx, actor, batch_id)
        paper = tx.signings.paper(paper_id)
    if paper.batch_id != batch_id:
        raise Missing(f"{paper_id} is not in {batch_id}")
    if not signed:
        key, sha256, size, name = paper.source_key, paper.source_sha256, paper.source_size, paper.name
    elif paper.signature is None:
        raise Conflict(f"{paper_id} is not signed", tell="Văn bản này chưa được ký.", code="paper-not-signed")
    else:
        key, sha256, size = paper.signature.key, paper.signature.sha256, paper.signature.size
        name = f"{PurePosixPath(paper.name).stem}-da-ky.pdf"
    with tools.work.begin() as tx:
        tx.audit.append(
            actor.id, "paper-downloaded", paper_id, "done", {"signed": str(signed).lower(), "sha256": sha256}
        )
    return PaperFile(name, size, sha256, tools.blobs.stream(key, sha256))


def take_in(
    tools: Tools, actor: Actor, batch_id: str, part: FilePart, key: str, declared_sha256: str | None
) -> tuple[PaperOut, bool]:
    """Hand one paper in; return it and whether it was given before. Raises as `ingest.receive_paper`."""
    with tools.work.reading() as tx:
        _own(tx, actor, batch_id)
        before = tx.signings.paper_by_key(batch_id, key)
    chunks: Iterator[bytes] = part.chunks()
    paper = tools.receive_paper(batch_id, part.name, chunks, key, actor, declared_sha256)
    return PaperOut.of(paper), before is not None


def start(tx: Tx, actor: Actor, batch_id: str) -> SigningBatchOut:
    """Close the batch and let it be signed; starting again changes nothing. Raises `Missing`, `Conflict`."""
    batch = _own(tx, actor, batch_id)
    counts = tx.signings.counts(batch_id)
    if batch.state is BatchStage.OPEN:
        if not counts:
            raise Conflict(
                f"signing batch {batch_id} is empty",
                code="batch-empty",
                tell="Đợt ký này chưa có văn bản nào. Hãy thêm ít nhất một văn bản rồi bắt đầu.",
            )
        batch = tx.signings.start(batch_id)
        tx.audit.append(actor.id, "signing-batch-started", batch_id, "done", {"papers": sum(counts.values())})
    return SigningBatchOut.of(batch, counts)


def cancel(tx: Tx, actor: Actor, batch_id: str) -> SigningBatchOut:
    """Let nothing more of the batch be signed; what is signed stays signed. An ended batch stays as it is."""
    before = _own(tx, actor, batch_id)
    batch = tx.signings.cancel(batch_id)
    counts = tx.signings.counts(batch_id)
    if batch.state is BatchStage.CANCELLED and before.state is not BatchStage.CANCELLED:
        told = {str(state): count for state, count in counts.items()}
        tx.audit.append(actor.id, "signing-batch-cancelled", batch_id, "done", told)
    return SigningBatchOut.of(batch, counts)


def _own(tx: Tx, actor: Actor, batch_id: str) -> SigningBatch:
    """Return the batch when it is the caller's; another person's looks absent."""
    batch = tx.signings.batch(batch_id)
    if batch.created_by != actor.id:
        raise Missing(f"signing batch {batch_id} is not {actor.id}'s")
    return batch
