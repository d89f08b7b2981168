"""Hold what carries a mark of secrecy before anything is done with it, and do what its officer decides.

40-HD/VPTW forbids to digitise such papers and Luật Bảo vệ bí mật nhà nước to keep them on a machine that is joined to a
network. A held document is in nobody's sight, is not read, not shown, not sealed, not kept, not indexed. The officer
looks at the paper itself, not at a screen, and says: no secret after all (it is released and walks on), or it goes
(every byte of it is erased). Both are events of the log, which names the paper by its id and says nothing of its words.
docs/decisions/0167.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ingest.documents import tidy
from ingest.hold import HELD, RELEASED
from ingest.keys import batch_key
from ingest.sidecars import keep_batch_manifest
from ingest.tools import IngestTools
from records.access import SYSTEM, Action, Actor, authorize
from records.document import BatchState, DocumentState
from records.errors import Away, Conflict, Unfit
from records.outcome import Done
from storage.audit import AuditEvent
from storage.canonical import Scalar
from storage.crashpoint import crashpoint
from storage.documents import Document
from storage.outbox import AGAIN
from storage.work import Tx

ORDERED, REMOVED = "held-removal-ordered", "held-removed"
"""Audit actions."""

_TRIES = 1000
"""Tries of a document's walk are counted from here after its first release, from twice as many after its second."""

LONGEST_NOTE = 300
_READINGS = 10_000
_GONE = "Tài liệu mang dấu mật đã được cán bộ bảo mật xóa khỏi hệ thống. Bản giấy bảo quản theo chế độ tài liệu mật."
_FILE_GONE = (
    "Tệp có trang mang dấu mật nên đã được cán bộ bảo mật xóa khỏi hệ thống. Trang của các tài liệu khác trong "
    "tệp vẫn được giữ."
)


class Release(StrEnum):
    """Why a held document goes on."""

    MISREAD = "misread"  # there is no such mark on the paper
    DECLASSIFIED = "declassified"  # the note names the decision
    APPROVED = "approved"  # its digitising was approved; the note names the approval


class Removal(StrEnum):
    """Why a held document goes away."""

    SECRET = "secret"  # noqa: S105  it is what the mark says
    MISTAKE = "mistake"  # it did not belong into this delivery


_WITH_NOTE = {Release.DECLASSIFIED, Release.APPROVED}


@dataclass(frozen=True, slots=True)
class Held:
    """A held document as its officer knows it: where it lies in the delivery and what was found. Nothing of its text.

    `mark`: the level; `by`: `stamp`, `list` or `words`; `page`: of the document, 0 for a list; `places`: file and
    frames, so that the paper can be found in the pile; `removing`: its removal was begun and not finished.
    """

    document: Document
    mark: str
    by: str
    page: int
    places: tuple[tuple[str, tuple[int, ...]], ...]
    removing: bool


@dataclass(frozen=True, slots=True)
class Removed:
    """What a removal took away: objects and bytes in each store, pages; `shared`: objects that another delivery of the
    same picture still holds back.
    """

    objects: int
    size: int
    pages: int
    shared: int


def held_documents(tx: Tx, actor: Actor, limit: int, offset: int) -> tuple[list[Held], int]:
    """Return a page of what is held, the oldest first, and how many there are. Raises `NotAllowed`."""
    found, total = tx.documents.all_held(actor, limit, offset)
    return [_held(tx, document) for document in found], total


def release(tx: Tx, actor: Actor, document_id: str, why: Release, note: str = "") -> Held:
    """Let a held document go on: its walk begins as if nothing had been found, and no later look holds it again.

    Raises `NotAllowed`, `Missing`, `Unfit` (`held-note`), `Conflict` (`held-removing`: its removal has begun).
    """
    told = _held(tx, tx.documents.held(actor, document_id))
    note = _checked(note, needed=why in _WITH_NOTE)
    if tx.audit.about(document_id, (ORDERED,)):
        raise Conflict(
            f"{document_id} is being removed",
            code="held-removing",
            tell="Tài liệu này đang được xóa dở nên không cho phép được nữa. Hãy bấm xóa lần nữa để xóa hết.",
        )
    tx.documents.release(document_id)
    count = len(tx.audit.about(document_id, (RELEASED,))) + 1
    tx.outbox.add(AGAIN, document_id, {"kind": "document", "attempt": _TRIES * count})
    facts = {"batch": told.document.batch_id, "mark": told.mark, "note": note}
    tx.audit.append(actor.id, RELEASED, document_id, why.value, facts)
    return told


def remove(tools: IngestTools, actor: Actor, document_id: str, why: Removal, note: str = "") -> Removed:
    """Erase every byte of a held document from the stores, its readings and whatever was made of it.

    The delivered file goes too, whatever else was in it, for the page is in it; pages of other documents are objects of
    their own and stay. Killed half-way it is held still, and the same call goes on; after its end the same call tells
    the same. Raises `NotAllowed`, `Missing`, `Unfit` (`held-note`), `Conflict` (`held-batch-open`: the delivery is
    still being walked), `Away` (a store is away).
    """
    authorize(actor, Action.DECIDE_HELD)
    note = _checked(note, needed=False)
    with tools.work.reading() as tx:
        document = tx.documents.get(SYSTEM, document_id)
    if document.state is not DocumentState.REMOVED:
        doomed = _order(tools, actor, document_id, why, note)
        crashpoint("held-before-erase")
        for key in doomed:
            tools.blobs.erase(key)
            crashpoint("held-between-erasures")
        tidy(tools, document_id)
        _strike_off(tools, actor, document_id, why)
        crashpoint("held-before-manifest")
    kept = keep_batch_manifest(tools, document.batch_id)
    if not isinstance(kept, Done):
        raise Away(
            f"batch {document.batch_id}: {kept}",
            code="store-away",
            tell="Tài liệu đã được xóa, nhưng kho chưa ghi lại được danh mục của lô. Hãy bấm xóa lần nữa sau ít phút.",
        )
    with tools.work.reading() as tx:
        facts = tx.audit.about(document_id, (ORDERED,))[0].details
    return Removed(*(int(facts[name] or 0) for name in ("objects", "bytes", "pages", "shared")))


def _order(tools: IngestTools, actor: Actor, document_id: str, why: Removal, note: str) -> list[str]:
    """Write down that the document is to go, and return the objects that go; the register answers for them no more.

    First the register, then the bytes: what is in it is mended from the other store as soon as it is missing.
    """
    with tools.work.begin() as tx:
        document = tx.documents.held(actor, document_id)
        told = _held(tx, document)
        if tx.batches.get(SYSTEM, document.batch_id).state is not BatchState.FINISHED:
            raise Conflict(
                f"batch {document.batch_id} is not finished",
                code="held-batch-open",
                tell="Lô chứa tài liệu này đang được xử lý. Hãy chờ lô xong rồi xóa; tài liệu vẫn được giữ kín.",
            )
        doomed, shared = _objects(tx, document)
        sizes = {key: kept.size for key, kept in tx.objects.held(doomed).items()}
        tx.pages.forget_readings(document_id)
        tx.objects.forget(doomed)
        if not tx.audit.about(document_id, (ORDERED,)):
            facts: dict[str, Scalar] = {
                "batch": document.batch_id,
                "mark": told.mark,
                "note": note,
                "objects": len(sizes),
                "bytes": sum(sizes.values()),
                "pages": document.page_count,
                "shared": shared,
            }
            tx.audit.append(actor.id, ORDERED, document_id, why.value, facts)
    return doomed


def _objects(tx: Tx, document: Document) -> tuple[list[str], int]:
    """Return the keys of all that holds the document, and how many of its objects stay: rows of others rely on them
    (the same picture in another delivery).
    """
    pages = tx.pages.of_document(SYSTEM, document.id)
    files = [tx.batches.file(file_id) for file_id in sorted({page.file_id for page in pages})]
    mine = {("pages", page.id) for page in pages} | {("files", file.id) for file in files}
    keys = sorted({page.image_key for page in pages} | {file.blob_key for file in files} - {""})
    keys = [key for key in keys if key]
    doomed = [key for key in keys if set(tx.catalogue.pointing_at(key)) <= mine]
    # readings of pages that were not archived lie in one file a delivery; the next manifest makes it anew without these
    begin = batch_key(document.batch_id, "readings-")
    readings = [kept.key for kept in tx.objects.after(begin, _READINGS) if kept.key.startswith(begin)]
    return [*doomed, *readings], len(keys) - len(doomed)


def _strike_off(tools: IngestTools, actor: Actor, document_id: str, why: Removal) -> None:
    """Say in the rows that the bytes are gone, and in the log that it is done."""
    with tools.work.begin() as tx:
        document = tx.documents.held(actor, document_id)
        files = {page.file_id for page in tx.pages.of_document(SYSTEM, document_id)}
        tx.pages.without_image(document_id)
        for file_id in sorted(files):
            tx.batches.without_bytes(file_id, "secrecy-removed", _FILE_GONE)
        tx.documents.removed(document_id, "secrecy-removed", f"by {actor.id}", _GONE)
        ordered = tx.audit.about(document_id, (ORDERED,))[0]
        facts = {
            name: ordered.details[name] for name in ("batch", "mark", "objects", "bytes", "pages", "shared")
        }
        tx.audit.append(actor.id, REMOVED, document.id, why.value, facts)


def _held(tx: Tx, document: Document) -> Held:
    noted: Sequence[AuditEvent] = tx.audit.about(document.id, (HELD,))
    facts: Mapping[str, Scalar] = noted[-1].details if noted else {}
    frames: dict[str, list[int]] = {}
    for page in tx.pages.of_document(SYSTEM, document.id):
        frames.setdefault(tx.batches.file(page.file_id).relative_path, []).append(page.frame)
    return Held(
        document=document,
        mark=str(facts.get("mark") or ""),
        by=str(facts.get("by") or ""),
        page=int(facts.get("page") or 0),
        places=tuple((path, tuple(sorted(found))) for path, found in frames.items()),
        removing=bool(tx.audit.about(document.id, (ORDERED,))),
    )


def _checked(note: str, *, needed: bool) -> str:
    note = " ".join(note.split())
    if len(note) > LONGEST_NOTE or (needed and not note):
        raise Unfit(
            "note of a decision about a held document",
            code="held-note",
            tell=f"Hãy ghi căn cứ (số và ngày văn bản giải mật hoặc cho phép), dài nhất {LONGEST_NOTE} ký tự. "
            "Không ghi nội dung của tài liệu.",
        )
    return note
