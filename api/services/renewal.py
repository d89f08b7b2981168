"""Renewal and completion of seals for who operates the house, and the signature of one document for its readers."""

from api.deps import Desk
from api.schemas.documents import waits_for_completion
from api.schemas.operations import RoundOut
from api.schemas.renewal import (
    DocumentSignatureOut,
    LifeOut,
    ListedOut,
    RenewalAskedOut,
    RenewalOut,
    YearOut,
)
from api.schemas.verify import VerdictOut
from api.services.documents import file_name
from api.tools import Tools
from ingest.renewed import Why
from records.access import SYSTEM, Actor
from records.clock import new_id
from records.errors import Conflict, Missing
from signing.seal import LEVEL
from storage.blobs import BlobFault
from storage.documents import ACCESS_PDF
from storage.work import Tx


def standing(tools: Tools, limit: int) -> RenewalOut:
    """Return how the archive stands; at most `limit` listed files are named."""
    with tools.work.reading() as tx:
        lives = tx.seal_lives
        renewal, completion = tx.passes.get(Why.RENEWAL), tx.passes.get(Why.COMPLETION)
        return RenewalOut(
            due=lives.count_due(tools.clock.now()),
            next_due=lives.next_due(),
            waiting_for_completion=lives.count_incomplete(LEVEL),
            listed_total=lives.count_listed(),
            listed=[ListedOut.of(life) for life in lives.listed(limit)],
            provable_until=[
                YearOut(year=year, files=files) for year, files in sorted(lives.ending_by_year().items())
            ],
            renewal=None if renewal is None else RoundOut.of(renewal),
            completion=None if completion is None else RoundOut.of(completion),
        )


def ask(tx: Tx, operator: Actor, document_id: str) -> RenewalAskedOut:
    """Make one file due now, also one that was listed, and wake the round.

    Raises `Missing`; `Conflict`: `waits-for-completion`, `life-unread`.
    """
    file = tx.seal_lives.file(document_id)
    if file is None:
        raise Missing(f"{document_id} has no sealed file")
    if file.level != LEVEL:
        raise Conflict(
            f"{document_id} is at {file.level}",
            code="waits-for-completion",
            tell="Tệp này còn chờ dấu thời gian lưu trữ đầu tiên nên chưa gia hạn được. "
            "Lượt hoàn tất ban đêm sẽ thêm; muốn ngay thì chạy vanthu complete.",
        )
    if not file.known or not tx.seal_lives.ask(document_id):
        raise Conflict(
            f"the life of {document_id} v{file.version} is not on record",
            code="life-unread",
            tell="Hạn chứng minh của tệp này chưa được ghi nên chưa biết có gì để gia hạn. "
            "Lượt gia hạn tới sẽ đọc tệp; hãy thử lại sau lượt đó.",
        )
    tx.passes.begin(Why.RENEWAL)  # the round need not wait for the night
    tx.audit.append(operator.id, "renewal-asked", document_id, "done", {"version": file.version})
    life = tx.seal_lives.get(document_id)
    assert life is not None and life.due_at is not None  # noqa: S101  it was made due just now
    return RenewalAskedOut(document_id=document_id, version=file.version, due_at=life.due_at)


def signature(desk: Desk, reader: Actor, document_id: str) -> DocumentSignatureOut:
    """Check the archived file of a document now, in a limited child. Raises `Missing`, `BlobFault`, `Away`."""
    tools = desk.tools
    with tools.work.reading() as tx:
        document = tx.documents.get(reader, document_id)
        life = tx.seal_lives.get(document_id)
    pdf = document.pdf
    if pdf is None:
        raise Missing(f"{document_id} has no {ACCESS_PDF}")
    desk.reads.note(reader, document_id, "signature")
    folder = tools.data_dir / "cache" / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"incoming-{new_id()}"  # a name that a start sweeps after a kill
    try:
        tools.blobs.copy_out(pdf.key, path, pdf.sha256)
        verdict = tools.verify(path, file_name(document, ".pdf", "access"))
    except BlobFault as fault:
        with tools.work.begin() as tx:
            told = {"key": pdf.key, "code": fault.code}
            tx.audit.append(SYSTEM.id, "integrity-failed", document_id, "failed", told)
        raise
    finally:
        path.unlink(missing_ok=True)
    return DocumentSignatureOut(
        document_id=document_id,
        version=document.version,
        level=document.signature_level,
        waits_for_completion=waits_for_completion(document),
        report=VerdictOut.of(verdict, pdf.size),
        life=LifeOut.of(life) if life is not None and life.version == document.version else None,
    )
