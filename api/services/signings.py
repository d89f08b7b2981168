"""Batches of papers to be signed: open, hand papers in, start, watch, cancel, fetch what was signed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from fastapi.responses import Response

from api.multipart import FilePart
from api.once import Once
from api.schemas.common import Listing
from api.schemas.signing_desk import SignedOneOut
from api.schemas.signings import (
    PaperOut,
    PlaceIn,
    SigningBatchIn,
    SigningBatchOut,
    SigningKeyOut,
)
from api.tools import Tools
from ingest.receive_paper import enter_paper
from language.fold import canonical
from procedures.order import NEEDS, ORDERED, KeyFacts, choose_key, usable_keys
from procedures.seals import without_strange_seals
from records.access import Actor
from records.acting import PostRole
from records.errors import ArchiveFault, Conflict, Missing, Unfit
from records.units import System
from signing.geometry import Place
from signing.profiles import ANNEX, BOXED
from signing.wish import Wish
from storage.signing_notes import keep_paper_note
from storage.signing_values import BatchStage, NewPaper, NewSigningBatch, Paper, PaperStage, SigningBatch
from storage.work import Tx


def list_keys(tools: Tools, actor: Actor) -> list[SigningKeyOut]:
    """Return the keys that `actor` may use."""
    return [
        SigningKeyOut(
            name=key.name,
            role=key.role,
            unit=key.unit,
            holder=key.holder,
            at_desk=key.at_desk,
            profiles=[name for name in ORDERED if NEEDS[name] is key.role],
        )
        for key in usable_keys_of(tools, actor)
    ]


def usable_keys_of(tools: Tools, actor: Actor) -> list[KeyFacts]:
    """Return what is known of the keys that `actor` may use: of seals those of the bodies they are clerk of."""
    with tools.work.reading() as tx:
        return usable_keys(tx.accounts.get(actor.id).login, actor.roles, _keys_for(tx, tools, actor))


def _keys_for(tx: Tx, tools: Tools, actor: Actor) -> Sequence[KeyFacts]:
    day = tx.units.today()
    held = {one.unit_id for one in tx.posts.acting_as(actor.id, day) if one.role is PostRole.CLERK}
    return without_strange_seals([tx.units.get(one, day) for one in sorted(held)], tools.signing_keys())


def open_batch(
    tx: Tx, tools: Tools, actor: Actor, wanted: SigningBatchIn, wish: Wish | None = None
) -> SigningBatchOut:
    """Open a batch in the name of `actor`; `wish`: what it shows, when it is not for the person to say.

    Raises as `procedures.order.choose_key`, and `Unfit` (`box-of-a-case`: a box is ordered from its letter's case).
    """
    login = tx.accounts.get(actor.id).login
    key = choose_key(wanted.profile, wanted.key, login, actor.roles, _keys_for(tx, tools, actor))
    wish = wish or _wish(wanted)
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
    if wanted.profile in BOXED:
        raise Unfit(
            f"{wanted.profile} outside a case",
            code="box-of-a-case",
            tell="Ký hoặc đóng dấu vào ô của giấy giới thiệu được làm từ hồ sơ của giấy đó, không làm cho tệp rời. Hãy "
            "mở hồ sơ rồi ký ở bước của đơn vị mình.",
        )
    if wanted.profile == ANNEX and not told.number and not told.hidden:
        raise Unfit(
            "an annex without the number of its paper",
            code="number-needed",
            tell="Phụ lục phải ghi số của văn bản mà nó kèm theo. Hãy nhập số văn bản.",
        )
    chosen = None if told.place is None else chosen_place(told.place)
    return Wish(System(told.system), chosen, canonical(told.form), canonical(told.number), told.hidden)


def chosen_place(chosen: PlaceIn) -> Place:
    """Return the box a person chose. Raises `Unfit` (`place-wrong`)."""
    try:
        return Place(**chosen.model_dump())
    except ArchiveFault as fault:
        raise Unfit(
            str(fault), code="place-wrong", tell="Vị trí đã chọn không đúng. Hãy chọn lại một ô trên trang."
        ) from fault


def list_batches(tools: Tools, actor: Actor, limit: int, offset: int) -> Listing[SigningBatchOut]:
    """Return the caller's batches, newest first."""
    with tools.work.reading() as tx:
        found, total = tx.signings.batches(actor.id, limit, offset)
        items = [SigningBatchOut.of(batch, tx.signings.counts(batch.id)) for batch in found]
    return Listing(items=items, total=total, limit=limit, offset=offset)


def get_batch(tools: Tools, actor: Actor, batch_id: str) -> SigningBatchOut:
    """Return one batch with its counts. Raises `Missing` also for another person's."""
    with tools.work.reading() as tx:
        batch = own_batch(tx, actor, batch_id)
        return SigningBatchOut.of(batch, tx.signings.counts(batch_id))


def list_papers(
    tools: Tools, actor: Actor, batch_id: str, state: PaperStage | None, limit: int, after: int
) -> list[PaperOut]:
    """Return papers of a batch in order, those after ordinal `after`."""
    with tools.work.reading() as tx:
        own_batch(tx, actor, batch_id)
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
        _, paper = own_paper(tx, actor, batch_id, paper_id)
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
        own_batch(tx, actor, batch_id)
        before = tx.signings.paper_by_key(batch_id, key)
    chunks: Iterator[bytes] = part.chunks()
    paper = tools.receive_paper(batch_id, part.name, chunks, key, actor, declared_sha256)
    return PaperOut.of(paper), before is not None


def sign_one(
    once: Once,
    tools: Tools,
    actor: Actor,
    part: FilePart,
    wanted: SigningBatchIn,
    key: str,
    declared_sha256: str | None,
) -> Response:
    """Take one paper in and let it be signed at once, as a batch of one: batch, paper and start in one transaction.

    Raises as `open_batch` (before the bytes are kept) and `ingest.receive_paper`.
    """

    def reach() -> tuple[NewPaper, str]:
        _wish(wanted)
        with tools.work.reading() as tx:
            login, keys = tx.accounts.get(actor.id).login, _keys_for(tx, tools, actor)
        choose_key(wanted.profile, wanted.key, login, actor.roles, keys)
        return tools.take_paper(part.name, part.chunks(), key, actor, declared_sha256)

    entered: list[str] = []

    def settle(tx: Tx, taken: tuple[NewPaper, str]) -> SignedOneOut:
        opened = open_batch(tx, tools, actor, wanted)
        paper = enter_paper(tx, actor, opened.id, *taken)
        entered.append(paper.id)
        return SignedOneOut(batch=start(tx, tools, actor, opened.id), paper=PaperOut.of(paper))

    answer = once.beyond(reach, settle, 202)
    for paper_id in entered:  # none when the answer was given before
        keep_paper_note(tools.notebook, paper_id)
    return answer


def start(
    tx: Tx, tools: Tools, actor: Actor, batch_id: str, seen: Mapping[str, str] | None = None
) -> SigningBatchOut:
    """Close the batch and let it be signed, by the engine or at the desk; starting again changes nothing.

    Raises `Missing`, `Conflict` (`batch-empty`, `revision-changed`: `seen` is not what would be signed).
    """
    batch = own_batch(tx, actor, batch_id)
    counts = tx.signings.counts(batch_id)
    if batch.state is BatchStage.OPEN:
        if not counts:
            raise Conflict(
                f"signing batch {batch_id} is empty",
                code="batch-empty",
                tell="Đợt ký này chưa có văn bản nào. Hãy thêm ít nhất một văn bản rồi bắt đầu.",
            )
        if seen is not None:
            _demand_seen(tx, batch_id, seen)
        at_desk = any(key.at_desk for key in tools.signing_keys() if key.name == batch.key)
        batch = tx.signings.start(batch_id, at_desk=at_desk)
        told = {"papers": sum(counts.values()), "seen": len(seen or ()), "state": batch.state.value}
        tx.audit.append(actor.id, "signing-batch-started", batch_id, "done", told)
    return SigningBatchOut.of(batch, counts)


def _demand_seen(tx: Tx, batch_id: str, seen: Mapping[str, str]) -> None:
    """Demand that what the person saw is what would be signed: these papers, all of them, byte for byte."""
    papers = tx.signings.papers(batch_id, PaperStage.WAITING, len(seen) + 1)
    there = {paper.id: paper.source_sha256 for paper in papers}
    if there != {paper_id: sha256.lower() for paper_id, sha256 in seen.items()}:
        wrong = [paper.name for paper in papers if seen.get(paper.id, "").lower() != paper.source_sha256]
        raise Conflict(
            f"signing batch {batch_id}: seen {len(seen)}, other or unseen {wrong[:5]!r}",
            code="revision-changed",
            tell="Những gì bạn đã xem không khớp với những gì sẽ được ký"
            + (f" (ví dụ: {wrong[0]})" if wrong else "")
            + ". Chưa ký gì; hãy tải lại danh sách, xem từng văn bản rồi bắt đầu.",
        )


def cancel(tx: Tx, actor: Actor, batch_id: str) -> SigningBatchOut:
    """Let nothing more of the batch be signed; what is signed stays signed. An ended batch stays as it is."""
    before = own_batch(tx, actor, batch_id)
    batch = tx.signings.cancel(batch_id)
    counts = tx.signings.counts(batch_id)
    if batch.state is BatchStage.CANCELLED and before.state is not BatchStage.CANCELLED:
        told = {str(state): count for state, count in counts.items()}
        tx.audit.append(actor.id, "signing-batch-cancelled", batch_id, "done", told)
    return SigningBatchOut.of(batch, counts)


def own_batch(tx: Tx, actor: Actor, batch_id: str) -> SigningBatch:
    """Return the batch when it is the caller's; another person's looks absent."""
    batch = tx.signings.batch(batch_id)
    if batch.created_by != actor.id:
        raise Missing(f"signing batch {batch_id} is not {actor.id}'s")
    return batch


def own_paper(tx: Tx, actor: Actor, batch_id: str, paper_id: str) -> tuple[SigningBatch, Paper]:
    """Return a paper of the caller's batch, and the batch. Raises `Missing` for everything else."""
    batch = own_batch(tx, actor, batch_id)
    paper = tx.signings.paper(paper_id)
    if paper.batch_id != batch_id:
        raise Missing(f"{paper_id} is not in {batch_id}")
    return batch, paper
